"""A store that runs its work in the calling coroutine, so tests need no threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlite_utils import Database

from storage.sqlite.session import Session, open_session
from storage.sqlite.writer import (
    Commit,
    GroupWriter,
    Journal,
    SerialExecutor,
    ThreadLane,
    Writer,
    commit,
)
from storage.store import Unreadable

T = TypeVar("T")


class InlineLane:
    """Runs work in the caller's thread at once: a simulation needs one fixed order."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` without ever yielding to the event loop."""
        return work()

    def stop(self) -> None:
        """Do nothing: there is no thread."""


class InlineWriter:
    """Commits each write by itself, in the caller's thread, without yielding to the event loop."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    @property
    def is_broken(self) -> bool:
        """See `Writer`."""
        return self._journal.is_broken

    async def write(self, work: Callable[[Database], T]) -> T:
        """Run `work` and commit it at once."""
        results: list[T] = []
        [failure] = self._journal.write([lambda db: results.append(work(db))])
        if failure is not None:
            raise failure
        if self._journal.wants_checkpoint:
            self._journal.checkpoint()
        return results[0]

    async def close(self) -> None:
        """Do nothing: no write ever waits."""


class UnsyncedThreadLane(ThreadLane):
    """A thread whose connections do not wait for the disk."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work`; turn off `synchronous` of a connection that it opens."""

        def unsynced() -> T:
            result = work()
            if isinstance(result, Database):
                # In the thread of the connection, and outside of every transaction.
                result.execute("PRAGMA synchronous = OFF")
            return result

        return await super().run(unsynced)


async def inline_session(
    path: str,
    *,
    owner: bool = True,
    commit: Commit = commit,
    on_unreadable: Callable[[Unreadable], None] = lambda _: None,
) -> Session:
    """Open a file without threads and without waiting for the disk.

    `commit` replaces the commit, to fail or to stop before or after it.
    """

    def inline_writer(_: SerialExecutor, db: Database) -> Writer:
        db.execute("PRAGMA synchronous = OFF")
        return InlineWriter(Journal(db, commit))

    return await open_session(
        path,
        owner=owner,
        new_lane=InlineLane,
        new_writer=inline_writer,
        on_unreadable=on_unreadable,
    )


async def threaded_session(
    path: str,
    *,
    owner: bool = True,
    commit: Commit = commit,
    on_unreadable: Callable[[Unreadable], None] = lambda _: None,
) -> Session:
    """Open a file with the threads of a running bot, but without waiting for the disk."""

    def group_writer(lane: SerialExecutor, db: Database) -> Writer:
        return GroupWriter(lane, Journal(db, commit))

    return await open_session(
        path,
        owner=owner,
        new_lane=UnsyncedThreadLane,
        new_writer=group_writer,
        on_unreadable=on_unreadable,
    )
