"""What can go wrong between the bot and Slack, and how each of it ends."""

from __future__ import annotations

import pytest

from bot.base.ports import Message, Place
from bot.jobs.accept import Accepted, Interaction, accept
from bot.options.parser import read_text
from bot.options.request import read_request
from sandbox.slack.entities import ANA, CREW, GENERAL, TEAM
from sandbox.slack.faults import RESPONSE_URL, UPLOAD, Fault, FaultKind
from storage.job import ReplyTo, Stage
from tests.support.engine_harness import EngineHarness, engine_harness
from tests.support.services import CATALOG

POST = "chat.postMessage"
UPDATE = "chat.update"
RESERVE = "files.getUploadURLExternal"
COMPLETE = "files.completeUploadExternal"
INFO = "files.info"
MINUTE = 60.0

PASSING = {
    "post accepted and reply lost": (POST, Fault(kind=FaultKind.LOST_AFTER), 1),
    "post lost": (POST, Fault(kind=FaultKind.LOST_BEFORE), 2),
    "internal_error after the post worked": (POST, Fault(kind=FaultKind.ERROR_AFTER), 1),
    "fatal_error before the post": (
        POST,
        Fault(kind=FaultKind.ERROR_BEFORE, code="fatal_error"),
        2,
    ),
    "503 after the post worked": (POST, Fault(kind=FaultKind.STATUS_AFTER), 1),
    "200 with HTML after the post worked": (POST, Fault(kind=FaultKind.GARBLED_AFTER), 1),
    "429 on the post": (POST, Fault(kind=FaultKind.RATE_LIMITED), 2),
    "429 on the update": (UPDATE, Fault(kind=FaultKind.RATE_LIMITED), 4),
    "reply to the update lost": (UPDATE, Fault(kind=FaultKind.LOST_AFTER), 4),
    "429 on the upload's address": (RESERVE, Fault(kind=FaultKind.RATE_LIMITED), 2),
    "429 on the upload": (UPLOAD, Fault(kind=FaultKind.RATE_LIMITED), 2),
    "408 on an upload that worked": (UPLOAD, Fault(kind=FaultKind.STATUS_AFTER, status=408), 1),
    "upload cut": (UPLOAD, Fault(kind=FaultKind.LOST_BEFORE), 2),
    "reply to the share lost": (COMPLETE, Fault(kind=FaultKind.LOST_AFTER), 1),
    "share lost": (COMPLETE, Fault(kind=FaultKind.LOST_BEFORE), 1),
    "internal_error after the share worked": (COMPLETE, Fault(kind=FaultKind.ERROR_AFTER), 1),
    "429 on the share": (COMPLETE, Fault(kind=FaultKind.RATE_LIMITED), 1),
    "ok without a share": (COMPLETE, Fault(kind=FaultKind.NO_SHARE), 1),
    "shares that show late": (INFO, Fault(kind=FaultKind.HIDDEN_SHARES), 3),
    "500 on everything": ("*", Fault(kind=FaultKind.STATUS_BEFORE, status=500), 6),
}


async def test_no_answer_to_a_post_that_worked_ends_in_one_message_and_one_result() -> None:
    """The bot stops waiting, and looks."""
    async with engine_harness(call_seconds=1.0) as harness:
        harness.sandbox.slack.faults.add(POST, Fault(kind=FaultKind.SILENT_AFTER))
        job = await harness.request()
        await harness.run()
        await harness.assert_delivered_once(job)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("target", "fault", "times"), PASSING.values(), ids=PASSING.keys())
async def test_a_passing_error_ends_in_one_message_and_one_result(
    target: str, fault: Fault, times: int
) -> None:
    """After a doubt the bot looks before it says anything again."""
    async with engine_harness() as harness:
        harness.sandbox.slack.faults.add(target, fault, times=times)
        job = await harness.request()
        await harness.run()
        await harness.assert_delivered_once(job)
        assert harness.sandbox.slack.faults.waiting == 0


async def test_progress_that_slack_will_not_take_delays_no_result() -> None:
    """Edits are refused for the whole render; the result comes as soon as it is there."""
    async with engine_harness() as harness:
        harness.sandbox.slack.faults.add(UPDATE, Fault(kind=FaultKind.RATE_LIMITED), times=50)
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.results()))
        row = await harness.job(job.id)
        assert harness.clock() - (row.finished_at or 0) < 1.0


LINKS = {
    "too large for the workspace": (RESERVE, "file_upload_size_restricted"),
    "uploads switched off at the share": (COMPLETE, "file_uploads_disabled"),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize(("method", "code"), LINKS.values(), ids=LINKS.keys())
async def test_a_file_that_slack_will_not_take_becomes_a_link(method: str, code: str) -> None:
    """One message with the link, the reason and the cost stands in the thread instead."""
    async with engine_harness() as harness:
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code=code)
        harness.sandbox.slack.faults.add(method, fault, times=9)
        job = await harness.request()
        await harness.run(hours=0.2)
        row = await harness.job(job.id)
        assert row.stage is Stage.DELIVERED
        (result,) = harness.results()
        assert not result.files
        assert f"<{row.outputs[0].url}|Open video 1>" in result.text
        assert "cost 0.0756" in result.text


async def test_a_link_whose_post_is_doubtful_is_posted_once() -> None:
    """The metadata in the thread tells that it stands."""
    async with engine_harness() as harness:
        harness.sandbox.slack.faults.add(
            RESERVE, Fault(kind=FaultKind.ERROR_BEFORE, code="file_uploads_disabled"), times=9
        )
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.sandbox.slack.world.count(UPDATE)))
        harness.sandbox.slack.faults.add(POST, Fault(kind=FaultKind.LOST_AFTER))
        await harness.run(hours=0.2)
        assert (await harness.job(job.id)).stage is Stage.DELIVERED
        assert len(harness.results()) == 1


async def test_a_file_that_was_removed_before_the_share_is_brought_again() -> None:
    """Somebody cleans the workspace up at the wrong moment."""
    async with engine_harness() as harness:
        job = await harness.request()
        harness.store.crash("uploaded", before=False)
        await harness.run(until=lambda: harness.store.has_crashed)
        (upload,) = (await harness.job(job.id)).delivery.uploads
        harness.sandbox.slack.world.files.delete(upload.file_id)
        await harness.restart()
        await harness.run()
        await harness.assert_delivered_once(job)


async def at_slack_while_rendering(harness: EngineHarness) -> None:
    """Run until the render is under way."""
    await harness.request()
    await harness.run(until=lambda: bool(harness.sandbox.slack.world.count(UPDATE)))


async def test_the_parent_message_is_deleted() -> None:
    """Without a thread the person is told directly; what was paid for is not lost."""
    async with engine_harness() as harness:
        await at_slack_while_rendering(harness)
        (message,) = harness.messages()
        harness.sandbox.slack.world.workspace.delete(message)
        await harness.run()
        await assert_told_directly(harness)


async def test_the_channel_is_archived() -> None:
    """The same for a channel that takes nothing any more."""
    async with engine_harness() as harness:
        await at_slack_while_rendering(harness)
        harness.sandbox.slack.archive(GENERAL)
        await harness.run()
        await assert_told_directly(harness)


async def test_neither_the_channel_nor_the_person_can_be_reached() -> None:
    """An operator decides: the render is paid for, and resuming brings it directly."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.sandbox.slack.world.count(UPDATE)))
        harness.sandbox.slack.archive(GENERAL)
        refused = Fault(kind=FaultKind.ERROR_BEFORE, code="user_disabled")
        harness.sandbox.slack.faults.add("conversations.open", refused, times=10_000)
        await harness.run(hours=1)
        job = await harness.job(job.id)
        assert job.stage is Stage.PARKED
        assert job.problem == "The result could not be brought to you, neither there nor directly."
        harness.sandbox.slack.faults.clear()
        await harness.store.jobs.resume(job.id, harness.bot_time())
        await harness.run()
        await assert_told_directly(harness)


async def test_the_bot_is_removed_from_a_public_channel() -> None:
    """It joins again: the result belongs into the thread."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.sandbox.slack.world.count(UPDATE)))
        harness.sandbox.slack.remove_bot(GENERAL)
        await harness.run()
        await harness.assert_delivered_once(job)


async def test_the_bot_is_removed_from_a_private_channel() -> None:
    """There it cannot join: the person is told directly, as where the channel is gone."""
    async with engine_harness() as harness:
        await harness.request(channel=CREW)
        await harness.run(until=lambda: bool(harness.sandbox.slack.world.count(UPDATE)))
        harness.sandbox.slack.remove_bot(CREW)
        await harness.run()
        await assert_told_directly(harness)
        assert harness.results(CREW) == []


async def test_a_revoked_token_holds_the_job() -> None:
    """Nothing is lost: the job goes on once the operator has set a new token."""
    async with engine_harness() as harness:
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="token_revoked")
        harness.sandbox.slack.faults.add("*", fault, times=10_000)
        job = await harness.request()
        await harness.run(hours=10 * MINUTE / 3600)
        assert (await harness.job(job.id)).stage is Stage.ACCEPTED
        harness.sandbox.slack.faults.clear()
        await harness.run()
        await harness.assert_delivered_once(job)


async def test_a_missing_scope_for_files_is_a_link_until_the_scope_is_back() -> None:
    """The render is paid for: the link comes within five minutes, the file after the scope."""
    async with engine_harness() as harness:
        harness.sandbox.slack.withdraw_scope("files:write")
        job = await harness.request()
        await harness.run(hours=0.2)
        row = await harness.job(job.id)
        assert row.stage is Stage.DELIVERED
        assert row.delivered_at is not None
        assert row.finished_at is not None
        assert row.delivered_at - row.finished_at <= 300
        (link,) = harness.results()
        assert "Open video 1" in link.text
        harness.sandbox.slack.credentials.scopes.add("files:write")
        await harness.run()
        (link, file) = harness.results()
        assert file.files
        assert "see below" in link.text
        assert "Open video" not in link.text


async def test_an_expired_response_url_does_not_silence_a_private_word() -> None:
    """After half an hour the word goes as an ephemeral message or a direct one."""
    async with engine_harness() as harness:
        await harness.request(channel="C0VAULT")
        harness.sandbox.slack.world.expire_response_urls()
        await harness.run()
        direct = harness.sandbox.slack.world.workspace.all_in("D0ANA")
        assert any("/invite" in said.text for said in direct)


async def test_a_lost_answer_to_a_private_word_is_harmless() -> None:
    """It may be said twice; the job ends once."""
    async with engine_harness() as harness:
        harness.sandbox.slack.faults.add(RESPONSE_URL, Fault(kind=FaultKind.LOST_AFTER))
        job = await harness.request(channel="C0VAULT")
        await harness.run()
        row = await harness.job(job.id)
        assert (row.stage, row.due_at) == (Stage.REJECTED, None)


async def assert_told_directly(harness: EngineHarness) -> None:
    """Hold that Ana has the video, once, in her direct conversation with the bot."""
    direct = harness.sandbox.slack.world.workspace.all_in("D0ANA")
    (told,) = [said for said in direct if said.files]
    assert f"<@{ANA}>" in str(told.blocks)
    assert harness.results() == []
    assert len(harness.sandbox.video.charges) == 1


async def test_a_second_message_that_came_late_is_not_taken_for_the_result() -> None:
    """Both stand in the thread of the mention; after a restart the video still has to come."""
    async with engine_harness() as harness:
        said = Message(text="a red car", blocks=())
        root = await harness.chat.post(Place(channel=GENERAL), said, "somebody's mention")
        thread = Place(channel=GENERAL, thread_ts=root.ts)
        interaction = Interaction(
            team=TEAM,
            channel=GENERAL,
            user=ANA,
            surface="mention",
            dedup_key="message:1",
            reply_to=ReplyTo(thread_ts=root.ts),
        )
        request = read_request(read_text("a red car"), CATALOG)
        answer = await accept(request, interaction, harness.services)
        assert isinstance(answer, Accepted)
        await harness.run(until=lambda: bool(harness.sandbox.video.charges))
        await harness.chat.post(thread, said, answer.job.id)
        harness.clock.now += 10
        await harness.restart()
        await harness.run()
        assert (await harness.job(answer.job.id)).stage is Stage.DELIVERED
        assert [len(one.files) for one in harness.results()] == [0, 0, 1]
