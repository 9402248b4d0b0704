"""What renders cost: exact sums of what MindVideo has named, and a count of what it has not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from storage.job import Job, Stage
from storage.sqlite import reports
from storage.sqlite.connection import connect_writer
from storage.sqlite.migrations import migrate
from storage.sqlite.store import SqliteStore
from storage.store import Spend, SpendFilter, Store
from tests.store_samples import ACCEPTED, NOW, a_job

ALL = SpendFilter(team="T1", since=NOW, until=NOW + 100)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store in a file of its own."""
    store = await SqliteStore.open(str(tmp_path / "jobs.db"), threads=False, synchronous="OFF")
    yield store
    await store.close()


def _sent(number: int, cost: str | None = None) -> Job:
    actual = None if cost is None else Decimal(cost)
    return replace(a_job(number), first_sent_at=NOW, cost_actual=actual)


async def _insert(store: Store, *jobs: Job) -> None:
    for job in jobs:
        await store.insert(job, ACCEPTED)


async def test_a_sum_is_exact_to_the_last_digit(store: Store) -> None:
    """Amounts are decimal: a tenth three times is not 0.30000000000000004."""
    await _insert(store, _sent(1, "0.1"), _sent(2, "0.1"), _sent(3, "0.10"), _sent(4, "1E-20"))
    assert await store.spend(ALL) == Spend(
        total=Decimal("0.30000000000000000001"), priced=4, pending=0
    )


async def test_an_amount_that_is_not_named_yet_is_counted_and_not_guessed(store: Store) -> None:
    """The estimate stands for nothing here."""
    await _insert(store, _sent(1, "2"), replace(_sent(2), cost_estimate=Decimal(9)))
    assert await store.spend(ALL) == Spend(total=Decimal(2), priced=1, pending=1)


async def test_what_was_never_sent_costs_nothing(store: Store) -> None:
    """A job that waits, one cancelled for free, a resend with its parent's amount, a refusal."""
    await _insert(
        store,
        a_job(1),
        replace(a_job(2), stage=Stage.REJECTED),
        replace(a_job(3), cost_actual=Decimal(5)),
        replace(_sent(4), stage=Stage.REJECTED),
    )
    assert await store.spend(ALL) == Spend(total=Decimal(0), priced=0, pending=0)


async def test_a_spend_is_narrowed_by_person_channel_team_and_time(store: Store) -> None:
    """`since` is in the range and `until` is not."""
    await _insert(
        store,
        _sent(1, "1"),
        replace(_sent(2, "10"), user="U2"),
        replace(_sent(3, "100"), channel="C2"),
        replace(_sent(4, "1000"), team="T2"),
        replace(_sent(5, "10000"), created_at=NOW + 100),
        replace(_sent(6, "100000"), created_at=NOW - 1),
        replace(_sent(7, "1000000"), created_at=NOW),
    )

    async def total(wanted: SpendFilter) -> Decimal:
        return (await store.spend(wanted)).total

    assert await total(ALL) == 1000111
    assert await total(replace(ALL, user="U2")) == 10
    assert await total(replace(ALL, channel="C2")) == 100
    assert await total(replace(ALL, channel="C2", user="U2")) == 0
    assert await total(replace(ALL, team="T2")) == 1000


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (ALL, "jobs_created (created_at>? AND created_at<?)"),
        (replace(ALL, user="U1"), "jobs_user (user=? AND created_at>? AND created_at<?)"),
        (replace(ALL, channel="C1"), "jobs_channel (channel=? AND created_at>? AND created_at<?)"),
    ],
    ids=["team", "person", "channel"],
)
def test_an_index_bounds_what_is_read(tmp_path: Path, wanted: SpendFilter, index: str) -> None:
    """However long the history is, a month's report reads a month's rows."""
    path = str(tmp_path / "x.db")
    with closing(connect_writer(path, create=True, synchronous="OFF")) as db:
        migrate(db)
        query, _ = reports.spend_query(wanted)
        values: dict[str, object] = defaultdict(lambda: None)
        plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    assert any(index in line for line in plan)
