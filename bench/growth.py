"""Measures each call that a bot makes all the time beside millions of finished jobs.

`python -m bench.growth [MILLIONS…]`, such as `0 1 5`; five million take some 15 GB of disk and ten
minutes. One table for each kind of store, with the ratio to a new one.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psycopg
import pysqlite3
from tabulate import tabulate

from sandbox.postgres import running_server
from storage.job import Event, EventName, Forecast, ForecastKind, Job, Outcome, Price, Stage
from storage.postgres.store import PostgresStore
from storage.sqlite.store import SqliteStore
from storage.store import LEASE_SECONDS, ClaimLimit, InsertTerms, JobFilter, Store

MILLION = 1_000_000
PEOPLE = 300
FEWEST = 20 * PEOPLE
"""The jobs of a store that counts as new: enough for each call to find what it looks for."""
TIMES = 101
MOST_RATIO = 1.2
NOW = 1_800_000_000.0
DAY = 86_400.0
DAYS = 400
"""The finished jobs are of the last so many days."""

Call = Callable[[Store, int], Awaitable[object]]
Grow = Callable[[int], None]
"""Adds so many copies of the only job, with its events."""


def a_job(number: int) -> Job:
    """Return a request that is due."""
    return Job(
        id=f"job{number}",
        dedup_key=f"command:T1:{number}",
        team="T1",
        channel="C1",
        user=f"U{number % PEOPLE}",
        surface="command",
        model="kling-v3",
        input={"prompt": f"a red sports car at sunset, take {number}", "duration": 10},
        kind="kling-v3 mode=std duration=10",
        price=Price(key="kling-v3 mode=std", size=Decimal(10)),
        forecast=Forecast(kind=ForecastKind.LISTED, amount=Decimal("0.08")),
        reserved=Decimal("0.08"),
        created_at=NOW + number,
        due_at=NOW,
    )


def a_finished_job() -> Job:
    """Return a job of long ago that is over."""
    return replace(
        a_job(0),
        id="first",
        dedup_key="first",
        created_at=NOW - DAYS * DAY,
        stage=Stage.FINISHED,
        due_at=None,
        outcome=Outcome.SUCCEEDED,
        cost_actual=Decimal("0.0756"),
        message_ts="1",
        task_id="first",
        started_at=NOW - DAYS * DAY + 10,
        submitted_at=NOW - DAYS * DAY,
        finished_at=NOW - DAYS * DAY + 120,
        delivered_at=NOW - DAYS * DAY + 125,
    )


async def _insert(store: Store, number: int) -> object:
    event = Event(at=NOW + number, name=EventName.ACCEPTED, detail="command")
    terms = InsertTerms(equal_since=NOW + number - 60, most_active=MILLION, may_ask=True)
    return await store.jobs.insert(a_job(number), event, terms)


async def _claim_and_apply(store: Store, _: int) -> object:
    [row] = await store.jobs.claim(NOW + DAY, LEASE_SECONDS, [ClaimLimit(1, ("accepted",))])
    after = replace(row, due_at=NOW + 2 * DAY, lease_until=None)
    return await store.jobs.apply(row, after, None)


async def _metrics(store: Store, _: int) -> object:
    return (
        await store.jobs.stage_counts(),
        await store.jobs.oldest_due(NOW),
        await store.unreadable(),
        await store.budgets.unchecked_restores(),
    )


CALLS: Mapping[str, Call] = {
    "insert a job": _insert,
    "claim a job, and write its result": _claim_and_apply,
    "read a job": lambda store, number: store.jobs.get(f"job{number}"),
    "list a person's jobs": lambda store, number: store.jobs.jobs(
        JobFilter(team="T1", user=f"U{number % PEOPLE}", limit=10)
    ),
    "claim a notification: none is due": lambda store, _: store.outbox.claim(
        NOW, LEASE_SECONDS, [ClaimLimit(1, ("send",))]
    ),
    "all of /metrics": _metrics,
}


async def _measure(store: Store) -> Mapping[str, float]:
    """Return the median of each call in seconds."""
    found: dict[str, float] = {}
    for name, call in CALLS.items():
        seconds = []
        for number in range(1, TIMES + 1):
            began = time.perf_counter()
            await call(store, number)
            seconds.append(time.perf_counter() - began)
        found[name] = median(seconds)
    return found


# Each copy has the columns of the first job, but for what is unique and for who asked and when.
_COPY = """
    WITH RECURSIVE copy (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < {count})
    INSERT INTO jobs (
        id, dedup_key, "user", message_ts, task_id, created_at, started_at, finished_at, {others}
    )
    SELECT 'old' || n, 'old' || n, 'U' || (n % {people}), 'M' || n, 'old' || n,
        created_at + n * {days} / {count} * 86400, started_at + n * {days} / {count} * 86400,
        finished_at + n * {days} / {count} * 86400, {others}
    FROM copy, jobs WHERE id = 'first'
"""
_COPY_EVENTS = """
    INSERT INTO job_events (job_id, at, name, detail)
    SELECT jobs.id, jobs.created_at, names.name, '' FROM jobs,
        (SELECT 'accepted' AS name UNION ALL SELECT 'announced' UNION ALL SELECT 'submitted'
         UNION ALL SELECT 'finished' UNION ALL SELECT 'delivered') AS names
    WHERE jobs.id LIKE 'old%'
"""
_OWN = {
    *("seq", "id", "dedup_key", "user", "message_ts", "task_id"),
    *("created_at", "started_at", "finished_at"),
}


def _copies(count: int, columns: Sequence[str]) -> str:
    others = ", ".join(f'"{name}"' for name in columns if name not in _OWN)
    return _COPY.format(count=count, people=PEOPLE, days=float(DAYS), others=others)


@asynccontextmanager
async def _sqlite() -> AsyncIterator[tuple[Store, Grow]]:
    with TemporaryDirectory(prefix="video-bot-growth-", dir=Path.cwd()) as folder:
        path = f"{folder}/jobs.db"
        store = await SqliteStore.open(path)

        def grow(count: int) -> None:
            with closing(pysqlite3.connect(path)) as db, db:
                columns = [row[1] for row in db.execute("PRAGMA table_info(jobs)")]
                db.execute(_copies(count, columns))
                db.execute(_COPY_EVENTS)

        try:
            yield store, grow
        finally:
            await store.close()


@asynccontextmanager
async def _postgres() -> AsyncIterator[tuple[Store, Grow]]:
    with running_server() as server:
        server.run("CREATE DATABASE growth")
        url = server.url("growth")
        store = await PostgresStore.open(url)

        def grow(count: int) -> None:
            with psycopg.connect(url, autocommit=True) as db:
                rows = db.execute(
                    "SELECT column_name FROM information_schema.columns"
                    " WHERE table_name = 'jobs' AND is_generated = 'NEVER'"
                )
                columns = [row[0] for row in rows]
                db.execute(_copies(count, columns).encode())
                db.execute(_COPY_EVENTS.encode())
                # As autovacuum does after so many changes.
                db.execute("VACUUM ANALYZE")

        try:
            yield store, grow
        finally:
            await store.close()


Opened = Callable[[], AbstractAsyncContextManager[tuple[Store, Grow]]]


async def _measured(opened: Opened, count: int) -> Mapping[str, float]:
    """Return the median of each call beside so many finished jobs."""
    async with opened() as (store, grow):
        event = Event(at=NOW - DAYS * DAY, name=EventName.ACCEPTED)
        await store.jobs.insert(a_finished_job(), event)
        await asyncio.to_thread(grow, count)
        return await _measure(store)


async def _table(title: str, opened: Opened, counts: Sequence[int]) -> str:
    """Return the table of one kind of store; the first count is the one that others are beside."""
    found = [await _measured(opened, count) for count in counts]
    rows = []
    for name in CALLS:
        base, *others = (one[name] for one in found)
        ratio = max((other / base for other in others), default=1.0)
        times = [f"{one[name] * 1e3:.2f} ms" for one in found]
        rows.append((name, *times, f"{ratio:.2f}", "met" if ratio <= MOST_RATIO else "missed"))
    headers = (title, *(f"{count:,}" for count in counts), "ratio", f"at most {MOST_RATIO}")
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True)


async def main(millions: Sequence[float]) -> None:
    """Measure both kinds of store."""
    counts = [max(round(one * MILLION), FEWEST) for one in millions]
    for title, opened in (("SQLite", _sqlite), ("PostgreSQL", _postgres)):
        print(await _table(title, opened, counts), "\n", flush=True)  # noqa: T201 - its purpose


if __name__ == "__main__":
    asyncio.run(main([float(one) for one in sys.argv[1:]] or [0, 1]))
