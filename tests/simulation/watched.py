"""The real store, watched: the invariants see every row that it hands out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias

import pysqlite3
from sqlite_utils import Database

from storage.approval import MayNotDecide
from storage.budget import Admitted, AskFirst, NotAdmitted, Settlement
from storage.job import Event, Film, Instant, Job
from storage.notification import Notification
from storage.pace import Permit
from storage.sqlite import budget_rules
from storage.sqlite.budget_use import use_of
from storage.sqlite.job_reads import find_duplicate
from storage.sqlite.session import Session
from storage.sqlite.store import SqliteJobs, SqliteOutbox, SqliteStore
from storage.sqlite.writer import commit
from storage.store import NO_TERMS, Added, ClaimLimit, Inserted, InsertTerms
from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.books import Books, read_books
from tests.simulation.process import Process
from tests.support.inline_store import inline_session

# https://sqlite.org/rescode.html
DISK_FULL, IO_ERROR = 13, 10


Decision: TypeAlias = "Admitted | AskFirst | NotAdmitted"


if TYPE_CHECKING:
    # What they watch has the same methods in each kind of store.
    _Jobs: TypeAlias = SqliteJobs
    _Outbox: TypeAlias = SqliteOutbox
else:
    _Jobs = _Outbox = object


class Watcher(Protocol):
    """Sees rows as they are."""

    def after_claim(self, row: Job) -> None:
        """A step begins with this row."""

    def after_write(self, row: Job) -> None:
        """This is the row after a commit."""

    def after_settlement(self, row: Job) -> None:
        """This is the row after an operator named its amount."""

    def after_restart(self, rows: Mapping[str, Job], *, is_alone: bool = True) -> None:
        """These are all rows, after a process has died; others live unless one `is_alone`."""

    def after_notification(self, row: Notification) -> None:
        """This is a notification after a commit."""

    @property
    def books(self) -> Bookkeeper | None:
        """Sees what rows and counters say of money."""


class JobsWatch(_Jobs):
    """Shows the watcher every row of a store's jobs, which the class beside it keeps.

    Writes take a moment, so that callers interleave.
    """

    process: Process
    _watcher: Watcher
    written: asyncio.Event
    """Set by every write after which a notification may be due, or the store broken."""

    async def insert_set(
        self,
        asks: Sequence[tuple[Job, Event]],
        terms: InsertTerms = NO_TERMS,
        message: Notification | None = None,
    ) -> tuple[Inserted, ...] | NotAdmitted:
        """See `JobStore`."""
        await pause(self.process)
        made = await super().insert_set(asks, terms, message)
        if isinstance(made, NotAdmitted):
            # A refused request may wait until its asker asks an approver.
            seen = [] if made.waiting is None else [made.waiting]
        else:
            seen = [inserted.job for inserted in made]
        for job in seen:
            self._watcher.after_write(job)
        if seen:
            self.check_books()
        await pause(self.process)
        return made

    async def claim(
        self, now: Instant, lease_seconds: float, limits: Sequence[ClaimLimit]
    ) -> list[Job]:
        """See `JobStore`."""
        rows = await super().claim(now, lease_seconds, limits)
        for row in rows:
            self._watcher.after_claim(row)
        return rows

    async def apply(
        self, before: Job, after: Job, event: Event | None, permit: Permit | None = None
    ) -> Job:
        """See `JobStore`."""
        await pause(self.process)
        row = await super().apply(before, after, event, permit)
        told = f": {event.name} {event.detail}" if event else ""
        self.process.world.note(f"commit {row.stage}{told}")
        self._watch(row)
        self.written.set()
        if self.process.world.odds(0.2):
            await pause(self.process)
        return row

    async def request_cancel(self, job_id: str, by: str, now: Instant) -> Job | None:
        """See `JobStore`."""
        await pause(self.process)
        return self._seen(await super().request_cancel(job_id, by, now))

    async def confirm(
        self,
        job_id: str,
        by: str,
        now: Instant,
        *,
        most_active: int | None = None,
        asks_approvers: bool = False,
    ) -> Job | NotAdmitted | None:
        """See `JobStore`."""
        await pause(self.process)
        made = await super().confirm(
            job_id, by, now, most_active=most_active, asks_approvers=asks_approvers
        )
        if isinstance(made, NotAdmitted):
            return made
        if made is not None and made.set_id is not None:
            for part in await super().parts(made.set_id):
                self._watcher.after_write(part)
        return self._seen(made)

    async def request_cancel_of_set(self, set_id: str, by: str, now: Instant) -> list[Job]:
        """See `JobStore`."""
        await pause(self.process)
        rows = await super().request_cancel_of_set(set_id, by, now)
        for row in rows:
            self._seen(row)
        return rows

    async def wake_parts(self, set_id: str, now: Instant) -> None:
        """See `JobStore`."""
        await pause(self.process)
        await super().wake_parts(set_id, now)
        for part in await super().parts(set_id):
            self._seen(part)

    async def begin(
        self, planned: Job, priced: Job, now: Instant, terms: InsertTerms = NO_TERMS
    ) -> Job | AskFirst | NotAdmitted:
        """See `JobStore`."""
        await pause(self.process)
        made = await super().begin(planned, priced, now, terms)
        if isinstance(made, Job):
            self._watch(made)
        return made

    async def approve(
        self,
        job_id: str,
        by: str,
        now: Instant,
        *,
        most_active: int | None = None,
        beyond_caps: bool = False,
    ) -> Job | NotAdmitted | MayNotDecide | None:
        """See `JobStore`."""
        await pause(self.process)
        made = await super().approve(
            job_id, by, now, most_active=most_active, beyond_caps=beyond_caps
        )
        return self._seen(made) if isinstance(made, Job) else made

    async def deny(
        self, job_id: str, by: str, because: str, now: Instant
    ) -> Job | MayNotDecide | None:
        """See `JobStore`."""
        await pause(self.process)
        made = await super().deny(job_id, by, because, now)
        return self._seen(made) if isinstance(made, Job) else made

    async def settle(self, job_id: str, settlement: Settlement) -> Job | None:
        """See `JobStore`."""
        await pause(self.process)
        row = await super().settle(job_id, settlement)
        if row is not None:
            self._watcher.after_settlement(row)
        return self._seen(row)

    async def give_up(self, job_id: str, by: str, now: Instant) -> Job | None:
        """See `JobStore`."""
        await pause(self.process)
        return self._seen(await super().give_up(job_id, by, now))

    async def note_film(self, job_id: str, film: Film, now: Instant) -> Job | None:
        """See `JobStore`."""
        await pause(self.process)
        return self._seen(await super().note_film(job_id, film, now))

    async def delete_result(self, job_id: str, by: str, now: Instant) -> Job | None:
        """See `JobStore`."""
        await pause(self.process)
        return self._seen(await super().delete_result(job_id, by, now))

    async def resume(
        self,
        job_id: str,
        now: Instant,
        task_id: str | None = None,
        confirmed_absent_at: Instant | None = None,
    ) -> Job | None:
        """See `JobStore`."""
        await pause(self.process)
        return self._seen(await super().resume(job_id, now, task_id, confirmed_absent_at))

    def _seen(self, row: Job | None) -> Job | None:
        if row is not None:
            self._watch(row)
        return row

    def _watch(self, row: Job) -> None:
        self._watcher.after_write(row)
        self.check_books()

    def check_books(self) -> None:
        """Show the watcher what rows and counters say of money, in a world with budgets."""
        if self._watcher.books is not None:
            self._watcher.books.after_commit(self.read_books())

    def read_books(self) -> Books:
        """Return what rows and counters say of money."""
        raise NotImplementedError


class WatchedJobs(JobsWatch, SqliteJobs):
    """The jobs in a file, whose every row the watcher sees."""

    def __init__(self, session: Session, process: Process, watcher: Watcher) -> None:
        super().__init__(session)
        self.process, self._watcher, self.written = process, watcher, asyncio.Event()

    def read_books(self) -> Books:
        """Return what rows and counters say of money."""
        return self._session.read_inline(
            lambda db: read_books(lambda query: db.execute(query).fetchall())
        )

    def equal_of(self, job: Job, since: Instant) -> Job | None:
        """Return an earlier equal job, for a bot that is broken on purpose."""
        return self._session.read_inline(lambda db: find_duplicate(db, job, since))

    def decided(self, job: Job, admit: Callable[..., Decision]) -> Decision:
        """Decide about a job outside of its insert, for a bot that is broken on purpose."""

        def decide(db: Database) -> Decision:
            now = job.created_at
            rules = budget_rules.rules(db, job.team, now)
            return admit([job], rules, lambda scope, period: use_of(db, scope.key, period), now)

        return self._session.read_inline(decide)


class OutboxWatch(_Outbox):
    """Shows the watcher every row of a store's outbox, which the class beside it keeps."""

    _process: Process
    _watcher: Watcher
    _written: asyncio.Event

    async def add(self, notification: Notification) -> bool:
        """See `Outbox`."""
        await pause(self._process)
        is_new = await super().add(notification)
        await self._show(notification.id)
        return is_new

    async def add_within(self, notification: Notification, *, most: int, since: Instant) -> Added:
        """See `Outbox`."""
        await pause(self._process)
        added = await super().add_within(notification, most=most, since=since)
        await self._show(notification.id)
        return added

    async def _show(self, notification_id: str) -> None:
        row = await self.find(notification_id)
        if row is not None:
            self._watcher.after_notification(row)
            self._written.set()

    async def claim(
        self, now: Instant, lease_seconds: float, limits: Sequence[ClaimLimit]
    ) -> list[Notification]:
        """See `Outbox`."""
        rows = await super().claim(now, lease_seconds, limits)
        for row in rows:
            self._watcher.after_notification(row)
        return rows

    async def apply(
        self,
        before: Notification,
        after: Notification,
        event: Event | None,
        permit: Permit | None = None,
    ) -> Notification:
        """See `Outbox`."""
        await pause(self._process)
        try:
            row = await super().apply(before, after, event, permit)
        finally:
            self._written.set()
        self._watcher.after_notification(row)
        return row


class WatchedOutbox(OutboxWatch, SqliteOutbox):
    """The outbox in a file, whose every row the watcher sees."""

    def __init__(
        self, session: Session, process: Process, watcher: Watcher, written: asyncio.Event
    ) -> None:
        super().__init__(session)
        self._process, self._watcher, self._written = process, watcher, written


class WatchedStore(SqliteStore):
    """The store without threads, whose every row the watcher sees."""

    jobs: WatchedJobs
    outbox: WatchedOutbox

    def __init__(self, session: Session, process: Process, watcher: Watcher) -> None:
        super().__init__(session)
        self.jobs = WatchedJobs(session, process, watcher)
        self.written = self.jobs.written
        self.outbox = WatchedOutbox(session, process, watcher, self.written)

    @classmethod
    async def start(cls, path: Path, process: Process, watcher: Watcher) -> Self:
        """Open the store at `path` as a part of `process`."""
        session = await inline_session(str(path), commit=_Disk(process).commit)
        return cls(session, process, watcher)

    def next_notification(self) -> Instant | None:
        """Return when the next notification is due, those that are claimed after their lease."""
        return self._moment("min(max(due_at, coalesce(lease_until, 0)))")

    def _moment(self, column: str) -> Instant | None:
        query = f"SELECT {column} FROM notifications WHERE due_at IS NOT NULL"  # noqa: S608 - only our words
        (moment,) = self._session.read_inline(lambda db: db.execute(query).fetchone())
        return None if moment is None else float(moment)


async def pause(process: Process) -> None:
    """Let a moment pass."""
    await process.world.sleep(process.world.between(0, 0.01))


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
