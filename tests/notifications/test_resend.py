"""Tests of resent files: one message for each request, whatever fails in between."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.base.errors import RetryLaterError
from bot.base.logs import configure_logs
from bot.base.ports import Download
from bot.jobs.accept import Interaction
from bot.jobs.actions import ActionName, ActionRequest, perform, put_resend
from bot.messages.blocks import mark
from bot.mindvideo.client import MindVideoClient
from bot.notifications.deletion import NO_JOB
from bot.notifications.resend import NOWHERE
from sandbox.mindvideo.faults import Call
from sandbox.mindvideo.faults import Fault as VideoFault
from sandbox.mindvideo.faults import FaultKind as VideoFaultKind
from sandbox.slack.entities import ANA, BEN, GENERAL, TEAM, StoredMessage
from sandbox.slack.faults import Fault, FaultKind
from storage.job import IN_CHANNEL, Job, Stage
from storage.notification import Notification, NotificationKind, notification_id
from tests.support.engine_harness import HOUR, EngineHarness, engine_harness

POST = "chat.postMessage"
RESERVE = "files.getUploadURLExternal"
COMPLETE = "files.completeUploadExternal"
INFO = "files.info"
NO_UPLOADS = Fault(kind=FaultKind.ERROR_BEFORE, code="file_uploads_disabled")

# The commits of a row that posts a file, and of one that posts a link, in order.
WITH_FILE = ["uploading", "uploaded", "sharing", "shared", "done"]
WITH_LINK = ["link only", "telling", "told", "done"]


async def delivered(harness: EngineHarness) -> Job:
    """Return a job that has just been delivered."""
    job = await harness.request()
    await harness.run(hours=0.05)
    row = await harness.job(job.id)
    assert row.stage is Stage.DELIVERED
    return row


async def resend(harness: EngineHarness, job: Job, key: str = "click:1") -> str:
    """Request the job's files again, as an admin's click does; return the outbox row's ID."""
    interaction = Interaction(
        team=TEAM, channel=GENERAL, user=BEN, surface="button", dedup_key=key, reply_to=IN_CHANNEL
    )
    request = ActionRequest(job=await harness.job(job.id), interaction=interaction)
    of = replace(harness.services, admins=frozenset({BEN}))
    await perform(ActionName.RESEND, request, of)
    return notification_id(NotificationKind.RESENT, job.id, key)


async def row_of(harness: EngineHarness, delivery_id: str) -> Notification:
    """Return the current row of a delivery."""
    row = await harness.store.outbox.find(delivery_id)
    assert row is not None
    return row


def resent(harness: EngineHarness) -> list[StoredMessage]:
    """Return the replies after the job's result."""
    (message,) = harness.messages()
    first, *others = harness.results()
    assert first.files
    assert {each.thread_ts for each in harness.results()} == {message.ts}
    return others


def mark_of(message: StoredMessage) -> object:
    """Return the block ID by which a message is found again."""
    return message.blocks[0]["block_id"]


async def assert_job_untouched(harness: EngineHarness, before: Job) -> None:
    """Check that the job is unchanged, and nothing was rendered or charged again."""
    row = await harness.job(before.id)
    changes = {"fence": 0, "due_at": None, "cost_checks": 0, "lease_until": None}
    assert replace(row, **changes) == replace(before, **changes)  # type: ignore[arg-type] # by their names
    assert len(harness.sandbox.video.calls(Call.SUBMIT)) == 1
    assert len(harness.sandbox.video.charges) == 1


async def test_the_files_are_posted_in_the_thread_again() -> None:
    """With the text of the result; the job is unchanged."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        delivery_id = await resend(harness, job)
        await harness.run()
        first, second = harness.results()
        (again,) = resent(harness)
        assert again == second
        assert again.text == first.text
        assert len(again.blocks) == 1, "the buttons stay at the result itself"
        assert len(first.blocks) == 2
        old, new = (
            harness.sandbox.slack.world.files.file(each.files[0]) for each in (first, again)
        )
        assert old.id != new.id
        assert (new.name, new.title, new.alt) == (old.name, old.title, old.alt)
        assert new.path.read_bytes() == old.path.read_bytes()
        row = await row_of(harness, delivery_id)
        assert (row.due_at, row.problem, row.attempts) == (None, None, 0)
        assert row.delivery.ts == again.ts
        await assert_job_untouched(harness, job)


async def test_each_resend_has_its_own_metadata() -> None:
    """The result has the job's ID, each resend its own."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        ids = [await resend(harness, job, key) for key in ("click:1", "click:2")]
        await harness.run()
        first, *others = [mark_of(each) for each in harness.results()]
        assert first == mark(job.id)
        assert set(others) == {mark(one) for one in ids}
        assert len({job.id, *ids}) == 3


async def test_two_requests_are_two_messages_and_one_delivered_twice_is_one() -> None:
    """A retry of Slack's is the same request; another click is another one."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        for key in ("click:1", "click:1", "click:2"):
            await resend(harness, job, key)
        await harness.run()
        assert [len(each.files) for each in resent(harness)] == [1, 1]
        await resend(harness, job, "click:2")
        await harness.run()
        assert len(resent(harness)) == 2


@pytest.mark.parametrize(
    ("method", "code"),
    [(RESERVE, "file_uploads_disabled"), (COMPLETE, "storage_limit_reached")],
)
async def test_a_file_that_slack_refuses_is_resent_as_a_link(method: str, code: str) -> None:
    """With the reason; once as well when the post is doubtful."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        faults = harness.sandbox.slack.faults
        faults.add(method, Fault(kind=FaultKind.ERROR_BEFORE, code=code), times=9)
        faults.add(POST, Fault(kind=FaultKind.LOST_AFTER))
        delivery_id = await resend(harness, job)
        await harness.run()
        (reply,) = resent(harness)
        assert not reply.files
        assert f"<{job.outputs[0].url}|Open video 1>" in reply.text
        assert "could not be put here: This Slack workspace does not take this file" in reply.text
        assert mark_of(reply) == mark(delivery_id)
        row = await row_of(harness, delivery_id)
        assert (row.due_at, row.delivery.link_only, row.delivery.ts) == (None, True, reply.ts)
        assert not row.is_given_up
        await assert_job_untouched(harness, job)


async def test_a_file_that_is_gone_everywhere_is_resent_as_a_link() -> None:
    """Within five minutes, as for the result: neither MindVideo nor Slack has it any more."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        harness.sandbox.slack.world.files.delete(job.delivery.uploads[0].file_id)
        deleted = VideoFault(
            call=Call.FILE, kind=VideoFaultKind.ANSWER_BEFORE, times=None, status=410
        )
        harness.sandbox.video.fail(deleted)
        await resend(harness, job)
        await harness.run(hours=300 / HOUR)
        (reply,) = resent(harness)
        assert not reply.files
        assert "Open video 1" in reply.text


async def test_the_bytes_come_from_slacks_copy_where_mindvideos_link_is_gone() -> None:
    """MindVideo is not asked again: the copy is there."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        harness.clock.now += 24 * HOUR
        harness.sandbox.video.requests.clear()
        await resend(harness, job)
        await harness.run(hours=0.1)
        (again,) = resent(harness)
        files = harness.sandbox.slack.world.files
        old, new = files.file(job.delivery.uploads[0].file_id), files.file(again.files[0])
        assert old.id != new.id
        assert new.path.read_bytes() == old.path.read_bytes()
        assert harness.sandbox.video.calls(Call.TASK) == []


async def test_an_expired_url_is_read_again_from_mindvideo() -> None:
    """The row of the job is not changed: its own step may be writing it."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        await harness.run(hours=48)
        job = await harness.job(job.id)
        harness.sandbox.slack.world.files.delete(job.delivery.uploads[0].file_id)
        harness.clock.now += 24 * HOUR
        tasks = len(harness.sandbox.video.calls(Call.TASK))
        await resend(harness, job)
        await harness.run()
        again = harness.results()[-1]
        assert len(again.files) == 1
        assert len(harness.sandbox.video.calls(Call.TASK)) > tasks
        assert (await harness.job(job.id)).outputs == job.outputs
        await assert_job_untouched(harness, job)


def direct_files(harness: EngineHarness, user: str) -> list[StoredMessage]:
    """Return the messages with files in a user's direct conversation."""
    workspace = harness.sandbox.slack.world.workspace
    return [each for each in workspace.all_in(workspace.direct(user).id) if each.files]


async def test_files_that_the_channel_refuses_are_sent_to_the_jobs_user() -> None:
    """Never to the user who requested the resend: the thread may be in a private channel."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        harness.sandbox.slack.archive(GENERAL)
        outbox = harness.store.outbox
        await put_resend(outbox, job, "delivery1", by=BEN, now=harness.clock())
        await harness.run()
        (direct,) = direct_files(harness, ANA)
        assert mark_of(direct) == mark("delivery1")
        assert direct_files(harness, BEN) == []
        assert resent(harness) == []
        row = await row_of(harness, "delivery1")
        assert (row.delivery.channel, row.delivery.ts) == (direct.channel, direct.ts)
        await assert_job_untouched(harness, job)


async def test_a_deleted_thread_is_not_started_again() -> None:
    """The job's message was deleted, so the files are posted directly."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        (message,) = harness.messages()
        harness.sandbox.slack.world.workspace.delete(message)
        before = len(harness.results())
        await resend(harness, job)
        await harness.run()
        assert len(direct_files(harness, ANA)) == 1
        assert len(harness.results()) == before


async def test_a_resend_without_any_reachable_place_is_given_up() -> None:
    """The row keeps the reason, the log has it, and the user who requested it is notified."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        closed = Fault(kind=FaultKind.ERROR_BEFORE, code="is_archived")
        harness.sandbox.slack.faults.add(COMPLETE, closed, times=2)
        delivery_id = await resend(harness, job)
        with capture_logs() as lines:
            await harness.run()
        row = await row_of(harness, delivery_id)
        assert row.is_given_up
        assert (row.problem or "").startswith(NOWHERE)
        (line,) = [line for line in lines if line["log_level"] == "error"]
        assert (line["event"], line["notification"]) == ("notification_parked", delivery_id)
        assert line["problem"] == row.problem
        assert resent(harness) == []
        (reply,) = harness.ephemerals()
        assert (reply.ephemeral_for, f"job `{job.id}` could not" in reply.text) == (BEN, True)


async def test_a_resend_of_an_unknown_job_is_given_up() -> None:
    async with engine_harness() as harness:
        row = Notification(
            id="notice-unknown",
            team=TEAM,
            channel=GENERAL,
            kind=NotificationKind.RESENT,
            happened_at=harness.clock(),
            due_at=harness.clock(),
        )
        await harness.store.outbox.add(row)
        await harness.run()
        row = await row_of(harness, row.id)
        assert (row.is_given_up, row.problem) == (True, NO_JOB)


DOUBTFUL = {
    "reply to the share lost": (COMPLETE, Fault(kind=FaultKind.LOST_AFTER), 1),
    "ok without a share": (COMPLETE, Fault(kind=FaultKind.NO_SHARE), 1),
    "shares shown late": (INFO, Fault(kind=FaultKind.HIDDEN_SHARES), 3),
    "500 on everything": ("*", Fault(kind=FaultKind.STATUS_BEFORE, status=500), 6),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize(("target", "fault", "times"), DOUBTFUL.values(), ids=DOUBTFUL.keys())
async def test_a_doubtful_resend_is_searched_for_and_not_repeated(
    target: str, fault: Fault, times: int
) -> None:
    async with engine_harness() as harness:
        job = await delivered(harness)
        harness.sandbox.slack.faults.add(target, fault, times=times)
        await resend(harness, job)
        await harness.run()
        assert [len(each.files) for each in resent(harness)] == [1]
        assert harness.sandbox.slack.faults.waiting == 0


async def crash_at(harness: EngineHarness, commit: int, *, before: bool) -> None:
    """Run until the process dies at a commit of the outbox, then start another."""
    harness.store.crash_outbox(commit, before=before)
    await harness.run(until=lambda: harness.store.has_crashed)
    assert harness.store.has_crashed, f"there was no commit {commit}"
    harness.clock.now += 10
    await harness.restart()


@pytest.mark.exhaustive
@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("commit", range(len(WITH_FILE)), ids=WITH_FILE)
async def test_a_resend_continues_after_the_end_of_the_process_at_each_commit(
    commit: int, *, before: bool
) -> None:
    """Committed effects are not repeated; an effect whose commit was lost is found."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        delivery_id = await resend(harness, job)
        await crash_at(harness, commit + 1, before=before)
        await harness.run()
        assert [len(each.files) for each in resent(harness)] == [1]
        assert (await row_of(harness, delivery_id)).delivery.ts == resent(harness)[0].ts
        await assert_job_untouched(harness, job)


@pytest.mark.exhaustive
@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("commit", range(len(WITH_LINK)), ids=WITH_LINK)
async def test_a_resent_link_is_posted_once_after_the_end_of_the_process_at_each_commit(
    commit: int, *, before: bool
) -> None:
    async with engine_harness() as harness:
        job = await delivered(harness)
        harness.sandbox.slack.faults.add(RESERVE, NO_UPLOADS, times=9)
        delivery_id = await resend(harness, job)
        await crash_at(harness, commit + 1, before=before)
        await harness.run()
        (reply,) = resent(harness)
        assert "Open video 1" in reply.text
        assert (await row_of(harness, delivery_id)).delivery.ts == reply.ts


@pytest.mark.parametrize("names", [WITH_FILE, WITH_LINK], ids=["file", "link"])
async def test_every_commit_of_a_resend_is_tested_here(names: list[str]) -> None:
    """A commit that is added must be added to the lists above."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        if names is WITH_LINK:
            harness.sandbox.slack.faults.add(RESERVE, NO_UPLOADS, times=9)
        await resend(harness, job)
        await harness.run()
        assert harness.store.outbox.commits == len(names)


async def test_a_resend_is_not_mistaken_for_the_jobs_result(tmp_path: Path) -> None:
    """The result was deleted, and the backup knows neither: the job posts its result again."""
    async with engine_harness() as harness:
        job = await harness.request()
        harness.store.crash("finished", before=False)
        await harness.run(until=lambda: harness.store.has_crashed)
        copy = tmp_path / "backup.db"
        await harness.store.backup(str(copy))
        await harness.restart()
        await harness.run(hours=0.05)
        await resend(harness, job)
        await harness.run(hours=0.05)
        result, again = harness.results()
        harness.sandbox.slack.world.workspace.delete(result)
        harness.clock.now += HOUR
        await harness.restore(copy)
        await harness.run()
        row = await harness.job(job.id)
        assert row.stage is Stage.DELIVERED
        assert row.delivery.ts not in {None, result.ts, again.ts}
        assert [mark_of(each) == mark(job.id) for each in harness.results()] == [False, True]


async def test_the_jobs_result_is_not_mistaken_for_a_resend(tmp_path: Path) -> None:
    """A row older than the process is searched for by its own metadata."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        delivery_id = await resend(harness, job)
        copy = tmp_path / "backup.db"
        await harness.store.backup(str(copy))
        for _ in range(2):
            harness.clock.now += 60
            await harness.restore(copy)
            await harness.run()
            (again,) = resent(harness)
            assert len(again.files) == 1
            assert (await row_of(harness, delivery_id)).delivery.ts == again.ts


async def test_an_upload_does_not_delay_other_notifications_of_the_channel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An upload may take minutes; other notifications of the channel are posted meanwhile."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        released, download = asyncio.Event(), MindVideoClient.download

        @asynccontextmanager
        async def slow(video: MindVideoClient, url: str) -> AsyncIterator[Download]:
            await released.wait()
            async with download(video, url) as file:
                yield file

        monkeypatch.setattr(MindVideoClient, "download", slow)
        await resend(harness, job)
        await harness.outbox.tick()
        words = Notification(
            id="notice-words",
            team=TEAM,
            channel=GENERAL,
            kind=NotificationKind.FINISHED,
            happened_at=harness.clock(),
            job_id=job.id,
            due_at=harness.clock(),
        )
        await harness.store.outbox.add(words)
        await harness.outbox.tick()
        workspace = harness.sandbox.slack.world.workspace
        async with asyncio.timeout(5):
            while len(harness.messages()) < 2:
                await workspace.changed_since(workspace.version)
        assert len(harness.results()) == 1
        released.set()
        await harness.outbox.drain()
        assert len(harness.results()) == 2


async def test_an_error_that_quotes_the_prompt_is_logged_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The row has no prompt; the job's is removed from the log as well."""
    stream = io.StringIO()
    configure_logs(
        log_format="json", log_level="info", secrets=(), log_prompts=False, stream=stream
    )

    def quoting(_video: MindVideoClient, _url: str) -> None:
        raise RetryLaterError("There is no file of “a red car” yet.")

    async with engine_harness() as harness:
        job = await delivered(harness)
        monkeypatch.setattr(MindVideoClient, "download", quoting)
        await resend(harness, job)
        await harness.tick()
    lines = map(json.loads, stream.getvalue().splitlines())
    (line,) = [line for line in lines if line["event"] == "step_retried"]
    assert line["problem"] == "There is no file of “[prompt]” yet."
