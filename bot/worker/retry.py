"""What follows a try that failed: another after a pause, or none. One rule for jobs and notices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

from bot.base.errors import BotError, OperatorMustActError, OutcomeUnknownError, RetryLaterError
from bot.jobs import pacing
from bot.worker.result import Again, Park, Result
from storage.job import Job

# A doubtful call may still arrive at the other side: give it a moment before looking for it.
DOUBT_SECONDS = 2.0
# An error that nobody foresaw is tried again a few times, then a person must look.
UNFORESEEN_TRIES = 20
# With pauses of at most two minutes this is several hours of trouble at the other side.
KNOWN_TRIES = 400
# With so many the pause of what is held for the operator has reached its longest.
TRIES_WHILE_HELD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Try again."""

    seconds: float
    """From now."""
    kept: int
    """How many of the tries before this one still count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Trying again mends nothing."""

    problem: str
    """Why, as a sentence for a person."""


NextTry: TypeAlias = Pause | GiveUp


def next_try(attempts: int, error: Exception, chance: float) -> NextTry:
    """Return what follows when `error` came after `attempts` tries that got nowhere before.

    `chance` is a random number from 0 to 1. A pause is never shorter than our own backoff, nor
    than what the other side asked for.
    """
    match error:
        case OperatorMustActError():
            pause = _pause(error, pacing.operator_backoff(attempts, chance), chance)
            # Days of waiting for a key must not use up the tries that the work itself has.
            return Pause(seconds=pause, kept=min(attempts, TRIES_WHILE_HELD))
        case RetryLaterError() | OutcomeUnknownError():
            if attempts >= KNOWN_TRIES:
                return GiveUp(problem="It could not be finished in many hours of trying.")
            pause = _pause(error, pacing.backoff(attempts, chance), chance)
            if isinstance(error, OutcomeUnknownError):
                pause = max(pause, DOUBT_SECONDS)
            return Pause(seconds=pause, kept=attempts)
        case BotError():
            return GiveUp(problem=str(error))
        case _:
            if attempts >= UNFORESEEN_TRIES:
                problem = "Something in this bot went wrong that trying again does not mend."
                return GiveUp(problem=problem)
            return Pause(seconds=pacing.backoff(attempts, chance), kept=attempts)


def after_trouble(job: Job, error: BotError, chance: float) -> Result:
    """Return what follows a trouble that has a name. `chance` is a random number from 0 to 1."""
    kind = type(error).__name__.removesuffix("Error")
    note = "held" if isinstance(error, OperatorMustActError) else "retry"
    return _result(job, next_try(job.attempts, error, chance), note, f"{kind}: {error}")


def after_surprise(job: Job, error: Exception, chance: float) -> Result:
    """Return what follows an error that nobody foresaw: try again a few times, then park."""
    verdict = next_try(job.attempts, error, chance)
    return _result(job, verdict, "retry", f"unforeseen {type(error).__name__}")


def _pause(error: BotError, backoff: float, chance: float) -> float:
    # Who asks for a second each time would else use up in minutes the tries meant for hours.
    return max(pacing.asked_pause(error.retry_after, chance), backoff)


def _result(job: Job, verdict: NextTry, note: str, detail: str) -> Result:
    match verdict:
        case Pause():
            kept = replace(job, attempts=verdict.kept)
            return Again(job=kept, after=verdict.seconds, note=note, detail=detail, failed=True)
        case GiveUp():
            return Park(job=job, problem=verdict.problem, detail=detail)
        case _:
            assert_never(verdict)
