"""Killed at any point and started again, the bot ends every job once: charged, told, delivered."""

from __future__ import annotations

import asyncio
import random
import signal
from functools import partial

import pytest

from tests.kills.bench import KillBench, kill_bench
from tests.kills.call_killer import CALLS, Moment
from tests.kills.points import AT_NAME, AT_NUMBER, NAMES

RUNS = 4
# A life that was to die passes its point within this; some points are not on every life's way.
PATIENCE_SECONDS = 15.0
SOAK_SEEDS = range(20)
KILLS_IN_A_RUN = 12
# Between one and two jobs' worth of points.
MOST_POINTS = 90
LONGEST_LIFE_SECONDS = 2.0
STRIKES = [(call, moment) for call in CALLS if call != "look at file" for moment in Moment]


@pytest.mark.proof
@pytest.mark.parametrize("names", [NAMES[run::RUNS] for run in range(RUNS)], ids=range(RUNS))
async def test_killed_around_each_commit_and_each_call_nothing_is_lost_or_doubled(
    names: tuple[str, ...],
) -> None:
    """One life for each point; a new job in each, while it finishes those of the lives before."""
    async with kill_bench() as place:
        for name in names:
            life = await place.live({AT_NAME: name})
            await place.ask()
            assert await life.end(PATIENCE_SECONDS) == -signal.SIGKILL, name
        await place.conclude()


@pytest.mark.proof
@pytest.mark.parametrize("strikes", [STRIKES[::2], STRIKES[1::2]], ids=["arrived", "done"])
async def test_killed_during_a_call_nothing_is_lost_or_doubled(
    strikes: list[tuple[str, Moment]],
) -> None:
    """The other side has the request, or has done it, and the bot dies before the answer."""
    async with kill_bench() as place:
        for call, moment in strikes:
            life = await place.live()
            place.call_killer.aim(call, moment, partial(life.send, signal.SIGKILL))
            await place.ask()
            assert await life.end(PATIENCE_SECONDS) == -signal.SIGKILL, call
        await place.conclude()


@pytest.mark.soak
@pytest.mark.parametrize("seed", SOAK_SEEDS)
async def test_killed_again_and_again_at_any_point_nothing_is_lost_or_doubled(seed: int) -> None:
    """The seed decides after how many points or seconds each life ends, and what is asked."""
    chance = random.Random(seed)
    async with kill_bench() as place:
        for _ in range(KILLS_IN_A_RUN):
            await _short_life(place, chance)
        await place.conclude()


async def _short_life(place: KillBench, chance: random.Random) -> None:
    """Live until a drawn point, or until a drawn moment if that comes first."""
    life = await place.live({AT_NUMBER: str(chance.randint(0, MOST_POINTS))})
    if chance.random() < 0.5:
        await place.ask_again()
    await asyncio.gather(*(place.ask() for _ in range(chance.randint(0, 2))))
    try:
        await life.end(chance.uniform(0.05, LONGEST_LIFE_SECONDS))
    except TimeoutError:
        life.send(signal.SIGKILL)
    assert await life.end() == -signal.SIGKILL
