"""The lines of the Procfile as processes, over real HTTP: what one of them leaves, others end."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.app.checks import open_store
from bot.base.setting_groups import StoreSettings
from sandbox.sandbox import Sandbox
from storage.job import Stage
from tests.support.bot_process import ROOT, BotProcess, bot_process
from tests.support.postgres import Server
from tests.support.running_bot import FAST
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import SlackUser

VIDEOS = 6
RENDER_SECONDS = 2.0
LINES = dict(re.findall(r"^(\w+): python (.*)$", (ROOT / "Procfile").read_text(), re.MULTILINE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Formation:
    """A process that listens, and those that work."""

    web: BotProcess
    workers: Sequence[BotProcess]


@pytest.fixture
def url(postgres: Server) -> object:
    """The address of a database without tables."""
    postgres.run("CREATE DATABASE formation")
    yield postgres.url("formation")
    postgres.run("DROP DATABASE formation WITH (FORCE)")


async def release(variables: Mapping[str, str], folder: Path) -> None:
    """Run the line that comes before the processes of a version."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *LINES["release"].split(), cwd=folder, env={**BASE, **variables}
    )
    assert await process.wait() == 0


BASE = {"PYTHONPATH": str(ROOT)}


@asynccontextmanager
async def formation(
    sandbox: Sandbox, variables: Mapping[str, str], folder: Path, *, workers: int
) -> AsyncIterator[Formation]:
    """Run the processes of one version."""
    await release(variables, folder)
    async with AsyncExitStack() as stack:

        async def start(line: str, name: str) -> BotProcess:
            environment = {**variables, "PROCESS_NAME": name}
            return await stack.enter_async_context(
                bot_process(environment, folder, LINES[line].split())
            )

        web = await start("web", "web")
        working = [await start("worker", f"worker.{number}") for number in range(workers)]
        sandbox.deliver_to_port(await web.port())
        for worker in working:
            await worker.port()
        yield Formation(web=web, workers=working)


@pytest.mark.proof
async def test_a_worker_that_is_killed_loses_nothing(url: str, tmp_path: Path) -> None:
    """Others take over what it held; each video is charged once, posted once, delivered once."""
    async with running_sandbox(render_seconds=RENDER_SECONDS) as sandbox:
        user = SlackUser(sandbox=sandbox)
        variables = sandbox.environment(socket_mode=False) | FAST | {"DATABASE_URL": url}
        async with formation(sandbox, variables, tmp_path, workers=2) as bots:
            for number in range(VIDEOS):
                await user.type(f"a lake, take {number}")
            await user.until(lambda: len(sandbox.video.charges) == VIDEOS)
            bots.workers[0].process.kill()
            await user.type("a boat")
            await user.until_delivered(VIDEOS + 1)
            assert bots.web.process.returncode is None
            lines = [*bots.web.lines, *bots.workers[1].lines]
        assert len(sandbox.video.charges) == VIDEOS + 1
        assert len(user.messages()) == len(user.replies()) == VIDEOS + 1
    store = await open_store(StoreSettings.model_validate({"DATABASE_URL": url}), role=None)
    assert (await store.jobs.stage_counts())[Stage.DELIVERED] == VIDEOS + 1
    assert await store.budgets.mismatches() == []
    await store.close()
    assert not [line for line in lines if '"error"' in line or '"critical"' in line]
