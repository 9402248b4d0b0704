"""Processes: those of the Procfile on PostgreSQL, one of which is killed while videos render."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.app.checks import open_store
from bot.base.setting_groups import StoreSettings
from sandbox.postgres import running_server
from sandbox.sandbox import Sandbox
from storage.job import Stage
from tests.hardening.attack import Attack, Measured
from tests.support.bot_process import ROOT, BotProcess, bot_process
from tests.support.running_bot import FAST
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import SlackUser

VIDEOS = 6
RENDER_SECONDS = 2.0
MOST_SECONDS = 30.0
"""A lease, and what a busy machine takes for the rest."""
_LINES = dict(re.findall(r"^(\w+): python (.*)$", (ROOT / "Procfile").read_text(), re.MULTILINE))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Formation:
    """A process that listens, and those that work."""

    web: BotProcess
    workers: Sequence[BotProcess]


@asynccontextmanager
async def _formation(
    sandbox: Sandbox, variables: Mapping[str, str], folder: Path
) -> AsyncIterator[_Formation]:
    """Run the processes of one version, after the line that comes before them."""
    release = await asyncio.create_subprocess_exec(
        sys.executable,
        *_LINES["release"].split(),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await release.wait() == 0
    async with AsyncExitStack() as stack:

        async def start(line: str, name: str) -> BotProcess:
            named = {**variables, "PROCESS_NAME": name}
            return await stack.enter_async_context(bot_process(named, folder, _LINES[line].split()))

        web = await start("web", "web")
        workers = [await start("worker", f"worker.{number}") for number in (1, 2)]
        sandbox.deliver_to_port(await web.port())
        for worker in workers:
            await worker.port()
        yield _Formation(web=web, workers=workers)


async def kill_a_worker(folder: Path) -> Measured:
    """Ask for videos, kill one of two workers while they render, and ask for another one."""
    with running_server() as server:
        server.run("CREATE DATABASE formation")
        url = server.url("formation")
        async with running_sandbox(render_seconds=RENDER_SECONDS) as sandbox:
            user = SlackUser(sandbox=sandbox)
            variables = sandbox.environment(socket_mode=False) | FAST | {"DATABASE_URL": url}
            async with _formation(sandbox, variables, folder) as bots:
                for number in range(VIDEOS):
                    await user.type(f"a lake, take {number}")
                await user.until(lambda: len(sandbox.video.charges) == VIDEOS)
                bots.workers[0].process.kill()
                killed_at = time.monotonic()
                await user.type("a boat")
                await _until_delivered(user, VIDEOS + 1)
                seconds = time.monotonic() - killed_at
            charges, posts = len(sandbox.video.charges), len(user.messages())
            replies = len(user.replies())
        delivered, mismatches = await _stored(url)
    return Measured(
        figure=f"{seconds:.0f} s; {charges} charges, {posts} messages, {replies} results",
        held=seconds <= MOST_SECONDS
        and charges == posts == replies == delivered == VIDEOS + 1
        and mismatches == 0,
    )


async def _until_delivered(user: SlackUser, jobs: int) -> None:
    """Wait for as long as the bound allows; what is not there then is counted as missing."""
    try:
        async with asyncio.timeout(MOST_SECONDS):
            while True:
                try:
                    await user.until_delivered(jobs)
                except TimeoutError:
                    continue
                return
    except TimeoutError:
        return


async def _stored(url: str) -> tuple[int, int]:
    """Return how many jobs are delivered, and how many counters of budgets are wrong."""
    store = await open_store(StoreSettings.model_validate({"DATABASE_URL": url}), role=None)
    try:
        counts = await store.jobs.stage_counts()
        return counts[Stage.DELIVERED], len(await store.budgets.mismatches())
    finally:
        await store.close()


ATTACKS = (
    Attack(
        name="one of two workers on PostgreSQL is killed while six videos render",
        bound=f"all of them, and one more, are there within {MOST_SECONDS:.0f} s; one charge, one"
        " message and one result each",
        run=kill_a_worker,
        is_alone=True,
    ),
)
