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

WEB, WORKER = "web", "worker"
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
    webs: int = 1,
    workers: int,
    variables: Mapping[str, str],
) -> AsyncIterator[dict[str, BotProcess]]:
    """Run the processes on tables that are made, and yield them by name once all listen.

    The names are `web`, `web 2` …, `worker`, `worker 2` ….
    Raises `PermissionError` for a user who may not let a process go before others, as root may.
    """
    environment = {
        **sandbox.environment(socket_mode=False),
        **variables,
        "DATABASE_URL": url,
    }
    async with AsyncExitStack() as stack:
        own = os.getpriority(os.PRIO_PROCESS, 0)
        bots: dict[str, BotProcess] = {}
        for command, count, nice in ((WEB, webs, _WEB_NICE), (WORKER, workers, _WORKER_NICE)):
            for number in range(1, count + 1):
                name = command if number == 1 else f"{command} {number}"
                named = environment | {"PROCESS_NAME": name}
                bots[name] = await stack.enter_async_context(
                    bot_process(named, sandbox.folder, ("-m", "bot", command))
                )
                os.setpriority(os.PRIO_PROCESS, bots[name].pid, own + nice)
        for bot in bots.values():
            await bot.port()
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
