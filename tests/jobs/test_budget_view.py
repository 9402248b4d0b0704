"""Tests of what a user is shown of budgets, under a manual clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bot.jobs.budget_view import load_all_budgets, load_budget
from bot.messages import budget_table
from sandbox.slack.entities import ANA, GENERAL, TEAM
from storage.budget import OPERATOR, Cap, Pace, Scope, ScopeKind, Window
from tests.support.outbox_harness import outbox_harness


@pytest.mark.parametrize(
    ("window", "day", "words"),
    [
        (Window.MONTH, "2026-12-05", "at this pace used up on the 23rd"),
        (Window.MONTH, "2026-12-04", None),
        (Window.WEEK, "2026-12-04", "at this pace used up on Saturday"),
        (Window.WEEK, "2026-12-03", None),
        (Window.DAY, "2026-12-05", None),
    ],
)
async def test_a_budget_tells_when_it_is_used_up_at_its_pace(
    tmp_path: Path, window: Window, day: str, words: str | None
) -> None:
    """Each person's share of everyone's, too; among all budgets that has no use."""
    limit = Decimal(46) if window is Window.MONTH else Decimal(11)
    async with outbox_harness(tmp_path) as outbox:
        outbox.clock.now = datetime.fromisoformat(f"{day}T12:00+00:00").timestamp()
        services = replace(outbox.services, admins=frozenset({ANA}))
        await outbox.job(cost="10")
        for kind in (ScopeKind.EVERYONE, ScopeKind.WORKSPACE):
            scope = Scope(kind=kind, team=TEAM)
            made = Cap(scope=scope, window=window, limit=limit)
            await outbox.store.budgets.set_cap(made, OPERATOR, outbox.clock())
        view = await load_budget(TEAM, ANA, GENERAL, services)
        lines = await load_all_budgets(TEAM, services)
    text = budget_table.budget_shown(view).text
    assert text.count("at this pace") == (0 if words is None else 2)
    assert words is None or words in text
    paces = [line.pace for line in lines]
    assert paces[0] is None
    assert (paces[1] is None) is (words is None)
    if window is Window.MONTH and words:
        assert paces[1] == Pace(used_up_on="2026-12-23", total=Decimal(62))
