"""The store in one SQLite file: one owner, one writer, and reads that never wait for a commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from typing import Self, TypeVar

import pysqlite3
from sqlite_utils import Database

from storage.job import Event, Instant, Job, Stage, check_transition
from storage.sqlite import job_reads, job_writes, notifications, reports
from storage.sqlite.backup import copy_store
from storage.sqlite.connection import (
    Synchronous,
    check_place,
    connect_reader,
    connect_writer,
    ownership,
)
from storage.sqlite.errors import opening_error, store_error
from storage.sqlite.migrations import check_migrated, migrate
from storage.sqlite.notifications import SqliteNotices
from storage.sqlite.settings import SqliteSettings
from storage.sqlite.writer import (
    Commit,
    GroupWriter,
    InlineLane,
    InlineWriter,
    Journal,
    Lane,
    ThreadLane,
    Writer,
    commit,
)
from storage.store import (
    JobFilter,
    Room,
    Spend,
    SpendFilter,
    StoreError,
    StoreUnusableError,
)

T = TypeVar("T")


class SqliteStore(SqliteSettings, SqliteNotices):
    """Keeps the promises of `Store` in one file. Make one with `open`, end it with `close`."""

    def __init__(
        self,
        *,
        path: str,
        writer: Writer,
        reader: Database,
        near: Database,
        reading: Lane,
        new_lane: Callable[[str], Lane],
        resources: AsyncExitStack,
    ) -> None:
        self._path = path
        self._writer = writer
        self._reader = reader
        self._near = near
        self._reading = reading
        self._new_lane = new_lane
        self._resources = resources
        self._closed = False

    @classmethod
    async def open(
        cls,
        path: str,
        *,
        owner: bool = True,
        threads: bool = True,
        synchronous: Synchronous = "FULL",
        commit: Commit = commit,
    ) -> Self:
        """Open the store at `path`.

        The `owner`, of which there is one, makes the file if need be, brings its tables up to
        date and frees what a dead owner had claimed. Others (an operator's command) may read and
        write beside it, and take the file as it is.

        For simulations and tests: without `threads` all work is done in the calling coroutine,
        which then never yields; `synchronous` below `FULL` gives durability up for speed;
        `commit` stands in for the commit, to fail or to stop before or after it.

        Raises `StoreInUseError` when there is an owner already, `StoreUnusableError` when the path
        leads to no store, and `StoreError` when the file cannot be opened now or this library of
        SQLite could damage it.
        """
        new_lane: Callable[[str], Lane] = ThreadLane if threads else InlineLane
        writing, reading = new_lane("store-writer"), new_lane("store-reader")
        resources = AsyncExitStack()
        try:
            with _naming(path):
                check_place(path, create=owner)
                if owner:
                    resources.enter_context(ownership(path))
                prepare = partial(_prepare, path, owner=owner, synchronous=synchronous)
                journal = Journal(await _connect(resources, writing, prepare), commit)
                reader = await _connect(resources, reading, partial(connect_reader, path))
                near = connect_reader(path)
                resources.callback(near.close)
        except BaseException:
            await resources.aclose()
            raise
        writer: Writer = GroupWriter(writing, journal) if threads else InlineWriter(journal)
        resources.push_async_callback(writer.close)
        return cls(
            path=path,
            new_lane=new_lane,
            writer=writer,
            reading=reading,
            reader=reader,
            near=near,
            resources=resources,
        )

    async def insert(self, job: Job, event: Event) -> tuple[Job, bool]:
        """Insert `job`, or return the row that has its `ask_key` already."""
        return await self._write(lambda db: job_writes.insert(db, job, event))

    async def claim(
        self,
        now: Instant,
        lease_seconds: float,
        rooms: Sequence[Room],
    ) -> list[Job]:
        """Take as many rows as there is room for that are due and not leased."""
        return await self._write(lambda db: job_writes.claim(db, now, lease_seconds, rooms))

    async def renew(self, jobs: Sequence[Job], until: Instant) -> frozenset[str]:
        """Extend the leases of `jobs` that are still held; return the IDs of those."""
        return await self._write(lambda db: job_writes.renew(db, jobs, until))

    async def apply(self, before: Job, after: Job, event: Event | None) -> Job:
        """Write the fields in which `after` differs, with the event, if the fence still holds."""
        check_transition(before, after)
        return await self._write(lambda db: job_writes.apply(db, before, after, event))

    async def get(self, job_id: str) -> Job | None:
        """Return the job, or `None`."""
        return self._peek(lambda db: job_reads.job_by_id(db, job_id))

    async def find_ask(self, ask_key: str) -> Job | None:
        """Return the job that was made of this ask, or `None`."""
        return self._peek(lambda db: job_reads.find_ask(db, ask_key))

    async def find_by_message(self, team: str, channel: str, ts: str) -> Job | None:
        """Return the newest job whose own message, result or thread root is `ts`, or `None`."""
        return self._peek(lambda db: job_reads.find_by_message(db, team, channel, ts))

    async def find_twin(self, job: Job, since: Instant) -> Job | None:
        """Return the newest other job that asks for the same, made at or after `since`."""
        return self._peek(lambda db: job_reads.find_twin(db, job, since))

    async def jobs(self, wanted: JobFilter) -> list[Job]:
        """Return the jobs that match, newest first."""
        return await self._read(lambda db: job_reads.jobs(db, wanted))

    async def events(self, job_id: str) -> list[Event]:
        """Return the job's timeline, oldest first."""
        return await self._read(lambda db: job_reads.events(db, job_id))

    async def render_seconds(self, kind: str, limit: int) -> list[float]:
        """Return how long the last successes of this kind took, in seconds, the newest first."""
        return self._peek(lambda db: job_reads.render_seconds(db, kind, limit))

    async def ahead_of(self, job: Job) -> int:
        """Return how many jobs were made before this one and do not render yet, up to a bound."""
        return self._peek(lambda db: job_reads.ahead_of(db, job))

    async def spend(self, wanted: SpendFilter) -> Spend:
        """Return what the jobs that match cost, as far as MindVideo has named it."""
        return await self._read(lambda db: reports.spend(db, wanted))

    async def request_cancel(self, job_id: str, by: str, now: Instant) -> Job | None:
        """Note the first wish to cancel and make the job due, if nothing was sent yet."""
        return await self._write(lambda db: job_writes.request_cancel(db, job_id, by, now))

    async def unfollow(self, job_id: str, by: str, now: Instant) -> Job | None:
        """Note that a render at MindVideo is given up, and make the job due."""
        return await self._write(lambda db: job_writes.unfollow(db, job_id, by, now))

    async def resume(
        self,
        job_id: str,
        now: Instant,
        task_id: str | None = None,
        vouched_at: Instant | None = None,
    ) -> Job | None:
        """Send a parked job back to the stage it left, due now; `None` if there is none."""
        return await self._write(lambda db: job_writes.resume(db, job_id, now, task_id, vouched_at))

    async def last_event_at(self) -> Instant:
        """Return the moment of the newest line of any timeline, or 0 if there is none."""
        return await self._read(job_reads.last_event_at)

    async def stage_counts(self) -> dict[Stage, int]:
        """Return how many jobs stand in each stage."""
        return await self._read(job_reads.stage_counts)

    async def backup(self, path: str) -> None:
        """Write a consistent copy to the new file `path` while everything goes on.

        Raises `StoreError` when `path` exists or cannot be written.
        """
        # A lane of its own: a large copy takes seconds, for which no other read should wait.
        lane = self._new_lane("store-backup")
        try:
            with _naming(path):
                await lane.run(partial(copy_store, self._path, path))
        finally:
            lane.stop()

    async def ping(self) -> None:
        """Raise `StoreError` unless a write would work now: it writes, in fact, one page."""
        await self._write(job_writes.touch)

    async def close(self) -> None:
        """Finish what is queued and let go of the file. Idempotent."""
        self._closed = True
        await self._resources.aclose()

    async def _write(self, work: Callable[[Database], T]) -> T:
        self._refuse_if_closed()
        return await self._writer.write(work)

    def _peek(self, question: Callable[[Database], T]) -> T:
        """Answer from an index, right here: that takes 50 µs, and a thread would add 200.

        In WAL mode it waits for no writer. https://sqlite.org/wal.html#concurrency
        """
        self._refuse_if_closed()
        try:
            return question(self._near)
        except pysqlite3.Error as error:
            raise store_error(error) from error

    async def _read(self, question: Callable[[Database], T]) -> T:
        self._refuse_if_closed()
        try:
            return await self._reading.run(partial(question, self._reader))
        except pysqlite3.Error as error:
            raise store_error(error) from error

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")


def _prepare(path: str, *, owner: bool, synchronous: Synchronous) -> Database:
    db = connect_writer(path, create=owner, synchronous=synchronous)
    try:
        if owner:
            migrate(db)
            job_writes.void_leases(db)
            notifications.void_leases(db)
        else:
            check_migrated(db)
    except BaseException:
        db.close()
        raise
    return db


async def _connect(
    resources: AsyncExitStack, lane: Lane, connect: Callable[[], Database]
) -> Database:
    resources.callback(lane.stop)
    db = await lane.run(connect)
    resources.push_async_callback(lane.run, db.close)
    return db


@contextmanager
def _naming(path: str) -> Iterator[None]:
    try:
        yield
    except pysqlite3.Error as error:
        meaning = opening_error(error)
        raise type(meaning)(f"{path}: {meaning}") from error
    except OSError as error:
        raise StoreUnusableError(f"{path}: {error.strerror}") from error
