"""What a step may answer, and the one place where an answer becomes the next row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, assert_never

from storage.home import HomeView
from storage.job import TERMINAL, Event, EventName, Instant, Job, Outcome, Stage
from storage.notification import Notification
from storage.store import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance(Generic[Row]):
    """The step is done: `row` is in its next stage."""

    row: Row
    note: EventName
    detail: str = ""
    after: float = 0.0
    """Seconds until the next stage's step is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze(Generic[Row]):
    """Nothing ended: keep what `row` now knows and run the same step again."""

    row: Row
    after: float
    """Seconds from now."""
    note: EventName | None = None
    """A line for the timeline, or `None` for a try that showed nothing new."""
    detail: str = ""
    failed: bool = False
    """Whether this try got nowhere, so that the next pause is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Generic[Row]):
    """Nothing is left to do for this row."""

    row: Row
    note: EventName | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Park(Generic[Row]):
    """Trying again mends nothing: a person must look. The row is kept; a job can be resumed."""

    row: Row
    problem: str
    """What is wrong, as a sentence for the person who asked."""
    detail: str = ""
    """What the operator needs to know besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Generic[Row]):
    """The job will not be done and nothing was charged."""

    row: Row
    problem: str
    outcome: Outcome


Result: TypeAlias = Advance[Row] | Snooze[Row] | Done[Row] | Park[Row] | Reject[Row]


def conclude(result: Result[Row], now: Instant) -> tuple[Row, Event | None]:
    """Return the row as it must now be written, and the line for its timeline."""
    match result:
        case Advance():
            after = replace(result.row, due_at=now + result.after, attempts=0)
            return after, Event(at=now, name=result.note, detail=result.detail)
        case Snooze():
            attempts = result.row.attempts + 1 if result.failed else 0
            again = replace(result.row, due_at=now + result.after, attempts=attempts)
            return again, _event(now, result.note, result.detail)
        case Done():
            done = replace(result.row, due_at=None, attempts=0)
            return done, _event(now, result.note, result.detail)
        case Park():
            return _parked(result.row, result.problem, result.detail, now)
        case Reject():
            return _rejected(result.row, result.problem, result.outcome, now)
        case _:
            assert_never(result)


def _parked(row: Row, problem: str, detail: str, now: Instant) -> tuple[Row, Event | None]:
    match row:
        case Job():
            if row.stage in {*TERMINAL, Stage.PARKED}:
                # There is no step left that could be resumed: what is known stays as it is.
                return conclude(Done(row=row, note=EventName.GIVEN_UP, detail=detail), now)
            parked = replace(
                row,
                stage=Stage.PARKED,
                parked_from=row.stage,
                problem=problem,
                due_at=now,
                attempts=0,
            )
            return parked, Event(at=now, name=EventName.PARKED, detail=detail or problem)
        case Notification():
            return replace(row, due_at=None, problem=problem), None
        case HomeView():
            return replace(row, due_at=None, attempts=0), None
        case _:
            assert_never(row)


def _rejected(row: Row, problem: str, outcome: Outcome, now: Instant) -> tuple[Row, Event | None]:
    match row:
        case Job():
            rejected = replace(
                row,
                stage=Stage.REJECTED,
                outcome=outcome,
                problem=problem,
                finished_at=now,
                due_at=now,
                attempts=0,
            )
            return rejected, Event(at=now, name=EventName.REJECTED, detail=problem)
        case Notification() | HomeView():
            raise TypeError("only a job can be rejected")
        case _:
            assert_never(row)


def _event(now: Instant, note: EventName | None, detail: str) -> Event | None:
    return Event(at=now, name=note, detail=detail) if note else None
