"""Tests of files that come after the result's message: once, and told in that message."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from bot.jobs.accept import Interaction
from bot.jobs.actions import ActionName, ActionRequest, BringAnswered, perform
from bot.notifications import follow
from bot.slack.chat import SlackChat
from sandbox.mindvideo.faults import Call
from sandbox.mindvideo.faults import Fault as VideoFault
from sandbox.mindvideo.faults import FaultKind as VideoFaultKind
from sandbox.slack.entities import ANA, GENERAL, TEAM, StoredMessage
from sandbox.slack.faults import Fault, FaultKind
from storage.budget import OPERATOR, Settlement
from storage.job import IN_CHANNEL, Job, Outcome, Stage
from tests.support.engine_harness import HOUR, EngineHarness, engine_harness

RESERVE = "files.getUploadURLExternal"
COMPLETE = "files.completeUploadExternal"
REFUSED = Fault(kind=FaultKind.STATUS_BEFORE, status=500)
FIVE_MINUTES = 300.0


async def given_up(harness: EngineHarness) -> Job:
    """Return a job whose render was given up while MindVideo makes it."""
    job = await harness.request()
    await harness.run(until=lambda: bool(harness.sandbox.video.charges))
    await harness.store.jobs.give_up(job.id, ANA, harness.bot_time())
    await harness.run(hours=10 / HOUR)
    row = await harness.job(job.id)
    assert (row.stage, row.outcome) == (Stage.DELIVERED, Outcome.CANCELLED)
    return row


async def bring(harness: EngineHarness, job: Job, key: str = "click:1") -> bool:
    """Press *Bring it after all*; return whether that was new."""
    interaction = Interaction(
        team=TEAM, channel=GENERAL, user=ANA, surface="button", dedup_key=key, reply_to=IN_CHANNEL
    )
    request = ActionRequest(job=await harness.job(job.id), interaction=interaction)
    outcome = await perform(ActionName.BRING, request, harness.services)
    assert isinstance(outcome, BringAnswered)
    return outcome.is_new


def labels(message: StoredMessage) -> str:
    """Return the message's blocks as text, with the labels of its buttons."""
    return json.dumps(message.blocks)


@pytest.mark.parametrize("method", [RESERVE, COMPLETE])
async def test_a_link_is_the_result_within_five_minutes_and_the_file_follows(method: str) -> None:
    """The link's message says first that it is tried on, then where the file is."""
    async with engine_harness() as harness:
        harness.sandbox.slack.faults.add(method, REFUSED, times=50)
        job = await harness.request()
        await harness.run(until=lambda: len(harness.results()) == 1)
        (link,) = harness.results()
        assert "Open video 1" in link.text
        assert "I go on trying" in labels(link)
        row = await harness.job(job.id)
        assert row.delivery.failing_since is not None
        assert row.delivery.link_only
        assert harness.bot_time() - row.delivery.failing_since <= FIVE_MINUTES
        harness.sandbox.slack.faults.clear()
        await harness.run()
        link, file = harness.results()
        assert len(file.files) == 1
        assert "see below" in link.text
        assert "Open video 1" not in link.text
        assert "cost" in link.text
        assert link.thread_ts == file.thread_ts
        assert len(harness.sandbox.video.charges) == 1


@pytest.mark.parametrize("is_edited", [False, True])
async def test_an_amount_that_comes_while_the_file_follows_stays_in_the_message(
    monkeypatch: pytest.MonkeyPatch, *, is_edited: bool
) -> None:
    """It came while the file was brought, or while the message was edited to say so."""
    async with engine_harness() as harness:
        harness.sandbox.slack.faults.add(RESERVE, REFUSED, times=50)
        job = await harness.request()
        await harness.run(until=lambda: len(harness.results()) == 1)
        harness.sandbox.slack.faults.clear()
        (link,) = harness.results()
        method = "update" if is_edited else "share"
        real = getattr(SlackChat, method)

        async def settle_meanwhile(*given: object) -> None:
            row = await harness.job(job.id)
            if row.stage is Stage.DELIVERED and row.cost_actual != Decimal("4.5"):
                settlement = Settlement(
                    amount=Decimal("4.5"), by=OPERATOR, because="the bill", at=harness.bot_time()
                )
                await harness.store.jobs.settle(job.id, settlement)
                await harness.engine.tick()
                await harness.engine.drain()
            await real(*given)

        monkeypatch.setattr(SlackChat, method, settle_meanwhile)
        for call in (Call.EVENTS, Call.TASK):
            harness.sandbox.video.fail(VideoFault(call=call, kind=VideoFaultKind.COST, times=None))
        await harness.run()
        assert "see below" in link.text
        assert "cost 4.5" in link.text


async def test_the_message_is_true_while_the_delivery_waits() -> None:
    """The render is over: nothing can be cancelled, and the video is on its way."""
    async with engine_harness() as harness:
        harness.sandbox.slack.faults.add(RESERVE, REFUSED, times=3)
        job = await harness.request()

        def is_over() -> bool:
            return "Done in" in harness.messages()[0].text

        await harness.run(until=is_over)
        (message,) = harness.messages()
        assert "bringing it here" in message.text
        assert "Cancel" not in labels(message)
        assert (await harness.job(job.id)).stage is Stage.FINISHED
        await harness.run()
        await harness.assert_delivered_once(job)


async def test_a_file_that_is_refused_for_good_does_not_follow() -> None:
    """Slack's rules do not change by trying."""
    async with engine_harness() as harness:
        refused = Fault(kind=FaultKind.ERROR_BEFORE, code="file_uploads_disabled")
        harness.sandbox.slack.faults.add(RESERVE, refused)
        await harness.request()
        await harness.run()
        (link,) = harness.results()
        assert "I go on trying" not in labels(link)
        assert "Open video 1" in link.text


async def test_a_file_follows_once_although_the_answer_is_lost() -> None:
    async with engine_harness() as harness:
        harness.sandbox.slack.faults.add(RESERVE, REFUSED, times=50)
        await harness.request()
        await harness.run(until=lambda: len(harness.results()) == 1)
        harness.sandbox.slack.faults.clear()
        harness.sandbox.slack.faults.add(COMPLETE, Fault(kind=FaultKind.LOST_AFTER))
        harness.sandbox.slack.faults.add("chat.update", REFUSED, times=2)
        await harness.run()
        link, file = harness.results()
        assert len(file.files) == 1
        assert "see below" in link.text


async def test_a_render_that_was_given_up_is_brought_once_it_is_done() -> None:
    """Pressed twice it comes once; it was billed once in any case."""
    async with engine_harness() as harness:
        job = await given_up(harness)
        (told,) = harness.results()
        assert "Bring it after all" in labels(told)
        assert await bring(harness, job)
        assert not await bring(harness, job, "click:2")
        await harness.run()
        told, file = harness.results()
        assert len(file.files) == 1
        assert "that was given up" in labels(file)
        assert "see below" in told.text
        assert "Bring it after all" not in labels(told)
        assert len(harness.sandbox.video.charges) == 1
        assert (await harness.job(job.id)).outcome is Outcome.CANCELLED


async def test_a_render_that_failed_after_it_was_given_up_is_told() -> None:
    async with engine_harness() as harness:
        harness.sandbox.video.fail(
            VideoFault(call=Call.SUBMIT, kind=VideoFaultKind.TASK_FAILS, message="Too dark.")
        )
        job = await given_up(harness)
        await bring(harness, job)
        await harness.run()
        _, told = harness.results()
        assert not told.files
        assert "cannot be brought" in told.text
        assert "Too dark." in told.text


async def test_a_render_that_never_ends_is_told_after_a_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(follow, "POLL_SECONDS", HOUR)
    async with engine_harness() as harness:
        harness.sandbox.video.fail(
            VideoFault(call=Call.SUBMIT, kind=VideoFaultKind.TASK_NEVER_ENDS)
        )
        job = await given_up(harness)
        await bring(harness, job)
        await harness.run(hours=25)
        _, told = harness.results()
        assert "not ended this render within a day" in told.text


async def test_a_render_that_slack_takes_no_file_of_is_brought_as_a_link() -> None:
    """What was asked for after all has no earlier link."""
    async with engine_harness() as harness:
        job = await given_up(harness)
        refused = Fault(kind=FaultKind.ERROR_BEFORE, code="file_uploads_disabled")
        harness.sandbox.slack.faults.add(RESERVE, refused)
        await bring(harness, job)
        await harness.run()
        _, link = harness.results()
        assert "Open video 1" in link.text


async def test_a_render_that_mindvideo_does_not_know_is_told() -> None:
    async with engine_harness() as harness:
        job = await given_up(harness)
        for call in (Call.EVENTS, Call.TASK):
            harness.sandbox.video.fail(
                VideoFault(call=call, kind=VideoFaultKind.ANSWER_BEFORE, times=None, status=404)
            )
        await bring(harness, job)
        await harness.run()
        _, told = harness.results()
        assert "no longer knows this render" in told.text


async def test_files_that_followed_after_a_backup_do_not_follow_again(tmp_path: Path) -> None:
    """What the user wanted after all is wanted again after a restore, and is there."""
    async with engine_harness() as harness:
        job = await given_up(harness)
        copy = tmp_path / "backup.db"
        await harness.store.backup(str(copy))
        await bring(harness, job)
        await harness.run(hours=0.2)
        brought = [one for one in harness.results() if one.files]
        assert len(brought) == 1
        harness.clock.now += HOUR
        await harness.restore(copy)
        await harness.run(hours=0.05)
        harness.clock.now += 60
        assert await bring(harness, job, "click:2")
        await harness.run(hours=0.2)
        assert [one.ts for one in harness.results() if one.files] == [brought[0].ts]
