"""A connection within a transaction: what every query and write of this folder is given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow

from storage.store import StoreFullError

Values: TypeAlias = Mapping[str, object]
"""The values of a statement's parameters, by their names: `%(name)s`."""

_NAMED = re.compile(r"%\((\w+)\)s|%%")
_MOST_STATEMENTS = 1000


class Database:
    """Runs statements on one connection."""

    def __init__(self, connection: AsyncConnection[DictRow]) -> None:
        self._connection = connection
        self._postponed: list[tuple[str, Values]] = []

    async def rows(self, statement: str, values: Values | None = None) -> list[DictRow]:
        """Run a statement that returns rows, and return them."""
        return await (await self._executed(statement, values)).fetchall()

    async def row(self, statement: str, values: Values | None = None) -> DictRow | None:
        """Run a statement, and return its first row, or `None` if it has none."""
        return await (await self._executed(statement, values)).fetchone()

    async def change(self, statement: str, values: Values | None = None) -> int:
        """Run a statement that returns no rows; return how many rows it changed."""
        return (await self._executed(statement, values)).rowcount

    def postpone(self, statement: str, values: Values) -> None:
        """Have `commit` run a statement of this transaction whose result nobody needs.

        For rows that many transactions change: a lock that is taken before is kept until this
        process has its turn for each statement that follows, which takes long on a busy machine.
        Raises `ValueError` outside of a transaction, where no commit follows.
        """
        if self._connection.info.transaction_status is TransactionStatus.IDLE:
            raise ValueError("a statement is postponed to a commit, and no transaction has begun")
        self._postponed.append((statement, values))

    async def run_postponed(self) -> None:
        """Run the postponed statements now, because the next statement reads what they change."""
        postponed, self._postponed = self._postponed, []
        for statement, values in postponed:
            await self._executed(statement, values)

    async def commit(self) -> None:
        """Run the postponed statements in their order, and commit, all in one round trip."""
        if not self._postponed:
            await self._connection.execute(b"COMMIT")
            return
        async with self._connection.pipeline():
            await self.run_postponed()
            await self._connection.execute(b"COMMIT")

    async def _executed(self, statement: str, values: Values | None) -> AsyncRawCursor[DictRow]:
        cursor = AsyncRawCursor(self._connection)
        if values is None:
            return await cursor.execute(statement.encode())
        numbered, names = _numbered(statement)
        return await cursor.execute(numbered, [_clean(values[name]) for name in names])


@lru_cache(maxsize=_MOST_STATEMENTS)
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """Return a statement with the server's own parameters, `$1`, `$2` …, and their names in order.

    psycopg itself would convert a statement with more than 50 names for each call anew.
    """
    places: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        name = found[1]
        return "%" if name is None else f"${places.setdefault(name, len(places) + 1)}"

    numbered = _NAMED.sub(place, statement)
    return numbered.encode(), tuple(places)


def _clean(value: object) -> object:
    """Return a value that a database of UTF-8 can hold."""
    match value:
        case str():
            return clean_text(value)
        case list():
            return [_clean(item) for item in value]
        case _:
            return value


def clean_text(text: str) -> str:
    """Return a text as it is stored: with `?` for what UTF-8, or PostgreSQL, cannot represent.

    PostgreSQL holds no character NUL in a text:
    https://www.postgresql.org/docs/current/datatype-character.html
    """
    if not text.isascii():
        text = text.encode(errors="replace").decode()
    return text.replace("\0", "?") if "\0" in text else text


async def touch(db: Database) -> None:
    """Raise `StoreFullError` unless a write works. It writes no row."""
    # The commit of a transaction that has a number is written to the disk.
    # https://www.postgresql.org/docs/current/functions-info.html
    row = await db.row(
        "SELECT pg_current_xact_id(), current_setting('transaction_read_only') AS read_only"
    )
    if row is None or row["read_only"] == "on":
        raise StoreFullError("nothing was written: the database cannot be written to")
