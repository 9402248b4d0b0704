"""What becomes of a made file's origin: the bytes, their digest, and the label under a result."""

from __future__ import annotations

import hashlib
import math

import pytest

from sandbox.mindvideo.faults import Call
from sandbox.mindvideo.faults import Fault as VideoFault
from sandbox.mindvideo.faults import FaultKind as VideoFaultKind
from sandbox.mindvideo.files import PACKAGED_MEDIA, content_of
from sandbox.slack.faults import UPLOAD, Fault, FaultKind
from storage.made_file import MadeFile
from tests.support.conversation import make_video, press, result_of
from tests.support.engine_harness import EngineHarness, engine_harness
from tests.support.films import FakeFilms
from tests.support.running_bot import running_bot

LABEL = "Made with AI (Kling V3)"


async def made_files(harness: EngineHarness) -> list[MadeFile]:
    """Return the whole register."""
    return await harness.store.jobs.made_files(0.0, math.inf)


def bytes_at_slack(harness: EngineHarness, file_id: str) -> bytes:
    """Return what Slack has of a file."""
    return harness.sandbox.slack.world.files.file(file_id).path.read_bytes()


@pytest.mark.parametrize("kind", [None, VideoFaultKind.FILE_UNSIZED])
async def test_a_video_is_passed_on_byte_for_byte_and_its_digest_is_kept(
    kind: VideoFaultKind | None,
) -> None:
    """So its content credentials are whole. Also where its length is not told before it comes."""
    async with engine_harness() as harness:
        if kind is not None:
            harness.sandbox.video.fail(VideoFault(call=Call.FILE, kind=kind))
        job = await harness.request("a red car --duration 5")
        await harness.run(hours=0.3)
        row = await harness.assert_delivered_once(job)
        made = content_of(PACKAGED_MEDIA / "sunset-16x9.mp4", {"duration": 5})
        (file,) = await made_files(harness)
        assert bytes_at_slack(harness, file.file_id) == made
        assert file.sha256 == hashlib.sha256(made).hexdigest()
        assert (file.job_id, file.user, file.kind) == (job.id, job.user, "result")
        assert file.made_at == row.finished_at


@pytest.mark.parametrize("kind", [FaultKind.LOST_AFTER, FaultKind.STATUS_AFTER])
async def test_a_lost_answer_to_the_upload_loses_no_digest(kind: FaultKind) -> None:
    """The video is not downloaded again for it."""
    async with engine_harness() as harness:
        harness.sandbox.slack.faults.add(UPLOAD, Fault(kind=kind, status=500))
        job = await harness.request()
        await harness.run(hours=0.3)
        await harness.assert_delivered_once(job)
        (file,) = await made_files(harness)
        sent = bytes_at_slack(harness, file.file_id)
        assert file.sha256 == hashlib.sha256(sent).hexdigest()
        assert len(harness.sandbox.video.calls(Call.FILE)) == 1


async def test_where_the_process_ends_with_the_bytes_on_their_way_the_digest_is_not_known() -> None:
    async with engine_harness() as harness:
        job = await harness.request()
        harness.store.crash("uploaded", before=True)
        await harness.run(until=lambda: harness.store.has_crashed)
        harness.clock.now += 20
        await harness.restart()
        await harness.run(hours=0.3)
        await harness.assert_delivered_once(job)
        (file,) = await made_files(harness)
        assert file.sha256 is None


async def test_a_poster_is_in_the_register_beside_its_video() -> None:
    async with engine_harness(films=FakeFilms()) as harness:
        await harness.request()
        await harness.run(hours=0.3)
        files = await made_files(harness)
        assert [file.kind for file in files] == ["result", "poster"]
        for file in files:
            data = bytes_at_slack(harness, file.file_id)
            assert file.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("label", ["", LABEL])
async def test_the_operators_label_stands_under_results_and_what_is_shared(label: str) -> None:
    """None does unless they want one: an empty setting is as one that is not set."""
    async with running_bot(AI_LABEL=label) as bot:
        message = await make_video(bot)
        result = result_of(bot, message)
        assert (LABEL in str(result.blocks)) is bool(label)
        assert LABEL not in str(message.blocks)
        await press(bot, message, "job_share")
        await bot.until(
            lambda: len(bot.messages()) == 2 and "Share to channel* by" in str(result.blocks)
        )
        for one in (bot.messages()[-1], result):
            assert (LABEL in str(one.blocks)) is bool(label)
