"""Tests of the health endpoints: status and body of `/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pysqlite3
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.app.http import health
from bot.app.http.health import Kept
from bot.base.metrics import Metrics
from bot.slack.manifest import EVENTS_PATH
from bot.worker.scheduler import Scheduler
from sandbox.slack.faults import Fault, FaultKind
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter, StoreError
from tests.support.http_client import http_client
from tests.support.running_bot import running_bot
from tests.support.signed import signed
from tests.support.store_samples import ACCEPTED, NOW, a_job


@dataclass(slots=True)
class FakeConnection:
    """A connection to Slack whose state the test sets."""

    up: bool = True

    async def is_connected(self) -> bool:
        return self.up


@dataclass(slots=True, kw_only=True)
class HealthHarness:
    """The parts that the health endpoints read, and a client of the endpoints."""

    store: SqliteStore
    scheduler: Scheduler
    connection: FakeConnection = field(default_factory=FakeConnection)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def get(self, path: str) -> tuple[int, str]:
        """Return the status and the body of a GET request to `path`."""
        site = web.Application()
        health.register(
            site,
            store=self.store,
            scheduler=self.scheduler,
            metrics=Metrics(),
            connection=self.connection,
            slack=None,
            stopping=self.stopping,
            now=lambda: NOW + 60,
        )
        async with TestClient(TestServer(site)) as client, client.get(path) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[HealthHarness]:
    """A ready bot whose scheduler has just been created and never ticks."""
    store = await SqliteStore.open(str(tmp_path / "jobs.db"))
    yield HealthHarness(store=store, scheduler=Scheduler(lambda _: None, tick_seconds=60))
    await store.close()


async def test_a_running_bot_is_alive_and_ready(harness: HealthHarness) -> None:
    assert await harness.get("/healthz") == (200, '{"status": "alive"}')
    assert await harness.get("/readyz") == (200, '{"status": "ready"}')


async def test_a_bot_whose_scheduler_does_not_tick_is_neither_alive_nor_ready(
    harness: HealthHarness,
) -> None:
    harness.scheduler = Scheduler(lambda _: None, tick_seconds=0)
    for path in ("/healthz", "/readyz"):
        assert await harness.get(path) == (503, '{"status": "the clock does not tick"}')


async def test_a_bot_whose_store_is_closed_is_alive_and_not_ready(harness: HealthHarness) -> None:
    """A restart would not repair the store, so the liveness check must not fail."""
    await harness.store.close()
    assert (await harness.get("/healthz"))[0] == 200
    assert await harness.get("/readyz") == (503, '{"status": "the store is closed"}')


async def test_metrics_answer_503_when_the_store_cannot_be_read(harness: HealthHarness) -> None:
    assert 'video_bot_jobs{stage="rendering"} 0.0' in (await harness.get("/metrics"))[1]
    await harness.store.close()
    assert await harness.get("/metrics") == (503, "the store is closed\n")


async def test_a_bot_without_a_connection_is_alive_and_not_ready(harness: HealthHarness) -> None:
    harness.connection.up = False
    assert (await harness.get("/healthz"))[0] == 200
    assert await harness.get("/readyz") == (503, '{"status": "not connected to Slack"}')
    harness.connection.up = True
    assert (await harness.get("/readyz"))[0] == 200


async def test_a_row_that_cannot_be_read_is_told_and_takes_no_bot_out_of_service(
    harness: HealthHarness, tmp_path: Path
) -> None:
    await harness.store.jobs.insert(a_job(), ACCEPTED)
    with closing(pysqlite3.connect(str(tmp_path / "jobs.db"))) as db, db:
        db.execute("UPDATE jobs SET names = 'x'")
    assert await harness.store.jobs.jobs(JobFilter()) == []
    told = "1 row of the store cannot be read: see `jobs list`"
    assert await harness.get("/readyz") == (200, f'{{"status": "ready", "detail": "{told}"}}')
    assert "video_bot_rows_unreadable 1.0" in (await harness.get("/metrics"))[1]


async def test_metrics_tell_how_long_the_oldest_job_waits(harness: HealthHarness) -> None:
    await harness.store.jobs.insert(replace(a_job(), due_at=NOW + 18), ACCEPTED)
    text = (await harness.get("/metrics"))[1]
    assert 'video_bot_oldest_due_seconds{stage="accepted"} 42.0' in text
    assert 'video_bot_oldest_due_seconds{stage="rendering"} 0.0' in text


async def test_a_job_that_nobody_works_on_is_told_and_takes_no_bot_out_of_service(
    harness: HealthHarness,
) -> None:
    """Such as where processes that answer are started, and none that works."""
    await harness.store.jobs.insert(replace(a_job(), due_at=NOW + 1), ACCEPTED)
    assert await harness.get("/readyz") == (200, '{"status": "ready"}')
    await harness.store.jobs.insert(replace(a_job(2), due_at=NOW - 15), ACCEPTED)
    told = "a job has been due for 75 s: does a worker run?"
    assert await harness.get("/readyz") == (200, f'{{"status": "ready", "detail": "{told}"}}')


async def test_a_stopping_bot_is_not_ready(harness: HealthHarness) -> None:
    harness.stopping.set()
    assert await harness.get("/readyz") == (503, '{"status": "stopping"}')


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


async def test_the_store_is_asked_once_for_all_who_ask_within_a_second() -> None:
    calls: list[float] = []
    clock = Clock()

    async def count() -> int:
        calls.append(clock.now)
        await asyncio.sleep(0)
        return len(calls)

    kept = Kept(count, seconds=1.0, now=clock)
    assert await asyncio.gather(*(kept.get() for _ in range(50))) == [1] * 50
    clock.now += 0.9
    assert await kept.get() == 1
    clock.now += 0.1
    assert await kept.get() == 2


async def test_a_failure_of_the_store_is_kept_for_a_second_only() -> None:
    """It is soon seen that the store works again; that it works is believed for longer."""
    clock = Clock()
    outcomes: list[StoreError | None] = [StoreError("the disk is full"), None]

    async def probe() -> None:
        if (error := outcomes.pop(0)) is not None:
            raise error

    kept = Kept(probe, seconds=10.0, now=clock)
    assert [str(await kept.get()), str(await kept.get())] == ["the disk is full"] * 2
    clock.now += 1.0
    assert await kept.get() is None
    clock.now += 9.9
    assert await kept.get() is None
    assert outcomes == []


async def test_readiness_asked_often_writes_once() -> None:
    async with running_bot() as bot, http_client() as client:
        url = f"http://127.0.0.1:{bot.service.port}"
        [file] = bot.sandbox.folder.glob("*.db-wal")
        await client.get(f"{url}/readyz")
        size = file.stat().st_size
        for _ in range(20):
            assert (await client.get(f"{url}/readyz")).json() == {"status": "ready"}
            assert (await client.get(f"{url}/metrics")).status_code == 200
        assert file.stat().st_size == size


async def test_readiness_tells_of_a_secret_that_may_be_wrong_and_stays_ready() -> None:
    """Anybody can send a wrong signature, so it takes no bot out of service."""
    async with running_bot() as bot, http_client() as client:
        url = f"http://127.0.0.1:{bot.service.port}"
        headers = signed("another secret", b"{}")
        answer = await client.post(f"{url}{EVENTS_PATH}", content=b"{}", headers=headers)
        assert answer.status_code == 401
        ready = await client.get(f"{url}/readyz")
        assert ready.status_code == 200
        assert "SLACK_SIGNING_SECRET" in ready.json()["detail"]
        metrics = (await client.get(f"{url}/metrics")).text
        assert 'video_bot_requests_refused_total{reason="signature"} 1.0' in metrics
        assert "video_bot_connections 1.0" in metrics
        await bot.type("help")
        assert (await client.get(f"{url}/readyz")).json() == {"status": "ready"}


async def test_the_whole_bot_is_not_ready_while_its_websocket_is_closed() -> None:
    """Slack closes the socket and opens no other."""
    async with running_bot(socket_mode=True) as bot:
        assert await readiness(bot.service.port) == (200, "ready")
        opening = Fault(kind=FaultKind.ERROR_BEFORE)
        bot.sandbox.slack.faults.add("apps.connections.open", opening, times=100)
        await bot.sandbox.slack.sockets.disconnect()
        async with asyncio.timeout(5):
            while True:
                status = await readiness(bot.service.port)
                if status != (200, "ready"):
                    break
                await asyncio.sleep(0.01)
        assert status == (503, "not connected to Slack")


async def readiness(port: int) -> tuple[int, str]:
    """Return the status code and the status text of `/readyz`."""
    async with http_client() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/readyz")
    return answer.status_code, answer.json()["status"]
