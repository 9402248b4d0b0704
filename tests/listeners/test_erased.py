"""A job whose prompt was erased: what can be done with it, and what cannot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.base.errors import UsageError
from bot.jobs.accept import Interaction
from bot.listeners.modals import open_draft, open_edit
from bot.options.draft import Draft
from storage.job import IN_CHANNEL, Job, Stage
from tests.support.listener_harness import JOB, ListenerHarness, listener_harness
from tests.support.store_samples import NOW, a_limit

WHY = "its prompt was erased, as prompts are kept for a limited time only"


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ListenerHarness]:
    """Listeners over a store whose one job is over, and was erased."""
    async with listener_harness(tmp_path) as made:
        store = made.services.store
        [row] = await store.jobs.claim(NOW, 60.0, [a_limit(1)])
        for stage in (Stage.FINISHED, Stage.DELIVERED):
            row = await store.jobs.apply(row, replace(row, stage=stage, due_at=None), None)
        erased = await store.retention.erase_texts(
            NOW + 86_400.0, 1, now=NOW, without_texts=made.services.catalog.without_texts
        )
        assert erased == 1
        yield made


async def _job(harness: ListenerHarness) -> Job:
    job = await harness.services.store.jobs.get(JOB.id)
    assert job is not None
    return job


@pytest.mark.parametrize("action", ["job_again", "job_upgrade_0"])
async def test_a_button_that_renders_it_again_says_why_it_cannot(
    harness: ListenerHarness, action: str
) -> None:
    reply = await harness.click(action)
    assert reply is not None
    assert WHY in reply.text
    assert await harness.new_jobs() == []


@pytest.mark.parametrize("words", ["again", "make it night", "new: a hill", "--mode pro"])
async def test_a_reply_in_its_thread_says_why_it_cannot(
    harness: ListenerHarness, words: str
) -> None:
    reply = await harness.reply(words)
    assert reply is not None
    assert WHY in reply.text
    assert await harness.new_jobs() == []


async def test_a_command_about_it_says_why_it_cannot(harness: ListenerHarness) -> None:
    reply = await harness.command(f"again {JOB.id}")
    assert reply is not None
    assert WHY in reply.text


async def test_no_form_is_opened_without_the_prompt(harness: ListenerHarness) -> None:
    """Nor one with a refused change to it."""
    job = await _job(harness)
    refused = Draft(text="--mode x", channel="C1", parent_id=job.id)
    interaction = Interaction(
        dedup_key="button:1",
        team="T1",
        channel="C1",
        user=job.user,
        surface="button",
        reply_to=IN_CHANNEL,
    )
    with pytest.raises(UsageError, match=WHY):
        await open_edit("trigger", job, interaction, harness.services)
    with pytest.raises(UsageError, match=WHY):
        await open_draft("trigger", refused, interaction, harness.services)


async def test_its_status_and_its_cost_are_told_as_before(harness: ListenerHarness) -> None:
    for words in ("status", "cost"):
        reply = await harness.command(f"{words} {JOB.id}")
        assert reply is not None
        assert WHY not in reply.text
        assert JOB.id in str(reply)
