"""What follows a try that failed: another after a pause, or none. Durations are seconds."""

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
# A wrong key or an empty account is mended by people: ask rarely, but soon enough to notice.
OPERATOR_BACKOFF_BASE = 15.0
OPERATOR_BACKOFF_CAP = 300.0
# A doubtful call may still arrive at the other side: give it a moment before looking for it.
DOUBT_SECONDS = 2.0
# An error that nobody foresaw is tried again a few times, then a person must look.
UNFORESEEN_TRIES = 20
# With pauses of at most two minutes this is several hours of failures at the other side.
KNOWN_TRIES = 400
# With so many the pause of what is held for the operator has reached its longest.
TRIES_WHILE_HELD = 5


def after_error(row: Row, error: Exception, chance: float) -> Snooze[Row] | Park[Row]:
    """Return what follows when a row's step raised `error`.

    `chance` is a random number from 0 to 1. A pause is never shorter than our own backoff, nor
    than what the other side asked for.
    """
    detail = f"{type(error).__name__.removesuffix('Error')}: {error}"
    match error:
        case OperatorMustActError():
            pause = _pause(error, operator_backoff(row.attempts, chance), chance)
            # Days of waiting for a key must not use up the tries that the work itself has.
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
            return _after_surprise(row, error, chance)


def _after_surprise(row: Row, error: Exception, chance: float) -> Snooze[Row] | Park[Row]:
    detail = f"unforeseen {type(error).__name__}"
    if row.attempts >= UNFORESEEN_TRIES:
        problem = "Something in this bot went wrong that trying again does not mend."
        return Park(row=row, problem=problem, detail=detail)
    pause = backoff(row.attempts, chance)
    return Snooze(row=row, after=pause, note=EventName.RETRY, detail=detail, failed=True)


def backoff(attempts: int, chance: float) -> float:
    """Return how long to wait after `attempts` tries that got nowhere.

    Exponential with full jitter; `chance` is a random number from 0 to 1.
    """
    return _jittered(BACKOFF_BASE, BACKOFF_CAP, attempts, chance)


def operator_backoff(attempts: int, chance: float) -> float:
    """Return how long to wait for an operator to mend a key, a scope or the credit."""
    return _jittered(OPERATOR_BACKOFF_BASE, OPERATOR_BACKOFF_CAP, attempts, chance)


def asked_pause(retry_after: float | None, chance: float) -> float:
    """Return how long to wait when the other side named a pause, or 0 when it named none.

    Never less than it asked for, and up to a tenth more: those who were given the same pause at the
    same moment must not all come back together.
    """
    return (retry_after or 0.0) * (1 + 0.1 * chance)


def _pause(error: BotError, own: float, chance: float) -> float:
    # Who asks for a second each time would else use up in minutes the tries meant for hours.
    return max(asked_pause(error.retry_after, chance), own)


def _jittered(base: float, cap: float, attempts: int, chance: float) -> float:
    # The exponent is bounded because 2.0 ** 1024 overflows.
    ceiling = min(cap, base * 2.0 ** min(attempts, 30))
    return max(base / 2, ceiling * chance)
