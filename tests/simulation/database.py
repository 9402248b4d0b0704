"""The real store in PostgreSQL, watched: some processes share it, and each may die or stand still.

One call to the database is made at a time: which statements of two transactions may come in which
order is what `tests/storage/test_postgres_at_once.py` shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self, TypeAlias, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from bot.notifications import NOTIFICATION_POOLS
from storage.job import Instant, Job
from storage.notification import IN_ANY_ORDER
from storage.postgres import session
from storage.postgres.database import Database
from storage.postgres.session import PoolSession, Work, open_session
from storage.postgres.store import PostgresJobs, PostgresOutbox, PostgresStore
from storage.rows import JOBS, NOTIFICATIONS
from storage.store import SUSPECT_CRASHES, StoreFullError, StoreUnsureError
from tests.simulation.books import Books, read_books
from tests.simulation.process import OWNER, CrashError, Process
from tests.simulation.replaced import replaced
from tests.simulation.watched import JobsWatch, OutboxWatch, WatchedStore, Watcher

T = TypeVar("T")

_NO_ORDER = ", ".join(f"'{kind.value}'" for kind in IN_ANY_ORDER)
_POOL_OF_KIND = " ".join(
    f"WHEN kind = '{kind}' THEN {number}"
    for number, pool in enumerate(NOTIFICATION_POOLS)
    for kind in pool.steps
)
# What waits behind another one of its channel is looked for when that one is done.
_NEXT_NOTIFICATION = f"""
    SELECT min(greatest(due_at, coalesce(lease_until, 0))) AS at FROM notifications
    WHERE due_at IS NOT NULL AND (
        kind IN ({_NO_ORDER}) OR crashes >= {SUSPECT_CRASHES} OR seq IN (
            SELECT min(seq) FROM notifications
            WHERE due_at IS NOT NULL GROUP BY channel, CASE {_POOL_OF_KIND} END
        )
    )
"""  # noqa: S608 - only constants

_SET_TIME = "SELECT set_config('slack_video_bot.now', %(now)s, %(is_local)s)"


class Reader:
    """Reads what is in the database, as nobody of the bot's, and without that time passes."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True, row_factory=dict_row)

    def find(self, query: str) -> Sequence[DictRow]:
        """Return the rows of a query."""
        return self._connection.execute(query.encode()).fetchall()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class SimulatedSession(PoolSession):
    """A session of a process that may die at each commit, whose outcome may be unknown."""

    watched: WatchedDatabase | None = None

    async def write(self, work: Work[T]) -> T:
        """See `PoolSession`."""
        process = _process()
        world = process.world

        async def tried(db: Database) -> T:
            await db.row(_SET_TIME, {"now": str(world.now()), "is_local": True})
            result = await work(db)
            process.point("before commit")
            if world.happens("database goes away", 0.1):
                raise StoreFullError("made up")
            return result

        async with world.database:
            result = await super().write(tried)
        if world.happens("answer to a commit is lost", 0.05):
            if self.watched is not None:
                self.watched.show_all()
            raise StoreUnsureError("made up")
        try:
            process.point("after commit")
        except CrashError:
            # The process that takes its place may have read the rows before.
            if self.watched is not None:
                self.watched.show_left()
            raise
        return result

    async def read(self, query: Work[T]) -> T:
        """See `PoolSession`."""
        async with _process().world.database:
            return await super().read(query)

    async def read_at_once(self, query: Work[T]) -> T:
        """See `PoolSession`."""
        async with _process().world.database:
            return await super().read_at_once(query)


class WatchedDatabaseJobs(JobsWatch, PostgresJobs):  # type: ignore[misc] # the same methods
    """The jobs in a database, whose every row the watcher sees."""

    def __init__(
        self, session: PoolSession, process: Process, watcher: Watcher, reader: Reader
    ) -> None:
        super().__init__(session)  # type: ignore[arg-type] # that of `PostgresJobs`
        self.process, self._watcher, self.written = process, watcher, asyncio.Event()
        self._reader = reader

    def read_books(self) -> Books:
        """Return what rows and counters say of money."""
        return read_books(self._reader.find)


class WatchedDatabaseOutbox(OutboxWatch, PostgresOutbox):  # type: ignore[misc] # as above
    """The outbox in a database, whose every row the watcher sees."""

    def __init__(
        self, session: PoolSession, process: Process, watcher: Watcher, written: asyncio.Event
    ) -> None:
        super().__init__(session)  # type: ignore[arg-type] # that of `PostgresOutbox`
        self._process, self._watcher, self._written = process, watcher, written


class WatchedDatabase(PostgresStore):
    """The store that a process of some shares, whose every row the watcher sees."""

    jobs: WatchedDatabaseJobs
    outbox: WatchedDatabaseOutbox

    def __init__(
        self, session: PoolSession, process: Process, watcher: Watcher, reader: Reader
    ) -> None:
        super().__init__(session)
        self.jobs = WatchedDatabaseJobs(session, process, watcher, reader)
        self.written = self.jobs.written
        self.outbox = WatchedDatabaseOutbox(session, process, watcher, self.written)
        self._process = process
        self._watcher = watcher
        self._reader = reader

    @classmethod
    async def start(cls, url: str, process: Process, watcher: Watcher, reader: Reader) -> Self:
        """Open the store as a part of `process`, whose name another one may have."""
        opened = await open_session(url, owner=True, migrates=False, holder="bot")
        store = cls(opened, process, watcher, reader)
        if isinstance(opened, SimulatedSession):
            opened.watched = store
        return store

    async def now(self) -> Instant:
        """Return the world's time, which the database's function tells."""
        world = self._process.world

        async def now(db: Database) -> Instant:
            await db.row(_SET_TIME, {"now": str(world.now()), "is_local": False})
            [row] = await db.rows("SELECT bot_now() AS now")
            return float(row["now"])

        return await self._session.read(now)

    def show_all(self) -> None:
        """Show the watcher what a commit left whose answer was lost."""
        for row in self._jobs_on_disk():
            self._watcher.after_write(row)
        # One that was never claimed may be withdrawn, and nobody ever hears of it.
        for told in self._reader.find("SELECT * FROM notifications WHERE fence > 0 ORDER BY seq"):
            self._watcher.after_notification(NOTIFICATIONS.from_row(told))
        self.jobs.check_books()
        self.written.set()

    def show_left(self) -> None:
        """Show the watcher what a commit left whose process is dead."""
        self._watcher.after_restart({row.id: row for row in self._jobs_on_disk()}, is_alone=False)
        self.written.set()

    def _jobs_on_disk(self) -> list[Job]:
        return [JOBS.from_row(row) for row in self._reader.find("SELECT * FROM jobs ORDER BY seq")]

    def next_notification(self) -> Instant | None:
        """Return when the next notification is due, those that are claimed after their lease."""
        [row] = self._reader.find(_NEXT_NOTIFICATION)
        return None if row["at"] is None else float(row["at"])


AnyWatchedStore: TypeAlias = WatchedStore | WatchedDatabase


@contextmanager
def simulated_sessions() -> Iterator[None]:
    """Let each session be one of a process that may die, and close what the dead have left open."""
    opened: list[AsyncConnection[object]] = []
    real = AsyncConnection.__init__

    def init(connection: AsyncConnection[object], *args: object, **options: object) -> None:
        real(connection, *args, **options)  # type: ignore[arg-type] # passed on
        opened.append(connection)

    with replaced(session, "PoolSession", SimulatedSession):
        try:
            with replaced(AsyncConnection, "__init__", init):
                yield
        finally:
            for connection in opened:
                connection.pgconn.finish()


def _process() -> Process:
    process = OWNER.get()
    assert process is not None, "a call to the database is a part of no process"
    return process
