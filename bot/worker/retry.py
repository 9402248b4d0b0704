"""Choose the result of a failed attempt: a retry after a pause, or parking. Durations: seconds."""

from __future__ import annotations

from dataclasses import replace

from bot.base.errors import (
    BotError,
    OperatorMustActError,
    OutcomeUnknownError,
    RetryLaterError,
)
from bot.worker.result import Park, Snooze
from storage.job import EventName
from storage.store import Row

BACKOFF_BASE = 1.0
BACKOFF_CAP = 120.0
# Only an operator can fix a wrong key or an empty account: retry rarely, but notice the fix soon.
OPERATOR_BACKOFF_BASE = 15.0
OPERATOR_BACKOFF_CAP = 300.0
# A call whose outcome is unknown may still arrive at the other side: wait before searching for it.
DOUBT_SECONDS = 2.0
# An exception that is no `BotError` is probably a defect of this bot: it is retried less often.
UNFORESEEN_TRIES = 20
# With pauses of at most two minutes this is several hours of failures at the other side.
KNOWN_TRIES = 400
# After this many attempts the pause of a row that waits for an operator has reached its maximum.
TRIES_WHILE_HELD = 5


def after_error(row: Row, error: Exception, chance: float) -> Snooze[Row] | Park[Row]:
    """Return the result for a row whose step raised `error`: a retry, or parking.

    `chance` is a random number from 0 to 1. A pause is never shorter than our own backoff, nor
    than the other side's `Retry-After`.
    """
    said = error.in_full if isinstance(error, BotError) else error
    detail = f"{type(error).__name__.removesuffix('Error')}: {said}"
    match error:
        case OperatorMustActError():
            pause = _pause(error, operator_backoff(row.attempts, chance), chance)
            # Days of waiting for a key must not use up the attempts of the work itself.
            kept = replace(row, attempts=min(row.attempts, TRIES_WHILE_HELD))
            return Snooze(row=kept, after=pause, note=EventName.HELD, detail=detail, failed=True)
        case RetryLaterError() | OutcomeUnknownError():
            if row.attempts >= KNOWN_TRIES:
                problem = "It could not be finished in many hours of trying."
                return Park(row=row, problem=problem, detail=detail)
            pause = _pause(error, backoff(row.attempts, chance), chance)
            if isinstance(error, OutcomeUnknownError):
                pause = max(pause, DOUBT_SECONDS)
            return Snooze(row=row, after=pause, note=EventName.RETRY, detail=detail, failed=True)
        case BotError():
            return Park(row=row, problem=str(error), detail=detail)
        case _:
            return _after_unforeseen(row, error, chance)


def _after_unforeseen(row: Row, error: Exception, chance: float) -> Snooze[Row] | Park[Row]:
    detail = f"unforeseen {type(error).__name__}"
    if row.attempts >= UNFORESEEN_TRIES:
        problem = "Something in this bot went wrong that trying again does not mend."
        return Park(row=row, problem=problem, detail=detail)
    pause = backoff(row.attempts, chance)
    return Snooze(row=row, after=pause, note=EventName.RETRY, detail=detail, failed=True)


def backoff(attempts: int, chance: float) -> float:
    """Return how long to wait after `attempts` failed attempts.

    Exponential with full jitter; `chance` is a random number from 0 to 1.
    """
    return _jittered(BACKOFF_BASE, BACKOFF_CAP, attempts, chance)


def operator_backoff(attempts: int, chance: float) -> float:
    """Return how long to wait for an operator to fix a key, a scope or the credit."""
    return _jittered(OPERATOR_BACKOFF_BASE, OPERATOR_BACKOFF_CAP, attempts, chance)


def longest_pause(error: BotError, attempts: int) -> float:
    """Return the longest pause that `after_error` can choose for this error."""
    match error:
        case OperatorMustActError():
            own = operator_backoff(attempts, 1.0)
        case _:
            own = max(backoff(attempts, 1.0), DOUBT_SECONDS)
    return max(asked_pause(error.retry_after, 1.0), own)


def asked_pause(retry_after: float | None, chance: float) -> float:
    """Return how long to wait when the other side named a pause, or 0 when it named none.

    Never shorter than the named pause, and up to a tenth longer: callers that were given the same
    pause at the same time must not all return together.
    """
    return (retry_after or 0.0) * (1 + 0.1 * chance)


def _pause(error: BotError, own: float, chance: float) -> float:
    # A service that names one second each time would otherwise use up, within minutes, attempts
    # that are meant to last for hours.
    return max(asked_pause(error.retry_after, chance), own)


def _jittered(base: float, cap: float, attempts: int, chance: float) -> float:
    # The exponent is bounded because 2.0 ** 1024 overflows.
    ceiling = min(cap, base * 2.0 ** min(attempts, 30))
    return max(base / 2, ceiling * chance)
