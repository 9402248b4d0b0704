"""Writes that wait together share one commit, and share its failure."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from sqlite3 import SQLITE_FULL, SQLITE_IOERR_FSYNC, SQLITE_READONLY, Cursor

import pytest
from sqlite_utils import Database

from storage.sqlite.connection import connect_writer
from storage.sqlite.writer import (
    CHECKPOINT_EVERY,
    MAX_BATCH,
    GroupWriter,
    Journal,
    SerialExecutor,
    ThreadLane,
    Work,
    Writer,
)
from storage.store import StoreBrokenError, StoreError, StoreFullError
from tests.support.inline_store import InlineLane, InlineWriter
from tests.support.store_samples import FakeCommit, sqlite_failure


class Bench:
    """A writer on a table of numbers, with the commit in the test's hands."""

    def __init__(self, db: Database, lane: SerialExecutor, path: Path, *, threads: bool) -> None:
        self.commits = FakeCommit()
        self.db = db
        self.lane = lane
        self.log = path.with_name(f"{path.name}-wal")
        journal = Journal(db, self.commits)
        self.writer: Writer = GroupWriter(lane, journal) if threads else InlineWriter(journal)

    def add(self, number: int) -> Coroutine[object, None, int]:
        """Write `number` once; a second time breaks a constraint."""

        def work(db: Database) -> int:
            db.execute("INSERT INTO numbers VALUES (:n)", {"n": number})
            return number

        return self.writer.write(work)

    async def add_all(self, numbers: range) -> list[int | BaseException]:
        """Write all of `numbers` at once, each by a caller of its own."""
        return await asyncio.gather(*map(self.add, numbers), return_exceptions=True)

    async def execute(self, sql: str) -> list[tuple[int]]:
        """Run `sql` beside the writer, on its connection."""
        return await self.lane.run(lambda: [tuple(row) for row in self.db.execute(sql)])

    async def numbers(self) -> list[int]:
        """Return what stands in the table."""
        return [n for (n,) in await self.execute("SELECT n FROM numbers ORDER BY n")]


@asynccontextmanager
async def a_bench(path: Path, *, threads: bool) -> AsyncIterator[Bench]:
    """Open a bench and close it in order."""
    lane: SerialExecutor = ThreadLane("test-writer") if threads else InlineLane("test-writer")
    connect = partial(connect_writer, str(path), create=True)
    db = await lane.run(connect)
    bench = Bench(db, lane, path, threads=threads)
    await bench.execute("CREATE TABLE numbers (n INTEGER UNIQUE) STRICT")
    yield bench
    await bench.writer.close()
    await lane.run(db.close)
    lane.stop()


@pytest.fixture
async def group(tmp_path: Path) -> AsyncIterator[Bench]:
    """The writer of the service: a thread, and shared commits."""
    async with a_bench(tmp_path / "group.db", threads=True) as bench:
        yield bench


@pytest.fixture(params=[True, False], ids=["group", "inline"])
async def bench(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """Each of the two writers."""
    async with a_bench(tmp_path / "either.db", threads=request.param) as bench:
        yield bench


async def test_writes_that_wait_together_share_a_commit(group: Bench) -> None:
    """Two hundred at once need few commits, and every caller gets its own result."""
    assert await group.add_all(range(200)) == list(range(200))
    assert await group.numbers() == list(range(200))
    assert group.commits.count <= 3


async def test_a_commit_holds_a_bounded_number_of_writes(group: Bench) -> None:
    """A rush must not become one commit so long that everyone else waits for it."""
    await group.add_all(range(MAX_BATCH * 2 + 1))
    assert group.commits.count == 3


async def test_a_caller_resumes_only_after_the_commit(bench: Bench) -> None:
    """What a caller was told stands in the file for every other connection."""
    await bench.add(7)
    assert bench.commits.count == 1


async def test_a_write_that_fails_is_rolled_back_alone(group: Bench) -> None:
    """Its neighbours in the same commit are written."""
    await group.add(3)
    results = await group.add_all(range(5))
    [failed] = [result for result in results if isinstance(result, BaseException)]
    assert type(failed) is StoreError
    assert "UNIQUE" in str(failed)
    assert await group.numbers() == [0, 1, 2, 3, 4]
    assert group.commits.count == 2


async def test_an_error_of_the_callers_own_reaches_the_caller_and_undoes_its_write(
    bench: Bench,
) -> None:
    """Nothing that the failing function did remains."""

    def work(db: Database) -> None:
        db.execute("INSERT INTO numbers VALUES (1)")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await bench.writer.write(work)
    assert await bench.numbers() == []


@pytest.mark.parametrize(
    ("code", "name"), [(SQLITE_FULL, "SQLITE_FULL"), (SQLITE_READONLY, "SQLITE_READONLY")]
)
async def test_a_commit_without_space_writes_nothing_of_its_batch_and_passes(
    bench: Bench, code: int, name: str
) -> None:
    """Everyone who shared it is told; when space returns the next write works."""
    bench.commits.error_before = sqlite_failure(code, name)
    with pytest.raises(StoreFullError, match=name):
        await bench.add(1)
    assert await bench.numbers() == []
    assert await bench.add(1) == 1


async def test_a_failing_commit_fails_everyone_who_shared_it(group: Bench) -> None:
    """Each caller gets an error of its own, so that no traceback mixes two callers."""
    group.commits.error_before = sqlite_failure(SQLITE_FULL, "SQLITE_FULL")
    results = await group.add_all(range(10))
    assert {type(result) for result in results} == {StoreFullError}
    assert len({id(result) for result in results}) == 10
    assert await group.numbers() == []


async def test_a_file_that_may_not_grow_fails_the_batch_and_works_again_with_space(
    bench: Bench,
) -> None:
    """The same with SQLite's own limit in place of a full disk."""
    await bench.execute("PRAGMA max_page_count = 4")
    results = await bench.add_all(range(5_000))
    kept = [result for result in results if isinstance(result, int)]
    refused = [result for result in results if not isinstance(result, int)]
    assert {type(result) for result in refused} == {StoreFullError}
    assert await bench.numbers() == sorted(kept)
    await bench.execute("PRAGMA max_page_count = 1000000")
    assert await bench.add(9_999) == 9_999


async def test_after_a_failed_sync_nothing_more_is_written(bench: Bench) -> None:
    """Nobody knows what the disk holds: later writes are refused until the file is read anew."""
    bench.commits.error_before = sqlite_failure(SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC")
    with pytest.raises(StoreBrokenError, match="SQLITE_IOERR_FSYNC"):
        await bench.add(1)
    with pytest.raises(StoreBrokenError, match="restart the bot"):
        await bench.add(2)
    assert bench.commits.count == 0


async def test_a_failed_sync_after_the_commit_is_in_doubt_too(bench: Bench) -> None:
    """The caller hears that it may be there, never that it is not, and here it is."""
    bench.commits.error_after = sqlite_failure(SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC")
    with pytest.raises(StoreBrokenError):
        await bench.add(1)
    assert await bench.numbers() == [1]


async def test_an_error_that_nobody_foresaw_reaches_everyone_who_waits(bench: Bench) -> None:
    """No caller is left waiting for ever, and the writer goes on."""
    bench.commits.error_before = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await bench.add(1)
    assert await bench.numbers() == []
    assert await bench.add(1) == 1


async def test_a_caller_that_gives_up_disturbs_nobody(group: Bench) -> None:
    """Its neighbours in the same commit get their results."""
    impatient = asyncio.create_task(group.add(1))
    patient = asyncio.create_task(group.add(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == 2
    assert impatient.cancelled()
    assert 2 in await group.numbers()


async def test_closing_finishes_what_was_queued(group: Bench) -> None:
    """Whoever was let in gets an answer."""
    waiting = [asyncio.create_task(group.add(number)) for number in range(MAX_BATCH + 1)]
    await asyncio.sleep(0)
    await group.writer.close()
    assert all(task.done() for task in waiting)
    assert len(await group.numbers()) == MAX_BATCH + 1


async def test_the_log_does_not_grow_for_ever(bench: Bench) -> None:
    """Checkpoints let the log start over: it keeps its size while the writes go on."""
    await bench.add_all(range(CHECKPOINT_EVERY + MAX_BATCH))
    size = bench.log.stat().st_size
    await bench.add_all(range(10_000, 10_000 + CHECKPOINT_EVERY // 4))
    assert bench.log.stat().st_size == size


class FailingCheckpoints(Database):
    """A real connection, but for a disk that fails at each checkpoint."""

    failure = sqlite_failure(SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC")

    def execute(
        self, sql: str, parameters: Sequence[object] | dict[str, object] | None = None
    ) -> Cursor:
        """Run `sql`, unless it is a checkpoint."""
        if "wal_checkpoint" in sql:
            raise self.failure
        return super().execute(sql, parameters)


@pytest.mark.parametrize(
    ("code", "later"), [(SQLITE_IOERR_FSYNC, StoreBrokenError), (SQLITE_FULL, type(None))]
)
def test_a_checkpoint_that_fails_on_disk_ends_the_writing(
    tmp_path: Path, code: int, later: type
) -> None:
    """A database file that could not be synced must not look sound; lack of space passes."""
    with closing(connect_writer(str(tmp_path / "x.db"), create=True)) as real:
        db = FailingCheckpoints(real.conn)
        db.failure = sqlite_failure(code, "injected")
        journal = Journal(db, FakeCommit())
        create: Work = partial(_run, "CREATE TABLE IF NOT EXISTS t (a)")
        assert journal.write([create] * CHECKPOINT_EVERY) == [None] * CHECKPOINT_EVERY
        journal.checkpoint()
        [failure] = journal.write([create])
        assert isinstance(failure, later)


def _run(sql: str, db: Database) -> None:
    db.execute(sql)


async def test_the_inline_writer_never_yields_to_the_event_loop(tmp_path: Path) -> None:
    """A simulation under virtual time needs one fixed order."""
    async with a_bench(tmp_path / "inline.db", threads=False) as bench:
        with pytest.raises(StopIteration) as end:
            bench.add(1).send(None)
        assert end.value.value == 1


async def test_a_thread_lane_leaves_the_event_loop_free() -> None:
    """While its work blocks, the loop goes on; all its work runs in one thread."""
    lane = ThreadLane("test")
    gate = threading.Event()
    blocked = asyncio.create_task(lane.run(gate.wait))
    await asyncio.sleep(0)
    gate.set()
    assert await blocked
    first, second = await lane.run(threading.get_ident), await lane.run(threading.get_ident)
    assert first == second != threading.get_ident()
    lane.stop()


async def test_an_inline_lane_works_in_the_callers_thread_at_once() -> None:
    """Nothing else runs in between."""
    lane = InlineLane("test")
    with pytest.raises(StopIteration) as end:
        lane.run(threading.get_ident).send(None)
    assert end.value.value == threading.get_ident()
    lane.stop()


@pytest.mark.parametrize("lane", [ThreadLane("test"), InlineLane("test")], ids=["thread", "inline"])
async def test_an_error_of_the_work_reaches_the_caller(lane: SerialExecutor) -> None:
    """As it is."""
    with pytest.raises(ZeroDivisionError):
        await lane.run(lambda: 1 // 0)
    lane.stop()
