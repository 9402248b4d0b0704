"""A consistent copy of the store, made while everything goes on."""

from __future__ import annotations

import asyncio
import fcntl
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.sqlite.store import SqliteStore
from storage.store import JobFilter, StoreError
from tests.support.store_samples import ACCEPTED, a_full_job, a_job


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store with one job in it."""
    store = await SqliteStore.open(str(tmp_path / "jobs.db"))
    await store.jobs.insert(a_full_job(), ACCEPTED)
    yield store
    await store.close()


async def test_a_backup_opens_as_a_store_with_the_same_jobs(
    store: SqliteStore, tmp_path: Path
) -> None:
    """Restoring is: stop, put the copy in the file's place, start."""
    copy = tmp_path / "copy.db"
    await store.backup(str(copy))
    assert copy.stat().st_mode & 0o777 == 0o600
    restored = await SqliteStore.open(str(copy))
    # It was in flight, as at a crash.
    assert await restored.jobs.get("full") == replace(a_full_job(), lease_until=None, crashes=2)
    assert await restored.jobs.events("full") == [ACCEPTED]
    await restored.close()


async def test_writes_go_on_meanwhile_and_the_copy_is_one_moment(
    store: SqliteStore, tmp_path: Path
) -> None:
    """Each job that the copy has, it has with its timeline."""
    done = asyncio.Event()

    async def keep_writing() -> int:
        for number in itertools.count():
            await store.jobs.insert(a_job(number), ACCEPTED)
            if done.is_set() and number >= 100:
                return number + 1
        raise AssertionError

    writing = asyncio.create_task(keep_writing())
    await store.backup(str(tmp_path / "copy.db"))
    done.set()
    written = await writing
    copy = await SqliteStore.open(str(tmp_path / "copy.db"))
    jobs = await copy.jobs.jobs(JobFilter(limit=written + 1))
    for job in jobs:
        assert await copy.jobs.events(job.id) == [ACCEPTED]
    assert "full" in {job.id for job in jobs}
    await copy.close()


async def test_an_existing_file_is_left_alone(store: SqliteStore, tmp_path: Path) -> None:
    """It may be the only other copy."""
    precious = tmp_path / "precious.db"
    precious.write_text("yesterday's")
    with pytest.raises(StoreError, match=r"precious\.db exists already"):
        await store.backup(str(precious))
    assert precious.read_text() == "yesterday's"


async def test_a_backup_that_cannot_be_written_says_why_and_leaves_nothing(
    store: SqliteStore, tmp_path: Path
) -> None:
    """The store goes on as before."""
    with pytest.raises(StoreError, match=r"missing/copy\.db: No such file or directory"):
        await store.backup(str(tmp_path / "missing" / "copy.db"))
    assert [path.name for path in tmp_path.glob("*copy*")] == []
    await store.ping()


async def test_two_backups_to_one_place_are_not_mixed(store: SqliteStore, tmp_path: Path) -> None:
    """The later one says so and leaves the file to the other."""
    partial = tmp_path / "copy.db.partial"
    with partial.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write(b"half a copy")
        other.flush()
        with pytest.raises(StoreError, match="is being written by another backup"):
            await store.backup(str(tmp_path / "copy.db"))
        assert partial.read_bytes() == b"half a copy"
    await store.backup(str(tmp_path / "copy.db"))


async def test_what_a_killed_backup_left_is_replaced(store: SqliteStore, tmp_path: Path) -> None:
    """Half a copy never carries the name that was asked for."""
    partial = tmp_path / "copy.db.partial"
    partial.write_bytes(b"half a copy")
    await store.backup(str(tmp_path / "copy.db"))
    assert not partial.exists()
