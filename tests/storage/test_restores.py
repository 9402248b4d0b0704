"""Tests that a restored file is noticed, and that budgets count too little until it is checked."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from sqlite3 import SQLITE_FULL

import pytest

from storage.budget import (
    AuditAction,
    Cap,
    NotAdmitted,
    Scope,
    ScopeKind,
    Stop,
    UncheckedRestore,
    Window,
)
from storage.job import Event, EventName
from storage.sqlite import restores
from storage.sqlite.ownership import lock_path
from storage.sqlite.store import SqliteStore
from tests.support.store_samples import ACCEPTED, NOW, a_job, sqlite_failure

TEAM = "T1"
ADMIN = "U9"
ALL = Scope(kind=ScopeKind.WORKSPACE, team=TEAM)
CAP = Cap(scope=ALL, window=Window.DAY, limit=Decimal(5))
LAST = NOW + 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a store in an empty folder."""
    return tmp_path / "jobs.db"


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[SqliteStore]:
    """Run as the owner of the store for a while."""
    store = await SqliteStore.open(str(path))
    try:
        yield store
    finally:
        await store.close()


async def uncounted_since(store: SqliteStore, team: str = TEAM) -> float | None:
    """Return since when requests may be missing."""
    return (await store.budgets.rules(team, NOW)).uncounted_since


async def fill(path: Path) -> None:
    """Make a store with a job, whose last event is at `LAST`, and with a budget."""
    async with opened(path) as store:
        await store.budgets.set_cap(CAP, ADMIN, NOW)
        await store.jobs.insert(a_job(), replace(ACCEPTED, at=LAST))
        assert await uncounted_since(store) is None


async def by_the_command(path: Path) -> None:
    """Restore a copy that the bot made."""
    async with opened(path) as store:
        await store.backup(f"{path}.copy")
    Path(f"{path}.copy").replace(path)


async def by_cp(path: Path) -> None:
    """Restore a file of an earlier run, as a copy of the whole disk has it."""
    kept = path.read_bytes()
    async with opened(path):
        pass
    path.write_bytes(kept)


async def on_another_machine(path: Path) -> None:
    """Restore where nothing is known of the file."""
    lock_path(str(path)).unlink()


@pytest.mark.parametrize("restore", [by_the_command, by_cp, on_another_machine])
async def test_a_restored_file_is_noticed(
    restore: Callable[[Path], Awaitable[None]], path: Path
) -> None:
    """With the last event that it knows; a restart tells it again, and nothing else."""
    await fill(path)
    await restore(path)
    for _ in range(2):
        async with opened(path) as store:
            assert await uncounted_since(store) == LAST
            expected = [UncheckedRestore(team=TEAM, since=LAST)]
            assert await store.budgets.unchecked_restores() == expected


async def test_neither_a_start_nor_a_new_file_is_a_restore(path: Path) -> None:
    """Nor is a backup without a job, of which nothing can be missing that counts."""
    for _ in range(2):
        async with opened(path) as store:
            assert await uncounted_since(store) is None
    await by_the_command(path)
    async with opened(path) as store:
        assert await uncounted_since(store) is None
        await store.jobs.insert(a_job(), ACCEPTED)
    async with opened(path) as store:
        assert await uncounted_since(store) is None


async def test_a_check_is_a_decision_of_one_workspace(path: Path) -> None:
    """It stays, until another backup is restored; then the oldest that is unchecked counts."""
    await fill(path)
    await by_the_command(path)
    async with opened(path) as store:
        budgets = store.budgets
        assert await budgets.confirm_counts(TEAM, ADMIN, NOW + 90, dedup_key="one") == LAST
        assert await budgets.confirm_counts(TEAM, ADMIN, NOW + 91, dedup_key="two") is None
        assert await uncounted_since(store) is None
        assert await uncounted_since(store, "T2") == LAST
        assert await budgets.unchecked_restores() == []
        _, entry = await budgets.audit(0.0)
        assert (entry.action, entry.by, entry.at) == (AuditAction.COUNTS_CHECKED, ADMIN, NOW + 90)
        assert entry.before == f"restored, nothing known after {LAST:.0f}"
        await store.jobs.insert(a_job(2), Event(at=NOW + 100, name=EventName.ACCEPTED))
    await by_the_command(path)
    async with opened(path) as store:
        assert await uncounted_since(store) == NOW + 100
        assert await uncounted_since(store, "T2") == LAST
        # The delivery of the first check comes again, long after it.
        assert await store.budgets.confirm_counts(TEAM, ADMIN, NOW, dedup_key="one") is None
        assert await uncounted_since(store) == NOW + 100


async def test_a_refusal_by_a_budget_says_it(path: Path) -> None:
    """And one for another reason does not: no figure of it is wrong."""
    await fill(path)
    await by_the_command(path)
    async with opened(path) as store:
        job = replace(a_job(2), reserved=Decimal(9))
        refused = await store.jobs.insert(job, ACCEPTED)
        assert isinstance(refused, NotAdmitted)
        assert refused.uncounted_since == LAST
        await store.budgets.remove_cap(ALL, Window.DAY, ADMIN, NOW)
        await store.budgets.stop(Stop(scope=ALL, by=ADMIN, because="", at=NOW))
        stopped = await store.jobs.insert(job, ACCEPTED)
        assert isinstance(stopped, NotAdmitted)
        assert stopped.uncounted_since is None
        assert await store.budgets.unchecked_restores() == []


async def test_a_full_disk_does_not_keep_a_restored_file_from_starting(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The restore is noted by the next start that has space."""
    await fill(path)
    await by_the_command(path)
    shutil.copy(path, f"{path}.again")
    full = sqlite_failure(SQLITE_FULL, "SQLITE_FULL")

    def fail(_: object) -> None:
        raise full

    with monkeypatch.context() as patch:
        patch.setattr(restores, "note", fail)
        async with opened(path) as store:
            assert await uncounted_since(store) is None
    Path(f"{path}.again").replace(path)
    async with opened(path) as store:
        assert await uncounted_since(store) == LAST
