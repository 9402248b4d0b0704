"""Simulates polls of renders: how late their ends are noticed, and after how many polls.

The bot's pauses stand beside fixed ones and the least that is possible: `python -m bench.pauses`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist
from typing import TypeAlias

from pydantic import BaseModel

from bench.measurement import Measurement, table, write_data
from bot.jobs import pacing
from bot.options.usual_time import UsualTime

Pause: TypeAlias = Callable[[float], float]
"""The pause after a poll at an age, in seconds."""

MEDIAN = 120.0
SPREADS = (0.25, 0.5)
"""Standard deviations of the logarithm of a render's time."""
PUBLISHED = UsualTime(60.0, 180.0)
PASTS = (0, 5, 20, 50)
FIXED = 10.0
RENDERS = 20_000
BETWEEN_HISTORIES = 100
# The least delay is looked for among polls at whole multiples of this.
GRID = 1.0
LATEST = 900
MOST_POLLS = 20
"""The least delay is told for so many polls, and from half as many on."""


class Polled(BaseModel, frozen=True):
    """The means of a plan of polls."""

    polls: float
    delay: float
    """In seconds."""


class PausesOfSpread(BaseModel, frozen=True):
    """What was simulated of renders whose times have one spread."""

    spread: float
    fixed: Polled
    least: tuple[Polled, ...]
    """The least delay by several numbers of polls."""
    ours: dict[int, Polled]
    """By how many past renders are known."""


class PausesData(BaseModel, frozen=True):
    """What was simulated."""

    spreads: tuple[PausesOfSpread, ...]


def measure() -> PausesData:
    """Return delay and polls a render: with fixed pauses, with the bot's, and the least delay."""
    return PausesData(spreads=tuple(map(_of_spread, SPREADS)))


def _of_spread(spread: float) -> PausesOfSpread:
    fixed = _simulated(spread, 0, lambda _: lambda _: FIXED)
    counts = (*(float(polls) for polls in range(MOST_POLLS // 2, MOST_POLLS + 1)), fixed.polls)
    least = least_delays(spread, sorted(counts))
    return PausesOfSpread(
        spread=spread,
        fixed=fixed,
        least=tuple(Polled(polls=polls, delay=delay) for polls, delay in least.items()),
        ours={past: _simulated(spread, past, _pauses) for past in PASTS},
    )


def measurements(data: PausesData) -> list[Measurement]:
    """Return what was simulated, beside the goals."""
    return [one for spread in data.spreads for one in _rows(spread)]


def _rows(data: PausesOfSpread) -> Iterator[Measurement]:
    fixed = data.fixed
    yield Measurement(label=f"spread {data.spread}: fixed {FIXED:g} s", value=_figure(fixed))
    least = next(one.delay for one in data.least if one.polls == fixed.polls)
    yield Measurement(label="  the least delay at so many polls", value=f"{least:.2f} s")
    for past, ours in data.ours.items():
        label = f"  the bot, {past} past renders" if past else "  the bot, by the model file"
        share = 0.5 if past >= 20 else 1.0
        yield Measurement(
            label=label,
            value=_figure(ours),
            goal=f"≤ {share * fixed.delay:.2f} s, ≤ {fixed.polls:.1f} polls",
            met=round(ours.polls, 1) <= round(fixed.polls, 1) and ours.delay <= share * fixed.delay,
        )


def _figure(one: Polled) -> str:
    return f"{one.delay:.2f} s, {one.polls:.2f} polls"


def _pauses(past: Sequence[float]) -> Pause:
    return lambda age: pacing.next_poll(age, past, PUBLISHED, shortest=1.0, longest=30.0)


def _simulated(spread: float, past: int, pauses: Callable[[Sequence[float]], Pause]) -> Polled:
    chance = random.Random(1)
    polls, delay = 0, 0.0
    for _ in range(RENDERS // BETWEEN_HISTORIES):
        pause = pauses([_drawn(chance, spread) for _ in range(past)])
        for _ in range(BETWEEN_HISTORIES):
            ends, age = _drawn(chance, spread), 0.0
            while age < ends:
                age += pause(age)
                polls += 1
            delay += age - ends
    return Polled(polls=polls / RENDERS, delay=delay / RENDERS)


def _drawn(chance: random.Random, spread: float) -> float:
    return MEDIAN * math.exp(chance.gauss(0, spread))


def least_delays(spread: float, polls: Sequence[float]) -> dict[float, float]:
    """Return the least mean delay of any plan that knows the distribution, by its polls.

    For a price of a poll the cheapest plan is found by dynamic programming, and delay + price *
    polls of every other plan is at least its cost: so each price gives a bound, and the highest
    bound counts.
    """
    prices = (0.05 * step for step in range(1, 20))
    costs = {price: _least_cost(spread, price) for price in prices}
    return {one: max(cost - price * one for price, cost in costs.items()) for one in polls}


def _least_cost(spread: float, price: float) -> float:
    """Return the least mean of delay + `price` * polls."""
    bell = NormalDist(math.log(MEDIAN), spread)
    ages = [GRID * step for step in range(LATEST + 1)]
    ended = [0.0, *(bell.cdf(math.log(age)) for age in ages[1:])]
    # Seconds that all renders together have been over at an age, by the trapezoid rule.
    waited = [0.0]
    for step in range(1, LATEST + 1):
        waited.append(waited[-1] + GRID * (ended[step - 1] + ended[step]) / 2)
    cost = [0.0] * (LATEST + 1)
    for at in reversed(range(LATEST)):
        running = 1.0 - ended[at]
        cost[at] = min(
            price * running + waited[to] - waited[at] - ended[at] * (to - at) * GRID + cost[to]
            for to in range(at + 1, LATEST + 1)
        )
    return cost[0]


if __name__ == "__main__":
    simulated = measure()
    write_data("pauses", simulated)
    print(table(measurements(simulated), "github"))  # noqa: T201 - this is what it is for
