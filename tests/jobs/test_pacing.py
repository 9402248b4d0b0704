"""Tests of the delays between polls of a task and of its cost."""

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
    pause = pacing.next_poll(age, history, None, shortest=1.0, longest=30.0)
    assert 1.0 <= pause <= 30.0


def test_what_ran_beyond_all_plans_is_polled_as_rarely_as_allowed() -> None:
    """A render that never ends is not polled more and more often."""
    assert pacing.next_poll(1e6, HISTORY, None, shortest=1.0, longest=600.0) == 600.0


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
