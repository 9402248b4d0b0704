"""Leases and fenced writes in PostgreSQL, the same for every table that is a queue.

Functions that write run inside a transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from psycopg.rows import DictRow

from storage.job import Instant
from storage.pace import EARLY_SECONDS, Permit
from storage.postgres.database import Database
from storage.postgres.permits import NUMBER, TAKE, values_of
from storage.rows import Table, Value, encode
from storage.store import (
    FRESH_SECONDS,
    LEASE_SECONDS,
    SUSPECT_CRASHES,
    ClaimLimit,
    Row,
    StaleFenceError,
    Unreadable,
    due_by_signals,
    is_due_by_permit,
)

Due: TypeAlias = Sequence[int]
"""The `seq` of rows that are due and locked."""

FindDue: TypeAlias = Callable[[Database, Instant, ClaimLimit], Awaitable[Due]]
"""Locks due rows, at most `ClaimLimit.rows`. None of them has `SUSPECT_CRASHES`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A limit for which rows are due, as a read has found just before their claim."""

    limit: ClaimLimit
    is_exceeded: bool = False
    """Whether more rows are due than may be claimed, so that it matters whose they are."""


# What another transaction has locked is being claimed, or written, by that one: it is passed over.
# No claim waits for another, so that none can be a part of a deadlock.
# https://www.postgresql.org/docs/current/sql-select.html#SQL-FOR-UPDATE-SHARE
LOCKED = "FOR NO KEY UPDATE SKIP LOCKED"

IS_FREE = (
    "due_at IS NOT NULL AND due_at <= %(now)s AND (lease_until IS NULL OR lease_until <= %(now)s)"
)
"""The condition of a row that can be claimed."""

IS_DUE = f"{IS_FREE} AND crashes < {SUSPECT_CRASHES}"
"""The same, without rows that may have ended the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What a claim writes to a row."""

    until: Instant
    holder: str | None
    """The name of the process; `None`: it has none, and its leases expire by themselves."""


async def lease(
    db: Database, table: Table[Row], due: Due, lease: Lease
) -> tuple[list[Row], list[Unreadable]]:
    """Lease rows that this transaction has locked, and raise their fences; the longest due first.

    Rows that cannot be read are returned apart.
    """
    # The rows were locked by an earlier statement of this transaction: if one statement did both,
    # the planner might run its subquery again, and lock more rows than the limit.
    statement = (
        f"UPDATE {table.name} SET lease_until = %(until)s, holder = %(holder)s, fence = fence + 1"  # noqa: S608 - only our names
        " WHERE seq = ANY(%(due)s) RETURNING *"
    )
    values = {"until": lease.until, "holder": lease.holder, "due": list(due)}
    rows = await db.rows(statement, values)
    rows.sort(key=due_first)
    return table.readable(rows)


def due_first(row: DictRow) -> tuple[float, int]:
    """Return the key of the order in which rows became due."""
    return row["due_at"], row["seq"]


async def renew(
    db: Database, table: Table[Row], rows: Sequence[Row], until: Instant
) -> frozenset[str]:
    """Extend the leases of `rows` that are still claimed; return the IDs of those.

    A row that its holder has released stays released, even if the renewal comes later. The rows are
    locked in one order, because other processes may renew some of them.
    """
    statement = f"""
        WITH held AS MATERIALIZED (
            SELECT {table.name}.seq FROM {table.name}
            JOIN unnest(%(ids)s::text[], %(fences)s::bigint[]) AS claimed (id, fence)
                ON {table.name}.id = claimed.id AND {table.name}.fence = claimed.fence
            WHERE lease_until IS NOT NULL ORDER BY seq FOR NO KEY UPDATE OF {table.name}
        )
        UPDATE {table.name} SET lease_until = %(until)s
        FROM held WHERE {table.name}.seq = held.seq RETURNING {table.name}.id
    """  # noqa: S608 - only our names
    values = {
        "ids": [encode(row.id) for row in rows],
        "fences": [row.fence for row in rows],
        "until": until,
    }
    return frozenset(row["id"] for row in await db.rows(statement, values))


async def apply_columns(
    db: Database,
    table: Table[Row],
    before: Row,
    after: Row,
    *,
    held: Sequence[str] = (),
    permit: Permit | None = None,
) -> DictRow:
    """Write the changes, if the row still has the fence and the guarded columns of `before`.

    Returns the columns of the row. Those of `held` are returned as they were before, too, each as
    `held_` and its name; with a `permit`, which the same statement takes, `next_at`, `called_at`
    and `held_until` as well. Raises `StaleFenceError` for a row that is not so any more.
    """
    changes: dict[str, Value] = table.changes(before, after)
    guarded = ("id", "fence", *table.guards)
    expected = {f"held_{name}": encode(getattr(before, name)) for name in guarded}
    conditions = " AND ".join(f"{name} = %(held_{name})s" for name in guarded)
    # The fence that is set changes nothing; it keeps the statement valid when no field differs.
    assignments: list[str] = [f"fence = {table.name}.fence"]
    returned: list[str] = [f"{table.name}.*", *(f"held.{name} AS held_{name}" for name in held)]
    paced, source, values = "", "held", dict[str, object](expected)
    found = table.name
    if permit is not None:
        changes.pop("paced_at", None)
        # The key of the limit is locked first, as by all that need both it and a row.
        paced, source, found = f"{TAKE},", "held, permit", f"permit, {table.name}"
        assignments.append("paced_at = permit.valid_at")
        if is_due_by_permit(after):
            changes.pop("due_at", None)
            values["due_at"] = after.due_at
            early = f"permit.valid_at - {EARLY_SECONDS}"
            assignments.append(f"due_at = greatest(%(due_at)s{NUMBER}, {early})")
        returned += ["permit.next_at", "permit.called_at", "permit.held_until"]
        values |= values_of(permit)
    statement = f"""
        WITH {paced} held AS MATERIALIZED (
            SELECT {", ".join(["seq", *held])} FROM {found}
            WHERE {conditions} FOR NO KEY UPDATE OF {table.name}
        )
        UPDATE {table.name} SET {", ".join([*assignments, *assigned(changes)])} FROM {source}
        WHERE {table.name}.seq = held.seq RETURNING {", ".join(returned)}
    """  # noqa: S608 - only our names
    row = await db.row(statement, values | changes)
    if row is None:
        raise StaleFenceError(f"{before.id} is no longer held with fence {before.fence}")
    return row


async def release(
    db: Database, table: Table[Row], before: Row, after: Row, permit: Permit | None
) -> tuple[Row, DictRow]:
    """Do as `apply_columns`; a row that is released is due again if a signal came meanwhile.

    In one commit: whoever was killed between two would have lost the signal. Returns the row, and
    the columns that the first statement returned.
    """
    written = await apply_columns(db, table, before, after, permit=permit)
    row = table.from_row(written)
    due_at = due_by_signals(before, row)
    if due_at is None:
        return row, written
    statement = f"UPDATE {table.name} SET due_at = %(due_at)s WHERE id = %(id)s RETURNING *"  # noqa: S608 - our names
    [due] = await changed(db, table, statement, {"id": encode(row.id), "due_at": due_at})
    return due, written


async def void_leases(db: Database, table: str, holder: str, *, crashed: bool) -> None:
    """End the leases that an earlier process of this name has left; those of others stand.

    Each ends when it is as old as its holder may not let it become for what cannot be undone: a
    name is free, too, when the connection that held it has ended before its process has. If that
    `crashed`, each row that was in flight may be the cause: one is added to its count, once.
    """
    await db.change(
        f"""
        UPDATE {table} SET crashes = crashes + %(crashes)s, holder = NULL,
            lease_until = least(lease_until - %(other_half)s, bot_now() + %(fresh)s)
        WHERE holder = %(holder)s AND due_at IS NOT NULL AND lease_until IS NOT NULL
        """,  # noqa: S608 - only our names
        {
            "crashes": int(crashed),
            "holder": holder,
            "fresh": FRESH_SECONDS,
            "other_half": LEASE_SECONDS - FRESH_SECONDS,
        },
    )


async def note_stop(db: Database, holder: str, now: Instant) -> None:
    """Record that a process stops in order."""
    await db.change(
        "INSERT INTO orderly_stops VALUES (%(holder)s, %(now)s)"
        " ON CONFLICT (holder) DO UPDATE SET at = excluded.at",
        {"holder": holder, "now": now},
    )


async def forget_stop(db: Database, holder: str) -> bool:
    """Forget how the process before ended; return whether it stopped in order."""
    statement = "DELETE FROM orderly_stops WHERE holder = %(holder)s"
    return bool(await db.change(statement, {"holder": holder}))


async def find_due(db: Database, table: str, now: Instant, limit: ClaimLimit) -> Due:
    """Lock due rows of a table whose rows have one step, the longest due first."""
    statement = (
        f"SELECT seq FROM {table} WHERE {IS_DUE} ORDER BY due_at, seq LIMIT %(limit)s {LOCKED}"  # noqa: S608 - only our names
    )
    rows = await db.rows(statement, {"now": now, "limit": max(0, limit.rows)})
    return [row["seq"] for row in rows]


async def find_suspects(db: Database, table: str, now: Instant, limit: ClaimLimit) -> Due:
    """Lock due rows with `SUSPECT_CRASHES`, at most `limit.rows`."""
    statement = (
        f"SELECT seq FROM {table} WHERE crashes >= {SUSPECT_CRASHES} AND {IS_FREE}"  # noqa: S608 - only our names
        f" ORDER BY crashes DESC, due_at, seq LIMIT %(limit)s {LOCKED}"
    )
    rows = await db.rows(statement, {"now": now, "limit": max(0, limit.rows)})
    return [row["seq"] for row in rows]


async def are_suspects_due(db: Database, table: str, now: Instant) -> bool:
    """Tell whether a row with `SUSPECT_CRASHES` is due. A read."""
    condition = f"crashes >= {SUSPECT_CRASHES} AND {IS_FREE}"
    return await exists(db, f"SELECT FROM {table} WHERE {condition}", {"now": now})


async def exists(db: Database, query: str, values: Mapping[str, object]) -> bool:
    """Tell whether a query has a row."""
    row = await db.row(f"SELECT EXISTS ({query}) AS found", values)
    return row is not None and bool(row["found"])


async def insert_new(db: Database, table: Table[Row], row: Row, unique: str) -> bool:
    """Insert a row; `False` if one with its value of the `unique` column exists already."""
    made = insertion(table.name, table.columns)
    statement = f"{made} ON CONFLICT ({unique}) DO NOTHING"
    return await db.change(statement, table.to_row(row)) > 0


async def changed(
    db: Database, table: Table[Row], statement: str, values: Mapping[str, object]
) -> list[Row]:
    """Run a statement that returns rows of a table, and return them."""
    return [table.from_row(row) for row in await db.rows(statement, values)]


def assigned(changes: Mapping[str, object]) -> list[str]:
    """Return the assignments of an UPDATE: each column gets the value of its name."""
    return [f'"{name}" = %({name})s' for name in changes]


@cache
def insertion(table: str, columns: tuple[str, ...]) -> str:
    """Return the statement that inserts a row, without what follows its values."""
    # `user` is a word of SQL's.
    names = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join(f"%({name})s" for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608 - our names
