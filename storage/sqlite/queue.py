"""Leases and fenced writes in SQLite, the same for every table that is a queue.

Functions that write run inside the writer's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from sqlite3 import Row as SqlRow
from typing import TypeAlias

from sqlite_utils import Database

from storage.job import Instant
from storage.rows import Table, Value, encode
from storage.store import (
    SUSPECT_CRASHES,
    ClaimLimit,
    Row,
    StaleFenceError,
    Unreadable,
    due_by_signals,
)

FindDue: TypeAlias = Callable[[Database, Instant, ClaimLimit], Sequence[SqlRow]]
"""Returns `seq` and `due_at` of due rows, at most `ClaimLimit.rows`, the longest due first.

None of them has `SUSPECT_CRASHES`.
"""


def longest_due_first(rows: Iterable[SqlRow]) -> list[SqlRow]:
    """Return rows, of a RETURNING or of several queries, in the order in which they became due.

    RETURNING guarantees no order: https://sqlite.org/lang_returning.html
    """
    return sorted(rows, key=lambda row: (row["due_at"], row["seq"]))


def lease(
    db: Database, table: Table[Row], due: Sequence[SqlRow], until: Instant
) -> tuple[list[Row], list[Unreadable]]:
    """Lease the `due` rows and raise their fences; return the rows in the given order.

    Rows that cannot be read are returned apart.
    """
    statement = (
        f"UPDATE {table.name} SET lease_until = :until, fence = fence + 1"  # noqa: S608 - only our names
        " WHERE seq = :seq RETURNING *"
    )
    rows: list[SqlRow] = []
    for row in due:
        rows += db.execute(statement, {"seq": row["seq"], "until": until}).fetchall()
    return table.readable(rows)


def renew(db: Database, table: Table[Row], rows: Sequence[Row], until: Instant) -> frozenset[str]:
    """Extend the leases of `rows` that are still claimed; return the IDs of those.

    A row that its holder has released stays released, even if the renewal comes later.
    """
    statement = (
        f"UPDATE {table.name} SET lease_until = :until"  # noqa: S608 - only our names
        " WHERE id = :id AND fence = :fence AND lease_until IS NOT NULL"
    )
    return frozenset(
        row.id
        for row in rows
        if db.execute(statement, {"id": row.id, "fence": row.fence, "until": until}).rowcount
    )


def apply(db: Database, table: Table[Row], before: Row, after: Row) -> Row:
    """Write the changes, if the row still has the fence and the guarded columns of `before`.

    Raises `StaleFenceError` if it does not.
    """
    changes: dict[str, Value] = table.changes(before, after)
    guarded = ("id", "fence", *table.guards)
    held = {f"held_{name}": encode(getattr(before, name)) for name in guarded}
    # `fence = fence` changes nothing and keeps the statement valid when no field differs.
    assignments = ", ".join(["fence = fence", *(f"{name} = :{name}" for name in changes)])
    conditions = " AND ".join(f"{name} = :held_{name}" for name in guarded)
    written = changed(
        db,
        table,
        f"UPDATE {table.name} SET {assignments} WHERE {conditions} RETURNING *",  # noqa: S608 - only our names
        changes | held,
    )
    if not written:
        raise StaleFenceError(f"{before.id} is no longer held with fence {before.fence}")
    return written[0]


def release(db: Database, table: Table[Row], before: Row, after: Row) -> Row:
    """Do as `apply`; a row that is released is due again if a signal came meanwhile.

    In one commit: whoever was killed between two would have lost the signal.
    """
    row = apply(db, table, before, after)
    due_at = due_by_signals(before, row)
    if due_at is None:
        return row
    statement = f"UPDATE {table.name} SET due_at = :due_at WHERE id = :id RETURNING *"  # noqa: S608 - our names
    return changed(db, table, statement, {"id": encode(row.id), "due_at": due_at})[0]


def void_leases(db: Database, table: Table[Row], *, crashed: bool) -> None:
    """End the leases of a dead owner; the new owner is the only process that can claim.

    If the owner `crashed`, each row that was in flight may be the cause: one is added to its count.
    """
    db.execute(
        f"UPDATE {table.name} SET lease_until = NULL, crashes = crashes + :crashes"  # noqa: S608 - only our names
        " WHERE due_at IS NOT NULL AND lease_until IS NOT NULL",
        {"crashes": int(crashed)},
    )


def note_stop(db: Database, now: Instant) -> None:
    """Record that the owner stops in order."""
    db.execute("INSERT INTO orderly_stops (at) VALUES (:now)", {"now": now})


def is_stopped(db: Database) -> bool:
    """Return whether the owner before stopped in order. A read."""
    return bool(db.execute("SELECT EXISTS (SELECT 1 FROM orderly_stops)").fetchone()[0])


def forget_stop(db: Database) -> bool:
    """Forget how the owner before ended; return whether it stopped in order."""
    return bool(db.execute("DELETE FROM orderly_stops").rowcount)


def find_suspects(
    db: Database, table: Table[Row], now: Instant, limit: ClaimLimit
) -> Sequence[SqlRow]:
    """Return `seq` and `due_at` of due rows with `SUSPECT_CRASHES`, at most `limit.rows`."""
    statement = (
        f"SELECT seq, due_at FROM {table.name} INDEXED BY {table.name}_suspects"  # noqa: S608 - only our names
        f" WHERE crashes >= {SUSPECT_CRASHES} AND due_at IS NOT NULL AND due_at <= :now"
        " AND (lease_until IS NULL OR lease_until <= :now)"
        " ORDER BY crashes DESC, due_at, seq LIMIT :limit + 0"
    )
    found: list[SqlRow] = db.execute(statement, {"now": now, "limit": limit.rows}).fetchall()
    return found


@lru_cache(maxsize=256)
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    """Return the statement that inserts a row, without what follows its values."""
    places = ", ".join(f":{name}" for name in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - our names


def insert(db: Database, table: Table[Row], row: Row) -> None:
    """Insert a row whose unique values no other has."""
    # Most columns of a new row are empty, and to bind them would take twice the time of the rest.
    values = table.filled(row)
    db.execute(_insertion(table.name, tuple(values)), values)


def insert_new(db: Database, table: Table[Row], row: Row, unique: str) -> bool:
    """Insert a row; `False` if one with its value of the `unique` column exists already."""
    values = table.filled(row)
    insertion = _insertion(table.name, tuple(values))
    statement = f"{insertion} ON CONFLICT ({unique}) DO NOTHING"
    return db.execute(statement, values).rowcount > 0


def changed(
    db: Database, table: Table[Row], statement: str, values: Mapping[str, Value]
) -> list[Row]:
    """Run a statement that returns rows of a table, and return them."""
    # All rows are fetched: a savepoint cannot be released while a statement still has rows.
    rows: list[SqlRow] = db.execute(statement, dict(values)).fetchall()
    return [table.from_row(row) for row in rows]
