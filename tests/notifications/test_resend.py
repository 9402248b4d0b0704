"""Files that somebody wants again: one message for each request, whatever breaks in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.base.errors import RetryLaterError
from bot.base.ports import Download
from bot.cli.jobs import OPERATOR
from bot.jobs.accept import Interaction
from bot.jobs.actions import ActionName, ActionRequest, perform, put_resend
from bot.messages.blocks import mark
from bot.mindvideo.client import MindVideoClient
from bot.notifications.resend import NO_JOB, NOWHERE
from sandbox.mindvideo.faults import Call
from sandbox.mindvideo.faults import Fault as VideoFault
from sandbox.mindvideo.faults import FaultKind as VideoFaultKind
from sandbox.slack.entities import ANA, BEN, GENERAL, TEAM, Said
from sandbox.slack.faults import UPLOAD, Fault, FaultKind
from storage.job import IN_CHANNEL, Job, Stage
from storage.notification import (
    NOTIFY,
    Level,
    Notification,
    NotificationKind,
    channel_scope,
    notification_id,
)
from tests.support.workbench import HOUR, Workbench, workbench

POST = "chat.postMessage"
RESERVE = "files.getUploadURLExternal"
COMPLETE = "files.completeUploadExternal"
INFO = "files.info"
NO_UPLOADS = Fault(kind=FaultKind.ERROR_BEFORE, code="file_uploads_disabled")

# Every commit of a row that brings a file, and of one that has to bring a link: in this order.
WITH_FILE = ["uploading", "uploaded", "sharing", "shared", "done"]
WITH_LINK = ["link only", "telling", "told", "done"]


async def delivered(bench: Workbench) -> Job:
    """Return a job whose video has just come into its thread."""
    job = await bench.ask()
    await bench.run(hours=0.05)
    row = await bench.job(job.id)
    assert row.stage is Stage.DELIVERED
    return row


async def resend(bench: Workbench, job: Job, key: str = "click:1") -> str:
    """Ask for the job's files again, as a click does; return the ID of the row that brings them."""
    interaction = Interaction(
        team=TEAM, channel=GENERAL, user=BEN, surface="button", dedup_key=key, reply_to=IN_CHANNEL
    )
    request = ActionRequest(job=await bench.job(job.id), interaction=interaction)
    await perform(ActionName.RESEND, request, bench.services)
    return notification_id(NotificationKind.RESENT, job.id, key)


async def row_of(bench: Workbench, delivery_id: str) -> Notification:
    """Return the row as it stands."""
    row = await bench.store.outbox.find(delivery_id)
    assert row is not None
    return row


def resent(bench: Workbench) -> list[Said]:
    """Return what came into the threads after the job's result."""
    (message,) = bench.messages()
    first, *others = bench.results()
    assert first.files
    assert {said.thread_ts for said in bench.results()} == {message.ts}
    return others


def mark_of(said: Said) -> object:
    """Return the mark by which a message is found again."""
    return said.blocks[0]["block_id"]


async def assert_job_untouched(bench: Workbench, before: Job) -> None:
    """Hold that the job is as it was delivered, and nothing was rendered or charged again."""
    row = await bench.job(before.id)
    changes = {"fence": 0, "due_at": None, "settle_tries": 0, "lease_until": None}
    assert replace(row, **changes) == replace(before, **changes)  # type: ignore[arg-type] # by their names
    assert len(bench.sandbox.video.calls(Call.SUBMIT)) == 1
    assert len(bench.sandbox.video.charges) == 1


async def test_the_files_come_into_the_thread_again() -> None:
    """With the words of the result; nothing is rendered, and the job stays as it is."""
    async with workbench() as bench:
        job = await delivered(bench)
        delivery_id = await resend(bench, job)
        await bench.run()
        first, second = bench.results()
        (again,) = resent(bench)
        assert again == second
        assert again.text == first.text
        assert again.blocks[1:] == first.blocks[1:]
        old, new = (bench.sandbox.slack.world.files.file(said.files[0]) for said in (first, again))
        assert old.id != new.id
        assert (new.name, new.title, new.alt) == (old.name, old.title, old.alt)
        assert new.path.read_bytes() == old.path.read_bytes()
        row = await row_of(bench, delivery_id)
        assert (row.due_at, row.problem, row.attempts) == (None, None, 0)
        assert row.delivery.ts == again.ts
        await assert_job_untouched(bench, job)


async def test_it_is_marked_by_its_own_id() -> None:
    """The job's result has the mark of the job, and each of two resends a mark of its own."""
    async with workbench() as bench:
        job = await delivered(bench)
        ids = [await resend(bench, job, key) for key in ("click:1", "click:2")]
        await bench.run()
        assert [mark_of(said) for said in bench.results()] == [mark(one) for one in (job.id, *ids)]
        assert len({job.id, *ids}) == 3


async def test_two_requests_are_two_messages_and_one_delivered_twice_is_one() -> None:
    """Slack repeats a click; a person who clicks again wants the files again."""
    async with workbench() as bench:
        job = await delivered(bench)
        for key in ("click:1", "click:1", "click:2"):
            await resend(bench, job, key)
        await bench.run()
        assert [len(said.files) for said in resent(bench)] == [1, 1]
        await resend(bench, job, "click:2")
        await bench.run()
        assert len(resent(bench)) == 2


@pytest.mark.parametrize("method", [RESERVE, COMPLETE])
@pytest.mark.parametrize("code", ["file_uploads_disabled", "storage_limit_reached"])
async def test_where_slack_takes_no_file_a_link_comes(method: str, code: str) -> None:
    """With the reason; once as well, also when the post is doubtful."""
    async with workbench() as bench:
        job = await delivered(bench)
        faults = bench.sandbox.slack.faults
        faults.add(method, Fault(kind=FaultKind.ERROR_BEFORE, code=code), times=9)
        faults.add(POST, Fault(kind=FaultKind.LOST_AFTER))
        delivery_id = await resend(bench, job)
        await bench.run()
        (told,) = resent(bench)
        assert not told.files
        assert f"<{job.outputs[0].url}|Open video 1>" in told.text
        assert "could not be put here: This Slack workspace does not take this file" in told.text
        assert mark_of(told) == mark(delivery_id)
        row = await row_of(bench, delivery_id)
        assert (row.due_at, row.delivery.link_only, row.delivery.ts) == (None, True, told.ts)
        assert not row.is_given_up
        await assert_job_untouched(bench, job)


async def test_a_file_that_cannot_be_had_any_more_becomes_a_link() -> None:
    """After as many tries as the result itself gets."""
    async with workbench() as bench:
        job = await delivered(bench)
        gone = VideoFault(call=Call.FILE, kind=VideoFaultKind.ANSWER_BEFORE, times=None, status=410)
        bench.sandbox.video.fail(gone)
        await resend(bench, job)
        await bench.run(hours=48)
        (told,) = resent(bench)
        assert not told.files
        assert "Open video 1" in told.text


async def test_an_expired_url_is_asked_for_anew() -> None:
    """For this delivery alone: the job's own step may be writing its row."""
    async with workbench() as bench:
        job = await delivered(bench)
        await bench.run(hours=48)
        job = await bench.job(job.id)
        bench.clock.moment += 24 * HOUR
        tasks = len(bench.sandbox.video.calls(Call.TASK))
        await resend(bench, job)
        await bench.run()
        (again,) = resent(bench)
        assert len(again.files) == 1
        assert len(bench.sandbox.video.calls(Call.TASK)) > tasks
        assert (await bench.job(job.id)).outputs == job.outputs
        await assert_job_untouched(bench, job)


def told_directly(bench: Workbench, user: str) -> list[Said]:
    """Return the messages with files in a person's conversation with the bot."""
    workspace = bench.sandbox.slack.world.workspace
    return [said for said in workspace.all_in(workspace.direct(user).id) if said.files]


@pytest.mark.parametrize("by", [BEN, OPERATOR], ids=["a person", "a shell"])
async def test_where_the_channel_is_closed_the_files_come_directly(by: str) -> None:
    """To whoever asked for the job, whoever wants it resent: the place may be a private one."""
    async with workbench() as bench:
        job = await delivered(bench)
        bench.sandbox.slack.archive(GENERAL)
        outbox = bench.store.outbox
        await put_resend(outbox, job, "delivery1", by=by, now=bench.clock())
        await bench.run()
        (direct,) = told_directly(bench, ANA)
        assert mark_of(direct) == mark("delivery1")
        assert told_directly(bench, BEN) == []
        assert resent(bench) == []
        row = await row_of(bench, "delivery1")
        assert (row.delivery.channel, row.delivery.ts) == (direct.channel, direct.ts)
        await assert_job_untouched(bench, job)


async def test_a_thread_that_is_gone_is_not_begun_anew() -> None:
    """The job's message was deleted: the files come directly."""
    async with workbench() as bench:
        job = await delivered(bench)
        (message,) = bench.messages()
        bench.sandbox.slack.world.workspace.delete(message)
        before = len(bench.results())
        await resend(bench, job)
        await bench.run()
        assert len(told_directly(bench, ANA)) == 1
        assert len(bench.results()) == before


async def test_what_neither_the_channel_nor_the_person_takes_is_given_up() -> None:
    """The row keeps why, the log has it for an operator, and whoever wanted it is told."""
    async with workbench() as bench:
        job = await delivered(bench)
        closed = Fault(kind=FaultKind.ERROR_BEFORE, code="is_archived")
        bench.sandbox.slack.faults.add(COMPLETE, closed, times=2)
        delivery_id = await resend(bench, job)
        with capture_logs() as lines:
            await bench.run()
        row = await row_of(bench, delivery_id)
        assert row.is_given_up
        assert (row.problem or "").startswith(NOWHERE)
        (line,) = [line for line in lines if line["log_level"] == "error"]
        assert (line["event"], line["notification"]) == ("notification_parked", delivery_id)
        assert line["problem"] == row.problem
        assert resent(bench) == []
        (told,) = bench.ephemerals()
        assert (told.ephemeral_for, f"job `{job.id}` could not" in told.text) == (BEN, True)


async def test_a_row_whose_job_is_unknown_is_given_up() -> None:
    async with workbench() as bench:
        row = Notification(
            id="notice-odd",
            team=TEAM,
            channel=GENERAL,
            kind=NotificationKind.RESENT,
            happened_at=bench.clock(),
            due_at=bench.clock(),
        )
        await bench.store.outbox.add(row)
        await bench.run()
        row = await row_of(bench, row.id)
        assert (row.is_given_up, row.problem) == (True, NO_JOB)


DOUBTFUL = {
    "reply to the share lost": (COMPLETE, Fault(kind=FaultKind.LOST_AFTER), 1),
    "share lost": (COMPLETE, Fault(kind=FaultKind.LOST_BEFORE), 1),
    "internal_error after the share worked": (COMPLETE, Fault(kind=FaultKind.ERROR_AFTER), 1),
    "429 on the share": (COMPLETE, Fault(kind=FaultKind.RATE_LIMITED), 1),
    "ok without a share": (COMPLETE, Fault(kind=FaultKind.NO_SHARE), 1),
    "shares that show late": (INFO, Fault(kind=FaultKind.HIDDEN_SHARES), 3),
    "408 on an upload that worked": (UPLOAD, Fault(kind=FaultKind.STATUS_AFTER, status=408), 1),
    "upload cut": (UPLOAD, Fault(kind=FaultKind.LOST_BEFORE), 2),
    "500 on everything": ("*", Fault(kind=FaultKind.STATUS_BEFORE, status=500), 6),
    "token revoked": ("*", Fault(kind=FaultKind.ERROR_BEFORE, code="token_revoked"), 6),
}


@pytest.mark.parametrize(("target", "fault", "times"), DOUBTFUL.values(), ids=DOUBTFUL.keys())
async def test_after_a_doubt_it_is_looked_for_and_not_repeated(
    target: str, fault: Fault, times: int
) -> None:
    async with workbench() as bench:
        job = await delivered(bench)
        bench.sandbox.slack.faults.add(target, fault, times=times)
        await resend(bench, job)
        await bench.run()
        assert [len(said.files) for said in resent(bench)] == [1]
        assert bench.sandbox.slack.faults.waiting == 0


async def crash_at(bench: Workbench, commit: int, *, before: bool) -> None:
    """Run until the process dies at a commit of the outbox, then start another."""
    bench.store.crash_outbox(commit, before=before)
    await bench.run(until=lambda: bench.store.has_crashed)
    assert bench.store.has_crashed, f"there was no commit {commit}"
    bench.clock.moment += 10
    await bench.restart()


@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("commit", range(len(WITH_FILE)), ids=WITH_FILE)
async def test_a_process_that_ends_at_a_commit_is_followed_by_one_that_goes_on(
    commit: int, *, before: bool
) -> None:
    """What was committed is not done again, and an effect whose commit was lost is found."""
    async with workbench() as bench:
        job = await delivered(bench)
        delivery_id = await resend(bench, job)
        await crash_at(bench, commit + 1, before=before)
        await bench.run()
        assert [len(said.files) for said in resent(bench)] == [1]
        assert (await row_of(bench, delivery_id)).delivery.ts == resent(bench)[0].ts
        await assert_job_untouched(bench, job)


@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("commit", range(len(WITH_LINK)), ids=WITH_LINK)
async def test_a_process_that_ends_while_it_brings_a_link_brings_one(
    commit: int, *, before: bool
) -> None:
    async with workbench() as bench:
        job = await delivered(bench)
        bench.sandbox.slack.faults.add(RESERVE, NO_UPLOADS, times=9)
        delivery_id = await resend(bench, job)
        await crash_at(bench, commit + 1, before=before)
        await bench.run()
        (told,) = resent(bench)
        assert "Open video 1" in told.text
        assert (await row_of(bench, delivery_id)).delivery.ts == told.ts


@pytest.mark.parametrize("names", [WITH_FILE, WITH_LINK], ids=["file", "link"])
async def test_every_commit_is_a_recovery_point_here(names: list[str]) -> None:
    """A commit that is made later must get its tests above."""
    async with workbench() as bench:
        job = await delivered(bench)
        if names is WITH_LINK:
            bench.sandbox.slack.faults.add(RESERVE, NO_UPLOADS, times=9)
        await resend(bench, job)
        await bench.run()
        assert bench.store.outbox.commits == len(names)


async def test_after_an_end_at_every_commit_in_turn_it_is_one_message() -> None:
    async with workbench() as bench:
        job = await delivered(bench)
        await resend(bench, job)
        for _ in WITH_FILE:
            await crash_at(bench, 1, before=False)
        await bench.run()
        assert [len(said.files) for said in resent(bench)] == [1]


async def test_it_is_not_taken_for_the_jobs_result(tmp_path: Path) -> None:
    """A backup knows of neither, and somebody deleted the result: the job brings it again."""
    async with workbench() as bench:
        job = await bench.ask()
        bench.store.crash("finished", before=False)
        await bench.run(until=lambda: bench.store.has_crashed)
        copy = tmp_path / "backup.db"
        await bench.store.backup(str(copy))
        await bench.restart()
        await bench.run(hours=0.05)
        await resend(bench, job)
        await bench.run(hours=0.05)
        result, again = bench.results()
        bench.sandbox.slack.world.workspace.delete(result)
        bench.clock.moment += HOUR
        await bench.restore(copy)
        await bench.run()
        row = await bench.job(job.id)
        assert row.stage is Stage.DELIVERED
        assert row.delivery.ts not in {None, result.ts, again.ts}
        assert [mark_of(said) == mark(job.id) for said in bench.results()] == [False, True]


async def test_the_jobs_result_is_not_taken_for_it(tmp_path: Path) -> None:
    """The row may be older than this process: it looks for its own message, and finds it or not."""
    async with workbench() as bench:
        job = await delivered(bench)
        delivery_id = await resend(bench, job)
        copy = tmp_path / "backup.db"
        await bench.store.backup(str(copy))
        for _ in range(2):
            bench.clock.moment += 60
            await bench.restore(copy)
            await bench.run()
            (again,) = resent(bench)
            assert len(again.files) == 1
            assert (await row_of(bench, delivery_id)).delivery.ts == again.ts


async def test_files_on_their_way_hold_up_nothing_else_in_the_channel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They take minutes: what the channel is subscribed to is told meanwhile."""
    async with workbench() as bench:
        job = await delivered(bench)
        released, download = asyncio.Event(), MindVideoClient.download

        @asynccontextmanager
        async def slow(video: MindVideoClient, url: str) -> AsyncIterator[Download]:
            await released.wait()
            async with download(video, url) as file:
                yield file

        monkeypatch.setattr(MindVideoClient, "download", slow)
        await bench.store.settings.set(channel_scope(TEAM, GENERAL), NOTIFY, Level.ALL)
        await resend(bench, job)
        await bench.outbox.tick()
        shared = ActionRequest(
            job=job,
            interaction=Interaction(
                team=TEAM,
                channel=GENERAL,
                user=BEN,
                surface="button",
                dedup_key="share:1",
                reply_to=IN_CHANNEL,
            ),
        )
        await perform(ActionName.SHARE, shared, bench.services)
        await bench.outbox.tick()
        workspace = bench.sandbox.slack.world.workspace
        async with asyncio.timeout(5):
            while len(bench.messages()) < 2:
                await workspace.changed_since(workspace.version)
        assert len(bench.results()) == 1
        released.set()
        await bench.outbox.drain()
        assert len(bench.results()) == 2


async def test_an_error_that_quotes_the_prompt_is_logged_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The row has no prompt of its own: the job's is kept out of the log as well."""

    def quoting(_video: MindVideoClient, _url: str) -> None:
        raise RetryLaterError("There is no file of “a red car” yet.")

    async with workbench() as bench:
        job = await delivered(bench)
        monkeypatch.setattr(MindVideoClient, "download", quoting)
        await resend(bench, job)
        with capture_logs() as lines:
            await bench.tick()
        (line,) = [line for line in lines if line["event"] == "step_retried"]
        assert line["problem"] == "There is no file of “[prompt]"
