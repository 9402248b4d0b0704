"""Applies the pending migrations, by one process at a time, while others read and write."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import psycopg
from psycopg import AsyncConnection
from psycopg.errors import DeadlockDetected, LockNotAvailable
from psycopg.rows import DictRow, dict_row

from storage.postgres.connection import CONNECT_SECONDS, check_server, check_url
from storage.postgres.database import Database
from storage.postgres.errors import store_error
from storage.postgres.migrations import (
    HISTORY,
    MIGRATIONS,
    Migration,
    check_not_newer,
    note,
    pending,
)
from storage.store import StoreError

WAIT_SECONDS = 20.0
"""How long to try, while another process migrates or keeps the tables locked."""

PAUSE_SECONDS = 0.5
"""Between two tries: those that had to wait behind the last one go first."""

# What waits for a table's lock lets all others wait that come after it.
# https://www.postgresql.org/docs/current/explicit-locking.html
_BEGIN = (
    "BEGIN; SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = 0;"
    " SET LOCAL idle_in_transaction_session_timeout = '5s'"
)

# The lock belongs to a transaction, because behind a pooler a session is not one process's. It is
# tried and not waited for, each time in a transaction of its own: what makes an index concurrently
# waits for the end of every transaction that has a snapshot when it looks.
# https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
_BEGIN_LOCK = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0"
_TRY_LOCK = """
    SELECT pg_try_advisory_xact_lock(hashtextextended('slack-video-bot migrations', 0)) AS is_ours
"""

# Such statements let nobody wait, so that they may wait themselves.
_NO_LIMITS = "SET statement_timeout = 0; SET lock_timeout = 0"

Sleep = Callable[[float], Awaitable[None]]


async def upgrade(
    url: str, migrations: Sequence[Migration] = MIGRATIONS, *, sleep: Sleep = asyncio.sleep
) -> tuple[str, ...]:
    """Apply the pending migrations, and return their names. Idempotent.

    If the process ends meanwhile, the next call applies the rest. Raises `StoreError` for a
    database that cannot be reached, that a newer version of the program has changed, or whose
    tables are locked for longer than `WAIT_SECONDS`.
    """
    check_url(url)
    await check_server(url)
    tries = _Tries(sleep)
    try:
        async with _connected(url) as connection:
            if not await _needs_work(Database(connection), migrations):
                return ()
            async with _alone(url, tries):
                wanted = await _pending_of_history(Database(connection), migrations)
                for migration in wanted:
                    await _apply(connection, migration, tries)
                return tuple(migration.name for migration in wanted)
    except psycopg.Error as error:
        raise store_error(error) from error


class _Tries:
    """The tries of one upgrade, which end after `WAIT_SECONDS` in all."""

    def __init__(self, sleep: Sleep) -> None:
        self._sleep = sleep
        self._until = time.monotonic() + WAIT_SECONDS

    async def pause(self, problem: str) -> None:
        """Wait for the next try. Raises `StoreError` if the time is over."""
        if time.monotonic() > self._until:
            raise StoreError(f"the tables are not brought up to date: {problem}. Try again.")
        await self._sleep(PAUSE_SECONDS)


async def _needs_work(db: Database, migrations: Sequence[Migration]) -> bool:
    await check_not_newer(db, migrations)
    return bool(await pending(db, migrations))


async def _pending_of_history(
    db: Database, migrations: Sequence[Migration]
) -> tuple[Migration, ...]:
    await db.change(HISTORY)
    # Another process may have migrated meanwhile.
    await check_not_newer(db, migrations)
    return await pending(db, migrations)


async def _apply(connection: AsyncConnection[DictRow], migration: Migration, tries: _Tries) -> None:
    db = Database(connection)
    if not migration.is_transaction:
        await db.change(_NO_LIMITS)
        for statement in migration.statements:
            await db.change(statement)
        await note(db, migration)
        return
    while True:
        await db.change(_BEGIN)
        try:
            for statement in migration.statements:
                await db.change(statement)
            await note(db, migration)
            await db.change("COMMIT")
        except (LockNotAvailable, DeadlockDetected):
            await connection.rollback()
            await tries.pause("others keep them locked")
        else:
            return


@asynccontextmanager
async def _alone(url: str, tries: _Tries) -> AsyncIterator[None]:
    """Keep other processes from migrating while the context lasts."""
    async with _connected(url) as connection:
        db = Database(connection)
        while not await _locked(db):
            await connection.rollback()
            await tries.pause("another process does that at this moment")
        yield


async def _locked(db: Database) -> bool:
    """Begin a transaction; return whether it has the lock."""
    await db.change(_BEGIN_LOCK)
    row = await db.row(_TRY_LOCK)
    return row is not None and bool(row["is_ours"])


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AsyncConnection[DictRow]]:
    connection = await AsyncConnection.connect(
        url,
        autocommit=True,
        row_factory=dict_row,
        prepare_threshold=None,
        connect_timeout=CONNECT_SECONDS,
    )
    try:
        yield connection
    finally:
        await connection.close()
