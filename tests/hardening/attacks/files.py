"""Files and signals: logs that nobody takes, locks, links, stale WALs, and early stops."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

from aiohttp import ClientError, ClientSession

from sandbox.sandbox import Sandbox
from storage.sqlite.connection import connect
from tests.hardening.attack import Attack, Measured
from tests.support.bot_process import ROOT, START_SECONDS, STOP_SECONDS, USUAL
from tests.support.running_bot import FAST
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import SlackUser

POLL_SECONDS = 0.02
SLACK_SECONDS = 3.0
"""How long Slack waits for an acknowledgement."""
STOPPED_SECONDS = 25.0
STOPS = 6
NAMED_PATHS = ("-wal", "-shm")


@asynccontextmanager
async def process(
    sandbox: Sandbox, stderr: int, **variables: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the bot with its standard error on a file descriptor; kill it in the end."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **USUAL, **FAST}
    environment |= sandbox.environment(socket_mode=False) | variables
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", cwd=sandbox.folder, env=environment, stderr=stderr
    )
    try:
        yield bot
    finally:
        with suppress(ProcessLookupError):
            bot.kill()
        await bot.wait()


async def serving(sandbox: Sandbox, port: int) -> None:
    """Wait until the bot on this port is ready, and let Slack deliver to it."""
    async with ClientSession() as session, asyncio.timeout(START_SECONDS):
        while True:
            with suppress(ClientError):
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.ok:
                        break
            await asyncio.sleep(POLL_SECONDS)
    sandbox.deliver_to_port(port)


async def lost_lines(port: int) -> int:
    """Return how many lines of its log the bot says to have lost."""
    async with (
        ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as answer,
    ):
        lines = (await answer.text()).splitlines()
    counts = (line.split()[-1] for line in lines if line.startswith("video_bot_log_lines_lost_t"))
    return round(sum(map(float, counts)))


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


async def stopped(bot: asyncio.subprocess.Process) -> tuple[int, float]:
    """Send SIGTERM; return the exit code, and after how many seconds."""
    began = time.monotonic()
    bot.send_signal(signal.SIGTERM)
    async with asyncio.timeout(STOP_SECONDS):
        code = await bot.wait()
    return code, time.monotonic() - began


def full_disk() -> int:
    """Return a stream on which no byte fits."""
    return os.open("/dev/full", os.O_WRONLY)


def closed_pipe() -> int:
    """Return a stream whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def unread_pipe() -> int:
    """Return a pipe that is full, with a reader that stands still until this process ends."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4096)
    _KEPT.append(reader)
    return writer


_KEPT: list[int] = []
"""The readers' ends, which must stay open."""


async def log_nowhere(stream: Callable[[], int], *, may_wait: bool) -> Measured:
    """Run a job with the log on such a stream.

    `may_wait`: the lines wait for the reader, so none is lost yet.
    """
    port, descriptor = free_port(), stream()
    async with (
        running_sandbox(render_seconds=0.2) as sandbox,
        process(sandbox, descriptor, PORT=str(port), LOG_LEVEL="debug") as bot,
    ):
        os.close(descriptor)
        await serving(sandbox, port)
        people = SlackUser(sandbox=sandbox)
        began = time.monotonic()
        await people.type("a lake at dawn")
        acknowledged = time.monotonic() - began
        await people.until_delivered()
        lost = await lost_lines(port)
        charges = len(sandbox.video.charges)
        code, seconds = await stopped(bot)
    figure = (
        f"acknowledged after {acknowledged * 1000:.0f} ms, {charges} charge, {lost} lines counted"
        f" as lost, exit code {code} after {seconds:.1f} s"
    )
    held = acknowledged < SLACK_SECONDS and charges == 1 and code == 0
    return Measured(
        figure=figure, held=held and seconds < STOPPED_SECONDS and (may_wait or lost > 0)
    )


async def full_log(_folder: Path) -> Measured:
    """Log to a full disk."""
    return await log_nowhere(full_disk, may_wait=False)


async def closed_log(_folder: Path) -> Measured:
    """Log to nobody."""
    return await log_nowhere(closed_pipe, may_wait=False)


async def unread_log(_folder: Path) -> Measured:
    """Log to somebody who does not read."""
    return await log_nowhere(unread_pipe, may_wait=True)


async def keep_the_lock(_folder: Path) -> Measured:
    """Ask three times while an operator's shell is inside a transaction, and once after it."""
    port = free_port()
    async with (
        running_sandbox(render_seconds=0.2) as sandbox,
        process(sandbox, asyncio.subprocess.DEVNULL, PORT=str(port)),
    ):
        await serving(sandbox, port)
        people = SlackUser(sandbox=sandbox)
        with closing(connect(str(sandbox.folder / "video-bot.db"))) as shell:
            shell.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            deliveries = await asyncio.gather(
                *(people.type(f"a lake, take {take}") for take in range(3))
            )
            seconds = time.monotonic() - began
            told = sum("nothing was charged" in str(one.acks[-1].body) for one in deliveries)
            shell.execute("ROLLBACK")
        charges = len(sandbox.video.charges)
        await people.type("a lake, at last")
        await people.until_delivered()
    figure = f"{told} of 3 told after {seconds:.1f} s at most, {charges} charges; then as ever"
    return Measured(figure=figure, held=told == 3 and seconds < SLACK_SECONDS and charges == 0)


async def open_by_another_name(_folder: Path) -> Measured:
    """Start a second process on a hard link and one on a symbolic link of the first one's file."""
    port = free_port()
    refused = 0
    async with (
        running_sandbox() as sandbox,
        process(sandbox, asyncio.subprocess.DEVNULL, PORT=str(port)),
    ):
        await serving(sandbox, port)
        file = sandbox.folder / "video-bot.db"
        links = [file.with_name("hard.db"), file.with_name("symbolic.db")]
        links[0].hardlink_to(file)
        links[1].symlink_to(file)
        for link in links:
            code, said = await outcome(sandbox, DATABASE_URL=f"sqlite:///{link}")
            refused += code == 1 and "in use by another process" in said
    return Measured(figure=f"{refused} of 2 refused, by name", held=refused == 2)


async def restore_beside_a_wal(_folder: Path) -> Measured:
    """Kill the bot, put an earlier copy in the place of its file, and start it; then tidy up."""
    port = free_port()
    async with running_sandbox(render_seconds=0.2) as sandbox:
        file = sandbox.folder / "video-bot.db"
        async with process(sandbox, asyncio.subprocess.DEVNULL, PORT=str(port)) as bot:
            await serving(sandbox, port)
            copy = sandbox.folder / "copy.db"
            backup = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "backup", str(copy), cwd=sandbox.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{file}"},
                stdout=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            await backup.wait()
            await SlackUser(sandbox=sandbox).type("a lake")
            bot.kill()
            await bot.wait()
        shutil.copy(copy, file)
        code, said = await outcome(sandbox)
        names = all(f"{file}{end}" in said for end in NAMED_PATHS)
        for end in NAMED_PATHS:
            Path(f"{file}{end}").unlink()
        async with process(sandbox, asyncio.subprocess.DEVNULL, PORT=str(port)) as bot:
            await serving(sandbox, port)
            end_code, _ = await stopped(bot)
    figure = f"exit code {code}, both files named; without them it starts"
    return Measured(figure=figure, held=code == 1 and names and end_code == 0)


async def outcome(sandbox: Sandbox, **variables: str) -> tuple[int, str]:
    """Start a bot that ends by itself; return its exit code and what it said."""
    async with process(sandbox, asyncio.subprocess.PIPE, **variables) as bot:
        async with asyncio.timeout(START_SECONDS):
            _, said = await bot.communicate()
        return bot.returncode or 0, said.decode()


async def stop_early(_folder: Path) -> Measured:
    """Send SIGTERM in the first second, as soon as the program's first line has run and later."""
    codes: list[int] = []
    slowest = 0.0
    async with running_sandbox() as sandbox:
        for number in range(STOPS):
            url = f"sqlite:///{sandbox.folder / f'{number}.db'}"
            async with process(sandbox, asyncio.subprocess.DEVNULL, DATABASE_URL=url) as bot:
                await until_watching(bot.pid)
                await asyncio.sleep(number / STOPS)
                code, seconds = await stopped(bot)
                codes.append(code)
                slowest = max(slowest, seconds)
    figure = f"{codes.count(0)} of {STOPS} ended with 0, the slowest after {slowest:.1f} s"
    return Measured(figure=figure, held=set(codes) == {0} and slowest < STOPPED_SECONDS)


async def until_watching(pid: int) -> None:
    """Wait until a process handles SIGTERM: https://man7.org/linux/man-pages/man5/proc.5.html."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
            caught = int(status.split("SigCgt:")[1].split()[0], 16)
            if caught >> (signal.SIGTERM - 1) & 1:
                return
            await asyncio.sleep(0.001)


ATTACKS = (
    Attack(
        name="the log is on a full disk",
        bound="one charge, acknowledged within 3 s, lines counted, exit code 0",
        run=full_log,
        is_alone=True,
    ),
    Attack(
        name="the log's reader has gone",
        bound="one charge, acknowledged within 3 s, lines counted, exit code 0",
        run=closed_log,
        is_alone=True,
    ),
    Attack(
        name="the log's reader stands still",
        bound="one charge, acknowledged within 3 s, exit code 0 within 25 s",
        run=unread_log,
        is_alone=True,
    ),
    Attack(
        name="another program keeps the write lock",
        bound="everybody told within 3 s, nothing charged, nothing to do after it",
        run=keep_the_lock,
        is_alone=True,
    ),
    Attack(
        name="a second process opens the store by a hard or symbolic link",
        bound="refused",
        run=open_by_another_name,
    ),
    Attack(
        name="a restore beside the WAL of the lost file",
        bound="refused, with the files to remove",
        run=restore_beside_a_wal,
    ),
    Attack(
        name=f"SIGTERM at {STOPS} moments of the first second",
        bound="exit code 0 within 25 s",
        run=stop_early,
        is_alone=True,
    ),
)
