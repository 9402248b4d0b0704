"""What follows a step that failed: try again after a pause, or let a person look."""

from __future__ import annotations

from dataclasses import replace

from bot import pacing
from bot.errors import (
    BotError,
    OperatorMustActError,
    OutcomeUnknownError,
    RetryLaterError,
)
from bot.steps.result import Again, Park, Result
from storage.job import Job

# A doubtful call may still arrive at the other side: give it a moment before looking for it.
DOUBT_SECONDS = 2.0
# An error that nobody foresaw is tried again a few times, then a person must look.
UNFORESEEN_TRIES = 20
# With pauses of at most two minutes this is several hours of trouble at the other side.
KNOWN_TRIES = 400
# With so many the pause of a job that is held for the operator has reached its longest.
TRIES_WHILE_HELD = 5


def after_trouble(job: Job, error: BotError, chance: float) -> Result:
    """Return what follows a trouble that has a name. `chance` is a random number from 0 to 1."""
    kind = type(error).__name__.removesuffix("Error")
    detail = f"{kind}: {error}"
    if isinstance(error, OperatorMustActError):
        backoff = pacing.operator_backoff(job.attempts, chance)
        pause = max(pacing.asked_pause(error.retry_after, chance), backoff)
        # Days of waiting for a key must not use up the tries that the work itself has.
        held = replace(job, attempts=min(job.attempts, TRIES_WHILE_HELD))
        return Again(job=held, after=pause, note="held", detail=detail, failed=True)
    if not isinstance(error, (RetryLaterError, OutcomeUnknownError)):
        return Park(job=job, problem=str(error), detail=detail)
    if job.attempts >= KNOWN_TRIES:
        problem = "It could not be finished in many hours of trying."
        return Park(job=job, problem=problem, detail=detail)
    # Who asks for a second each time would else use up in minutes the tries meant for hours.
    backoff = pacing.backoff(job.attempts, chance)
    pause = max(pacing.asked_pause(error.retry_after, chance), backoff)
    if isinstance(error, OutcomeUnknownError):
        pause = max(pause, DOUBT_SECONDS)
    return Again(job=job, after=pause, note="retry", detail=detail, failed=True)


def after_surprise(job: Job, error: Exception, chance: float) -> Result:
    """Return what follows an error that nobody foresaw: try again a few times, then park."""
    detail = f"unforeseen {type(error).__name__}"
    if job.attempts >= UNFORESEEN_TRIES:
        problem = "Something in this bot went wrong that trying again does not mend."
        return Park(job=job, problem=problem, detail=detail)
    pause = pacing.backoff(job.attempts, chance)
    return Again(job=job, after=pause, note="retry", detail=detail, failed=True)
