"""Tests that the rules of budgets, which a connection keeps, are those that apply now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage.budget import (
    Calendar,
    Cap,
    Period,
    Scope,
    ScopeKind,
    Use,
    Window,
    period_of,
)
from storage.sqlite import budget_rules, budget_use
from storage.sqlite.budget_use import Uses
from storage.sqlite.store import SqliteStore
from tests.support.inline_store import inline_session
from tests.support.store_samples import NOW

TEAM = "T1"
ADMIN = "U9"
ALL = Scope(kind=ScopeKind.WORKSPACE, team=TEAM)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An empty store."""
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db")))
    yield store
    await store.close()


def cap(limit: int) -> Cap:
    """Return a cap of the workspace's days."""
    return Cap(scope=ALL, window=Window.DAY, limit=Decimal(limit))


async def limits(store: SqliteStore) -> list[Decimal]:
    """Return the limits that the connection for reads and the one for writes know."""
    session = store.jobs._session  # noqa: SLF001 - both connections of one store
    read = session.read_inline(lambda db: budget_rules.rules(db, TEAM, NOW))
    written = await session.write(lambda db: budget_rules.rules(db, TEAM, NOW))
    assert read == written
    return [one.limit for one in read.caps]


async def test_what_is_rolled_back_is_no_rule(store: SqliteStore) -> None:
    """The next decision has the same number in the audit, and is another."""

    def fail(db: Database) -> None:
        budget_rules.put_cap(db, cap(5), ADMIN, NOW)
        assert [one.limit for one in budget_rules.rules(db, TEAM, NOW).caps] == [5]
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        await store.jobs._session.write(fail)  # noqa: SLF001 - a transaction of two steps
    await store.budgets.set_cap(cap(7), ADMIN, NOW)
    assert await limits(store) == [7]


async def test_a_use_is_read_once_and_kept_in_step(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is counted in another scope, or on a day outside the period, does not change it."""
    reads: list[str] = []

    def use_of(_db: Database, scope: str, _period: Period) -> Use:
        reads.append(scope)
        return Use()

    monkeypatch.setattr(budget_use, "use_of", use_of)
    period = period_of(Window.DAY, "2027-01-15", Calendar())

    def count(db: Database) -> Use:
        uses = Uses(db)
        uses.of(ALL, period)
        change = Use(held=Decimal(2))
        uses.add([ALL.key], "2027-01-15", change)
        uses.add([ALL.key], "2027-01-16", change)
        uses.add(["person:T1:U1"], "2027-01-15", change)
        return uses.of(ALL, period)

    found = await store.jobs._session.write(count)  # noqa: SLF001 - inside a transaction
    assert found == Use(held=Decimal(2))
    assert reads == [ALL.key]
