"""Measures each call that a bot makes all the time beside millions of finished jobs.

`python -m bench.growth [sqlite|postgres] [MILLIONS…]`, such as `0 1 5`; without the name of a store
both, one after the other. The stores of one kind are measured in turn, call by call, so that what
else the machine does disturbs all of them alike.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from pydantic import BaseModel
from tabulate import tabulate

from bench.filling import DAYS, PEOPLE, fill_postgres, fill_sqlite
from bench.measurement import DATA, write_data
from bot.jobs.view import HISTORY
from bot.money.forecast import OBSERVED_RENDERS, OBSERVED_WITHIN_SECONDS
from bot.worker.retention import BATCH_ROWS
from sandbox.postgres import running_server
from storage.costs import CostFilter
from storage.job import (
    OVER,
    UNDER_WAY,
    Event,
    EventName,
    Forecast,
    ForecastKind,
    Job,
    Outcome,
    Price,
    Stage,
)
from storage.postgres.store import PostgresStore
from storage.sqlite.store import SqliteStore
from storage.store import LEASE_SECONDS, ClaimLimit, InsertTerms, JobFilter, Store

MILLION = 1_000_000
FEWEST = 20 * PEOPLE
"""The jobs of a store that counts as new: enough for each call to find what it looks for."""
TIMES = 101
MOST_RATIO = 1.2
NOW = 1_800_000_000.0
DAY = 86_400.0
KIND = "kling-v3 mode=std duration=10"
KEY = "kling-v3 mode=std"
MOST_ACTIVE = 50

Call = Callable[[Store, int], Awaitable[object]]
Filled = Callable[[int], AbstractAsyncContextManager[Store]]
"""Opens a store with so many finished jobs."""


class GrowthData(BaseModel, frozen=True):
    """The medians of each call in seconds, in the order of `jobs`."""

    jobs: tuple[int, ...]
    seconds: dict[str, tuple[float, ...]]


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
        kind=KIND,
        price=Price(key=KEY, size=Decimal(10)),
        forecast=Forecast(kind=ForecastKind.LISTED, amount=Decimal("0.08")),
        reserved=Decimal("0.08"),
        created_at=NOW + number,
        due_at=NOW,
    )


def a_finished_job() -> Job:
    """Return a job of long ago that is over; the others are copies of it."""
    began = NOW - DAYS * DAY
    return replace(
        a_job(0),
        id="first",
        dedup_key="first",
        created_at=began,
        stage=Stage.DELIVERED,
        due_at=None,
        outcome=Outcome.SUCCEEDED,
        counted_on=_date(began),
        cost_actual=Decimal("0.0756"),
        message_ts="1",
        posted_at=began + 1,
        task_id="first",
        first_sent_at=began + 2,
        chargeable_since=began + 2,
        submitted_at=began + 2,
        started_at=began + 10,
        finished_at=began + 120,
        delivered_at=began + 125,
    )


async def _insert(store: Store, number: int) -> object:
    event = Event(at=NOW + number, name=EventName.ACCEPTED, detail="command")
    terms = InsertTerms(equal_since=NOW + number - 60, most_active=MOST_ACTIVE, may_ask=True)
    return await store.jobs.insert(a_job(number), event, terms)


async def _claim_and_apply(store: Store, _: int) -> object:
    [row] = await store.jobs.claim(NOW + DAY, LEASE_SECONDS, [ClaimLimit(1, ("accepted",))])
    after = replace(row, due_at=NOW + 2 * DAY, lease_until=None)
    return await store.jobs.apply(row, after, None)


def _mine(number: int, stages: frozenset[Stage]) -> JobFilter:
    return JobFilter(team="T1", user=f"U{number % PEOPLE}", stages=stages, limit=11)


async def _forecast(store: Store, size: int, found: int) -> None:
    price, since = Price(key=KEY, size=Decimal(size)), NOW - OBSERVED_WITHIN_SECONDS
    paid = await store.budgets.prices(price, since, OBSERVED_RENDERS)
    assert paid
    assert len([size for size, _ in paid if size == price.size]) == found


async def _durations(store: Store, _: int) -> None:
    assert len(await store.jobs.render_seconds(KIND, HISTORY)) == HISTORY


async def _metrics(store: Store, _: int) -> object:
    return (
        await store.jobs.stage_counts(),
        await store.jobs.oldest_due(NOW),
        await store.unreadable(),
        await store.budgets.unchecked_restores(),
    )


async def _erase(store: Store, _: int) -> None:
    before = NOW - DAYS * DAY
    assert not await store.retention.erase_response_urls(before, BATCH_ROWS)
    assert not await store.retention.erase_request_bodies(BATCH_ROWS)
    assert not await store.retention.erase_details(before, BATCH_ROWS)


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


async def _month(store: Store, number: int) -> object:
    """Read what a person's videos of the last thirty days cost, as Home does."""
    first, until, user = _date(NOW - 30 * DAY), _date(NOW + DAY), f"U{number % PEOPLE}"
    return await store.jobs.cost_sums(CostFilter(first=first, until=until, team="T1", user=user))


CALLS: Mapping[str, Call] = {
    "insert a job": _insert,
    "claim a job, and write its result": _claim_and_apply,
    "read a job": lambda store, number: store.jobs.get(f"job{number}"),
    "read a job's timeline": lambda store, number: store.jobs.events(f"job{number}"),
    "find a job by its message": lambda store, number: store.jobs.find_by_message(
        "T1", "C1", f"M{number}"
    ),
    "list a person's videos that are over": lambda store, number: store.jobs.jobs(
        _mine(number, OVER)
    ),
    "list those under way": lambda store, number: store.jobs.jobs(_mine(number, UNDER_WAY)),
    "forecast of a usual length": lambda store, _: _forecast(store, 10, 1),
    "forecast of a length that nobody had": lambda store, _: _forecast(store, 7, 0),
    "last durations of renders": _durations,
    "jobs ahead in the queue": lambda store, _: store.jobs.ahead_of(
        replace(a_job(1), submitted_at=NOW)
    ),
    "claim a notification: none is due": lambda store, _: store.outbox.claim(
        NOW, LEASE_SECONDS, [ClaimLimit(1, ("send",))]
    ),
    "erase what is old: nothing is": _erase,
    "all of /metrics": _metrics,
    "a person's costs of 30 days": _month,
}


async def _measured(filled: Filled, counts: Sequence[int], calls: Mapping[str, Call]) -> GrowthData:
    """Return the median of each call beside so many finished jobs, the stores in turn."""
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(filled(count)) for count in counts]
        medians = {name: await _medians(call, stores) for name, call in calls.items()}
    return GrowthData(jobs=tuple(counts), seconds=medians)


async def _medians(call: Call, stores: Sequence[Store]) -> tuple[float, ...]:
    seconds: list[list[float]] = [[] for _ in stores]
    for number in range(1, TIMES + 1):
        for store, taken in zip(stores, seconds, strict=True):
            began = time.perf_counter()
            await call(store, number)
            taken.append(time.perf_counter() - began)
    return tuple(median(taken) for taken in seconds)


@asynccontextmanager
async def _sqlite(folder: str, count: int) -> AsyncIterator[Store]:
    path = f"{folder}/{count}.db"
    store = await SqliteStore.open(path)
    await _insert_first(store)
    await store.close()
    await asyncio.to_thread(_timed, f"SQLite, {count:,} jobs", lambda: fill_sqlite(path, count))
    store = await SqliteStore.open(path)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def _postgres(url: str, count: int) -> AsyncIterator[Store]:
    store = await PostgresStore.open(url)
    try:
        await _insert_first(store)
        await asyncio.to_thread(
            _timed, f"PostgreSQL, {count:,} jobs", lambda: fill_postgres(url, count)
        )
        yield store
    finally:
        await store.close()


def _timed(name: str, fill: Callable[[], None]) -> None:
    began = time.monotonic()
    fill()
    print(f"{name}: filled in {time.monotonic() - began:.0f} s", file=sys.stderr)  # noqa: T201 - progress


async def _insert_first(store: Store) -> None:
    event = Event(at=NOW - DAYS * DAY, name=EventName.ACCEPTED)
    await store.jobs.insert(a_finished_job(), event)


async def measure_sqlite(counts: Sequence[int], calls: Mapping[str, Call] = CALLS) -> GrowthData:
    """Measure files in this folder, whose disk has to have room."""
    with TemporaryDirectory(prefix="video-bot-growth-", dir=Path.cwd()) as folder:
        return await _measured(lambda count: _sqlite(folder, count), counts, calls)


async def measure_postgres(counts: Sequence[int], calls: Mapping[str, Call] = CALLS) -> GrowthData:
    """Measure databases of one server, in the folder for temporary files."""
    with running_server() as server:

        def filled(count: int) -> AbstractAsyncContextManager[Store]:
            server.run(f"CREATE DATABASE growth_{count}")
            return _postgres(server.url(f"growth_{count}"), count)

        return await _measured(filled, counts, calls)


STORES = {"sqlite": measure_sqlite, "postgres": measure_postgres}
"""By the name that the command line takes."""
TITLES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


def growth_table(title: str, found: GrowthData) -> str:
    """Return the table of one kind of store; the first count is the one that others are beside."""
    rows = []
    for name, (base, *others) in found.seconds.items():
        ratio = max((other / base for other in others), default=1.0)
        times = [f"{one * 1e3:.2f} ms" for one in (base, *others)]
        rows.append((name, *times, f"{ratio:.2f}", "met" if ratio <= MOST_RATIO else "missed"))
    headers = (title, *(f"{count:,}" for count in found.jobs), "ratio", f"at most {MOST_RATIO}")
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True)


async def main(words: Sequence[str]) -> None:
    """Measure the stores that are named, or both."""
    names = [name for name in STORES if name in words] or list(STORES)
    millions = [float(word) for word in words if word not in STORES] or [0, 1]
    counts = [max(round(one * MILLION), FEWEST) for one in millions]
    for name in names:
        found = await STORES[name](counts)
        write_data(f"growth-{name}", found)
        print(growth_table(TITLES[name], found), f"\n\nwritten to {DATA}\n", flush=True)  # noqa: T201 - its purpose


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
