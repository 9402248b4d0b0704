"""The processes of the Procfile on one PostgreSQL, and the processor time that each has used."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from bench.process import family_seconds, processor_seconds
from bench.trials import RunFailedError
from sandbox.postgres import Server
from sandbox.sandbox import Sandbox
from tests.support.bot_process import ROOT, BotProcess, bot_process

WEB = "web"
DATABASE = "database"
SIMULATED = "simulated services"
# As in the units for systemd: who waits for an answer goes first, and work last.
_WEB_NICE = -5
_WORKER_NICE = 15


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
    """Run the processes on tables that are made, and yield them by name once all listen.

    Raises `PermissionError` for a user who may not let a process go before others, as root may.
    """
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
        own = os.getpriority(os.PRIO_PROCESS, 0)
        for name, bot in bots.items():
            await bot.port()
            nice = _WEB_NICE if name == WEB else _WORKER_NICE
            os.setpriority(os.PRIO_PROCESS, bot.pid, own + nice)
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
