"""What a step may answer, and the one place where an answer becomes the next row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

from storage.job import TERMINAL, Event, Instant, Job, Outcome, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """The step is done: `job` stands in its next stage."""

    job: Job
    note: str
    detail: str = ""
    after: float = 0.0
    """Seconds until the next stage's step is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Nothing ended: keep what `job` now knows and run this stage's step again."""

    job: Job
    after: float
    """Seconds from now."""
    note: str | None = None
    """A line for the timeline, or `None` for a look that showed nothing new."""
    detail: str = ""
    failed: bool = False
    """Whether this try got nowhere, so that the next pause is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Nothing is left to do for this job."""

    job: Job
    note: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """A person must look; the row is kept and can be resumed."""

    job: Job
    problem: str
    """What is wrong, as a sentence for the person who asked."""
    detail: str = ""
    """What the operator needs to know besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """It will not be done and nothing was charged."""

    job: Job
    problem: str
    outcome: Outcome


Result: TypeAlias = Advance | Again | Rest | Park | Reject


def conclude(result: Result, now: Instant) -> tuple[Job, Event | None]:
    """Return the row as it must now be written, and the line for its timeline."""
    match result:
        case Advance():
            after = replace(result.job, due_at=now + result.after, attempts=0)
            return after, Event(at=now, name=result.note, detail=result.detail)
        case Again():
            after = replace(
                result.job,
                due_at=now + result.after,
                attempts=result.job.attempts + 1 if result.failed else 0,
            )
            return after, _event(now, result.note, result.detail)
        case Rest():
            after = replace(result.job, due_at=None, attempts=0)
            return after, _event(now, result.note, result.detail)
        case Park() if result.job.stage in {*TERMINAL, Stage.PARKED}:
            # There is no step left that could be resumed: what is known stays as it is.
            return conclude(Rest(job=result.job, note="given up", detail=result.detail), now)
        case Park():
            after = replace(
                result.job,
                stage=Stage.PARKED,
                parked_from=result.job.stage,
                problem=result.problem,
                due_at=now,
                attempts=0,
            )
            return after, Event(at=now, name="parked", detail=result.detail or result.problem)
        case Reject():
            after = replace(
                result.job,
                stage=Stage.REJECTED,
                outcome=result.outcome,
                problem=result.problem,
                finished_at=now,
                due_at=now,
                attempts=0,
            )
            return after, Event(at=now, name="rejected", detail=result.problem)
        case _:
            assert_never(result)


def _event(now: Instant, note: str | None, detail: str) -> Event | None:
    return Event(at=now, name=note, detail=detail) if note else None
