"""Whatever stops, kills or cuts off the processes of a formation, nothing is lost or doubled."""

from __future__ import annotations

import pytest

from tests.nemesis.run import measure


# Of the short run's seed the first three events are long stops between a commit and what follows.
@pytest.mark.parametrize(
    ("lives", "seed"),
    [
        pytest.param(12, 10, marks=pytest.mark.proof, id="12"),
        pytest.param(300, 1, marks=pytest.mark.soak, id="300"),
    ],
)
async def test_under_the_nemesis_nothing_is_lost_or_doubled(lives: int, seed: int) -> None:
    found = await measure(lives, seed)
    assert found.happened.total() == lives
    assert found.acknowledged
    assert found.violations == []
