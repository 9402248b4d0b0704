"""Tests of posters: made once from the delivered video, and shown in the job's message."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.base.errors import RetryLaterError
from bot.notifications import poster
from bot.notifications.poster import OFF, TOO_LATE, UNREADABLE
from bot.slack.chat import SlackChat
from bot.steps import reconcile
from sandbox.mindvideo.faults import Call
from sandbox.mindvideo.faults import Fault as VideoFault
from sandbox.mindvideo.faults import FaultKind as VideoFaultKind
from sandbox.slack.entities import BOT
from sandbox.slack.faults import UPLOAD, Fault, FaultKind
from sandbox.slack.files import StoredFile
from storage.job import Film, Job, Stage
from storage.notification import Notification, NotificationKind, notification_id
from tests.support.engine_harness import EngineHarness, engine_harness
from tests.support.films import FILM, PICTURE, FakeFilms, pictures_in

RESERVE = "files.getUploadURLExternal"
COMPLETE = "files.completeUploadExternal"
INFO = "files.info"
UPDATE = "chat.update"


def posters(harness: EngineHarness) -> list[StoredFile]:
    """Return the files that were completed as posters."""
    files = harness.sandbox.slack.world.files
    return [
        file
        for file in files.bot_files()
        if file.name.endswith("-poster.jpg") and files.is_processed(file)
    ]


async def row_of(harness: EngineHarness, job: Job) -> Notification:
    """Return the row of the outbox that brings a job's poster."""
    row_id = notification_id(NotificationKind.POSTER, job.channel, job.id)
    row = await harness.store.outbox.find(row_id)
    assert row is not None
    return row


async def assert_shown_once(harness: EngineHarness, job: Job) -> None:
    """Check that the job has one poster, which its message shows, and all else as ever."""
    row = await harness.assert_delivered_once(job)
    (file,) = posters(harness)
    assert row.film == replace(FILM, poster=file.id)
    (message,) = harness.messages()
    assert pictures_in(message) == [file.id]
    assert file.path.read_bytes() == PICTURE
    assert (file.owner, file.shares, file.alt) == (BOT, {}, "a red car")


async def test_the_message_of_a_delivered_job_shows_a_picture_from_its_video() -> None:
    films = FakeFilms()
    async with engine_harness(films=films) as harness:
        job = await harness.request()
        await harness.run(hours=0.3)
        await assert_shown_once(harness, job)
        (result,) = harness.results()
        video = harness.sandbox.slack.world.files.file(result.files[0])
        assert films.videos == [video.path.read_bytes()]
        assert pictures_in(result) == []


async def test_a_job_without_posters_makes_the_calls_and_commits_that_it_made_before() -> None:
    """With one, five calls of Slack and a second download come after the video is there."""
    async with engine_harness() as plain, engine_harness(films=FakeFilms()) as harness:
        for one in (plain, harness):
            await one.request()
            await one.run(hours=0.3)
        calls = [call.method for call in plain.sandbox.slack.world.calls]
        with_poster = [call.method for call in harness.sandbox.slack.world.calls]
        assert with_poster[: len(calls)] == calls
        assert with_poster[len(calls) :] == [RESERVE, UPLOAD, COMPLETE, INFO, UPDATE]
        downloads = [len(one.sandbox.video.calls(Call.FILE)) for one in (plain, harness)]
        assert downloads == [1, 2]
        assert plain.store.outbox.commits == 0
        assert harness.store.outbox.commits == 3


async def test_a_poster_is_made_when_the_link_of_mindvideo_has_expired() -> None:
    films = FakeFilms()
    async with engine_harness(films=films) as harness:
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.results()))
        fault = VideoFault(
            call=Call.FILE, kind=VideoFaultKind.ANSWER_BEFORE, status=410, times=None
        )
        harness.sandbox.video.fail(fault)
        await harness.run(hours=0.3)
        await assert_shown_once(harness, job)


@pytest.mark.exhaustive
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", [1, 2, 3])
async def test_a_poster_is_uploaded_once_wherever_the_process_dies(
    commit: int, *, before: bool
) -> None:
    """At the file's ID, at the word that Slack has it, and at the end: after the job has it."""
    async with engine_harness(films=FakeFilms()) as harness:
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.results()))
        harness.store.crash_outbox(commit, before=before)
        await harness.run(until=lambda: harness.store.has_crashed)
        assert harness.store.has_crashed
        harness.clock.now += 20
        await harness.restart()
        await harness.run(hours=0.3)
        await assert_shown_once(harness, job)
        uploads = [call for call in harness.sandbox.slack.world.calls if call.method == UPLOAD]
        # The video, and the poster: nothing of it was sent before its ID was on disk.
        assert len(uploads) == 2


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", [FaultKind.LOST_AFTER, FaultKind.STATUS_AFTER])
@pytest.mark.parametrize("method", [RESERVE, UPLOAD, COMPLETE, INFO, UPDATE])
async def test_a_lost_answer_makes_no_second_poster(method: str, kind: FaultKind) -> None:
    async with engine_harness(films=FakeFilms()) as harness:
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.results()))
        harness.sandbox.slack.faults.add(method, Fault(kind=kind, status=500))
        await harness.run(hours=0.3)
        await assert_shown_once(harness, job)


async def test_a_file_that_slack_has_not_looked_at_is_not_shown_yet() -> None:
    """Slack would refuse the message, as the sandbox does."""
    async with engine_harness(films=FakeFilms()) as harness:
        harness.sandbox.slack.world.files.processing_seconds = 20.0
        job = await harness.request()
        await harness.run(hours=0.3)
        await assert_shown_once(harness, job)
        outcomes = {call.outcome for call in harness.sandbox.slack.world.calls}
        assert "invalid_blocks" not in outcomes


async def test_a_video_that_cannot_be_read_leaves_the_job_as_done_as_before() -> None:
    async with engine_harness(films=FakeFilms(still_of=None)) as harness:
        job = await harness.request()
        await harness.run(hours=0.3)
        row = await harness.assert_delivered_once(job)
        assert row.film is None
        assert (await row_of(harness, job)).problem == UNREADABLE
        assert posters(harness) == []


@pytest.mark.parametrize("method", [RESERVE, COMPLETE])
async def test_a_workspace_that_takes_no_pictures_gets_the_size_in_details(method: str) -> None:
    async with engine_harness(films=FakeFilms()) as harness:
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.results()))
        refused = Fault(kind=FaultKind.ERROR_BEFORE, code="file_uploads_disabled")
        harness.sandbox.slack.faults.add(method, refused, times=9)
        await harness.run(hours=0.3)
        assert (await harness.assert_delivered_once(job)).film == FILM
        (message,) = harness.messages()
        assert pictures_in(message) == []


async def test_a_film_process_that_does_not_start_is_tried_again_for_hours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Then the row is given up quietly: no operator has to do anything about one poster."""
    monkeypatch.setattr(poster, "PATIENCE_SECONDS", 600.0)

    def fail() -> None:
        raise RetryLaterError("It does not start.")

    async with engine_harness(films=FakeFilms(at_still=fail)) as harness:
        job = await harness.request()
        await harness.run(hours=1)
        await harness.assert_delivered_once(job)
        row = await row_of(harness, job)
        assert (row.due_at, row.problem) == (None, TOO_LATE)


async def test_posters_that_were_switched_off_meanwhile_are_none() -> None:
    films = FakeFilms()
    async with engine_harness(films=films) as harness:
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.results()))
        harness.films = None
        await harness.restart()
        await harness.run(hours=0.3)
        assert (await harness.assert_delivered_once(job)).film is None
        assert ((await row_of(harness, job)).problem, films.videos) == (OFF, [])


async def test_a_poster_that_comes_while_the_cost_is_read_is_shown_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The step writes the row that it began with, without the poster."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.results()))
        (result,) = harness.results()
        picture = await a_picture(harness)
        read_cost = reconcile._read_cost  # noqa: SLF001 - the moment between two commits

        async def note_meanwhile(claim: object) -> None:
            await read_cost(claim)  # type: ignore[arg-type]
            film = replace(FILM, poster=picture)
            await harness.store.jobs.note_film(job.id, film, harness.bot_time())

        monkeypatch.setattr(reconcile, "_read_cost", note_meanwhile)
        await harness.run(hours=3)
        row = await harness.job(job.id)
        assert (row.stage, row.film) == (Stage.DELIVERED, replace(FILM, poster=picture))
        (message,) = harness.messages()
        assert pictures_in(message) == [picture]
        assert result.ts == row.delivery.ts


async def test_a_poster_costs_no_read_of_the_cost() -> None:
    """Also where the last read was long ago, and nothing else is due any more."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run(hours=48)
        reads = task_reads(harness)
        picture = await a_picture(harness)
        film = Film(width=8, height=8, poster=picture)
        await harness.store.jobs.note_film(job.id, film, harness.bot_time())
        await harness.run(hours=48)
        (message,) = harness.messages()
        assert pictures_in(message) == [picture]
        assert task_reads(harness) == reads
        assert (await harness.job(job.id)).due_at is None


async def test_a_poster_that_is_deleted_does_not_take_the_words_with_it() -> None:
    """Slack refuses a message with a picture that is gone; the cost is told all the same."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.results()))
        picture = await a_picture(harness)
        await harness.chat.delete_file(picture)
        film = Film(width=8, height=8, poster=picture)
        await harness.store.jobs.note_film(job.id, film, harness.bot_time())
        await harness.run(hours=48)
        await harness.assert_delivered_once(job)
        (message,) = harness.messages()
        assert pictures_in(message) == []
        assert "Done" in message.text


def task_reads(harness: EngineHarness) -> int:
    """Return how often the bot has asked MindVideo about its task."""
    return sum(len(harness.sandbox.video.calls(call)) for call in (Call.TASK, Call.EVENTS))


async def a_picture(harness: EngineHarness) -> str:
    """Upload a picture of the bot's, and return its ID."""

    async def chunks() -> object:
        yield PICTURE

    chat: SlackChat = harness.chat
    target = await chat.reserve_upload("a-poster.jpg", len(PICTURE), "a red car")
    await chat.send_upload(target.url, len(PICTURE), chunks())  # type: ignore[arg-type]
    await chat.complete_upload(target.file_id, "a red car")
    return target.file_id
