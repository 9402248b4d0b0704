"""How many edits progress may take of what Slack allows a workspace."""

from __future__ import annotations

from bot.worker.edit_budget import EditBudget


def test_progress_leaves_edits_to_results() -> None:
    """In no minute does it take more than Slack allows a workspace less a reserve."""
    budget = EditBudget()
    taken = [at for at in range(300) for _ in range(20) if budget.try_take("T1", at)]
    assert taken.count(0) == 10
    busiest = max(sum(begin <= at < begin + 60 for at in taken) for begin in range(240))
    assert 30 <= busiest <= 35
    assert budget.try_take("T2", 0.0)


def test_results_are_counted_but_never_held_back() -> None:
    """An edit that cannot wait makes progress wait longer."""
    budget = EditBudget()
    for _ in range(15):
        budget.take("T1", 0.0)
    assert not budget.try_take("T1", 10.0)
    assert budget.try_take("T1", 60.0)


def test_a_storm_of_results_holds_progress_up_for_minutes_only() -> None:
    """Whatever was spent, the debt is bounded."""
    budget = EditBudget()
    for _ in range(1000):
        budget.take("T1", 0.0)
    assert budget.try_take("T1", 180.0)


def test_progress_waits_as_long_as_slack_says() -> None:
    """For one workspace; the longest of several waits counts."""
    budget = EditBudget()
    budget.hold("T1", 30.0)
    budget.hold("T1", 20.0)
    assert not budget.try_take("T1", 29.9)
    assert budget.try_take("T2", 0.0)
    assert budget.try_take("T1", 30.0)
