"""A connection within a transaction: what every query and write of this folder is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.rows import DictRow

from storage.store import StoreFullError

Values: TypeAlias = Mapping[str, object]
"""The values of a statement's parameters, by their names: `%(name)s`."""


class Database:
    """Runs statements on one connection."""

    def __init__(self, connection: AsyncConnection[DictRow]) -> None:
        self._connection = connection

    async def rows(self, statement: str, values: Values | None = None) -> list[DictRow]:
        """Run a statement that returns rows, and return them."""
        cursor = await self._connection.execute(statement.encode(), cleaned(values))
        return await cursor.fetchall()

    async def numbered_change(self, statement: str, values: Sequence[object]) -> int:
        """Do as `change`, for a statement with the parameters `$1`, `$2` ….

        psycopg converts a statement with names for each call anew if it has more than 50 of them.
        """
        cursor = AsyncRawCursor(self._connection)
        await cursor.execute(statement.encode(), [_clean(value) for value in values])
        return cursor.rowcount

    async def row(self, statement: str, values: Values | None = None) -> DictRow | None:
        """Run a statement, and return its first row, or `None` if it has none."""
        cursor = await self._connection.execute(statement.encode(), cleaned(values))
        return await cursor.fetchone()

    async def change(self, statement: str, values: Values | None = None) -> int:
        """Run a statement that returns no rows; return how many rows it changed."""
        cursor = await self._connection.execute(statement.encode(), cleaned(values))
        return cursor.rowcount


def cleaned(values: Values | None) -> dict[str, object] | None:
    """Return values of which a database of UTF-8 can hold each text."""
    if values is None:
        return None
    return {name: _clean(value) for name, value in values.items()}


def _clean(value: object) -> object:
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
