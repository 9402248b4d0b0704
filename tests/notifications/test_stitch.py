"""Tests of joined films: uploaded once and posted once, or told why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.base.ports import Still, UnfitFilmError
from bot.jobs.accept import Accepted, Interaction
from bot.jobs.actions import ActionName, ActionRequest, StitchAnswered, perform
from bot.options.parser import read_text
from sandbox.slack.entities import ANA, GENERAL, TEAM, StoredMessage
from sandbox.slack.faults import Fault, FaultKind
from storage.job import IN_CHANNEL, Job
from tests.support.engine_harness import HOUR, EngineHarness, engine_harness
from tests.support.films import FILM, FakeFilms
from tests.support.images import image_bytes

COMPLETE = "files.completeUploadExternal"


def fake(unfit: UnfitFilmError | None = None) -> FakeFilms:
    """Return what takes frames that can be sent, and joins clips unless they are `unfit`."""
    return FakeFilms(still_of=Still(picture=image_bytes("JPEG"), film=FILM), unfit=unfit)


async def act(
    harness: EngineHarness, name: ActionName, job: Job, text: str | None = None
) -> object:
    """Perform an action on a job, as a reply in its thread does."""
    interaction = Interaction(
        team=TEAM,
        channel=job.channel,
        user=ANA,
        surface="thread",
        dedup_key=f"{name}:{job.id}",
        reply_to=IN_CHANNEL,
    )
    changes = None if text is None else read_text(text)
    request = ActionRequest(job=job, interaction=interaction, changes=changes)
    return await perform(name, request, harness.services)


async def chained(harness: EngineHarness) -> Job:
    """Return a delivered job that continues another one."""
    first = await harness.request("a boat at a pier")
    await harness.run(hours=0.3)
    made = await act(harness, ActionName.CONTINUE, await harness.job(first.id), "it leaves")
    assert isinstance(made, Accepted)
    await harness.run(hours=0.3)
    return await harness.job(made.job.id)


async def stitch(harness: EngineHarness, job: Job) -> StitchAnswered:
    """Join the chain up to a job."""
    answered = await act(harness, ActionName.STITCH, await harness.job(job.id))
    assert isinstance(answered, StitchAnswered)
    return answered


def joined(harness: EngineHarness) -> list[StoredMessage]:
    """Return the messages that bring a film."""
    return [one for one in harness.results() if "is the film of" in str(one.blocks)]


def uploaded(harness: EngineHarness) -> int:
    """Return how many films are shown somewhere."""
    files = harness.sandbox.slack.world.files
    return sum("film" in file.name and bool(file.shares) for file in files.bot_files())


COMMITS = ("reserved", "uploaded", "sharing", "shared", "done")
"""The commits of a film, in order."""


@pytest.mark.proof
@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("commit", range(len(COMMITS)), ids=COMMITS)
async def test_a_film_is_posted_once_after_the_end_of_the_process_at_each_commit(
    commit: int, *, before: bool
) -> None:
    async with engine_harness(films=fake()) as harness:
        job = await chained(harness)
        await stitch(harness, job)
        harness.store.crash_outbox(commit + 1, before=before)
        await harness.run(until=lambda: harness.store.has_crashed)
        assert harness.store.has_crashed, f"there was no commit {commit}"
        harness.clock.now += 10
        await harness.restart()
        await harness.run(hours=0.3)
        assert (len(joined(harness)), uploaded(harness)) == (1, 1)
        assert len(harness.sandbox.video.charges) == 2


async def test_a_film_that_a_backup_does_not_know_is_found_and_not_repeated(
    tmp_path: Path,
) -> None:
    async with engine_harness(films=fake()) as harness:
        job = await chained(harness)
        copy = tmp_path / "backup.db"
        await harness.store.backup(str(copy))
        harness.clock.now += HOUR
        await stitch(harness, job)
        await harness.run(hours=0.3)
        harness.clock.now += HOUR
        await harness.restore(copy)
        await harness.run(hours=0.3)
        await stitch(harness, job)
        await harness.run(hours=0.3)
        assert (len(joined(harness)), uploaded(harness)) == (1, 1)


async def test_clips_that_cannot_be_joined_are_told_then_and_whenever_it_is_asked_again() -> None:
    """An answer that the film is in the thread would be untrue."""
    films = fake(UnfitFilmError("The clips are too long to be joined.", 1))
    async with engine_harness(films=films) as harness:
        job = await chained(harness)
        assert (await stitch(harness, job)).is_new
        await harness.run(hours=0.3)
        assert joined(harness) == []
        (told,) = harness.ephemerals()
        assert f"too long to be joined. Clip 2, of job {job.id}." in told.text
        again = await stitch(harness, job)
        assert not again.is_new
        assert "too long" in again.problem


async def test_a_film_that_slack_refuses_is_told_to_who_wanted_it() -> None:
    async with engine_harness(films=fake()) as harness:
        job = await chained(harness)
        refused = Fault(kind=FaultKind.ERROR_BEFORE, code="storage_limit_reached")
        harness.sandbox.slack.faults.add(COMPLETE, refused, times=50)
        await stitch(harness, job)
        await harness.run()
        assert joined(harness) == []
        (told,) = harness.ephemerals()
        assert f"There is no film up to job `{job.id}`" in told.text


async def test_the_film_of_an_archived_channel_comes_to_the_asker_directly() -> None:
    async with engine_harness(films=fake()) as harness:
        job = await chained(harness)
        harness.sandbox.slack.archive(GENERAL)
        await stitch(harness, job)
        await harness.run()
        workspace = harness.sandbox.slack.world.workspace
        direct = workspace.all_in(workspace.direct(ANA).id)
        assert len([one for one in direct if one.files]) == 1
