"""Group commit: concurrent writes share one commit, and each caller resumes only after it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

import pysqlite3
from sqlite_utils import Database

from storage.sqlite.errors import broken_error, store_error
from storage.store import StoreBrokenError, StoreFullError

T = TypeVar("T")

Work: TypeAlias = Callable[[Database], None]
"""One write. It runs inside a shared transaction, which it must not end."""

Commit: TypeAlias = Callable[[Database], None]
"""Makes the open transaction durable. Tests replace it to fail or to stop at this point."""

MAX_BATCH = 256
"""The most writes in one commit: 10,000 that arrive at once must not become one commit of a
second, for which a user's command would wait."""

CHECKPOINT_EVERY = 500
"""Writes between two checkpoints; the WAL then stays near SQLite's default of 1,000 pages."""


def commit(db: Database) -> None:
    """Make the open transaction durable."""
    db.execute("COMMIT")


class Writer(Protocol):
    """Accepts writes and commits them."""

    @property
    def is_broken(self) -> bool:
        """Whether every later write is refused with `StoreBrokenError`."""

    async def write(self, work: Callable[[Database], T]) -> T:
        """Run `work` in a transaction and return its result once the commit is on disk.

        A `work` that raises is rolled back alone and its error is raised here. A commit that
        fails raises `StoreFullError` or `StoreBrokenError` in every caller that shared it; after
        the latter every later write is refused with the same. A caller that is cancelled cannot
        know whether its write was done.
        """

    async def close(self) -> None:
        """Finish the accepted writes, and accept no more."""


class Journal:
    """Commits batches on one connection, and refuses writes once an outcome is unknown."""

    def __init__(self, db: Database, commit: Commit = commit) -> None:
        self._db = db
        self._commit = commit
        self.is_broken = False
        """Whether the outcome of a write is unknown."""
        self._writes_since_checkpoint = 0

    def write(self, works: Sequence[Work]) -> list[Exception | None]:
        """Run `works` in one transaction and return, for each, its error or `None`."""
        if self.is_broken:
            return [broken_error() for _ in works]
        try:
            failures = _commit_together(self._db, works, self._commit)
        except pysqlite3.Error as error:
            self._check_broken(error)
            return [store_error(error) for _ in works]
        self._writes_since_checkpoint += len(works)
        return [
            store_error(failure) if isinstance(failure, pysqlite3.Error) else failure
            for failure in failures
        ]

    @property
    def wants_checkpoint(self) -> bool:
        """Whether a checkpoint is due; cheap enough to read after every commit."""
        return not self.is_broken and self._writes_since_checkpoint >= CHECKPOINT_EVERY

    def checkpoint(self) -> None:
        """Move the WAL's content into the database file.

        SQLite's automatic checkpoint would do it, but hides its errors: a database file that
        could not be synced would then appear intact. https://sqlite.org/c3ref/wal_hook.html
        A checkpoint that finds no space loses nothing and is tried again after the next write.
        """
        try:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except pysqlite3.Error as error:
            self._check_broken(error)
        else:
            self._writes_since_checkpoint = 0

    def _check_broken(self, error: Exception) -> None:
        self.is_broken = self.is_broken or isinstance(store_error(error), StoreBrokenError)


@dataclass(frozen=True, slots=True, kw_only=True)
class _QueuedWrite:
    work: Work
    done: asyncio.Future[None]


class GroupWriter:
    """Commits in a lane; the writes that arrive during one commit share the next."""

    def __init__(self, lane: SerialExecutor, journal: Journal) -> None:
        self._lane = lane
        self._journal = journal
        self._waiting: deque[_QueuedWrite] = deque()
        self._draining: asyncio.Task[None] | None = None

    @property
    def is_broken(self) -> bool:
        """See `Writer`."""
        return self._journal.is_broken

    async def write(self, work: Callable[[Database], T]) -> T:
        """Queue `work`, and wait for the commit that it shares."""
        results: list[T] = []
        queued = _QueuedWrite(
            work=lambda db: results.append(work(db)),
            done=asyncio.get_running_loop().create_future(),
        )
        self._waiting.append(queued)
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())
        await queued.done
        return results[0]

    async def close(self) -> None:
        """Wait until nothing is queued."""
        if self._draining is not None:
            await asyncio.wait({self._draining})

    async def _drain(self) -> None:
        try:
            while self._waiting:
                size = min(len(self._waiting), MAX_BATCH)
                await self._commit([self._waiting.popleft() for _ in range(size)])
        finally:
            self._draining = None

    async def _commit(self, batch: Sequence[_QueuedWrite]) -> None:
        works = [queued.work for queued in batch]
        failures: Sequence[Exception | None]
        try:
            failures = await self._lane.run(partial(self._journal.write, works))
        except Exception as error:  # noqa: BLE001 - raised in every caller of this batch
            failures = [error] * len(batch)
        for queued, failure in zip(batch, failures, strict=True):
            if queued.done.done():
                continue
            if failure is None:
                queued.done.set_result(None)
            else:
                queued.done.set_exception(failure)
        if self._journal.wants_checkpoint:
            await self._lane.run(self._journal.checkpoint)


def _commit_together(db: Database, works: Sequence[Work], commit: Commit) -> list[Exception | None]:
    # IMMEDIATE takes the write lock now: a transaction that reads first and then writes could be
    # refused at its first write. https://sqlite.org/lang_transaction.html
    db.execute("BEGIN IMMEDIATE")
    try:
        failures = [_attempt(db, work) for work in works]
        commit(db)
    except BaseException:
        db.rollback()
        raise
    return failures


def _attempt(db: Database, work: Work) -> Exception | None:
    """Run `work` in a savepoint; return its error, or raise one that fails the whole batch.

    Its name is always the same, so that SQLite compiles it once; sqlite-utils would draw one each.
    """
    db.execute("SAVEPOINT work")
    try:
        work(db)
    except Exception as error:
        if not db.conn.in_transaction or _fails_batch(error):
            raise
        db.execute("ROLLBACK TO work")
        db.execute("RELEASE work")
        return error
    db.execute("RELEASE work")
    return None


def _fails_batch(error: Exception) -> bool:
    return isinstance(error, pysqlite3.Error) and isinstance(
        store_error(error), (StoreFullError, StoreBrokenError)
    )


class SerialExecutor(Protocol):
    """Runs one piece of work after the other, in the order of the calls."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work`, which may block; return its result or raise its error."""

    def stop(self) -> None:
        """Stop the lane after the work that it was given."""


class ThreadLane:
    """A lane with a thread of its own: the event loop runs while SQLite waits for the disk."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def stop(self) -> None:
        """Finish the work and end the thread."""
        self._thread.shutdown()
