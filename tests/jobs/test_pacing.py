"""Tests of the delays between polls of a task and of its cost."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.jobs import pacing

HISTORY = [100.0, 110.0, 120.0, 130.0, 140.0]
AGES = st.floats(0, 1e6)
HISTORIES = st.lists(st.floats(0, 1e5), max_size=50)


@given(AGES, HISTORIES)
def test_a_pause_stays_within_its_bounds(age: float, history: list[float]) -> None:
    """For any age and history."""
    assert 1.0 <= pacing.next_poll(age, history, 1.0, 30.0) <= 30.0


def test_without_history_the_pause_grows_with_age() -> None:
    pauses = [pacing.next_poll(age, [], 0.1, 600.0) for age in (1, 10, 100, 1000, 10_000, 100_000)]
    assert pauses == sorted(pauses)


def test_polls_are_closest_at_the_usual_duration() -> None:
    """After renders of two minutes the polls at two minutes are the closest ones."""
    around = pacing.next_poll(120, HISTORY, 0.1, 60.0)
    assert around < pacing.next_poll(30, HISTORY, 0.1, 60.0)


def test_a_history_shortens_the_delay_without_more_polls() -> None:
    """With known renders, the mean delay is below 3.5 s with fewer than 20 polls each."""
    chance = random.Random(7)
    draw = [120 * math.exp(chance.gauss(0, 0.3)) for _ in range(230)]
    history, renders = draw[:30], draw[30:]
    polls = 0
    delay = 0.0
    for ends in renders:
        age = 0.0
        while age < ends:
            age += pacing.next_poll(age, history, 1.0, 30.0)
            polls += 1
        delay += age - ends
    assert polls / len(renders) < 20
    assert delay / len(renders) < 3.5


def test_too_few_renders_give_no_expectation() -> None:
    """An expectation needs five renders."""
    assert pacing.expected(HISTORY[:-1]) is None
    usual = pacing.expected(HISTORY)
    assert usual is not None
    assert usual.p50 == 120.0
    assert usual.p50 < usual.p90 < usual.p95


@pytest.mark.parametrize(
    ("age", "history", "late"),
    [(3 * 139, HISTORY, True), (300, HISTORY, False), (901, [], True), (899, [], False)],
)
def test_a_render_is_late_at_three_times_the_usual_duration(
    age: float, history: list[float], *, late: bool
) -> None:
    """A render is late at three times the usual 95th percentile, or after 15 minutes."""
    assert pacing.is_late(age, history) is late


def test_a_render_is_abandoned_only_after_six_hours() -> None:
    """However short the renders of its model usually are."""
    assert not pacing.is_abandoned(6 * 3600, HISTORY)
    assert pacing.is_abandoned(6 * 3600 + 1, HISTORY)
    assert not pacing.is_abandoned(9 * 3600, [3600.0] * 5)


def test_a_pending_cost_is_checked_for_longer_than_a_known_one() -> None:
    """A known cost is checked once more; a pending one for a day."""
    assert pacing.next_cost_check(0, cost_known=True) == 600.0
    assert pacing.next_cost_check(1, cost_known=True) is None
    assert pacing.next_cost_check(5, cost_known=False) == 24 * 3600.0
    assert pacing.next_cost_check(6, cost_known=False) is None
