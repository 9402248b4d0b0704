"""The connections to one SQLite file: how changes are written, and two ways to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from typing import TypeAlias, TypeVar

import pysqlite3
from sqlite_utils import Database

from storage.sqlite.backup import copy_store
from storage.sqlite.connection import (
    check_place,
    connect_reader,
    connect_writer,
    ownership,
)
from storage.sqlite.errors import broken_error, opening_error, store_error
from storage.sqlite.migrations import check_migrated, migrate
from storage.sqlite.queue import void_leases
from storage.sqlite.rows import HOME_VIEWS, JOBS, NOTIFICATIONS
from storage.sqlite.writer import GroupWriter, Journal, Lane, ThreadLane, Writer
from storage.store import StoreError, StoreUnusableError

T = TypeVar("T")

NewLane: TypeAlias = Callable[[str], Lane]
"""Makes a lane of a name, in which the work of one connection runs."""

NewWriter: TypeAlias = Callable[[Lane, Database], Writer]
"""Makes the writer over the connection that writes, whose work runs in the lane."""


def group_writer(lane: Lane, db: Database) -> Writer:
    """Return the writer of a running bot: writes that wait together share one commit."""
    return GroupWriter(lane, Journal(db))


class Session:
    """An open file. Make one with `open_session`, end it with `close`.

    Each method raises `StoreError`, also after the end.
    """

    def __init__(
        self,
        *,
        path: str,
        writer: Writer,
        reader: Database,
        near: Database,
        reading: Lane,
        new_lane: NewLane,
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

    async def write(self, work: Callable[[Database], T]) -> T:
        """Run `work` in a transaction and return once its commit is on disk."""
        self._refuse_if_closed()
        return await self._writer.write(work)

    def refuse_if_broken(self) -> None:
        """Raise `StoreBrokenError` once a write failed so that nobody knows what is on disk."""
        if self._writer.is_broken:
            raise broken_error()

    async def read(self, question: Callable[[Database], T]) -> T:
        """Ask in the reader's thread, however long the answer takes."""
        self._refuse_if_closed()
        try:
            return await self._reading.run(partial(question, self._reader))
        except pysqlite3.Error as error:
            raise store_error(error) from error

    def peek(self, question: Callable[[Database], T]) -> T:
        """Ask right here what an index answers: that takes 50 µs, and a thread would add 200.

        In WAL mode it waits for no writer. https://sqlite.org/wal.html#concurrency
        """
        self._refuse_if_closed()
        try:
            return question(self._near)
        except pysqlite3.Error as error:
            raise store_error(error) from error

    async def copy_to(self, target: str) -> None:
        """Write a consistent copy to the file `target` while everything goes on."""
        self._refuse_if_closed()
        lane = self._new_lane("store-backup")
        with _naming(target):
            try:
                await lane.run(partial(copy_store, self._path, target))
            finally:
                lane.stop()

    async def close(self) -> None:
        """Finish what is queued and let go of the file. Idempotent."""
        self._closed = True
        await self._resources.aclose()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")


async def open_session(
    path: str,
    *,
    owner: bool,
    new_lane: NewLane = ThreadLane,
    new_writer: NewWriter = group_writer,
) -> Session:
    """Open the file at `path`.

    The `owner`, of which there is one, makes the file if need be, brings its tables up to date and
    frees what a dead owner had claimed. Others (an operator's command) may read and write beside
    it, and take the file as it is.

    Raises `StoreInUseError` when there is an owner already, `StoreUnusableError` when the path
    leads to no store, and `StoreError` when the file cannot be opened now or this library of SQLite
    could damage it.
    """
    writing, reading = new_lane("store-writer"), new_lane("store-reader")
    resources = AsyncExitStack()
    try:
        with _naming(path):
            check_place(path, create=owner)
            if owner:
                resources.enter_context(ownership(path))
            db = await _connect(resources, writing, partial(_prepare, path, owner=owner))
            reader = await _connect(resources, reading, partial(connect_reader, path))
            near = connect_reader(path)
            resources.callback(near.close)
    except BaseException:
        await resources.aclose()
        raise
    writer = new_writer(writing, db)
    resources.push_async_callback(writer.close)
    return Session(
        path=path,
        writer=writer,
        reader=reader,
        near=near,
        reading=reading,
        new_lane=new_lane,
        resources=resources,
    )


def _prepare(path: str, *, owner: bool) -> Database:
    db = connect_writer(path, create=owner)
    try:
        if owner:
            migrate(db)
            void_leases(db, JOBS)
            void_leases(db, NOTIFICATIONS)
            void_leases(db, HOME_VIEWS)
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
    """Name the file in each error."""
    try:
        yield
    except pysqlite3.Error as error:
        meaning = opening_error(error)
        raise type(meaning)(f"{path}: {meaning}") from error
    except OSError as error:
        raise StoreUnusableError(f"{path}: {error.strerror}") from error
