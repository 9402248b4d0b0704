"""Posters: videos that are none, that end early, or that take much to decode, one after another."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path

import av
import httpx

from bot.media.film_worker import MOST_MEMORY
from sandbox.mindvideo.files import PACKAGED_MEDIA
from tests.hardening.attack import Attack, Measured
from tests.hardening.attacks.images import children_of, memory_of
from tests.support.bot_process import bot_process
from tests.support.http_client import http_client
from tests.support.running_bot import FAST
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import SlackUser

MEGABYTE = 1024 * 1024
MOST_GROWN = 50
MOST_OF_CHILD = MOST_MEMORY // MEGABYTE + 80
"""Megabytes: its data, and the libraries' code, which other processes share."""
LONGEST_ANSWER = 2.0
"""Seconds: on a busy machine each process waits for a processor."""

SUNSET = (PACKAGED_MEDIA / "sunset-16x9.mp4").read_bytes()
BEGIN = SUNSET[:32]


async def bring_hostile_videos(folder: Path) -> Measured:
    """Let MindVideo make videos that cannot be read, or that take too much; all are delivered."""
    hostile = hostile_videos(folder)
    media = folder / "media"
    media.mkdir()
    grown, of_child, slowest, posters = 0, 0, 0.0, 0
    async with running_sandbox(render_seconds=0.2, media_dir=media) as sandbox:
        variables = sandbox.environment(socket_mode=False) | FAST | {"POSTERS": "yes"}
        async with bot_process(variables, folder) as bot, http_client() as client:
            port = await bot.port()
            sandbox.deliver_to_port(port)
            user = SlackUser(sandbox=sandbox)
            before = memory_of(bot.pid)
            for number, video in enumerate(hostile.values(), start=1):
                (media / "sunset-16x9.mp4").write_bytes(video)
                await user.type(f"a lake of {number}")
                await user.until_delivered(number)
                end = time.monotonic() + 1.5
                while time.monotonic() < end:
                    slowest = max(slowest, await answer_seconds(client, port))
                    of_child = max([of_child, *map(peak_of, children_of(bot.pid))])
                    await asyncio.sleep(0.02)
            # The last one is in order, and has its poster after all that came before it.
            await user.until(lambda: "slack_file" in str(user.messages()[-1].blocks))
            grown = memory_of(bot.pid) - before
            posters = sum("slack_file" in str(said.blocks) for said in user.messages())
            delivered = len(user.replies())
    figure = (
        f"{delivered} of {len(hostile)} delivered, {posters} with a poster; the bot grew by "
        f"{grown} MB, the largest child had {of_child} MB, /healthz answered within {slowest:.2f} s"
    )
    held = (
        delivered == len(hostile)
        and grown <= MOST_GROWN
        and of_child <= MOST_OF_CHILD
        and slowest <= LONGEST_ANSWER
    )
    return Measured(figure=figure, held=held)


def hostile_videos(folder: Path) -> Mapping[str, bytes]:
    """Return videos by what is wrong with them; the last one is in order."""
    large = folder / "large.mp4"
    # As many earlier frames as a decoder has to keep, each of 14 MB.
    write_video(large, (4096, 2304), 40, "ref=16:bframes=8:b-pyramid=normal:keyint=400")
    return {
        "no video": b"%PDF-1.7" + os.urandom(1000),
        "a list of addresses": BEGIN + b"#EXTM3U\nhttp://127.0.0.1:9/\n",
        "cut off": SUNSET[: len(SUNSET) // 50],
        "garbage": SUNSET[:2000] + os.urandom(len(SUNSET)),
        "a hundred megabytes of nothing": SUNSET[:4000] + bytes(100 * MEGABYTE),
        "frames of nine megapixels": large.read_bytes(),
        "in order": SUNSET,
    }


def write_video(path: Path, size: tuple[int, int], frames: int, how: str) -> None:
    """Write a video of H.264 without a picture in it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=24, options={"preset": "ultrafast", "x264-params": how}
        )
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame(*size, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for number in range(frames):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


async def answer_seconds(client: httpx.AsyncClient, port: int) -> float:
    """Return how long the bot takes to say that it lives."""
    began = time.monotonic()
    await client.get(f"http://127.0.0.1:{port}/healthz")
    return time.monotonic() - began


def peak_of(pid: int) -> int:
    """Return the most memory that a child has had; one that has just ended has none."""
    try:
        return memory_of(pid)
    except (OSError, ValueError):
        return 0


ATTACKS = (
    Attack(
        name="seven videos: none, cut off, garbage, 100 MB of nothing, 9 megapixels with 16 kept",
        bound=f"each is delivered; the bot grows by at most {MOST_GROWN} MB, its child has at most "
        f"{MOST_OF_CHILD} MB",
        run=bring_hostile_videos,
        is_alone=True,
    ),
)
