"""Tests of shared results: the video itself, once for each job and channel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.jobs.accept import Interaction
from bot.jobs.actions import ActionName, ActionRequest, perform
from bot.slack import chat
from sandbox.mindvideo.faults import Call
from sandbox.slack.entities import ANA, BEN, CREW, GENERAL, OPEN, TEAM
from sandbox.slack.faults import Fault, FaultKind
from storage.job import IN_CHANNEL, Job
from tests.support.engine_harness import HOUR, EngineHarness, engine_harness

RESERVE = "files.getUploadURLExternal"
COMPLETE = "files.completeUploadExternal"


async def delivered(harness: EngineHarness, channel: str = GENERAL) -> Job:
    """Return a job that has just been delivered."""
    job = await harness.request(channel=channel)
    await harness.run(hours=0.05)
    return await harness.job(job.id)


async def share(
    harness: EngineHarness, job: Job, target: str | None = None, user: str = ANA
) -> None:
    """Share the result as a click does."""
    interaction = Interaction(
        team=TEAM,
        channel=job.channel,
        user=user,
        surface="button",
        dedup_key=f"share:{target}:{user}",
        reply_to=IN_CHANNEL,
    )
    request = ActionRequest(job=job, interaction=interaction, target=target)
    await perform(ActionName.SHARE, request, harness.services)


@pytest.mark.parametrize("target", [None, CREW, OPEN], ids=["its own", "another", "not joined"])
async def test_the_video_itself_is_posted_outside_of_threads(target: str | None) -> None:
    async with engine_harness() as harness:
        job = await delivered(harness)
        await share(harness, job, target)
        await share(harness, job, target)
        await harness.run(hours=0.05)
        shared = harness.messages(target or GENERAL)[-1]
        files = harness.sandbox.slack.world.files
        (copy,) = shared.files
        original = files.file(job.delivery.uploads[0].file_id)
        assert files.file(copy).path.read_bytes() == original.path.read_bytes()
        assert "shares a video: “a red car”" in json.dumps(shared.blocks, ensure_ascii=False)
        assert len([one for one in harness.messages(target or GENERAL) if one.files]) == 1


async def test_a_result_of_a_direct_conversation_is_shared_to_a_channel() -> None:
    """By its asker, who chose the channel; with the words, which are theirs."""
    async with engine_harness() as harness:
        direct = harness.sandbox.slack.world.workspace.direct(ANA).id
        job = await delivered(harness, direct)
        await share(harness, job, CREW)
        await harness.run(hours=0.05)
        (shared,) = harness.messages(CREW)
        assert shared.files
        assert "a red car" in json.dumps(shared.blocks)


async def test_the_bytes_come_from_slack_where_mindvideos_link_is_gone() -> None:
    async with engine_harness() as harness:
        job = await delivered(harness)
        harness.clock.now += 24 * HOUR
        harness.sandbox.video.requests.clear()
        await share(harness, job)
        await harness.run(hours=0.05)
        assert harness.messages()[-1].files
        assert harness.sandbox.video.calls(Call.TASK) == []


async def test_a_file_that_slack_refuses_is_shared_as_a_link_to_the_result() -> None:
    async with engine_harness() as harness:
        job = await delivered(harness)
        refused = Fault(kind=FaultKind.ERROR_BEFORE, code="storage_limit_reached")
        harness.sandbox.slack.faults.add(COMPLETE, refused)
        await share(harness, job, user=BEN)
        await harness.run(hours=0.05)
        shared = harness.messages()[-1]
        assert not shared.files
        assert "*U0BEN* shares a video" in shared.text


async def test_a_channel_that_takes_nothing_is_told_to_the_sharer_alone() -> None:
    """The video goes to nobody's direct conversation."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        harness.sandbox.slack.archive(CREW)
        await share(harness, job, CREW)
        await harness.run(hours=0.05)
        workspace = harness.sandbox.slack.world.workspace
        told = workspace.all_in(workspace.direct(ANA).id)
        assert [one.files for one in told if one.files] == []
        everything = [*told, *harness.ephemerals(CREW)]
        assert any("could not be shared" in one.text for one in everything)


async def backed_up(harness: EngineHarness, folder: Path) -> Path:
    """Return a copy of the store as it is now, and let the process go on for an hour."""
    copy = folder / "backup.db"
    await harness.store.backup(str(copy))
    harness.clock.now += HOUR
    return copy


@pytest.mark.parametrize("later", [60.0, 48 * HOUR], ids=["at once", "after another start"])
async def test_a_share_that_a_backup_does_not_know_is_found_and_not_repeated(
    tmp_path: Path, later: float
) -> None:
    """Pressed again after the restore, it is another row of the same ID, later than its message."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        copy = await backed_up(harness, tmp_path)
        await share(harness, job, CREW)
        await harness.run(hours=0.05)
        (shared,) = harness.messages(CREW)
        harness.clock.now += HOUR
        await harness.restore(copy)
        await harness.run(hours=0.05)
        harness.clock.now += later
        await harness.restart()
        for _ in range(2):
            await share(harness, await harness.job(job.id), CREW)
            await harness.run(hours=0.05)
        assert [one.ts for one in harness.messages(CREW)] == [shared.ts]
        assert harness.messages(CREW)[0].files == shared.files


async def test_a_share_looks_for_nothing_where_nothing_was_restored() -> None:
    """Also of a job that is older than the process: a busy channel takes long to look through."""
    async with engine_harness() as harness:
        job = await delivered(harness)
        harness.clock.now += HOUR
        await harness.restart()
        before = harness.sandbox.slack.world.count("conversations.history")
        await share(harness, job, CREW)
        await harness.run(hours=0.05)
        assert harness.messages(CREW)
        assert harness.sandbox.slack.world.count("conversations.history") == before


async def test_a_channel_with_too_many_messages_gets_the_video_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice at worst, rather than never."""
    monkeypatch.setattr(chat, "MOST_PAGES", 0)
    async with engine_harness() as harness:
        job = await delivered(harness)
        copy = await backed_up(harness, tmp_path)
        await harness.restore(copy)
        await harness.run(hours=0.05)
        await share(harness, await harness.job(job.id), CREW)
        await harness.run(hours=0.05)
        assert len(harness.messages(CREW)) == 1
