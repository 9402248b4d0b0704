"""When to poll a task again: pure functions of its age and of past renders, all in seconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, quantiles

# The price of one more poll, in seconds by which a user waits less. It leads to about a dozen polls
# in a render of two minutes.
POLL_COST = 0.15
# The standard deviation of the bell around each past render, on the natural logarithmic scale:
# renders of one kind differ by about this much from day to day.
SPREAD = 0.15
# Without past renders, every order of magnitude up to this is equally likely.
LONGEST_RENDER = 4 * 3600.0
# The probability that a render outlasts even that; without it, one that never ends would be polled
# more and more often.
OUTLASTING = 0.1
# Ages and render times below this count as this, which bounds the hazard. The caller's bounds of
# the pause apply as well.
SHORTEST_AGE = 1.0

# With fewer past renders than this, a percentile means nothing.
ENOUGH_RENDERS = 5
LATE_FACTOR = 3.0
LATE_WITHOUT_HISTORY = 15 * 60.0
ABANDON_FACTOR = 10.0
ABANDON_AT_LEAST = 6 * 3600.0

# The pauses before each read of a cost that MindVideo has not named yet, or that may still change.
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


def next_poll(age: float, history: Sequence[float], shortest: float, longest: float) -> float:
    """Return how long to wait before the next poll of a task of this age.

    Polls are spaced by the square root of the hazard, the chance that the render ends right now
    (Keller 1974, doi 10.1287/mnsc.21.3.256): rarely while it cannot be done yet, often when it
    probably is.
    """
    pause = math.sqrt(2 * POLL_COST / _hazard(max(age, SHORTEST_AGE), history))
    return min(max(pause, shortest), longest)


def _hazard(age: float, history: Sequence[float]) -> float:
    """Return the chance per second that a render of this age ends now.

    A mixture of equal parts: one normal distribution on the logarithmic scale for each past render,
    and one part without history, so that the end of a render unlike all before is found in time.
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
    """Return whether a render takes so long that the user should be notified."""
    usual = expected(history)
    limit = LATE_FACTOR * usual.p95 if usual else LATE_WITHOUT_HISTORY
    return age > limit


def is_abandoned(age: float, history: Sequence[float]) -> bool:
    """Return whether a render takes so long that an operator must act."""
    usual = expected(history)
    limit = ABANDON_FACTOR * usual.p95 if usual else 0.0
    return age > max(limit, ABANDON_AT_LEAST)


def next_cost_check(tries: int, *, cost_known: bool) -> float | None:
    """Return how long to wait before the next read of the final cost; `None`: read it no more."""
    pauses = KNOWN_COST_PAUSES if cost_known else PENDING_COST_PAUSES
    return pauses[tries] if tries < len(pauses) else None
