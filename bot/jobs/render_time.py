"""How long a render takes, as a distribution, and the moments at which to poll it. Pure; seconds.

Polls are spaced by the square root of the hazard, the chance that the render ends right now
(Keller 1974, doi 10.1287/mnsc.21.3.256): no polls of the same number find the end sooner.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist

from bot.options.usual_time import UsualTime

UNKNOWN = UsualTime(shortest=20.0, longest=900.0)
"""The usual time of a render of which nobody says anything."""

# The mean pause. Renders of two minutes are then polled as often as by fixed pauses of ten seconds,
# whose first poll is as early as all others: `bench.pauses`.
MEAN_PAUSE = 11.1
# This part of all renders takes a time unlike others: any order of magnitude is equally likely.
UNLIKE_OTHERS = 0.0025
# The longest render, and the probability that such a one outlasts even that: without it, one that
# never ends would be polled more and more often.
LONGEST_RENDER = 4 * 3600.0
OUTLASTING = 0.1
# Render times below this count as this.
SHORTEST_RENDER = 1.0
# The published time counts as this many past renders.
PUBLISHED_WEIGHT = 1
# Eight in ten renders end within the usual time: so many standard deviations on each side.
_WITHIN = NormalDist().inv_cdf(0.9)
# A step of the grid is then 3 %, a few seconds where most renders end.
_STEPS = 300
# Renders of the bell that are later than this part do not make the polls of all others rarer.
_TAIL = 0.001


@dataclass(frozen=True, slots=True)
class PollPlan:
    """The moments at which to poll a render: the ages at which the plan's count is whole."""

    ages: Sequence[float]
    counts: Sequence[float]
    """How many polls are planned up to each age, in parts of a poll."""

    def next_age(self, age: float) -> float:
        """Return the age of the poll that follows one at `age`; infinity after the last."""
        count = _interpolated(age, self.ages, self.counts) + 1.0
        return _interpolated(count, self.counts, self.ages)


@lru_cache(maxsize=256)
def poll_plan(usual: UsualTime, past: tuple[float, ...]) -> PollPlan:
    """Return the plan for a render of a kind whose `past` ones took so long.

    The time of most renders is log-normal. Its mean and spread are those of the past renders and
    of the published time together (a normal distribution with a conjugate prior).
    """
    bell = _bell(usual, past)
    log_longest = math.log(LONGEST_RENDER)
    ages = [math.exp(log_longest * step / _STEPS) for step in range(_STEPS + 1)]
    ages[0] = 0.0
    rates: list[float] = []
    expected_polls, expected_age = 0.0, 0.0
    for start, end in pairwise(ages):
        seconds, log_age = end - start, math.log((start + end) / 2)
        density = (1 - UNLIKE_OTHERS) * bell.pdf(log_age) + UNLIKE_OTHERS / log_longest
        survival = (1 - UNLIKE_OTHERS) * (1 - bell.cdf(log_age))
        survival += UNLIKE_OTHERS * max(1 - log_age / log_longest, OUTLASTING)
        rate = math.sqrt(density / math.exp(log_age) / survival)
        rates.append(rate * seconds)
        expected_polls += rate * seconds * survival
        if bell.cdf(log_age) < 1 - _TAIL:
            expected_age += seconds * survival
    scale = expected_age / MEAN_PAUSE / expected_polls
    counts = [0.0]
    for rate in rates:
        counts.append(counts[-1] + rate * scale)
    return PollPlan(ages=ages, counts=counts)


def _bell(usual: UsualTime, past: Sequence[float]) -> NormalDist:
    """Return the distribution of the logarithm of the next render's time."""
    low, high = math.log(usual.shortest), math.log(usual.longest)
    middle, spread = (low + high) / 2, (high - low) / 2 / _WITHIN
    logs = [math.log(max(seconds, SHORTEST_RENDER)) for seconds in past]
    weight = PUBLISHED_WEIGHT + len(logs)
    mean = (PUBLISHED_WEIGHT * middle + sum(logs)) / weight
    squares = PUBLISHED_WEIGHT * (spread**2 + (middle - mean) ** 2)
    variance = (squares + sum((log - mean) ** 2 for log in logs)) / weight
    # The mean itself is known only so well.
    return NormalDist(mean, math.sqrt(variance * (1 + 1 / weight)))


def _interpolated(value: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return the value of the line through the points, infinity beyond the last."""
    if value >= xs[-1]:
        return math.inf
    right = bisect_right(xs, value)
    part = (value - xs[right - 1]) / (xs[right] - xs[right - 1])
    return ys[right - 1] + part * (ys[right] - ys[right - 1])
