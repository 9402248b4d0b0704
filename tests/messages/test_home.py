"""Tests of the Home tab within Slack's limits of a view."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.jobs.budget_view import BudgetLine
from bot.jobs.view import JobView
from bot.messages.home import Card, HomeContent, home_view
from bot.money.cost_report import NO_COSTS
from sandbox.slack.blocks import checked_view
from storage.budget import CapUse
from storage.job import Film, Job, Json
from tests.support.budget_samples import NO_BUDGET, SHORT
from tests.support.job_samples import DONE, RENDERING

OWN_LINE = BudgetLine(use=CapUse(applied=SHORT.applied, use=SHORT.use, resets_at=None))


def cards(job: Job, count: int) -> list[Card]:
    """Return so many cards of a job."""
    return [Card(view=JobView(job=job, model_title="Kling V3"), link=None)] * count


def blocks_of(running: int, recent: int, *, has_more: bool = False, job: Job = DONE) -> list[Json]:
    """Return the blocks of a tab with so many jobs, after they were checked as Slack does."""
    content = HomeContent(
        running=cards(RENDERING, running),
        recent=cards(job, recent),
        pages=2,
        has_more=has_more,
        kept_only=False,
        has_filter=False,
        month="May 2026",
        zone="UTC",
        mine=NO_COSTS,
        team=NO_COSTS,
        unit=None,
        # With all that can be there beside the jobs.
        budget=replace(NO_BUDGET, uncounted_since=60.0, lines=(OWN_LINE,)),
        all_budgets=(),
    )
    view = checked_view({**home_view(content)})
    assert isinstance(view["blocks"], list)
    return view["blocks"]


@pytest.mark.parametrize("running", [0, 5, 10])
def test_a_tab_full_of_jobs_stays_within_slacks_limit(running: int) -> None:
    """What does not fit is left to the list."""
    blocks = blocks_of(running, 40, has_more=True)
    assert len(blocks) <= 100
    assert len(blocks) > 90
    assert "/video list" in str(blocks)
    assert "home_more" not in str(blocks)


def test_more_can_be_loaded_only_while_there_is_more() -> None:
    assert "'value': '3'" in str(blocks_of(1, 12, has_more=True))
    assert "home_more" not in str(blocks_of(1, 12, has_more=False))


def test_a_prompt_in_the_tab_is_plain_text() -> None:
    bold = replace(DONE, input={"prompt": "a *red* <!channel> car"})
    content = HomeContent(
        running=(),
        recent=cards(bold, 1),
        pages=1,
        has_more=False,
        kept_only=False,
        has_filter=False,
        month="May 2026",
        zone="UTC",
        mine=NO_COSTS,
        team=NO_COSTS,
        unit=None,
        budget=NO_BUDGET,
        all_budgets=(),
    )
    assert "'text': 'a *red* <!channel> car'" in str(home_view(content)["blocks"])


def test_a_poster_stands_beside_the_title_and_the_small_print() -> None:
    shown = replace(DONE, film=Film(width=8, height=8, poster="F1"))
    [title] = [block for block in blocks_of(0, 1, job=shown) if "accessory" in str(block)]
    assert "'slack_file': {'id': 'F1'}" in str(title)
    assert "*a red sports car*" in str(title)
    assert "Done in" in str(title)
    assert len(blocks_of(0, 1, job=shown)) == len(blocks_of(0, 1)) - 1
