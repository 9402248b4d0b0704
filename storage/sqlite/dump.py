"""Reads all rows of a file for a copy into another store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal

from sqlite_utils import Database

from storage.copied_tables import CopiedTable, Totals, sum_of
from storage.rows import Value
from storage.sqlite.connection import check_path, connect_writer
from storage.sqlite.errors import path_in_errors
from storage.sqlite.generation import check_wal
from storage.sqlite.migrations import check_migrated, check_origin
from storage.sqlite.ownership import check_single_name, ownership
from storage.sqlite.queue import is_stopped


class Dump:
    """The rows of one file, as of one moment. Make one with `dumping`."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._has_crashed = not is_stopped(db)

    def columns(self, table: CopiedTable) -> tuple[str, ...]:
        """Return the names of a table's columns."""
        return tuple(column.name for column in self._db.table(table.name).columns)

    def rows(self, table: CopiedTable) -> Iterator[dict[str, Value]]:
        """Yield the rows of a table in their order; none is leased, as no process runs.

        One that was in flight when the process before was killed may be the cause: that is counted,
        as the next start on the file would.
        """
        order = "seq" if "seq" in self.columns(table) else "1"
        # Only our names.
        for found in self._db.execute(f"SELECT * FROM {table.name} ORDER BY {order}"):  # noqa: S608
            row: dict[str, Value] = dict(found)
            if table.is_queue:
                was_held = row["due_at"] is not None and row["lease_until"] is not None
                row["crashes"] = int(row["crashes"] or 0) + int(was_held and self._has_crashed)
                row["lease_until"] = None
            yield row

    def totals(self, table: CopiedTable) -> Totals:
        """Return what is compared after the copy."""
        fence = None
        if table.is_queue:
            fence = self._db.execute(f"SELECT max(fence) FROM {table.name}").fetchone()[0] or 0  # noqa: S608 - only our names
        return Totals(
            rows=self._db.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0],  # noqa: S608 - only our names
            sums={column: self._sum(table, column) for column in table.amounts},
            highest_fence=fence,
        )

    def _sum(self, table: CopiedTable, column: str) -> Decimal:
        query = f'SELECT "{column}", count(*) FROM {table.name} GROUP BY 1'  # noqa: S608 - only our names
        return sum_of((text, count) for text, count in self._db.execute(query).fetchall())


@contextmanager
def dumping(path: str) -> Iterator[Dump]:
    """Read the file at `path`, which nobody may write to while the context lasts.

    Raises `StoreInUseError` if a process owns it, and otherwise as `open_session` does for a
    command.
    """
    with path_in_errors(path), ExitStack() as stack:
        check_path(path, create=False)
        stack.enter_context(ownership(path))
        check_single_name(path)
        check_wal(path)
        db = connect_writer(path, create=False)
        stack.callback(db.close)
        check_origin(db, path)
        check_migrated(db)
        db.execute("BEGIN IMMEDIATE")
        yield Dump(db)
