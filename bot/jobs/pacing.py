"""When to look again: pure functions of age, history and chance. All durations are seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, quantiles

# What one more poll is worth, in seconds of a person's waiting. It puts about a dozen polls into
# a render of two minutes.
POLL_COST = 0.15
# How wide each past render is spread over its neighbours, on the logarithmic scale: renders of
# one kind differ by about this much from day to day.
SPREAD = 0.15
# Before anything is known, every order of magnitude up to this is equally likely.
LONGEST_RENDER = 4 * 3600.0
# So likely is a render that outlasts even that; without it, one that never ends would be looked
# at ever more often.
OUTLASTING = 0.1
# A poll's own fastest rate, whatever the hazard says; the caller's bounds come on top.
SHORTEST_AGE = 1.0

BACKOFF_BASE = 1.0
BACKOFF_CAP = 120.0
# A wrong key or an empty account is mended by people: ask rarely, but soon enough to notice.
OPERATOR_BACKOFF_BASE = 15.0
OPERATOR_BACKOFF_CAP = 300.0

# With fewer past renders than this, a percentile says nothing.
ENOUGH_RENDERS = 5
LATE_FACTOR = 3.0
LATE_WITHOUT_HISTORY = 15 * 60.0
ABANDON_FACTOR = 10.0
ABANDON_AT_LEAST = 6 * 3600.0

# When to look for a cost that MindVideo has not told yet, or that may still change.
PENDING_COST_PAUSES = (30.0, 120.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
KNOWN_COST_PAUSES = (600.0,)


@dataclass(frozen=True, slots=True)
class Expected:
    """How long a render of some kind takes: half are done by `p50`, nine in ten by `p90`."""

    p50: float
    p90: float
    p95: float


def expected(history: Sequence[float]) -> Expected | None:
    """Return percentiles of past render times, or `None` when too few are known."""
    if len(history) < ENOUGH_RENDERS:
        return None
    cuts = quantiles(history, n=20, method="inclusive")
    return Expected(p50=cuts[9], p90=cuts[17], p95=cuts[18])


def next_look(age: float, history: Sequence[float], shortest: float, longest: float) -> float:
    """Return how long to wait before the next poll of a task of this age.

    Polls are spaced by the square root of the hazard, the chance that the render ends right now
    (Keller 1974, doi 10.1287/mnsc.21.3.256): rarely while it cannot be done yet, often when it
    probably is.
    """
    pause = math.sqrt(2 * POLL_COST / _hazard(max(age, SHORTEST_AGE), history))
    return min(max(pause, shortest), longest)


def _hazard(age: float, history: Sequence[float]) -> float:
    """Return the chance per second that a render of this age ends now.

    A mixture of equal parts: one bell on the logarithmic scale for each past render, and one part
    that knows nothing, so that a render unlike all before it is still found in time.
    """
    log_age = math.log(age)
    log_longest = math.log(LONGEST_RENDER)
    density = 1.0 / (age * log_longest)
    survival = max(1.0 - log_age / log_longest, OUTLASTING)
    for seconds in history:
        bell = NormalDist(math.log(max(seconds, SHORTEST_AGE)), SPREAD)
        density += bell.pdf(log_age) / age
        survival += 1.0 - bell.cdf(log_age)
    return density / survival


def is_late(age: float, history: Sequence[float]) -> bool:
    """Tell whether a render takes so long that the person should hear about it."""
    usual = expected(history)
    limit = LATE_FACTOR * usual.p95 if usual else LATE_WITHOUT_HISTORY
    return age > limit


def is_abandoned(age: float, history: Sequence[float]) -> bool:
    """Tell whether a render takes so long that a person must look into it."""
    usual = expected(history)
    limit = ABANDON_FACTOR * usual.p95 if usual else 0.0
    return age > max(limit, ABANDON_AT_LEAST)


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

    Never less than it asked for, and up to a tenth more: those who heard the same pause at the same
    moment must not all come back together.
    """
    return (retry_after or 0.0) * (1 + 0.1 * chance)


def _jittered(base: float, cap: float, attempts: int, chance: float) -> float:
    # The exponent is bounded because 2.0 ** 1024 overflows.
    ceiling = min(cap, base * 2.0 ** min(attempts, 30))
    return max(base / 2, ceiling * chance)


def settle_pause(tries: int, *, cost_known: bool) -> float | None:
    """Return how long to wait before the next look for the final cost; `None`: look no more."""
    pauses = KNOWN_COST_PAUSES if cost_known else PENDING_COST_PAUSES
    return pauses[tries] if tries < len(pauses) else None


class EditBudget:
    """How many progress edits a workspace still takes: a token bucket.

    Slack's `chat.update` is Tier 3, about 50 a minute for a workspace
    (https://docs.slack.dev/apis/web-api/rate-limits). In any minute progress takes at most what
    `reserve` leaves of them; results are never held back, and what they take, progress lacks.
    """

    def __init__(
        self, per_minute: float = 50.0, reserve: float = 15.0, burst: float = 10.0
    ) -> None:
        self._burst = burst
        # A full bucket and what flows in during a minute are the most of any minute.
        self._per_second = (per_minute - reserve - burst) / 60
        self._deepest = -per_minute
        self._tokens: dict[str, tuple[float, float]] = {}
        self._held: dict[str, float] = {}

    def take(self, team: str, now: float) -> bool:
        """Take one edit for progress if the workspace can spare it."""
        left = self._left(team, now)
        if left < 1 or now < self._held.get(team, 0.0):
            return False
        self._tokens[team] = (left - 1, now)
        return True

    def spend(self, team: str, now: float) -> None:
        """Count an edit that could not wait."""
        self._tokens[team] = (max(self._left(team, now) - 1, self._deepest), now)

    def hold(self, team: str, until: float) -> None:
        """Take nothing for progress before this moment: Slack said when to come back."""
        self._held[team] = max(until, self._held.get(team, 0.0))

    def _left(self, team: str, now: float) -> float:
        tokens, then = self._tokens.get(team, (self._burst, now))
        return min(tokens + max(now - then, 0.0) * self._per_second, self._burst)
