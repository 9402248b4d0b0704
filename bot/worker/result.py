"""The results that a step can return, and the one function that turns them into the next row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, assert_never

from storage.home import HomeView
from storage.job import TRANSITIONS, Event, EventName, Instant, Job, Outcome, Stage
from storage.notification import Notification
from storage.pace import NextPermit
from storage.store import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance(Generic[Row]):
    """The stage is done: `row` is in the next one."""

    row: Row
    note: EventName
    detail: str = ""
    after: float = 0.0
    """Seconds until the next stage's step is due."""
    permit: NextPermit = None
    """For the call of that step, which is not due before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze(Generic[Row]):
    """The stage is not done: write `row`, and run the same step again after a pause."""

    row: Row
    after: float
    """Seconds from now."""
    note: EventName | None = None
    """An event for the timeline, or `None` if the attempt found nothing new."""
    detail: str = ""
    permit: NextPermit = None
    """For the next call of the step, which is not due before."""
    failed: bool = False
    """Whether the attempt made no progress: it is counted, and the count lengthens the backoff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Generic[Row]):
    """Nothing is left to do for this row."""

    row: Row
    note: EventName | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Park(Generic[Row]):
    """A retry cannot help: an operator must act. The row is kept; a job can be resumed."""

    row: Row
    problem: str
    """The cause, as a sentence for the user whose job it is."""
    detail: str = ""
    """Further facts for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Generic[Row]):
    """The job will not be rendered, and nothing was charged."""

    row: Row
    problem: str
    outcome: Outcome
    note: EventName = EventName.REJECTED


def cancelled(job: Job) -> Reject[Job]:
    """Return the result for a job that its user cancelled before it was sent."""
    return Reject(row=job, problem="You cancelled it.", outcome=Outcome.CANCELLED)


Result: TypeAlias = Advance[Row] | Snooze[Row] | Done[Row] | Park[Row] | Reject[Row]


def permit_of(result: Result[Row]) -> NextPermit:
    """Return the permit that the row keeps after this result."""
    match result:
        case Advance() | Snooze():
            return result.permit
        case Done() | Park() | Reject():
            return None
        case _:
            assert_never(result)


def conclude(result: Result[Row], now: Instant) -> tuple[Row, Event | None]:
    """Return the row to write for a result, and the event for its timeline if there is one."""
    match result:
        case Advance():
            after = replace(result.row, due_at=now + result.after, attempts=0, crashes=0)
            return after, Event(at=now, name=result.note, detail=result.detail)
        case Snooze():
            attempts = result.row.attempts + 1 if result.failed else 0
            again = replace(result.row, due_at=now + result.after, attempts=attempts, crashes=0)
            return again, _event(now, result.note, result.detail)
        case Done():
            done = replace(result.row, due_at=None, attempts=0, crashes=0)
            return done, _event(now, result.note, result.detail)
        case Park():
            return _parked(result.row, result.problem, result.detail, now)
        case Reject():
            return _rejected(result, now)
        case _:
            assert_never(result)


def _parked(row: Row, problem: str, detail: str, now: Instant) -> tuple[Row, Event | None]:
    match row:
        case Job():
            if Stage.PARKED not in TRANSITIONS[row.stage]:
                # No step is left that could be resumed, so the stage and the problem are kept.
                return conclude(Done(row=row, note=EventName.GIVEN_UP, detail=detail), now)
            parked = replace(
                row,
                stage=Stage.PARKED,
                parked_from=row.stage,
                problem=problem,
                due_at=now,
                attempts=0,
                crashes=0,
            )
            return parked, Event(at=now, name=EventName.PARKED, detail=detail or problem)
        case Notification():
            return replace(row, due_at=None, problem=problem, crashes=0), None
        case HomeView():
            # Its crashes are kept: the next event of the user's jobs makes it due again.
            return replace(row, due_at=None, attempts=0), None
        case _:
            assert_never(row)


def _rejected(result: Reject[Row], now: Instant) -> tuple[Row, Event | None]:
    row, problem = result.row, result.problem
    match row:
        case Job():
            rejected = replace(
                row,
                stage=Stage.REJECTED,
                outcome=result.outcome,
                problem=problem,
                finished_at=now,
                due_at=now,
                attempts=0,
                crashes=0,
            )
            return rejected, Event(at=now, name=result.note, detail=problem)
        case Notification() | HomeView():
            raise TypeError("only a job can be rejected")
        case _:
            assert_never(row)


def _event(now: Instant, note: EventName | None, detail: str) -> Event | None:
    return Event(at=now, name=note, detail=detail) if note else None
