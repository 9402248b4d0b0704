"""Whatever stops, kills or cuts off the processes of a formation, nothing is lost or doubled."""

from __future__ import annotations

import pytest

from tests.nemesis.run import measure


@pytest.mark.parametrize(
    "lives",
    [pytest.param(12, marks=pytest.mark.proof), pytest.param(300, marks=pytest.mark.soak)],
)
async def test_under_the_nemesis_nothing_is_lost_or_doubled(lives: int) -> None:
    found = await measure(lives, seed=1)
    assert found.happened.total() == lives
    assert found.acknowledged
    assert found.violations == []
