"""Tests of what `doctor` looks at in the store."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from sqlite_utils import Migrations

from bot.app.store_checks import examine_store
from storage.budget import OPERATOR, Cap, Scope, ScopeKind, Window
from storage.sqlite.connection import connect_writer
from storage.sqlite.migrations import MIGRATIONS
from storage.sqlite.store import SqliteStore
from tests.support.store_samples import ACCEPTED, NOW, a_job


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A store with jobs, that nobody has open."""
    path = tmp_path / "jobs.db"
    store = await SqliteStore.open(str(path))
    for take in range(50):
        await store.jobs.insert(a_job(take), ACCEPTED)
    await store.close()
    return path


async def test_a_store_that_is_used_has_no_problem(path: Path) -> None:
    store = await SqliteStore.open(str(path))
    (finding,) = examine_store(path)
    assert finding.ok
    await store.jobs.insert(a_job(99), ACCEPTED)
    await store.close()


def test_damage_inside_the_file_is_found(path: Path) -> None:
    """The file opens, and a page in its middle is not what it was."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 4096 // 2 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    (finding,) = examine_store(path)
    assert not finding.ok
    assert "damaged" in finding.what
    assert "restore the newest backup" in finding.advice


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
async def test_a_file_that_everybody_can_read_is_found(path: Path, end: str) -> None:
    store = await SqliteStore.open(str(path))
    await store.jobs.insert(a_job(99), ACCEPTED)
    file = Path(f"{path}{end}")
    file.chmod(0o644)
    found = [finding for finding in examine_store(path) if not finding.ok]
    await store.close()
    assert [finding.advice for finding in found] == [f"Run: chmod o-rw {file}"]


async def test_a_wal_that_this_user_may_not_write_is_found(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a command that root ran. Modes would not do here, as tests may run as root."""
    access, wal = os.access, Path(f"{path}-wal")
    monkeypatch.setattr(os, "access", lambda file, mode: file != wal and access(file, mode))
    store = await SqliteStore.open(str(path))
    await store.jobs.insert(a_job(99), ACCEPTED)
    (finding,) = examine_store(path)
    await store.close()
    assert finding.what == f"This user may not read and write {wal}."


async def test_a_wal_whose_file_is_gone_is_found(path: Path) -> None:
    """A start would refuse to make a new file beside it."""
    store = await SqliteStore.open(str(path))
    await store.jobs.insert(a_job(99), ACCEPTED)
    path.unlink()
    (finding,) = examine_store(path)
    await store.close()
    assert not finding.ok
    assert finding.what.startswith(f"{path} is not the file that {path}-wal belongs to.")


def test_an_upgrade_that_comes_is_told(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(connect_writer(str(path), create=True)) as db:
        MIGRATIONS.apply(db, stop_before="0018_names")
    told = [finding.what for finding in examine_store(path) if finding.ok]
    assert told[1].endswith(f"copies it to {path}.before-0018_names before.")


def test_a_store_of_a_newer_version_is_told(path: Path) -> None:
    later = Migrations("slack-video-bot")
    later(name="9999_latest")(lambda _: None)
    with closing(connect_writer(str(path), create=False)) as db:
        later.apply(db)
    (finding,) = examine_store(path)
    assert not finding.ok
    assert "newer version" in finding.what


async def test_a_stale_wal_is_told(path: Path) -> None:
    copy, wal = Path(f"{path}.copy"), Path(f"{path}-wal")
    shutil.copy(path, copy)
    store = await SqliteStore.open(str(path))
    await store.jobs.insert(a_job(99), ACCEPTED)
    shutil.copy(wal, f"{wal}.kept")
    await store.close()
    Path(f"{wal}.kept").rename(wal)
    copy.rename(path)
    (finding,) = examine_store(path)
    assert not finding.ok
    assert f"remove {wal}" in finding.what


async def test_a_restore_that_nobody_checked_is_found(path: Path) -> None:
    """Where a budget counts too little, with what to do; until somebody confirms it."""
    shutil.copy(path, f"{path}.copy")
    await (await SqliteStore.open(str(path))).close()
    Path(f"{path}.copy").replace(path)
    store = await SqliteStore.open(str(path))
    (fine,) = examine_store(path)
    assert fine.ok
    scope = Scope(kind=ScopeKind.WORKSPACE, team="T1")
    cap = Cap(scope=scope, window=Window.DAY, limit=Decimal(5))
    await store.budgets.set_cap(cap, OPERATOR, NOW)
    [finding] = examine_store(path)
    assert not finding.ok
    assert finding.what == (
        "A backup was restored: the budgets of T1 do not count what was asked after "
        "2027-01-15 08:00 UTC."
    )
    assert "python -m bot budget checked T1" in finding.advice
    await store.budgets.confirm_counts("T1", OPERATOR, NOW)
    (fine,) = examine_store(path)
    assert fine.ok
    await store.close()
