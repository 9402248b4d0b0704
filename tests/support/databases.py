"""The databases on which the contract of the store is tested: one of each kind, new for each test.

A test that is given a `Store` runs on every kind.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

import psycopg
import pysqlite3

from storage.postgres.store import PostgresStore
from storage.sqlite.store import SqliteStore
from storage.store import Store, Unreadable
from tests.support.inline_store import threaded_session

KINDS = ("sqlite", "postgres")


class Backend(Protocol):
    """One database, empty at first, which several stores may have open."""

    async def open(
        self,
        *,
        owner: bool = True,
        on_unreadable: Callable[[Unreadable], None] = lambda _: None,
    ) -> Store:
        """Open a store; an `owner` takes the place of a process that has ended."""

    async def query(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement as another hand would, and return its rows."""

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        """What `query` raises for a statement that the tables refuse."""


class SqliteBackend:
    """A file."""

    refusals = (pysqlite3.Error,)

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "jobs.db")

    async def open(
        self,
        *,
        owner: bool = True,
        on_unreadable: Callable[[Unreadable], None] = lambda _: None,
    ) -> Store:
        """Open the file with the threads of a running bot."""
        session = await threaded_session(self.path, owner=owner, on_unreadable=on_unreadable)
        return SqliteStore(session)

    async def query(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement in a transaction of its own."""
        with closing(pysqlite3.connect(self.path)) as db, db:
            found: list[tuple[object, ...]] = db.execute(statement).fetchall()
        return found


class PostgresBackend:
    """A database of a server of the tests'."""

    refusals = (psycopg.Error,)

    def __init__(self, url: str) -> None:
        self.url = url

    async def open(
        self,
        *,
        owner: bool = True,
        on_unreadable: Callable[[Unreadable], None] = lambda _: None,
    ) -> Store:
        """Open the database with its tables; each owner is the same process, started again."""
        holder = "bot" if owner else None
        return await PostgresStore.open(
            self.url, owner=owner, migrates=False, holder=holder, on_unreadable=on_unreadable
        )

    async def query(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement in a transaction of its own."""
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(statement.encode())
            return [] if cursor.description is None else list(cursor.fetchall())
