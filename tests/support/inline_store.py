"""A store whose work runs in the calling coroutine, at once: tests then need no thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlite_utils import Database

from storage.sqlite.session import Session, open_session
from storage.sqlite.writer import (
    Commit,
    GroupWriter,
    Journal,
    Lane,
    ThreadLane,
    Writer,
    commit,
)

T = TypeVar("T")


class InlineLane:
    """The caller's own thread, at once: a simulation under virtual time needs one fixed order."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` without ever yielding to the event loop."""
        return work()

    def stop(self) -> None:
        """Do nothing: there is nothing to let go of."""


class InlineWriter:
    """Each write its own commit, in the caller's own thread, without yielding to the event loop."""

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
        """Do nothing: nothing ever waits."""


class HurriedThreadLane(ThreadLane):
    """A thread whose connections do not wait for the disk."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work`; if it opens a connection, have that one hurry."""

        def hurried() -> T:
            result = work()
            if isinstance(result, Database):
                # In the thread of the connection, and outside of every transaction.
                result.execute("PRAGMA synchronous = OFF")
            return result

        return await super().run(hurried)


async def inline_session(path: str, *, owner: bool = True, commit: Commit = commit) -> Session:
    """Open a file without threads and without waiting for the disk.

    `commit` is called in place of the commit, to fail or to stop before or after it.
    """

    def inline_writer(_: Lane, db: Database) -> Writer:
        db.execute("PRAGMA synchronous = OFF")
        return InlineWriter(Journal(db, commit))

    return await open_session(path, owner=owner, new_lane=InlineLane, new_writer=inline_writer)


async def threaded_session(path: str, *, owner: bool = True, commit: Commit = commit) -> Session:
    """Open a file with the threads of a running bot, but without waiting for the disk."""

    def group_writer(lane: Lane, db: Database) -> Writer:
        return GroupWriter(lane, Journal(db, commit))

    return await open_session(
        path, owner=owner, new_lane=HurriedThreadLane, new_writer=group_writer
    )


async def either_session(
    path: str, *, threads: bool, owner: bool = True, commit: Commit = commit
) -> Session:
    """Open a file with threads or without, and without waiting for the disk."""
    opened = threaded_session if threads else inline_session
    return await opened(path, owner=owner, commit=commit)
