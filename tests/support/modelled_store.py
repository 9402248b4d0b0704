"""A store beside a dictionary with the same rows, in a process that may crash."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias, TypeVar
from urllib.parse import quote

import pytest
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow

from storage.budget import exposure, total
from storage.job import Event, Job
from storage.postgres.store import PostgresStore
from storage.sqlite.store import SqliteStore
from storage.store import FRESH_SECONDS, JobFilter, Store
from tests.support.inline_store import inline_session, threaded_session
from tests.support.postgres import Server, emptied_database
from tests.support.store_samples import NOW, FakeCommit

T = TypeVar("T")
CrashPoint: TypeAlias = Literal["before the commit", "after the commit"] | None


class CrashError(Exception):
    """The end of the process; only what is on disk remains."""


class ModelledStore:
    """Two stores on one file, and the rows that the file must hold."""

    def __init__(self, *, threads: bool = False) -> None:
        self.rows: dict[str, Job] = {}
        self.timelines: dict[str, list[Event]] = {}
        self._threads = threads
        self._commits = FakeCommit()
        self._loop = asyncio.Runner()
        self._folder = TemporaryDirectory()
        self.engines = self._start()

    def close(self) -> None:
        """Close the files."""
        self._stop()
        self._loop.close()
        self._folder.cleanup()

    def run(self, call: Coroutine[object, object, T]) -> T:
        """Run `call`, which must change nothing."""
        return self._loop.run(call)

    def do(
        self,
        call: Coroutine[object, object, T],
        changes: dict[str, Job],
        crash: CrashPoint = None,
        *events: Event,
    ) -> T | None:
        """Run `call`, which must make `changes`; return `None` if the process crashed in it."""
        self._commits.error_before = CrashError() if crash == "before the commit" else None
        self._commits.error_after = CrashError() if crash == "after the commit" else None
        result = None
        try:
            result = self._loop.run(call)
        except CrashError:
            assert crash is not None
        # A claim that finds no due row commits nothing, so the process does not crash.
        self._commits.error_before = self._commits.error_after = None
        if crash != "before the commit":
            self.rows |= changes
            for job_id in changes:
                self.timelines.setdefault(job_id, []).extend(events)
        if crash is not None:
            self.restart()
        return result

    def restart(self, *, in_order: bool = False) -> None:
        """Open the file again; all claims are released, and counted unless it was `in_order`."""
        for engine in self.engines if in_order else ():
            self.run(engine.note_stop(0.0))
        self._stop()
        self.engines = self._start()
        self.rows = {
            job.id: job
            if job.due_at is None or job.lease_until is None
            else self.voided(replace(job, crashes=job.crashes + (not in_order)), job)
            for job in self.rows.values()
        }

    def voided(self, counted: Job, _before: Job, /) -> Job:
        """Return a job after the start that ended its lease."""
        return replace(counted, lease_until=None)

    def check(self) -> None:
        """Compare the rows and events in the file with the dictionary."""
        for engine in self.engines:
            there = self.run(engine.jobs.jobs(JobFilter(limit=100)))
            assert {job.id: job for job in there} == self.rows
        assert self.run(self.engines[0].budgets.mismatches()) == []
        for job_id, timeline in self.timelines.items():
            assert self.run(self.engines[0].jobs.events(job_id)) == timeline

    @property
    def exposed(self) -> Decimal:
        """What the rows hold and have spent together."""
        return total(exposure(job).total for job in self.rows.values())

    def _start(self) -> tuple[Store, Store]:
        path = str(Path(self._folder.name) / "jobs.db")

        async def start(*, owner: bool) -> SqliteStore:
            opened = threaded_session if self._threads else inline_session
            return SqliteStore(await opened(path, owner=owner, commit=self._commits))

        return self.run(start(owner=True)), self.run(start(owner=False))

    def _stop(self) -> None:
        for engine in self.engines:
            self.run(engine.close())


class ModelledPostgres(ModelledStore):
    """Two processes on one database of PostgreSQL, which stop and start again together."""

    def __init__(self, server: Server) -> None:
        self._ended: set[tuple[str, int]] = set()
        """The claims whose leases a start has ended."""
        # Each connection takes the beginning for the present.
        option = quote(f"-c slack_video_bot.now={NOW}")
        self._url = f"{emptied_database(server)}&options={option}"
        self._patch = pytest.MonkeyPatch()
        execute = AsyncConnection.execute

        async def crashing(
            connection: AsyncConnection[DictRow],
            query: bytes,
            values: Mapping[str, object] | None = None,
            *,
            prepare: bool | None = None,
        ) -> AsyncCursor[DictRow]:
            if query != b"COMMIT":
                return await execute(connection, query, values, prepare=prepare)
            before, self._commits.error_before = self._commits.error_before, None
            if before is not None:
                raise before
            cursor = await execute(connection, query, values)
            after, self._commits.error_after = self._commits.error_after, None
            if after is not None:
                raise after
            return cursor

        self._patch.setattr(AsyncConnection, "execute", crashing)
        super().__init__()

    def voided(self, counted: Job, before: Job, /) -> Job:
        """Return a job whose lease ends soon; that was counted once."""
        claimed = (before.id, before.fence)
        if before.lease_until is None or claimed in self._ended:
            return before
        self._ended.add(claimed)
        end = min(before.lease_until - FRESH_SECONDS, NOW + FRESH_SECONDS)
        return replace(counted, lease_until=end)

    def close(self) -> None:
        """Close the connections."""
        super().close()
        self._patch.undo()

    def _start(self) -> tuple[Store, Store]:
        async def start(name: str) -> Store:
            return await PostgresStore.open(self._url, holder=name)

        return self.run(start("one")), self.run(start("two"))


def merged(row: Job, before: Job, after: Job) -> Job:
    """Return `row` with the fields in which `after` differs from `before`."""
    changes = {
        field.name: getattr(after, field.name)
        for field in fields(Job)
        if getattr(before, field.name) != getattr(after, field.name)
    }
    return replace(row, **changes)
