"""What a supervisor and a dashboard are told, and with which status."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.app.http import health
from bot.base.metrics import Metrics
from bot.worker.scheduler import Scheduler
from sandbox.slack.faults import Fault, FaultKind
from storage.sqlite.store import SqliteStore
from tests.support.running_bot import running_bot


@dataclass(slots=True)
class Line:
    """The connection to Slack, in the test's hands."""

    up: bool = True

    async def is_connected(self) -> bool:
        return self.up


@dataclass(slots=True, kw_only=True)
class Bot:
    """What health looks at, and somebody who asks."""

    store: SqliteStore
    scheduler: Scheduler
    line: Line = field(default_factory=Line)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, path: str) -> tuple[int, str]:
        """Return the status and the body that `path` answers with."""
        site = web.Application()
        health.register(
            site,
            store=self.store,
            scheduler=self.scheduler,
            metrics=Metrics(),
            connection=self.line,
            stopping=self.stopping,
        )
        async with TestClient(TestServer(site)) as client, client.get(path) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot that is well, but for a scheduler that was made just now and never ticks."""
    store = await SqliteStore.open(str(tmp_path / "jobs.db"))
    yield Bot(store=store, scheduler=Scheduler(lambda _: None, tick_seconds=60))
    await store.close()


async def test_a_bot_that_is_well_is_alive_and_ready(bot: Bot) -> None:
    assert await bot.ask("/healthz") == (200, '{"status": "alive"}')
    assert await bot.ask("/readyz") == (200, '{"status": "ready"}')


async def test_a_scheduler_that_does_not_tick_is_neither(bot: Bot) -> None:
    bot.scheduler = Scheduler(lambda _: None, tick_seconds=0)
    for path in ("/healthz", "/readyz"):
        assert await bot.ask(path) == (503, '{"status": "the clock does not tick"}')


async def test_a_store_that_takes_nothing_is_alive_and_not_ready(bot: Bot) -> None:
    """A restart would not help it, so a supervisor should not try."""
    await bot.store.close()
    assert (await bot.ask("/healthz"))[0] == 200
    assert await bot.ask("/readyz") == (503, '{"status": "the store is closed"}')


async def test_figures_that_cannot_be_read_are_not_told_as_none(bot: Bot) -> None:
    assert 'video_bot_jobs{stage="rendering"} 0.0' in (await bot.ask("/metrics"))[1]
    await bot.store.close()
    assert await bot.ask("/metrics") == (503, "the store is closed\n")


async def test_a_bot_that_slack_cannot_reach_is_alive_and_not_ready(bot: Bot) -> None:
    bot.line.up = False
    assert (await bot.ask("/healthz"))[0] == 200
    assert await bot.ask("/readyz") == (503, '{"status": "not connected to Slack"}')
    bot.line.up = True
    assert (await bot.ask("/readyz"))[0] == 200


async def test_a_bot_that_stops_is_not_ready(bot: Bot) -> None:
    bot.stopping.set()
    assert await bot.ask("/readyz") == (503, '{"status": "stopping"}')


async def test_the_whole_bot_tells_that_its_websocket_is_down() -> None:
    """Slack hangs up and opens no other socket; that it comes back has a test of its own."""
    async with running_bot(socket_mode=True) as bot:
        assert await readiness(bot.service.port) == (200, "ready")
        opening = Fault(kind=FaultKind.ERROR_BEFORE)
        bot.sandbox.slack.faults.add("apps.connections.open", opening, times=100)
        await bot.sandbox.slack.sockets.disconnect()
        async with asyncio.timeout(5):
            while True:
                told = await readiness(bot.service.port)
                if told != (200, "ready"):
                    break
                await asyncio.sleep(0.01)
        assert told == (503, "not connected to Slack")


async def readiness(port: int) -> tuple[int, str]:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/readyz")
    return answer.status_code, answer.json()["status"]
