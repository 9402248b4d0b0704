"""The connections to one SQLite file: one for writes, and two for reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar

import pysqlite3
from sqlite_utils import Database

from storage.pace import LocalPacing, Permit
from storage.rows import HOME_VIEWS, JOBS, NOTIFICATIONS
from storage.sqlite import restores, unreadable
from storage.sqlite.backup import copy_before_upgrade, copy_store
from storage.sqlite.connection import (
    INLINE_BUSY_SECONDS,
    OWNER_BUSY_SECONDS,
    check_path,
    connect_reader,
    connect_writer,
    limit_wait,
)
from storage.sqlite.errors import broken_error, path_in_errors, store_error
from storage.sqlite.generation import check_wal, is_restored, start_generation
from storage.sqlite.migrations import check_migrated, check_origin, first_upgrade, migrate
from storage.sqlite.ownership import check_single_name, file_at, ownership
from storage.sqlite.queue import forget_stop, void_leases
from storage.sqlite.writer import GroupWriter, Journal, SerialExecutor, ThreadLane, Writer
from storage.store import (
    AroundWrite,
    Row,
    StoreBrokenError,
    StoreError,
    StoreFullError,
    Unreadable,
    UnreadableRowError,
    with_permit,
)

T = TypeVar("T")

NewLane: TypeAlias = Callable[[str], SerialExecutor]
"""Makes a lane with this name, which runs the work of one connection."""

NewWriter: TypeAlias = Callable[[SerialExecutor, Database], Writer]
"""Makes the writer over the connection for writes; its work runs in the lane."""


_REPLACED = "the file was replaced or removed while it was open"


def group_writer(lane: SerialExecutor, db: Database) -> Writer:
    """Return the writer of a running bot: concurrent writes share one commit."""
    return GroupWriter(lane, Journal(db))


class Session:
    """An open file. Make one with `open_session`, end it with `close`.

    Each method raises `StoreError`, also after `close`.
    """

    def __init__(
        self,
        *,
        path: str,
        writer: Writer,
        reader: Database,
        inline_reader: Database,
        reader_lane: SerialExecutor,
        new_lane: NewLane,
        resources: AsyncExitStack,
        on_unreadable: Callable[[Unreadable], None],
        around_write: AroundWrite | None = None,
    ) -> None:
        self._path = path
        self._on_unreadable = on_unreadable
        self._around_write = around_write
        self._quarantined: set[tuple[str, str]] = set()
        self._writer = writer
        self._reader = reader
        self._inline_reader = inline_reader
        self._reader_lane = reader_lane
        self._new_lane = new_lane
        self._resources = resources
        self._main_file = Path(path)
        self._file = file_at(self._main_file)
        self.pacing = LocalPacing()
        """The limits of calls: no other process has this file."""
        self._closed = False

    def paced(self, row: Row, permit: Permit | None) -> Row:
        """Return the row with the permit that it asks for, which is reserved."""
        return row if permit is None else with_permit(row, self.pacing.take_now(permit))

    async def write(self, work: Callable[[Database], T]) -> T:
        """Run `work` in a transaction and return once its commit is on disk."""
        self._refuse_if_closed()
        if self._is_replaced:
            # The commit would succeed, on a file that nobody finds any more.
            raise StoreFullError(f"nothing was written: {_REPLACED}")
        try:
            if self._around_write is None:
                return await self._writer.write(work)
            with self._around_write():
                return await self._writer.write(work)
        except UnreadableRowError as error:
            await self.quarantine([error.row])
            raise

    def refuse_if_broken(self) -> None:
        """Raise `StoreBrokenError` once the outcome of a write is unknown, or the file another."""
        if self._writer.is_broken:
            raise broken_error()
        if self._is_replaced:
            raise StoreBrokenError(f"{_REPLACED}: restart the bot")

    async def read(self, query: Callable[[Database], T]) -> T:
        """Run a query of any duration in the reader's thread."""
        self._refuse_if_closed()
        try:
            return await self._reader_lane.run(partial(query, self._reader))
        except pysqlite3.Error as error:
            raise store_error(error) from error

    def read_inline(self, query: Callable[[Database], T]) -> T:
        """Run an indexed query in the calling thread: it takes 50 µs, a thread would add 200 µs.

        In WAL mode it waits for no writer. https://sqlite.org/wal.html#concurrency
        """
        self._refuse_if_closed()
        try:
            return query(self._inline_reader)
        except pysqlite3.Error as error:
            raise store_error(error) from error

    async def read_one(self, query: Callable[[Database], T]) -> T:
        """Run a query as `read_inline` does; a row that cannot be read is set aside and raised."""
        try:
            return self.read_inline(query)
        except UnreadableRowError as error:
            await self.quarantine([error.row])
            raise

    async def readable(self, query: Callable[[Database], tuple[T, Sequence[Unreadable]]]) -> T:
        """Run a query as `read` does; set aside what it found to be unreadable."""
        found, broken = await self.read(query)
        await self.quarantine(broken)
        return found

    async def quarantine(self, found: Sequence[Unreadable]) -> None:
        """Set rows aside that cannot be read, and report those that are new."""
        # Of a page that is read often a row is written once.
        unknown = [one for one in found if (one.table, one.id) not in self._quarantined]
        if not unknown:
            return
        self.report(await self.write(lambda db: unreadable.quarantine(db, unknown)))
        self._quarantined.update((one.table, one.id) for one in unknown)

    def report(self, found: Sequence[Unreadable]) -> None:
        """Report rows that were set aside."""
        self._quarantined.update((one.table, one.id) for one in found)
        for one in found:
            self._on_unreadable(one)

    async def copy_to(self, target: str) -> None:
        """Write a consistent copy to the file `target` while reads and writes continue."""
        self._refuse_if_closed()
        lane = self._new_lane("store-backup")
        with path_in_errors(target):
            try:
                await lane.run(partial(copy_store, self._path, target))
            finally:
                lane.stop()

    async def close(self) -> None:
        """Finish the queued writes and close the file. Idempotent."""
        self._closed = True
        await self._resources.aclose()

    @property
    def _is_replaced(self) -> bool:
        return file_at(self._main_file) != self._file

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")


async def open_session(
    path: str,
    *,
    owner: bool,
    new_lane: NewLane = ThreadLane,
    new_writer: NewWriter = group_writer,
    on_unreadable: Callable[[Unreadable], None] = lambda _: None,
    around_write: AroundWrite | None = None,
) -> Session:
    """Open the file at `path`.

    The `owner`, one process at a time, creates the file if it is missing, migrates its tables and
    ends the leases of a dead owner. Others (an operator's command) may read and write beside the
    owner, and never create or migrate the file.

    Raises `StoreInUseError` when there is an owner already, `StoreUnusableError` when there is no
    store at the path, and `StoreError` when the file is not migrated, is of a newer version, has
    the WAL of another file beside it, cannot be opened now or could be damaged by this release of
    SQLite.
    """
    writer_lane, reader_lane = new_lane("store-writer"), new_lane("store-reader")
    resources = AsyncExitStack()
    found: list[Unreadable] = []
    try:
        with path_in_errors(path):
            check_path(path, create=owner)
            if owner:
                resources.enter_context(ownership(path))
            check_single_name(path)
            check_wal(path)
            db = await _connect(resources, writer_lane, partial(_prepare, path, found, owner=owner))
            reader = await _connect(resources, reader_lane, partial(connect_reader, path))
            inline_reader = connect_reader(path, busy_seconds=INLINE_BUSY_SECONDS)
            resources.callback(inline_reader.close)
    except BaseException:
        await resources.aclose()
        raise
    writer = new_writer(writer_lane, db)
    resources.push_async_callback(writer.close)
    session = Session(
        path=path,
        writer=writer,
        reader=reader,
        inline_reader=inline_reader,
        reader_lane=reader_lane,
        new_lane=new_lane,
        resources=resources,
        on_unreadable=on_unreadable,
        around_write=around_write,
    )
    session.report(found)
    return session


def _prepare(path: str, found: list[Unreadable], *, owner: bool) -> Database:
    db = connect_writer(path, create=owner)
    try:
        check_origin(db, path)
        if owner:
            upgrade = first_upgrade(db)
            if upgrade is not None:
                copy_before_upgrade(path, upgrade)
            migrate(db)
            if is_restored(db, path):
                _note_restore(db)
            with db.atomic():
                crashed = not forget_stop(db)
                void_leases(db, JOBS, crashed=crashed)
                void_leases(db, NOTIFICATIONS, crashed=crashed)
                void_leases(db, HOME_VIEWS, crashed=crashed)
                found += unreadable.recheck(db)
            start_generation(db, path)
            limit_wait(db, OWNER_BUSY_SECONDS)
        else:
            check_migrated(db)
    except BaseException:
        db.close()
        raise
    return db


def _note_restore(db: Database) -> None:
    """Note a restore; on a full disk, where the file keeps its number, the next start does."""
    try:
        with db.atomic():
            restores.note(db)
    except pysqlite3.Error as error:
        if not isinstance(store_error(error), StoreFullError):
            raise


async def _connect(
    resources: AsyncExitStack, lane: SerialExecutor, connect: Callable[[], Database]
) -> Database:
    resources.callback(lane.stop)
    db = await lane.run(connect)
    resources.push_async_callback(lane.run, db.close)
    return db
