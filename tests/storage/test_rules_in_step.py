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
    Raise,
    Scope,
    ScopeKind,
    Stop,
    Use,
    Window,
    period_of,
)
from storage.notification import OPERATORS, team_scope
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


async def test_rules_of_another_process_apply_at_once(store: SqliteStore, tmp_path: Path) -> None:
    """So do the first cap, its change and its removal."""
    other = SqliteStore(await inline_session(str(tmp_path / "jobs.db"), owner=False))
    for limit in (5, 7):
        await other.budgets.set_cap(cap(limit), ADMIN, NOW)
        assert await limits(store) == [limit]
    await other.budgets.remove_cap(ALL, Window.DAY, ADMIN, NOW)
    assert await limits(store) == []
    await other.close()


async def test_a_stop_applies_at_once(store: SqliteStore) -> None:
    """And its end."""
    assert (await store.budgets.rules(TEAM, NOW)).stops == ()
    stop = Stop(scope=ALL, by=ADMIN, because="launch", at=NOW)
    await store.budgets.stop(stop)
    assert (await store.budgets.rules(TEAM, NOW)).stops == (stop,)
    await store.budgets.go_on(ALL, ADMIN, NOW)
    assert (await store.budgets.rules(TEAM, NOW)).stops == ()


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


async def test_raises_end_and_apply_again_if_the_clock_goes_back(store: SqliteStore) -> None:
    """A raise that had ended when the rules were read is found by an earlier clock."""
    await store.budgets.set_cap(cap(5), ADMIN, NOW)
    one = Raise(scope=ALL, amount=Decimal(3), until=NOW + 10, by=ADMIN, because="launch", at=NOW)
    await store.budgets.add_raise(one)
    for now, raises in ((NOW + 20, ()), (NOW + 5, (one,)), (NOW + 10, ()), (NOW, (one,))):
        assert (await store.budgets.rules(TEAM, now)).raises == raises


async def test_admins_are_those_of_now(store: SqliteStore) -> None:
    """Who is an admin is no decision about money, and has no entry in the audit."""
    await store.budgets.set_cap(cap(5), ADMIN, NOW)
    for admins in (["U1"], ["U2", "U3"]):
        await store.settings.set(team_scope(TEAM), OPERATORS, admins)
        assert (await store.budgets.rules(TEAM, NOW)).admins == tuple(admins)


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
