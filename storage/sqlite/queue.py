"""Claims in SQLite: what is due is leased, renewed, and written under its fence.

One set of statements serves every table that is a queue; each runs inside the writer's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from sqlite3 import Row as SqlRow
from typing import TypeAlias

from sqlite_utils import Database

from storage.job import Instant
from storage.sqlite.rows import Table, Value, encode
from storage.store import Room, Row, StaleFenceError

FindDue: TypeAlias = Callable[[Database, Instant, Room], Sequence[SqlRow]]
"""Returns `seq` and `due_at` of the rows that a room has place for, the longest due first."""


def lease(db: Database, table: Table[Row], due: Sequence[SqlRow], until: Instant) -> list[Row]:
    """Lease rows and raise their fences, in the order in which they are given."""
    statement = (
        f"UPDATE {table.name} SET lease_until = :until, fence = fence + 1"  # noqa: S608 - our names
        " WHERE seq = :seq RETURNING *"
    )
    leased = (changed(db, table, statement, {"seq": row["seq"], "until": until}) for row in due)
    return [row for rows in leased for row in rows]


def renew(db: Database, table: Table[Row], rows: Sequence[Row], until: Instant) -> frozenset[str]:
    """Extend the leases of `rows` that stand as claimed; return the IDs of those.

    A row whose holder has released it stays released, whatever order the two calls came in.
    """
    statement = (
        f"UPDATE {table.name} SET lease_until = :until"  # noqa: S608 - our names
        " WHERE id = :id AND fence = :fence AND lease_until IS NOT NULL"
    )
    return frozenset(
        row.id
        for row in rows
        if db.execute(statement, {"id": row.id, "fence": row.fence, "until": until}).rowcount
    )


def apply(db: Database, table: Table[Row], before: Row, after: Row) -> Row:
    """Write what differs, if the row still has the fence and the guarded columns of `before`."""
    changes: dict[str, Value] = table.changes(before, after)
    guarded = ("id", "fence", *table.guards)
    held = {f"held_{name}": encode(getattr(before, name)) for name in guarded}
    # `fence = fence` changes nothing and keeps the statement whole when no field differs.
    assignments = ", ".join(["fence = fence", *(f"{name} = :{name}" for name in changes)])
    conditions = " AND ".join(f"{name} = :held_{name}" for name in guarded)
    written = changed(
        db,
        table,
        f"UPDATE {table.name} SET {assignments} WHERE {conditions} RETURNING *",  # noqa: S608 - our names
        changes | held,
    )
    if not written:
        raise StaleFenceError(f"{before.id} is no longer held with fence {before.fence}")
    return written[0]


def void_leases(db: Database, table: Table[Row]) -> None:
    """Free what a dead owner had claimed; the new owner is the only process that can claim."""
    db.execute(
        f"UPDATE {table.name} SET lease_until = NULL"  # noqa: S608 - our names
        " WHERE due_at IS NOT NULL AND lease_until IS NOT NULL"
    )


def insert(db: Database, table: Table[Row], row: Row, unique: str) -> Row | None:
    """Insert a row; `None`: there is one with its value of the `unique` column already."""
    columns = table.columns
    made = changed(
        db,
        table,
        f"INSERT INTO {table.name} ({', '.join(columns)})"  # noqa: S608 - our names
        f" VALUES ({', '.join(f':{name}' for name in columns)})"
        f" ON CONFLICT ({unique}) DO NOTHING RETURNING *",
        table.to_row(row),
    )
    return made[0] if made else None


def changed(
    db: Database, table: Table[Row], statement: str, values: Mapping[str, Value]
) -> list[Row]:
    """Run a statement that returns rows of a table."""
    # Fetched to the end: a savepoint cannot be released while a statement still has rows.
    rows: list[SqlRow] = db.execute(statement, dict(values)).fetchall()
    return [table.from_row(row) for row in rows]
