"""The real store, watched: the invariants see every row that it hands out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, Self

import pysqlite3
from sqlite_utils import Database

from storage.job import Event, Instant, Job
from storage.notification import Notice
from storage.sqlite.store import SqliteStore
from storage.sqlite.writer import commit
from storage.store import Room
from tests.simulation.process import Process

# https://sqlite.org/rescode.html
DISK_FULL, IO_ERROR = 13, 10


class Watcher(Protocol):
    """Sees rows as they stand."""

    def after_claim(self, row: Job) -> None:
        """A step begins with this row."""

    def after_write(self, row: Job) -> None:
        """This is the row after a commit."""

    def after_notice(self, row: Notice) -> None:
        """This is a notice after a commit."""


class WatchedStore(SqliteStore):
    """The store without threads. Its writes take a moment, so that callers interleave."""

    @classmethod
    async def start(cls, path: Path, process: Process, watcher: Watcher) -> Self:
        """Open the store at `path` as a part of `process`."""
        store = await cls.open(
            str(path), threads=False, synchronous="OFF", commit=_Disk(process).commit
        )
        store.watch(process, watcher)
        return store

    def watch(self, process: Process, watcher: Watcher) -> None:
        """Show every row to `watcher` from now on."""
        self.process = process
        self._watcher = watcher
        self.written = asyncio.Event()
        """Set by every write after which a notice may be due, or the store broken."""

    async def insert(self, job: Job, event: Event) -> tuple[Job, bool]:
        """See `Store`."""
        await self._pause()
        row, is_new = await super().insert(job, event)
        self._watcher.after_write(row)
        await self._pause()
        return row, is_new

    async def claim(
        self,
        now: Instant,
        lease_seconds: float,
        rooms: Sequence[Room],
    ) -> list[Job]:
        """See `Store`."""
        rows = await super().claim(now, lease_seconds, rooms)
        for row in rows:
            self._watcher.after_claim(row)
        return rows

    async def apply(self, before: Job, after: Job, event: Event | None) -> Job:
        """See `Store`."""
        await self._pause()
        row = await super().apply(before, after, event)
        told = f": {event.name} {event.detail}" if event else ""
        self.process.world.note(f"commit {row.stage}{told}")
        self._watcher.after_write(row)
        self.written.set()
        if self.process.world.odds(0.2):
            await self._pause()
        return row

    async def claim_notices(self, now: Instant, lease_seconds: float, limit: int) -> list[Notice]:
        """See `NoticeStore`."""
        rows = await super().claim_notices(now, lease_seconds, limit)
        for row in rows:
            self._watcher.after_notice(row)
        return rows

    async def apply_notice(self, before: Notice, after: Notice) -> Notice:
        """See `NoticeStore`."""
        await self._pause()
        try:
            row = await super().apply_notice(before, after)
        finally:
            self.written.set()
        self._watcher.after_notice(row)
        return row

    def as_it_stands(self, known: Notice) -> Notice | None:
        """Return a notice as it is on disk: a process may have died after its last commit.

        `None` is one that was told, or was to be told, after the backup that this is.
        """
        query = "SELECT posted_ts, problem FROM notices WHERE id = :id"
        row = self._peek(lambda db: db.execute(query, {"id": known.id}).fetchone())
        if row is None:
            return None
        return replace(known, posted_ts=row["posted_ts"], problem=row["problem"])

    def next_notice(self) -> Instant | None:
        """Return when the next notice is due, those that are claimed after their lease."""
        query = "SELECT min(max(due_at, coalesce(lease_until, 0))) FROM notices"
        (due,) = self._peek(lambda db: db.execute(query).fetchone())
        return None if due is None else float(due)

    async def request_cancel(self, job_id: str, by: str, now: Instant) -> Job | None:
        """See `Store`."""
        await self._pause()
        return self._seen(await super().request_cancel(job_id, by, now))

    async def unfollow(self, job_id: str, by: str, now: Instant) -> Job | None:
        """See `Store`."""
        await self._pause()
        return self._seen(await super().unfollow(job_id, by, now))

    async def resume(
        self,
        job_id: str,
        now: Instant,
        task_id: str | None = None,
        vouched_at: Instant | None = None,
    ) -> Job | None:
        """See `Store`."""
        await self._pause()
        return self._seen(await super().resume(job_id, now, task_id, vouched_at))

    def _seen(self, row: Job | None) -> Job | None:
        if row is not None:
            self._watcher.after_write(row)
        return row

    async def _pause(self) -> None:
        world = self.process.world
        await world.sleep(world.between(0, 0.01))


class _Disk:
    """Commits, or fails to, or dies just before or just after."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def commit(self, db: Database) -> None:
        world = self._process.world
        self._process.point("before commit")
        if world.happens("disk full", 0.2):
            raise _sqlite_error(DISK_FULL)
        if world.happens("write error, nothing written", 0.02):
            raise _sqlite_error(IO_ERROR)
        commit(db)
        if world.happens("write error, all written", 0.02):
            raise _sqlite_error(IO_ERROR)
        self._process.point("after commit")


def _sqlite_error(code: int) -> pysqlite3.OperationalError:
    error = pysqlite3.OperationalError("made up")
    error.sqlite_errorcode = code
    return error
