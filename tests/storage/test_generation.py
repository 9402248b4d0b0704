"""A restored file is not mixed with the WAL of the file that was there before."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from storage.sqlite.generation import check_wal
from storage.sqlite.ownership import lock_path
from storage.sqlite.store import SqliteStore
from storage.store import StoreError
from tests.support.store_samples import ACCEPTED, a_job


async def crash(path: Path, take: int) -> None:
    """Accept a job in the store at `path`, and leave its files as a killed process does."""
    store = await SqliteStore.open(str(path))
    await store.jobs.insert(a_job(take), ACCEPTED)
    kept = [Path(f"{path}{end}") for end in ("", "-wal", "-shm")]
    for file in kept:
        shutil.copy(file, f"{file}.kept")
    await store.close()
    for file in kept:
        Path(f"{file}.kept").rename(file)


async def backup(path: Path, target: Path) -> None:
    """Make a backup as the command does."""
    store = await SqliteStore.open(str(path), owner=False)
    await store.backup(str(target))
    await store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a store in an empty folder."""
    return tmp_path / "jobs.db"


async def test_after_a_crash_the_wal_is_taken(path: Path) -> None:
    """What was acknowledged is in it; also if the process crashes again and again."""
    for take in (1, 2, 3):
        await crash(path, take)
    store = await SqliteStore.open(str(path))
    assert None not in [await store.jobs.get(f"job{take}") for take in (1, 2, 3)]
    await store.close()


@pytest.mark.parametrize("by", ["the command", "cp"])
@pytest.mark.parametrize("owner", [True, False])
async def test_a_restore_beside_a_stale_wal_says_what_to_remove(
    by: str, path: Path, *, owner: bool
) -> None:
    await (await SqliteStore.open(str(path))).close()
    copy = path.with_name("copy.db")
    if by == "cp":
        shutil.copy(path, copy)
    else:
        await backup(path, copy)
    await crash(path, 1)
    shutil.copy(copy, path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=rf"remove {path}-wal and {path}-shm"):
        await SqliteStore.open(str(path), owner=owner)
    assert path.read_bytes() == before
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink()
    restored = await SqliteStore.open(str(path))
    assert await restored.jobs.get("job1") is None
    await restored.close()
    await crash(path, 2)
    await (await SqliteStore.open(str(path))).close()


async def test_on_a_full_disk_the_store_is_opened_with_the_number_it_has(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash there, and another start, lose nothing."""

    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    await crash(path, 1)
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", fail)
        await crash(path, 2)
    store = await SqliteStore.open(str(path))
    assert await store.jobs.get("job2") is not None
    await store.close()


async def test_a_store_of_a_version_without_the_number_is_opened(path: Path) -> None:
    """Its lock file is empty, and its WAL may hold jobs."""
    await crash(path, 1)
    lock_path(str(path)).write_text("")
    store = await SqliteStore.open(str(path))
    assert await store.jobs.get("job1") is not None
    await store.close()


async def test_a_lock_file_that_cannot_be_read_accuses_nobody(path: Path) -> None:
    await crash(path, 1)
    lock_path(str(path)).write_text("who knows")
    check_wal(str(path))
    lock_path(str(path)).unlink()
    check_wal(str(path))
