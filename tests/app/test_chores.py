"""The chores of several processes at one instant, on one PostgreSQL: each effect comes once.

Chores are begun by one process of many, and each is harmless all the same if two do it at once, as
when one of them is slower than the time to its next moment.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal

import pytest

from bot.jobs.services import Services
from bot.notifications.budget_watch import BudgetWatch
from bot.notifications.schedule import DIGEST, Digests, Every, Schedule
from bot.worker.retention import BATCH_ROWS
from storage.budget import OPERATOR, Cap, Scope, ScopeKind, Window
from storage.job import (
    Event,
    EventName,
    Forecast,
    ForecastKind,
    Job,
    Outcome,
    Price,
    ReplyTo,
    Stage,
)
from storage.notification import NotificationKind, channel_scope
from storage.postgres.store import PostgresStore
from storage.price_drift import DRIFT_RENDERS
from storage.store import ClaimLimit
from tests.support.postgres import Server, emptied_database
from tests.support.services import TEAM, services
from tests.support.store_samples import a_job

NOON = datetime.fromisoformat("2026-12-05T12:00+00:00").timestamp()
PROCESSES = 3


@pytest.fixture
def url(postgres: Server) -> str:
    """The address of an empty database."""
    return emptied_database(postgres)


@pytest.fixture
async def processes(url: str) -> AsyncIterator[list[Services]]:
    """The services of several processes."""
    stores = [await PostgresStore.open(url) for _ in range(PROCESSES)]
    yield [
        services(store, now=lambda: NOON, admins=frozenset({"U0MIA"}), unit="USD")
        for store in stores
    ]
    for store in stores:
        await store.close()


async def at_one_instant(works: list[Callable[[], Awaitable[object]]]) -> None:
    """Let every process do its work twice, all at once."""
    await asyncio.gather(*(work() for work in works for _ in range(2)))


async def kinds(process: Services) -> Counter[str]:
    """Return how many notifications of each kind wait."""
    # A channel's next one is given out after the one before, unless it is of another limit.
    limits = [ClaimLimit(100, (kind,)) for kind in NotificationKind]
    found = await process.store.outbox.claim(NOON, 60.0, limits)
    return Counter(row.kind for row in found)


async def test_a_digest_is_put_into_the_outbox_once(processes: list[Services]) -> None:
    """For each channel, whichever process is first."""
    schedule = Schedule(every=Every.DAILY, at=time(9), zone="UTC", since=NOON - 86_400)
    for channel in ("C1", "C2"):
        scope = channel_scope(TEAM, channel)
        await processes[0].store.settings.set(scope, DIGEST, schedule.to_json())
    digests = [Digests(each.store, team=TEAM, now=each.now) for each in processes]
    await at_one_instant([one.insert_due for one in digests])
    assert await kinds(processes[0]) == {NotificationKind.DIGEST: 2}


async def test_what_a_budget_watch_finds_is_told_once(processes: list[Services]) -> None:
    """A pace and a drift of prices."""
    store = processes[0].store
    for number in range(DRIFT_RENDERS):
        await store.jobs.insert(_rendered(number), Event(at=NOON, name=EventName.ACCEPTED))
    scope = Scope(kind=ScopeKind.WORKSPACE, team=TEAM)
    cap = Cap(scope=scope, window=Window.MONTH, limit=Decimal(50))
    await store.budgets.set_cap(cap, OPERATOR, NOON)
    await at_one_instant([BudgetWatch(each).tell_due for each in processes])
    found = await kinds(processes[0])
    assert found == {NotificationKind.BUDGET_PACE: 1, NotificationKind.PRICE_DRIFT: 1}


async def test_what_is_erased_is_erased_once(processes: list[Services]) -> None:
    """No two processes write the same rows, and none waits for another's."""
    store = processes[0].store
    for number in range(120):
        job = replace(_rendered(number), reply_to=ReplyTo(response_url=f"https://{number}"))
        await store.jobs.insert(job, Event(at=NOON, name=EventName.ACCEPTED))
    batches = [
        each.store.retention.erase_response_urls(NOON, BATCH_ROWS)
        for each in processes
        for _ in range(3)
    ]
    assert sum(await asyncio.gather(*batches)) == 120
    assert await store.retention.erase_response_urls(NOON, BATCH_ROWS) == 0


def _rendered(number: int) -> Job:
    """Return a delivered job that cost far more than was forecast."""
    return replace(
        a_job(number),
        team=TEAM,
        created_at=NOON - 3600 + number,
        counted_on="2026-12-05",
        stage=Stage.DELIVERED,
        outcome=Outcome.SUCCEEDED,
        due_at=None,
        finished_at=NOON,
        price=Price(key="kling-v3 mode=std", size=Decimal(5)),
        forecast=Forecast(kind=ForecastKind.OBSERVED, amount=Decimal("0.5")),
        cost_actual=Decimal(1),
    )
