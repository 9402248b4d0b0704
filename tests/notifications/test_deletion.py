"""Tests of deleted results: nothing of them stays in Slack, whatever fails or comes meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.base.errors import UsageError
from bot.jobs.accept import Interaction
from bot.jobs.actions import ActionName, ActionRequest, DeleteAnswered, perform
from sandbox.slack.entities import ANA, BEN, GENERAL, TEAM
from sandbox.slack.faults import Fault, FaultKind
from storage.job import IN_CHANNEL, Job
from storage.notification import NotificationKind, notification_id
from tests.notifications.test_resend import COMPLETE, NO_UPLOADS, RESERVE, delivered, resend
from tests.support.engine_harness import EngineHarness, engine_harness

DELETE_FILE = "files.delete"


async def act(harness: EngineHarness, job: Job, name: ActionName, by: str = ANA) -> object:
    """Do something with a job."""
    interaction = Interaction(
        team=TEAM,
        channel=GENERAL,
        user=by,
        surface="reply",
        dedup_key=f"{name}:{harness.clock.now}",
        reply_to=IN_CHANNEL,
    )
    request = ActionRequest(job=await harness.job(job.id), interaction=interaction)
    return await perform(name, request, harness.services)


def files_left(harness: EngineHarness) -> list[str]:
    """Return the files that the bot has brought and that are still there."""
    files = harness.sandbox.slack.world.files.bot_files()
    return [one.id for one in files]


def ephemerals(harness: EngineHarness) -> list[str]:
    """Return the texts of the ephemeral messages, the oldest first."""
    workspace = harness.sandbox.slack.world.workspace
    return [one.text for one in workspace.all_in(GENERAL) if one.ephemeral_for is not None]


async def test_a_deleted_result_is_taken_back_wherever_it_was_brought() -> None:
    """With what was resent and shared; the job's message tells it, and the bill stays."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        await resend(harness, job)
        await act(harness, job, ActionName.SHARE)
        await harness.run()
        assert len(harness.results()) == 2
        assert len(files_left(harness)) == 3
        cost = (await harness.job(job.id)).cost_actual
        answered = await act(harness, job, ActionName.DELETE)
        assert isinstance(answered, DeleteAnswered)
        assert answered.is_new
        await harness.run()
        assert harness.results() == []
        assert files_left(harness) == []
        (message,) = harness.messages()
        assert f"Deleted by <@{ANA}>" in message.text
        assert cost is not None
        assert f"cost {cost}" in message.text
        assert "job_again" in str(message.blocks)
        assert (await harness.job(job.id)).cost_actual == cost
        assert len(harness.sandbox.video.charges) == 1
        for name in (ActionName.SHARE, ActionName.RESEND, ActionName.KEEP, ActionName.LOOP):
            with pytest.raises(UsageError, match="was deleted"):
                await act(harness, job, name)


async def test_a_resend_on_its_way_does_not_come_after_the_deletion() -> None:
    """Its bytes are sent already; the share that follows them is not made."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        harness.sandbox.slack.faults.add(COMPLETE, Fault(kind=FaultKind.STATUS_BEFORE, status=429))
        await resend(harness, job)
        await harness.run(until=lambda: len(files_left(harness)) == 2)
        await act(harness, job, ActionName.DELETE)
        await harness.run()
        assert harness.results() == []
        assert files_left(harness) == []


DOUBTFUL = {
    "file": (COMPLETE, FaultKind.LOST_AFTER),
    "link": ("chat.postMessage", FaultKind.LOST_AFTER),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize(("method", "kind"), DOUBTFUL.values(), ids=DOUBTFUL.keys())
async def test_a_message_in_doubt_is_searched_for_and_taken_back(
    method: str, kind: FaultKind
) -> None:
    """The answer of Slack was lost, so that no row has its `ts`."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        if method != COMPLETE:
            harness.sandbox.slack.faults.add(RESERVE, NO_UPLOADS, times=9)
        harness.sandbox.slack.faults.add(method, Fault(kind=kind))
        await resend(harness, job)
        await harness.run(until=lambda: len(harness.results()) == 2)
        await act(harness, job, ActionName.DELETE)
        await harness.run()
        assert harness.results() == []
        assert files_left(harness) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("commit", [1, 2])
async def test_a_deletion_continues_after_the_end_of_the_process(
    commit: int, *, before: bool
) -> None:
    """One commit of the row of the result, and two of what was resent: either may come first."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        await resend(harness, job)
        await harness.run()
        harness.store.crash_outbox(commit, before=before)
        await act(harness, job, ActionName.DELETE)
        await harness.run(until=lambda: harness.store.has_crashed)
        harness.clock.now += 10
        await harness.restart()
        await harness.run()
        assert harness.results() == []
        assert files_left(harness) == []


async def test_what_slack_does_not_delete_is_told_and_tried_again_on_demand() -> None:
    """All else is taken back."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        refusal = Fault(kind=FaultKind.ERROR_BEFORE, code="cant_delete_file")
        harness.sandbox.slack.faults.add(DELETE_FILE, refusal)
        await act(harness, job, ActionName.DELETE)
        await harness.run()
        assert harness.results() == []
        told = [text for text in ephemerals(harness) if "could not take back all" in text]
        assert len(told) == 1
        answered = await act(harness, job, ActionName.DELETE)
        assert isinstance(answered, DeleteAnswered)
        assert not answered.is_new
        await harness.run()
        assert files_left(harness) == []


async def test_a_missing_permission_is_told_once_and_waited_for() -> None:
    async with engine_harness() as harness:
        job = await delivered(harness)
        missing = Fault(kind=FaultKind.ERROR_BEFORE, code="missing_scope")
        harness.sandbox.slack.faults.add(DELETE_FILE, missing, times=3)
        await act(harness, job, ActionName.DELETE)
        await harness.run(hours=0.5)
        assert len([text for text in ephemerals(harness) if "could not take back" in text]) == 1
        assert harness.results() == []
        assert files_left(harness) == []


async def test_only_a_finished_result_is_deleted_and_only_by_who_may() -> None:
    async with engine_harness() as harness:
        job = await harness.request()
        with pytest.raises(UsageError, match="is not over yet"):
            await act(harness, job, ActionName.DELETE)
        await harness.run(hours=0.05)
        refused = await act(harness, job, ActionName.DELETE, by=BEN)
        assert not isinstance(refused, DeleteAnswered)
        row = notification_id(NotificationKind.DELETED, job.channel, job.id)
        assert await harness.store.outbox.find(row) is None
        assert (await harness.job(job.id)).deleted_at is None
        harness.services = replace(harness.services, admins=frozenset({BEN}))
        assert isinstance(await act(harness, job, ActionName.DELETE, by=BEN), DeleteAnswered)
