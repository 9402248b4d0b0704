"""Measures how much memory a large video takes on its way from MindVideo to Slack."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from bench.measurement import Measurement
from bench.process import MIB, clear_peak, resident_memory
from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.mindvideo.files import PACKAGED_MEDIA
from tests.support.bot_process import bot_process
from tests.support.running_bot import FAST
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import SlackUser

LARGE_BYTES = 200 * MIB
GOAL_BYTES = 24 * MIB
RENDER_SECONDS = 0.2
SMALL, LARGE = "1:1", "16:9"


async def measure() -> list[Measurement]:
    """Return the memory added by a file of known length, and by one of unknown length."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        media = Path(folder)
        await asyncio.to_thread(_make_media, media)
        sized = await _added(media, unsized=False)
        unsized = await _added(media, unsized=True)
    return [
        _measurement("memory added while 200 MiB pass, length known", sized),
        _measurement("the same, length unknown (by way of a temporary file)", unsized),
    ]


async def _added(media: Path, *, unsized: bool) -> int:
    """Return by how many bytes the bot's peak exceeds its memory before the large file."""
    async with running_sandbox(render_seconds=RENDER_SECONDS, media_dir=media) as sandbox:
        user = SlackUser(sandbox=sandbox)
        variables = sandbox.environment(socket_mode=False) | FAST
        async with bot_process(variables, sandbox.folder) as bot:
            sandbox.deliver_to_port(await bot.port())
            await user.type(f"a small one --aspect-ratio {SMALL}")
            await user.until_delivered(1)
            before = resident_memory(bot.pid).now
            clear_peak(bot.pid)
            if unsized:
                sandbox.video.fail(Fault(call=Call.FILE, kind=FaultKind.FILE_UNSIZED, times=None))
            await user.type(f"a large one --aspect-ratio {LARGE}")
            await user.until_delivered(2)
            after = resident_memory(bot.pid)
        (large,) = (
            file for file in sandbox.slack.world.files.files.values() if file.size == LARGE_BYTES
        )
        assert large.shares
    return after.peak - before


def _make_media(folder: Path) -> None:
    small = PACKAGED_MEDIA / f"sunset-{SMALL.replace(':', 'x')}.mp4"
    (folder / small.name).write_bytes(small.read_bytes())
    with (folder / f"sunset-{LARGE.replace(':', 'x')}.mp4").open("wb") as file:
        file.truncate(LARGE_BYTES)


def _measurement(label: str, added: int) -> Measurement:
    return Measurement(
        label=label,
        value=f"{added / MIB:.1f} MiB",
        goal=f"< {GOAL_BYTES // MIB} MiB",
        met=added < GOAL_BYTES,
    )
