"""The store as a whole: opening, sharing, crowds, failing disks, closing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from sqlite3 import SQLITE_FULL, SQLITE_IOERR_FSYNC

import pytest
from sqlite_utils import Database

from storage.job import Stage
from storage.sqlite.connection import connect
from storage.sqlite.session import open_session
from storage.sqlite.store import SqliteStore
from storage.sqlite.writer import Commit, GroupWriter, Journal
from storage.store import (
    Inserted,
    JobFilter,
    StaleFenceError,
    Store,
    StoreBrokenError,
    StoreError,
    StoreFullError,
    StoreUnusableError,
)
from tests.support.store_samples import ACCEPTED, NOW, FakeCommit, a_job, a_limit, sqlite_failure

ROOT = Path(__file__).parents[2]


@pytest.fixture
def commits() -> FakeCommit:
    """The store's commits, in the test's hands."""
    return FakeCommit()


async def _open(folder: Path, commit: Commit) -> SqliteStore:
    """Open the store as the service does, but for its commits."""
    session = await open_session(
        str(folder / "jobs.db"),
        owner=True,
        new_writer=lambda lane, db: GroupWriter(lane, Journal(db, commit)),
    )
    return SqliteStore(session)


@pytest.fixture
async def store(tmp_path: Path, commits: FakeCommit) -> AsyncIterator[Store]:
    """The store as the service opens it."""
    store = await _open(tmp_path, commits)
    yield store
    await store.close()


async def test_many_claimants_share_no_job(store: Store) -> None:
    """Each row goes to one of them, whoever comes first."""
    await asyncio.gather(*(store.jobs.insert(a_job(n), ACCEPTED) for n in range(60)))
    claims = await asyncio.gather(*(store.jobs.claim(NOW, 60, [a_limit(7)]) for _ in range(12)))
    claimed = [job.id for jobs in claims for job in jobs]
    assert len(claimed) == len(set(claimed)) == 60


async def test_a_read_does_not_wait_for_a_commit(tmp_path: Path) -> None:
    """While the disk takes its time, people get their answers from what was committed before."""
    gate = threading.Event()

    def slow_commit(db: Database) -> None:
        gate.wait(timeout=10)
        db.execute("COMMIT")

    gate.set()
    store = await _open(tmp_path, slow_commit)
    await store.jobs.insert(a_job(1), ACCEPTED)
    gate.clear()
    writing = asyncio.create_task(store.jobs.insert(a_job(2), ACCEPTED))
    assert await store.jobs.get("job1") == a_job(1)
    assert await store.jobs.get("job2") is None
    assert not writing.done()
    gate.set()
    await writing
    assert await store.jobs.get("job2") == a_job(2)
    await store.close()


async def test_jobs_outlive_the_process(tmp_path: Path) -> None:
    """What was returned is in the file, to the last field."""
    path = str(tmp_path / "jobs.db")
    store = await SqliteStore.open(path)
    await store.jobs.insert(a_job(), ACCEPTED)
    await store.close()
    store = await SqliteStore.open(path)
    assert await store.jobs.get("job1") == a_job()
    assert await store.jobs.events("job1") == [ACCEPTED]
    await store.close()


async def test_what_a_dead_owner_had_claimed_is_free_at_once(tmp_path: Path) -> None:
    """Only one process can own the file, so a lease that it finds belongs to nobody."""
    path = str(tmp_path / "jobs.db")
    store = await SqliteStore.open(path)
    await store.jobs.insert(a_job(), ACCEPTED)
    [before] = await store.jobs.claim(NOW, 3600, [a_limit(1)])
    await store.close()
    store = await SqliteStore.open(path)
    [after] = await store.jobs.claim(NOW, 3600, [a_limit(1)])
    assert after.fence == before.fence + 1
    with pytest.raises(StaleFenceError):
        await store.jobs.apply(before, replace(before, stage=Stage.REJECTED), None)
    await store.close()


async def test_a_visitor_works_beside_the_owner(store: Store, tmp_path: Path) -> None:
    """An operator's command lists, resumes and copies while the service runs; claims stand."""
    await store.jobs.insert(replace(a_job(), stage=Stage.RENDERING), ACCEPTED)
    [claimed] = await store.jobs.claim(NOW, 60, [a_limit(1)])
    parked = replace(claimed, stage=Stage.PARKED, parked_from=Stage.RENDERING, due_at=None)
    await store.jobs.apply(claimed, parked, None)
    visitor = await SqliteStore.open(str(tmp_path / "jobs.db"), owner=False)
    assert await visitor.jobs.jobs(JobFilter()) == [parked]
    resumed = await visitor.jobs.resume(parked.id, NOW)
    await visitor.close()
    assert await store.jobs.get(parked.id) == resumed


async def test_a_visitor_does_not_free_what_the_owner_holds(store: Store, tmp_path: Path) -> None:
    """A look at the list must not make a second engine of it."""
    await store.jobs.insert(a_job(), ACCEPTED)
    await store.jobs.claim(NOW, 60, [a_limit(1)])
    visitor = await SqliteStore.open(str(tmp_path / "jobs.db"), owner=False)
    await visitor.close()
    assert await store.jobs.claim(NOW, 60, [a_limit(1)]) == []


@pytest.mark.parametrize(
    ("name", "owner", "reason"),
    [
        ("a-folder", True, "it is not a file"),
        ("not-a-database.db", True, "not an SQLite database"),
        ("n" * 300, True, "File name too long"),
    ],
)
async def test_a_file_that_cannot_be_used_is_named_with_the_reason(
    tmp_path: Path, name: str, reason: str, *, owner: bool
) -> None:
    """And nothing stays open or locked behind it."""
    (tmp_path / "a-folder").mkdir()
    (tmp_path / "not-a-database.db").write_text("Dear diary, " * 100)
    for _ in range(2):
        with pytest.raises(StoreUnusableError, match=f"{name}: .*{reason}"):
            await SqliteStore.open(str(tmp_path / name), owner=owner)


async def test_after_a_failed_sync_reads_go_on_and_writes_are_refused(
    store: Store, commits: FakeCommit
) -> None:
    """People still see where their jobs stand; the process must end and read the file anew."""
    await store.jobs.insert(a_job(1), ACCEPTED)
    commits.error_before = sqlite_failure(SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC")
    with pytest.raises(StoreBrokenError):
        await store.jobs.insert(a_job(2), ACCEPTED)
    with pytest.raises(StoreBrokenError):
        await store.jobs.request_cancel("job1", "U1", NOW)
    with pytest.raises(StoreBrokenError):
        await store.ping()
    assert await store.jobs.get("job1") == a_job(1)


async def test_after_a_failed_sync_a_claim_is_refused_also_when_nothing_is_due(
    store: Store, commits: FakeCommit
) -> None:
    """By its claims the engine learns that the process must end; a command tells only a person."""
    commits.error_before = sqlite_failure(SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC")
    with pytest.raises(StoreBrokenError):
        await store.jobs.insert(a_job(), ACCEPTED)
    with pytest.raises(StoreBrokenError):
        await store.jobs.claim(NOW, 60, [a_limit(1)])


async def test_a_question_that_the_file_cannot_answer_raises_a_store_error(
    store: Store, tmp_path: Path
) -> None:
    """The floors above know one tree of errors, whatever the database's are called."""
    with closing(connect(str(tmp_path / "jobs.db"))) as damaged:
        damaged.execute("DROP TABLE job_events")
    with pytest.raises(StoreError, match="no such table"):
        await store.jobs.events("job1")


async def test_a_lock_of_somebody_else_is_told_in_time(
    tmp_path: Path,
) -> None:
    """Two writes that come one after the other are both answered within Slack's three seconds.

    Reads go on meanwhile, and writes as soon as the other program has let go.
    """
    path = str(tmp_path / "jobs.db")
    store = await SqliteStore.open(path)
    await store.jobs.insert(a_job(1), ACCEPTED)
    with closing(connect(path)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        first = asyncio.create_task(store.jobs.insert(a_job(2), ACCEPTED))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(store.jobs.insert(a_job(3), ACCEPTED))
        assert await store.jobs.get("job1") == a_job(1)
        for refused in (first, second):
            with pytest.raises(StoreFullError, match="another process keeps the file locked"):
                await refused
        assert time.monotonic() - began < 2.5
        shell.execute("ROLLBACK")
        await store.jobs.insert(a_job(2), ACCEPTED)
    await store.close()


DISK_WITHOUT_ROOM = """
import asyncio, resource, sys
from storage.sqlite.store import SqliteStore
from storage.store import StoreBrokenError
from tests.support.store_samples import ACCEPTED, a_job

async def main():
    store = await SqliteStore.open(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
    number = 0
    try:
        while True:
            await store.jobs.insert(a_job(number), ACCEPTED)
            number += 1
    except StoreBrokenError:
        print(number)
    await store.close()

asyncio.run(main())
"""


async def test_a_write_that_the_system_refuses_ends_the_writing_and_keeps_what_was_told(
    tmp_path: Path,
) -> None:
    """A real process at a real limit: after a new start each acknowledged job is there."""
    path = str(tmp_path / "jobs.db")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DISK_WITHOUT_ROOM, path, cwd=ROOT, stdout=subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), timeout=30)
    acknowledged = int(output)
    assert acknowledged > 0
    store = await SqliteStore.open(path)
    there = {job.id for job in await store.jobs.jobs(JobFilter(limit=acknowledged + 10))}
    assert there >= {f"job{number}" for number in range(acknowledged)}
    await store.close()


async def test_ping_writes_to_the_disk(store: Store, commits: FakeCommit, tmp_path: Path) -> None:
    """A disk that is full is noticed before a person's command is."""
    log = tmp_path / "jobs.db-wal"
    size = log.stat().st_size
    await store.ping()
    assert log.stat().st_size > size
    commits.error_before = sqlite_failure(SQLITE_FULL, "SQLITE_FULL")
    with pytest.raises(StoreFullError):
        await store.ping()
    await store.ping()


async def test_closing_answers_who_waits_and_refuses_who_comes_later(tmp_path: Path) -> None:
    """Twice is as good as once."""
    store = await SqliteStore.open(str(tmp_path / "jobs.db"))
    waiting = asyncio.create_task(store.jobs.insert(a_job(), ACCEPTED))
    await asyncio.sleep(0)
    await store.close()
    assert await waiting == Inserted(job=a_job(), is_new=True)
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.jobs.get("job1")
    with pytest.raises(StoreError, match="closed"):
        await store.ping()
    assert not (tmp_path / "jobs.db-wal").exists()
