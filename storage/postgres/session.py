"""A pool of connections to one database, and the transactions on them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TypeAlias, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.errors import FeatureNotSupported, LockNotAvailable
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from storage.pace import LocalPacing, PaceState, Permit
from storage.postgres import queue, restores, unreadable
from storage.postgres.connection import (
    BEGIN,
    BEGIN_READ,
    CONNECT_SECONDS,
    NO_HURRY,
    POOL_SIZE,
    SETTINGS,
    StoreConnection,
    check_server,
    check_url,
    lock_name,
    new_pool,
)
from storage.postgres.database import Database
from storage.postgres.errors import AGAIN, is_disconnect, store_error, unsure_error
from storage.postgres.migrations import check_migrated, check_not_newer
from storage.postgres.upgrade import upgrade
from storage.rows import HOME_VIEWS, JOBS, NOTIFICATIONS
from storage.store import (
    AroundWrite,
    StoreError,
    StoreFullError,
    Unreadable,
    UnreadableRowError,
)

T = TypeVar("T")

Work: TypeAlias = Callable[[Database], Awaitable[T]]
"""Statements of one transaction. They may be run again from the beginning."""

_MOST_WAITS = 9
"""How often a process waits for another one that starts, each time for `lock_timeout`."""

MOST_TRIES = POOL_SIZE + 1
"""How often a transaction is run that the server ended for the good of another, or because of a
plan from before a migration, which each connection may have."""


class PoolSession:
    """An open database. Make one with `open_session`, end it with `close`.

    Each method raises `StoreError`, also after `close`.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool[StoreConnection],
        *,
        holder: str | None = None,
        name: AsyncConnection[DictRow] | None = None,
        is_patient: bool = False,
        on_unreadable: Callable[[Unreadable], None] = lambda _: None,
        around_write: AroundWrite | None = None,
    ) -> None:
        """`is_patient`: a statement may take minutes, because an operator waits for it."""
        self._name = name
        self._is_patient = is_patient
        self.holder = holder
        """The name of this process, with which it marks the rows that it claims."""
        self._pool = pool
        self._on_unreadable = on_unreadable
        self._around_write = around_write
        self._quarantined: set[tuple[str, str]] = set()
        self.known_paces = LocalPacing()
        """What this process has read of the limits that all share."""
        self._closed = False
        self._writes = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def url(self) -> str:
        """The address of the database, with its password."""
        return str(self._pool.conninfo)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction, and return once its commit is on the server's disk.

        It runs again if the server ends it because of a deadlock. Raises `StoreUnsureError` if the
        connection ends at the commit; after every other error nothing was written.
        """
        self._refuse_if_closed()
        self._writes += 1
        self._idle.clear()
        try:
            if self._around_write is None:
                return await self._write(work)
            with self._around_write():
                return await self._write(work)
        except UnreadableRowError as error:
            await self.quarantine([error.row])
            raise
        finally:
            self._writes -= 1
            if not self._writes:
                self._idle.set()

    async def read(self, query: Work[T]) -> T:
        """Run the one statement of a query, outside of a transaction.

        After a restart of the server every connection of the pool is dead and does not know it, and
        after a migration each may have a plan that is not valid any more, so others are tried.
        """
        self._refuse_if_closed()
        if self._is_patient:
            # Set for one transaction, and not for whoever gets the connection next from a pooler.
            return await self.read_at_once(query)
        with translated():
            for _ in range(POOL_SIZE):
                async with self._pool.connection() as connection:
                    try:
                        return await query(Database(connection))
                    except FeatureNotSupported:
                        # "cached plan must not change result type"
                        await connection.close()
                    except psycopg.Error as error:
                        if not is_disconnect(error):
                            raise
            async with self._pool.connection() as connection:
                return await query(Database(connection))

    async def read_at_once(self, query: Work[T]) -> T:
        """Run a query of several statements, which all see one state of the database."""
        self._refuse_if_closed()
        with translated():
            async with self._transaction(BEGIN_READ) as db:
                return await query(db)

    async def read_one(self, query: Work[T]) -> T:
        """Run a query as `read` does; a row that cannot be read is set aside and raised."""
        try:
            return await self.read(query)
        except UnreadableRowError as error:
            await self.quarantine([error.row])
            raise

    async def readable(self, query: Work[tuple[T, Sequence[Unreadable]]]) -> T:
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

    def note_permit(self, permit: Permit | None, written: DictRow) -> None:
        """Keep what a statement that took a permit returned of its limit."""
        if permit is not None:
            limit = permit.limit
            pace = PaceState(next_at=written["next_at"], called_at=written["called_at"])
            self.known_paces.merge(limit.key, pace)
            self.known_paces.merge(limit.held_by, PaceState(held_until=written["held_until"]))

    def report(self, found: Sequence[Unreadable]) -> None:
        """Report rows that were set aside."""
        self._quarantined.update((one.table, one.id) for one in found)
        for one in found:
            self._on_unreadable(one)

    async def start(self) -> None:
        """Connect."""
        with translated():
            await self._pool.open(wait=True, timeout=CONNECT_SECONDS)

    async def prepare(self, work: Work[T]) -> T:
        """Run `work` as `write` does, and wait longer for others that do the same."""
        for _ in range(_MOST_WAITS):
            try:
                return await self.write(work)
            except StoreFullError as error:
                if not isinstance(error.__cause__, LockNotAvailable):
                    raise
        return await self.write(work)

    async def close(self) -> None:
        """Finish the writes that were begun, and close the connections. Idempotent."""
        self._closed = True
        await self._idle.wait()
        await self._pool.close()
        if self._name is not None:
            await self._name.close()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")

    async def _write(self, work: Work[T]) -> T:
        tries = 0
        while True:
            tries += 1
            try:
                with translated():
                    async with self._transaction(BEGIN) as db:
                        return await work(db)
            except StoreError as error:
                if tries == MOST_TRIES or not isinstance(error.__cause__, AGAIN):
                    raise

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[Database]:
        """Run what the context does in a transaction.

        Raises `StoreError` for an error of the commit, and psycopg's errors for all before it.
        """
        async with self._connection(begin) as connection:
            db = Database(connection)
            try:
                yield db
                try:
                    await db.commit()
                except psycopg.Error as error:
                    raise unsure_error(error) from error
            except BaseException:
                with suppress(psycopg.Error):
                    # psycopg then forgets what it has prepared on this connection, too.
                    await connection.rollback()
                raise

    @asynccontextmanager
    async def _connection(self, begin: str) -> AsyncIterator[StoreConnection]:
        """Take a connection on which `begin` was executed, the first that is not dead."""
        for tries in range(POOL_SIZE + 1):
            connection = await self._pool.getconn()
            settings = "" if connection.is_direct else SETTINGS
            hurry = NO_HURRY if self._is_patient else ""
            try:
                # Several statements cannot be prepared as one.
                await connection.execute(f"{begin}{settings}{hurry}".encode(), prepare=False)
            except psycopg.Error as error:
                await self._pool.putconn(connection)
                if not is_disconnect(error) or tries == POOL_SIZE:
                    raise
                continue
            except BaseException:
                await self._pool.putconn(connection)
                raise
            try:
                yield connection
            finally:
                await self._pool.putconn(connection)
            return


@contextmanager
def translated() -> Iterator[None]:
    """Raise `StoreError` in place of psycopg's errors."""
    try:
        yield
    except psycopg.Error as error:
        raise store_error(error) from error


async def open_session(
    url: str,
    *,
    owner: bool,
    migrates: bool = True,
    holder: str | None = None,
    on_unreadable: Callable[[Unreadable], None] = lambda _: None,
    around_write: AroundWrite | None = None,
) -> PoolSession:
    """Open the database at `url`.

    An `owner` that `migrates` creates the tables, or brings them up to date. If it has a name,
    `holder`, it ends the leases that a process of this name has left; if one that lives has it, it
    takes another.

    Raises `StoreUnusableError` for an address that names no database, and `StoreError` when the
    database cannot be reached, or its tables are older than this version needs or newer than it
    knows. No message has the address.
    """
    if owner and migrates:
        await upgrade(url)
    else:
        check_url(url)
        await check_server(url)
    name = None
    if holder is not None:
        with translated():
            locked = await lock_name(url, holder)
        holder, name = locked or (f"{holder} {secrets.token_hex(4)}", None)
    session = PoolSession(
        new_pool(url),
        holder=holder,
        name=name,
        is_patient=not owner,
        on_unreadable=on_unreadable,
        around_write=around_write,
    )
    try:
        await session.start()
        found = await session.prepare(lambda db: _prepare(db, holder, owner=owner))
    except BaseException:
        await session.close()
        raise
    session.report(found)
    return session


async def _prepare(db: Database, holder: str | None, *, owner: bool) -> list[Unreadable]:
    await check_not_newer(db)
    await check_migrated(db)
    if not owner:
        return []
    await restores.note_if_restored(db)
    if holder is not None:
        crashed = not await queue.forget_stop(db, holder)
        for table in (JOBS.name, NOTIFICATIONS.name, HOME_VIEWS.name):
            await queue.void_leases(db, table, holder, crashed=crashed)
    return await unreadable.recheck(db)
