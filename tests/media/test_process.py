"""Tests of the media process: it bounds what a file can cost, and its death is survived."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.base.errors import RetryLaterError
from bot.media.picture import Unfit, UnfitError
from bot.media.process import MOST_WAITING, MediaProcess
from storage.job import Json
from tests.support.images import empty_png, image_bytes

# Answers as the real one does, and starts in a tenth of the time.
OTHER_CHILD = """
import json, os, sys, time
from bot.media.frames import HEAD, head
source, target = sys.stdin.buffer, sys.stdout.buffer
def answer(fields, data=b""):
    target.write(head(fields, len(data)) + data)
    target.flush()
answer({"ready": True})
while begin := source.read(HEAD.size):
    told, length = HEAD.unpack(begin)
    request, data = json.loads(source.read(told)), source.read(length)
    match request["task"]:
        case "die": os._exit(9)
        case "die once" if not os.path.exists(data):
            open(data, "w").close()
            os._exit(9)
        case "sleep": time.sleep(60)
        case "say too much": target.write(HEAD.pack(9, 2**31)); target.flush()
        case "say nonsense": target.write(HEAD.pack(9, 0) + b"{nonsense"); target.flush()
        case "environment": answer({"names": sorted(os.environ)})
        case _: answer({"task": request["task"]}, data)
"""
COMMAND = (sys.executable, "-S", "-c", OTHER_CHILD)


@asynccontextmanager
async def media_process(
    command: tuple[str, ...] = COMMAND, task_seconds: float = 20.0
) -> AsyncIterator[MediaProcess]:
    """Yield a process that is not started yet; end it."""
    media = MediaProcess(command=command, task_seconds=task_seconds)
    try:
        yield media
    finally:
        await media.close()


@pytest.fixture(autouse=True)
def _typing_extensions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the other child, which reads no site-packages, import the frames."""
    paths = [path for path in sys.path if path]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


async def test_the_child_starts_with_the_first_task_and_serves_the_next_ones() -> None:
    async with media_process() as media:
        first = await media.run("echo", {}, b"abc")
        pid = media.pid
        assert pid is not None
        # More than a pipe holds.
        second = await media.run("echo", {}, bytes(3_000_000))
        assert media.pid == pid
    assert (first.data, first.fields) == (b"abc", {"task": "echo"})
    assert second.data == bytes(3_000_000)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_tasks_at_once_are_done_one_after_the_other() -> None:
    async with media_process() as media:
        answers = await asyncio.gather(*(media.run("echo", {}, bytes([n])) for n in range(9)))
    assert [answer.data[0] for answer in answers] == list(range(9))


async def test_more_tasks_than_the_queue_holds_are_told_to_come_again() -> None:
    async with media_process() as media:
        tasks = [media.run("echo", {}, b"") for _ in range(MOST_WAITING + 3)]
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends if isinstance(end, Exception)] == [RetryLaterError] * 3


@pytest.mark.parametrize("task", ["die", "say too much", "say nonsense"])
async def test_bytes_of_which_the_child_dies_twice_are_unfit_and_the_next_ones_are_served(
    task: str,
) -> None:
    """So are those of which it says what nobody can read, or keep."""
    async with media_process() as media:
        with pytest.raises(UnfitError, match=Unfit.TOO_COSTLY.value):
            await media.run(task, {}, b"")
        assert (await media.run("echo", {}, b"next")).data == b"next"


async def test_a_death_that_does_not_come_again_is_not_blamed_on_the_bytes(tmp_path: Path) -> None:
    async with media_process() as media:
        path = os.fsencode(tmp_path / "died")
        assert (await media.run("die once", {}, path)).data == path


async def test_a_child_that_died_while_idle_is_replaced() -> None:
    async with media_process() as media:
        await media.run("echo", {}, b"")
        pid = media.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert (await media.run("echo", {}, b"next")).data == b"next"
        assert media.pid != pid


async def test_a_task_without_end_is_ended_by_the_deadline() -> None:
    async with media_process(task_seconds=0.1) as media:
        with pytest.raises(UnfitError, match=Unfit.TOO_COSTLY.value):
            await media.run("sleep", {}, b"")
        assert media.pid is None


async def test_a_task_that_is_cancelled_leaves_no_answer_for_the_next() -> None:
    async with media_process() as media:
        await media.run("echo", {}, b"")
        task = asyncio.create_task(media.run("sleep", {}, b""))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await media.run("echo", {}, b"next")).data == b"next"


@pytest.mark.parametrize("command", [(sys.executable, "-c", ""), ("/no/such/program",)])
async def test_a_child_that_does_not_start_blames_no_image(command: tuple[str, ...]) -> None:
    async with media_process(command) as media:
        with pytest.raises(RetryLaterError, match="does not start"):
            await media.run("echo", {}, b"")


async def test_the_child_has_none_of_the_bots_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    async with media_process() as media:
        names = (await media.run("environment", {}, b"")).fields["names"]
    assert isinstance(names, list)
    assert "PATH" in names
    assert not [name for name in names if "SLACK" in str(name)]


async def test_the_real_child_reads_images_in_limited_memory_whatever_a_supervisor_sends() -> None:
    """One child, because a start of the real one takes a fifth of a second."""
    media = MediaProcess()
    fit: Mapping[str, Json] = {"formats": ["jpg"], "shortest_side": 1, "most_bytes": 1_000_000}
    try:
        answer = await media.run("recognise", {}, image_bytes("WEBP"))
        assert answer.fields == {"suffix": "webp", "width": 320, "height": 320, "is_plain": True}
        assert answer.data == b""
        pid = media.pid
        assert pid is not None
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
        made = await media.run("fit", fit, image_bytes("WEBP"))
        assert made.data.startswith(b"\xff\xd8")
        with pytest.raises(UnfitError, match=Unfit.UNREADABLE.value):
            await media.run("recognise", {}, b"%PDF")
        with pytest.raises(UnfitError, match=Unfit.TOO_MANY_PIXELS.value):
            await media.run("fit", fit, empty_png(7100))
        assert media.pid == pid
    finally:
        await media.close()
