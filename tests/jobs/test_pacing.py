"""When to poll a task, and its cost, again."""

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
    """Whatever the age and the history, a poll comes neither too soon nor too late."""
    assert 1.0 <= pacing.next_poll(age, history, 1.0, 30.0) <= 30.0


def test_without_history_the_pause_grows_with_age() -> None:
    """A render that already took long is polled less often."""
    pauses = [pacing.next_poll(age, [], 0.1, 600.0) for age in (1, 10, 100, 1000, 10_000, 100_000)]
    assert pauses == sorted(pauses)


def test_polls_are_dense_where_renders_usually_end() -> None:
    """Past renders of two minutes make the polls at two minutes the closest ones."""
    around = pacing.next_poll(120, HISTORY, 0.1, 60.0)
    assert around < pacing.next_poll(30, HISTORY, 0.1, 60.0)


def test_history_saves_waiting_without_more_polls() -> None:
    """With past renders known, the mean delay is below 3.5 s for less than 20 polls a render."""
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


def test_too_few_renders_tell_nothing() -> None:
    """An expectation needs a handful of renders."""
    assert pacing.expected(HISTORY[:-1]) is None
    usual = pacing.expected(HISTORY)
    assert usual is not None
    assert usual.p50 == 120.0
    assert usual.p50 < usual.p90 < usual.p95


@pytest.mark.parametrize(
    ("age", "history", "late"),
    [(3 * 139, HISTORY, True), (300, HISTORY, False), (901, [], True), (899, [], False)],
)
def test_late_is_three_times_the_usual(age: float, history: list[float], *, late: bool) -> None:
    """A render is late at three times the usual 95th percentile, or after 15 minutes."""
    assert pacing.is_late(age, history) is late


def test_abandoned_only_after_hours() -> None:
    """Nothing is given up within six hours, however quick it usually is."""
    assert not pacing.is_abandoned(6 * 3600, HISTORY)
    assert pacing.is_abandoned(6 * 3600 + 1, HISTORY)
    assert not pacing.is_abandoned(9 * 3600, [3600.0] * 5)


def test_a_pending_cost_is_looked_for_longer() -> None:
    """A known cost is looked at once more; a pending one for a day."""
    assert pacing.next_cost_check(0, cost_known=True) == 600.0
    assert pacing.next_cost_check(1, cost_known=True) is None
    assert pacing.next_cost_check(5, cost_known=False) == 24 * 3600.0
    assert pacing.next_cost_check(6, cost_known=False) is None
