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
from tests.support.services import CATALOG
from tests.support.workbench import Workbench, workbench

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
    async with workbench(call_seconds=1.0) as bench:
        bench.sandbox.slack.faults.add(POST, Fault(kind=FaultKind.SILENT_AFTER))
        job = await bench.ask()
        await bench.run()
        await bench.assert_one_of_each(job)


@pytest.mark.parametrize(("target", "fault", "times"), PASSING.values(), ids=PASSING.keys())
async def test_a_passing_error_ends_in_one_message_and_one_result(
    target: str, fault: Fault, times: int
) -> None:
    """After a doubt the bot looks before it says anything again."""
    async with workbench() as bench:
        bench.sandbox.slack.faults.add(target, fault, times=times)
        job = await bench.ask()
        await bench.run()
        await bench.assert_one_of_each(job)
        assert bench.sandbox.slack.faults.waiting == 0


async def test_progress_that_slack_will_not_take_delays_no_result() -> None:
    """Edits are refused for the whole render; the result comes as soon as it is there."""
    async with workbench() as bench:
        bench.sandbox.slack.faults.add(UPDATE, Fault(kind=FaultKind.RATE_LIMITED), times=50)
        job = await bench.ask()
        await bench.run(until=lambda: bool(bench.results()))
        row = await bench.job(job.id)
        assert bench.clock() - (row.finished_at or 0) < 1.0


LINKS = {
    "too large for the workspace": (RESERVE, "file_upload_size_restricted"),
    "uploads switched off": (RESERVE, "file_uploads_disabled"),
    "no storage left": (RESERVE, "storage_limit_reached"),
    "uploads switched off at the share": (COMPLETE, "file_uploads_disabled"),
}


@pytest.mark.parametrize(("method", "code"), LINKS.values(), ids=LINKS.keys())
async def test_a_file_that_slack_will_not_take_becomes_a_link(method: str, code: str) -> None:
    """One message with the link, the reason and the cost stands in the thread instead."""
    async with workbench() as bench:
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code=code)
        bench.sandbox.slack.faults.add(method, fault, times=9)
        job = await bench.ask()
        await bench.run(hours=0.2)
        row = await bench.job(job.id)
        assert row.stage is Stage.DELIVERED
        (result,) = bench.results()
        assert not result.files
        assert f"<{row.outputs[0].url}|Open video 1>" in result.text
        assert "cost 0.0756" in result.text


async def test_a_link_whose_post_is_doubtful_is_posted_once() -> None:
    """The metadata in the thread tells that it stands."""
    async with workbench() as bench:
        bench.sandbox.slack.faults.add(
            RESERVE, Fault(kind=FaultKind.ERROR_BEFORE, code="file_uploads_disabled"), times=9
        )
        job = await bench.ask()
        await bench.run(until=lambda: bool(bench.sandbox.slack.world.count(UPDATE)))
        bench.sandbox.slack.faults.add(POST, Fault(kind=FaultKind.LOST_AFTER))
        await bench.run(hours=0.2)
        assert (await bench.job(job.id)).stage is Stage.DELIVERED
        assert len(bench.results()) == 1


async def test_a_file_that_was_removed_before_the_share_is_brought_again() -> None:
    """Somebody cleans the workspace up at the wrong moment."""
    async with workbench() as bench:
        job = await bench.ask()
        bench.store.crash("uploaded", before=False)
        await bench.run(until=lambda: bench.store.has_crashed)
        (upload,) = (await bench.job(job.id)).delivery.uploads
        bench.sandbox.slack.world.files.delete(upload.file_id)
        await bench.restart()
        await bench.run()
        await bench.assert_one_of_each(job)


async def at_slack_while_rendering(bench: Workbench) -> None:
    """Run until the render is under way."""
    await bench.ask()
    await bench.run(until=lambda: bool(bench.sandbox.slack.world.count(UPDATE)))


async def test_the_parent_message_is_deleted() -> None:
    """Without a thread the person is told directly; what was paid for is not lost."""
    async with workbench() as bench:
        await at_slack_while_rendering(bench)
        (message,) = bench.messages()
        bench.sandbox.slack.world.workspace.delete(message)
        await bench.run()
        await assert_told_directly(bench)


async def test_the_channel_is_archived() -> None:
    """The same for a channel that takes nothing any more."""
    async with workbench() as bench:
        await at_slack_while_rendering(bench)
        bench.sandbox.slack.archive(GENERAL)
        await bench.run()
        await assert_told_directly(bench)


async def test_the_bot_is_removed_from_a_public_channel() -> None:
    """It joins again: the result belongs into the thread."""
    async with workbench() as bench:
        job = await bench.ask()
        await bench.run(until=lambda: bool(bench.sandbox.slack.world.count(UPDATE)))
        bench.sandbox.slack.remove_bot(GENERAL)
        await bench.run()
        await bench.assert_one_of_each(job)


async def test_the_bot_is_removed_from_a_private_channel() -> None:
    """There it cannot join: the person is told directly, as where the channel is gone."""
    async with workbench() as bench:
        await bench.ask(channel=CREW)
        await bench.run(until=lambda: bool(bench.sandbox.slack.world.count(UPDATE)))
        bench.sandbox.slack.remove_bot(CREW)
        await bench.run()
        await assert_told_directly(bench)
        assert bench.results(CREW) == []


@pytest.mark.parametrize("code", ["token_revoked", "account_inactive", "missing_scope"])
async def test_what_the_operator_must_mend_holds_the_job(code: str) -> None:
    """Nothing is lost while a token or a scope is missing; it goes on once that is mended."""
    async with workbench() as bench:
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code=code)
        bench.sandbox.slack.faults.add("*", fault, times=10_000)
        job = await bench.ask()
        await bench.run(hours=10 * MINUTE / 3600)
        assert (await bench.job(job.id)).stage is Stage.ACCEPTED
        bench.sandbox.slack.faults.clear()
        await bench.run()
        await bench.assert_one_of_each(job)


async def test_a_missing_scope_for_files_holds_the_delivery() -> None:
    """The render is paid for: it waits for the scope and is not made again."""
    async with workbench() as bench:
        bench.sandbox.slack.withdraw_scope("files:write")
        job = await bench.ask()
        await bench.run(hours=0.2)
        assert (await bench.job(job.id)).stage is Stage.FINISHED
        bench.sandbox.slack.credentials.scopes.add("files:write")
        await bench.run()
        await bench.assert_one_of_each(job)


async def test_an_expired_response_url_does_not_silence_a_private_word() -> None:
    """After half an hour the word goes as an ephemeral message or a direct one."""
    async with workbench() as bench:
        await bench.ask(channel="C0VAULT")
        bench.sandbox.slack.world.expire_answer_urls()
        await bench.run()
        direct = bench.sandbox.slack.world.workspace.all_in("D0ANA")
        assert any("/invite" in said.text for said in direct)


async def test_a_lost_answer_to_a_private_word_is_harmless() -> None:
    """It may be said twice; the job ends once."""
    async with workbench() as bench:
        bench.sandbox.slack.faults.add(RESPONSE_URL, Fault(kind=FaultKind.LOST_AFTER))
        job = await bench.ask(channel="C0VAULT")
        await bench.run()
        row = await bench.job(job.id)
        assert (row.stage, row.due_at) == (Stage.REJECTED, None)


async def assert_told_directly(bench: Workbench) -> None:
    """Hold that Ana has the video, once, in her direct conversation with the bot."""
    direct = bench.sandbox.slack.world.workspace.all_in("D0ANA")
    (told,) = [said for said in direct if said.files]
    assert f"<@{ANA}>" in str(told.blocks)
    assert bench.results() == []
    assert len(bench.sandbox.video.charges) == 1


async def test_a_second_message_that_came_late_is_not_taken_for_the_result() -> None:
    """Both stand in the thread of the mention; after a restart the video still has to come."""
    async with workbench() as bench:
        said = Message(text="a red car", blocks=())
        root = await bench.chat.post(Place(channel=GENERAL), said, "somebody's mention")
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
        answer = await accept(request, interaction, bench.services)
        assert isinstance(answer, Accepted)
        await bench.run(until=lambda: bool(bench.sandbox.video.charges))
        await bench.chat.post(thread, said, answer.job.id)
        bench.clock.moment += 10
        await bench.restart()
        await bench.run()
        assert (await bench.job(answer.job.id)).stage is Stage.DELIVERED
        assert [len(one.files) for one in bench.results()] == [0, 0, 1]
