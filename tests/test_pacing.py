"""When to look again."""

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
    assert 1.0 <= pacing.next_look(age, history, 1.0, 30.0) <= 30.0


def test_without_history_the_pause_grows_with_age() -> None:
    """A render that already took long is looked at less often."""
    pauses = [pacing.next_look(age, [], 0.1, 600.0) for age in (1, 10, 100, 1000, 10_000, 100_000)]
    assert pauses == sorted(pauses)


def test_polls_are_dense_where_renders_usually_end() -> None:
    """Past renders of two minutes make the looks at two minutes the closest ones."""
    around = pacing.next_look(120, HISTORY, 0.1, 60.0)
    assert around < pacing.next_look(30, HISTORY, 0.1, 60.0)


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
            age += pacing.next_look(age, history, 1.0, 30.0)
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


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_backoff_is_bounded(attempts: int, chance: float) -> None:
    """However often something failed, the next try comes within two minutes."""
    assert 0.5 <= pacing.backoff(attempts, chance) <= pacing.BACKOFF_CAP
    assert 7.5 <= pacing.operator_backoff(attempts, chance) <= pacing.OPERATOR_BACKOFF_CAP


def test_backoff_doubles() -> None:
    """The longest pause doubles from try to try."""
    assert [pacing.backoff(attempts, 1.0) for attempts in range(4)] == [1.0, 2.0, 4.0, 8.0]


def test_a_pending_cost_is_looked_for_longer() -> None:
    """A known cost is looked at once more; a pending one for a day."""
    assert pacing.settle_pause(0, cost_known=True) == 600.0
    assert pacing.settle_pause(1, cost_known=True) is None
    assert pacing.settle_pause(5, cost_known=False) == 24 * 3600.0
    assert pacing.settle_pause(6, cost_known=False) is None


def test_progress_leaves_edits_to_results() -> None:
    """In no minute does it take more than Slack allows a workspace less a reserve."""
    budget = pacing.EditBudget(per_minute=50, reserve=15, burst=10)
    taken = [at for at in range(300) for _ in range(20) if budget.take("T1", at)]
    assert taken.count(0) == 10
    busiest = max(sum(begin <= at < begin + 60 for at in taken) for begin in range(240))
    assert 30 <= busiest <= 35
    assert budget.take("T2", 0.0)


def test_results_are_counted_but_never_held_back() -> None:
    """An edit that cannot wait makes progress wait longer."""
    budget = pacing.EditBudget(per_minute=50, reserve=15, burst=10)
    for _ in range(15):
        budget.spend("T1", 0.0)
    assert not budget.take("T1", 10.0)
    assert budget.take("T1", 60.0)


def test_a_storm_of_results_holds_progress_up_for_minutes_only() -> None:
    """Whatever was spent, the debt is bounded."""
    budget = pacing.EditBudget()
    for _ in range(1000):
        budget.spend("T1", 0.0)
    assert budget.take("T1", 180.0)


def test_progress_waits_as_long_as_slack_says() -> None:
    """For one workspace; the longest of several waits counts."""
    budget = pacing.EditBudget()
    budget.hold("T1", 30.0)
    budget.hold("T1", 20.0)
    assert not budget.take("T1", 29.9)
    assert budget.take("T2", 0.0)
    assert budget.take("T1", 30.0)


@given(st.floats(0, 1e6), st.floats(0, 1))
def test_a_pause_that_was_asked_for_is_kept_and_spread(retry_after: float, chance: float) -> None:
    """Never shorter than asked; those who heard it together do not all come back together."""
    pause = pacing.asked_pause(retry_after, chance)
    assert retry_after <= pause <= retry_after * 1.1 + 1e-6
    assert pacing.asked_pause(None, chance) == 0.0
    assert pacing.asked_pause(30.0, 0.0) != pacing.asked_pause(30.0, 1.0)
