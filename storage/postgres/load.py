"""Fills an empty database with the rows of another store, in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row

from storage.copied_tables import TABLES, CopiedTable, Totals, sum_of
from storage.postgres.connection import CONNECT_SECONDS
from storage.postgres.database import Database, clean_text
from storage.postgres.errors import store_error, unsure_error
from storage.postgres.migrations import check_migrated, check_not_newer
from storage.rows import Columns, Value
from storage.store import StoreError

# A copy of millions of rows takes minutes; nobody works on the database meanwhile.
_BEGIN = (
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;"
    " SET LOCAL lock_timeout = '5s'"
)

_COLUMNS = """
    SELECT attname AS name, atttypid = 'boolean'::regtype AS is_flag, attidentity <> '' AS is_number
    FROM pg_attribute
    WHERE attrelid = %(table)s::text::regclass AND attnum > 0 AND NOT attisdropped
"""

# Stages are counted by a trigger, with a row for each job: one for each stage is enough.
_STOP_COUNTING = "ALTER TABLE jobs DISABLE TRIGGER jobs_counted"
_COUNT = """
    INSERT INTO stage_changes SELECT stage, count(*) FROM jobs GROUP BY stage;
    ALTER TABLE jobs ENABLE TRIGGER jobs_counted
"""

# What an admission locks first, and what it adds for each person by itself.
_ADD_SCOPES = "INSERT INTO budget_scopes SELECT DISTINCT scope FROM caps"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    name: str
    is_flag: bool
    """It is a truth value, which other stores keep as a number."""
    is_number: bool
    """The database numbers new rows by it."""


class Load:
    """A database that is being filled. Make one with `loading`."""

    def __init__(self, connection: AsyncConnection[DictRow]) -> None:
        self._connection = connection
        self._db = Database(connection)
        self.changed_texts = 0
        """How many texts held characters that PostgreSQL lacks, and have `?` in their place."""

    async def fill(
        self, table: CopiedTable, columns: Sequence[str], rows: Iterable[Columns]
    ) -> None:
        """Write all rows of a table, which is empty.

        Raises `StoreError` if it lacks one of the columns.
        """
        there = {column.name: column for column in await self._columns(table)}
        missing = sorted(set(columns) - there.keys())
        if missing:
            raise StoreError(f"the table {table.name} has no place for {', '.join(missing)}")
        wanted = [there[name] for name in columns]
        names = ", ".join(f'"{column.name}"' for column in wanted)
        statement = f"COPY {table.name} ({names}) FROM STDIN".encode()
        async with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                await copy.write_row([self._value(row[one.name], one) for one in wanted])
        for column in wanted:
            if column.is_number:
                await self._db.row(_next_number(table.name, column.name))

    async def totals(self, table: CopiedTable) -> Totals:
        """Return what is compared with the source."""
        fence = "coalesce(max(fence), 0)" if table.is_queue else "NULL::bigint"
        query = f"SELECT count(*) AS rows, {fence} AS fence FROM {table.name}"  # noqa: S608 - only our names
        [found] = await self._db.rows(query)
        return Totals(
            rows=found["rows"],
            sums={column: await self._sum(table, column) for column in table.amounts},
            highest_fence=found["fence"],
        )

    async def _sum(self, table: CopiedTable, column: str) -> Decimal:
        query = f'SELECT "{column}"::text AS text, count(*) AS rows FROM {table.name} GROUP BY 1'  # noqa: S608 - only our names
        return sum_of((row["text"], row["rows"]) for row in await self._db.rows(query))

    async def _columns(self, table: CopiedTable) -> list[_Column]:
        rows = await self._db.rows(_COLUMNS, {"table": table.name})
        return [_Column(**row) for row in rows]

    def _value(self, value: Value, column: _Column) -> object:
        match value:
            case str():
                cleaned = clean_text(value)
                self.changed_texts += cleaned != value
                return cleaned
            case int() if column.is_flag:
                return bool(value)
            case _:
                return value


@asynccontextmanager
async def loading(url: str) -> AsyncIterator[Load]:
    """Let the database at `url` be filled; what was written is committed if the context succeeds.

    Its tables must be there. Raises `StoreError` if one of them has rows.
    """
    try:
        connection = await AsyncConnection.connect(
            url,
            autocommit=True,
            row_factory=dict_row,
            prepare_threshold=None,
            connect_timeout=CONNECT_SECONDS,
        )
    except psycopg.Error as error:
        raise store_error(error) from error
    try:
        db = Database(connection)
        try:
            await db.change(_BEGIN)
            await check_not_newer(db)
            await check_migrated(db)
            await _check_empty(db)
            await db.change(_STOP_COUNTING)
            load = Load(connection)
            yield load
            await db.change(_COUNT)
            await db.change(_ADD_SCOPES)
        except psycopg.Error as error:
            raise store_error(error) from error
        try:
            await db.change("COMMIT")
        except psycopg.Error as error:
            raise unsure_error(error) from error
    finally:
        await connection.close()


async def _check_empty(db: Database) -> None:
    """Lock the tables, and raise `StoreError` if one has rows."""
    names = [table.name for table in TABLES]
    await db.change(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE")
    full = [name for name in names if await db.row(f"SELECT FROM {name} LIMIT 1") is not None]
    if full:
        raise StoreError(
            "nothing was copied: the database is not empty, it has rows in"
            f" {', '.join(full)}. Name a new one."
        )


def _next_number(table: str, column: str) -> str:
    """Return the statement that lets the numbers of new rows come after those that are there."""
    return (
        f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"  # noqa: S608 - only our names
        f" coalesce(max({column}), 0) + 1, false) FROM {table}"
    )
