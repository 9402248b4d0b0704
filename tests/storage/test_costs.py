"""Tests of the costs of a report, and of the book of credit, in the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.money.cost_report import Dimension, costs_by, sum_of
from storage.budget import (
    ALL_TIME,
    AuditAction,
    Booking,
    ScopeKind,
    scopes_of,
)
from storage.costs import CostFilter
from storage.job import REQUESTED, Event, EventName, Job, Stage
from storage.sqlite.connection import connect_writer
from storage.sqlite.credit import BOOKINGS
from storage.sqlite.migrations import migrate
from storage.sqlite.reports import ALIKE, PRICED, costs_query
from storage.sqlite.store import SqliteStore
from tests.support.inline_store import inline_session
from tests.support.store_samples import NOW, TODAY, a_job, insert

EVER = CostFilter(first="", until="9999-12-31")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An empty store in a file of its own."""
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db")))
    yield store
    await store.close()


def _jobs() -> list[Job]:
    """Return accepted jobs of every stage, with and without amounts, in several places."""
    amounts = (None, Decimal("0.1"), Decimal("0.30000000000000000001"))
    made = []
    for number, stage in enumerate(Stage):
        for more, actual in enumerate(amounts):
            job = replace(
                a_job(number * 10 + more),
                stage=stage,
                reserved=amounts[more - 1],
                cost_estimate=amounts[more - 2],
                cost_actual=actual,
                project=("launch", None)[number % 2],
                user=f"U{number % 3}",
                channel=("C1", "D1")[more % 2],
            )
            made.append(job)
    return [job for job in made if job.stage in REQUESTED]


async def test_a_report_is_what_budgets_count(store: SqliteStore) -> None:
    """In every scope: the two are computed apart, from the rows and from the counters."""
    for job in _jobs():
        await insert(store, job)
    groups = await store.jobs.costs(replace(EVER, team="T1"))
    assert sum(group.jobs for group in groups) == len(_jobs())
    kinds = {
        ScopeKind.PERSON: Dimension.PERSON,
        ScopeKind.CHANNEL: Dimension.CHANNEL,
        ScopeKind.MODEL: Dimension.MODEL,
        ScopeKind.PROJECT: Dimension.PROJECT,
    }
    for scope in {scope for job in _jobs() for scope in scopes_of(job)}:
        use = await store.budgets.use(scope, ALL_TIME)
        if scope.kind is ScopeKind.WORKSPACE:
            costs = sum_of(groups)
        else:
            costs = costs_by(groups, (kinds[scope.kind],))[scope.name,]
        assert costs.confirmed.amount == use.spent
        assert costs.held.amount + costs.unconfirmed.amount == use.held


@pytest.mark.parametrize(
    "wanted",
    [
        replace(EVER, team="T1"),
        replace(EVER, team="T1", user="U1"),
        replace(EVER, channel="D1"),
        replace(EVER, until=TODAY),
    ],
)
async def test_a_sum_alone_is_that_of_the_report(store: SqliteStore, wanted: CostFilter) -> None:
    """To the last digit, of far fewer rows."""
    for job in _jobs():
        await insert(store, job)
    groups = await store.jobs.costs(wanted)
    sums = await store.jobs.cost_sums(wanted)
    assert sum_of(sums) == sum_of(groups)
    assert len(sums) <= len(groups)


async def test_costs_are_narrowed_and_equal_jobs_are_counted(store: SqliteStore) -> None:
    for number in range(3):
        await insert(store, replace(a_job(number), cost_actual=Decimal("0.1")))
    await insert(store, replace(a_job(4), user="U2", team="T2"))
    (group,) = await store.jobs.costs(replace(EVER, user="U1"))
    assert (group.jobs, group.day, group.actual) == (3, TODAY, Decimal("0.1"))
    assert await store.jobs.costs(replace(EVER, first="2027-01-16")) == []
    assert await store.jobs.costs(replace(EVER, until=TODAY)) == []
    assert len(await store.jobs.costs(EVER)) == 2


def test_reports_use_their_indexes(tmp_path: Path) -> None:
    with closing(connect_writer(str(tmp_path / "jobs.db"), create=True)) as db:
        migrate(db)
        asked = [costs_query(replace(EVER, team="T1", user="U1"), one) for one in (ALIKE, PRICED)]
        plans = [
            *(
                [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {query}", values)]
                for query, values in asked
            ),
            [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {BOOKINGS}", {"team": "T1"})],
        ]
    assert "jobs_counted (counted_on>? AND counted_on<?)" in plans[0][0]
    assert "jobs_counted (counted_on>? AND counted_on<?)" in plans[1][0]
    assert "audit_credit (team=?)" in plans[2][0]


async def test_a_booking_is_a_decision_that_is_made_once(store: SqliteStore) -> None:
    """What was spent before the first is not paid from it; what was held, is."""
    assert await store.budgets.credit("T1") is None
    await insert(store, replace(a_job(1), stage=Stage.DELIVERED, cost_actual=Decimal(3)))
    held = await insert(store, replace(a_job(2), stage=Stage.RENDERING, reserved=Decimal(2)))
    booking = Booking(amount=Decimal(200), by="U1", because="receipt 17", at=NOW)
    for _ in range(2):
        await store.budgets.book_credit("T1", booking, dedup_key="one")
    back = replace(booking, amount=Decimal("-0.5"), because="typed wrong")
    await store.budgets.book_credit("T1", back, dedup_key="two")
    book = await store.budgets.credit("T1")
    assert book is not None
    assert book.bookings == (booking, back)
    assert (book.booked, book.confirmed, book.held) == (Decimal("199.5"), Decimal(0), Decimal(2))
    paid = replace(held, cost_actual=Decimal("2.25"))
    await store.jobs.apply(held, paid, Event(at=NOW, name=EventName.COST))
    book = await store.budgets.credit("T1")
    assert book is not None
    assert (book.confirmed, book.held) == (Decimal("2.25"), Decimal(0))
    assert book.left == Decimal("197.25")
    entries = await store.budgets.audit(0)
    assert [entry.action for entry in entries] == [AuditAction.CREDIT_BOOKED] * 2
    assert await store.budgets.credit("T2") is None
