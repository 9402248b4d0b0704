"""Images: bombs of a megabyte that decode to hundreds, six at once."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

from sandbox.slack.entities import ANA, BOT, GENERAL
from tests.hardening.attack import Attack, Measured
from tests.support.bot_process import bot_process
from tests.support.images import empty_png, image_bytes
from tests.support.running_bot import FAST
from tests.support.sandbox import running_sandbox
from tests.support.slack_sandbox import chunks_of
from tests.support.slack_user import SlackUser

BOMBS = 6
SIDE = 7_000
"""Just below the limit on pixels: 200 MB, decoded."""
MEGABYTE = 1024 * 1024
MOST_GROWN = 50
MOST_OF_CHILD = 320
"""Megabytes: 256 of data, and the libraries' code, which other processes share."""


async def decode_bombs(folder: Path) -> Measured:
    """Attach six bombs at once; every job ends, and an ordinary image is sent after them."""
    data = padded(empty_png(SIDE, rows=SIDE), MEGABYTE)
    async with running_sandbox(render_seconds=0.2) as sandbox:
        variables = sandbox.environment(socket_mode=False) | FAST
        async with bot_process(variables, folder) as bot:
            sandbox.deliver_to_port(await bot.port())
            user = SlackUser(sandbox=sandbox)
            await attach(user, image_bytes("WEBP"))
            await until_answered(user, 1)
            before, began = memory_of(bot.pid), time.perf_counter()
            child = children_of(bot.pid)
            await asyncio.gather(*(attach(user, data) for _ in range(BOMBS)))
            await until_answered(user, 1 + BOMBS)
            seconds = time.perf_counter() - began
            grown = memory_of(bot.pid) - before
            of_child = max(memory_of(pid) for pid in {*child, *children_of(bot.pid)})
    figure = (
        f"the bot grew by {grown} MB, its media process had {of_child} MB; "
        f"all was answered after {seconds:.1f} s"
    )
    return Measured(figure=figure, held=grown <= MOST_GROWN and of_child <= MOST_OF_CHILD)


def padded(png: bytes, size: int) -> bytes:
    """Return a PNG of this size: behind its end stands what does not compress."""
    return png + os.urandom(size - len(png))


async def attach(user: SlackUser, data: bytes) -> None:
    """Mention the bot with an image."""
    files, people = user.sandbox.slack.world.files, user.sandbox.slack.people
    file = await files.put(name="cat.png", owner=ANA, chunks=chunks_of(data))
    await people.message(ANA, GENERAL, f"<@{BOT}> a lake {file.id}", files=[file.id])


async def until_answered(user: SlackUser, jobs: int) -> None:
    """Wait until so many jobs are done, or refused because of their image."""

    def answered() -> bool:
        done = [said for said in user.replies() if said.user == BOT and "Done in" in said.text]
        refused = [said for said in user.ephemerals() if "cat.png" in said.text]
        return len(done) + len(refused) >= jobs

    async with asyncio.timeout(60):
        while not answered():  # noqa: ASYNC110 - the replies of two kinds
            await asyncio.sleep(0.1)


def memory_of(pid: int) -> int:
    """Return the most memory that a process has had resident, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def children_of(pid: int) -> set[int]:
    """Return the IDs of the processes that a process has started."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
            number, _, rest = stat.read_text(encoding="utf-8").partition(" (")
            if int(rest.rpartition(") ")[2].split()[1]) == pid:
                found.add(int(number))
    return found


ATTACKS = (
    Attack(
        name="six images of one megabyte, each of 49 megapixels of 16 bits, at once",
        bound=f"the bot grows by at most {MOST_GROWN} MB, each image is sent or refused",
        run=decode_bombs,
    ),
)
