"""The processes of the Procfile on one PostgreSQL, and the processor time that each has used."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from bench.process import family_seconds, processor_seconds
from bench.trials import RunFailedError
from sandbox.postgres import Server, running_server
from sandbox.sandbox import Sandbox
from tests.support.bot_process import ROOT, BotProcess, bot_process

WEB = "web"
DATABASE = "database"
SIMULATED = "simulated services"
# The units for systemd let `web` go before the database, and that before workers. The same order is
# made here by letting the others wait, which takes no privilege.
_DATABASE_NICE = 0
_WORKER_NICE = 5


@contextmanager
def running_database() -> Iterator[Server]:
    """Run a server that the processes of a formation are to use. Raises `PostgresMissingError`."""
    with running_server() as server:
        _set_nice(server.pid, _DATABASE_NICE)
        yield server


def _set_nice(pid: int, nice: int) -> None:
    """Let a process, and those that it starts from now on, be so much nicer than this one."""
    os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, 0) + nice)


async def make_tables(sandbox: Sandbox, url: str) -> None:
    """Do what the Procfile's `release` does. Raises `RunFailedError`."""
    environment = sandbox.environment(socket_mode=False) | {"DATABASE_URL": url}
    release = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "migrate"),
        cwd=sandbox.folder,
        env={"PYTHONPATH": str(ROOT), **environment},
    )
    if await release.wait():
        raise RunFailedError("the tables were not made")


@asynccontextmanager
async def running_formation(
    sandbox: Sandbox,
    url: str,
    *,
    workers: int,
    with_web: bool = True,
    variables: Mapping[str, str],
) -> AsyncIterator[dict[str, BotProcess]]:
    """Run the processes on tables that are made, and yield them by name once all listen."""
    environment = {
        **sandbox.environment(socket_mode=False),
        **variables,
        "DATABASE_URL": url,
    }
    async with AsyncExitStack() as stack:

        async def start(name: str, command: str) -> BotProcess:
            named = environment | {"PROCESS_NAME": name}
            return await stack.enter_async_context(
                bot_process(named, sandbox.folder, ("-m", "bot", command))
            )

        bots = {WEB: await start(WEB, "web")} if with_web else {}
        for number in range(1, workers + 1):
            bots[f"worker {number}"] = await start(f"worker.{number}", "worker")
        for name, bot in bots.items():
            await bot.port()
            if name == WEB:
                _set_nice(bot.pid, -5)
            if name != WEB:
                _set_nice(bot.pid, _WORKER_NICE)
        yield bots


def used_seconds(bots: Mapping[str, BotProcess], server: Server) -> dict[str, float]:
    """Return the processor time that each part has used so far.

    The simulated services are in this process.
    """
    return {
        **{name: processor_seconds(bot.pid) for name, bot in bots.items()},
        DATABASE: family_seconds(server.pid),
        SIMULATED: processor_seconds(os.getpid()),
    }
