"""The real process is killed wherever it hurts, and the next one brings every job to its end."""

from __future__ import annotations

from random import Random

import pytest

from tests.kills.chain import kills, live

KILLS_A_CHAIN = 5
CHAINS = 8
SOAK_CHAINS = 44


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(CHAINS))
async def test_killed_five_times_every_job_ends_once(seed: int) -> None:
    """One charge, one message, one result; no acknowledged command is lost."""
    await chain(seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(CHAINS, SOAK_CHAINS))
async def test_killed_five_times_more_often(seed: int) -> None:
    """The same, until two hundred kills and more."""
    await chain(seed)


async def chain(seed: int) -> None:
    """Live the chain of lives that the seed draws."""
    plan = kills(Random(seed), KILLS_A_CHAIN)
    await live(plan, [f"a car in scene {number}" for number in range(KILLS_A_CHAIN)])
