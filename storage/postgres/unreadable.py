"""Rows whose columns cannot be read: set aside, so that the others go on, and listed.

Such a row comes from another hand or from a later version of the program. Its columns are changed
only so that it is not due any more; what they hold may still be mended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from storage import saved_rows
from storage.job import TRANSITIONS, Stage
from storage.notification import notifications_of_unreadable
from storage.postgres import notifications, saved, settings
from storage.postgres.database import Database
from storage.postgres.job_reads import last_event_at
from storage.rows import HOME_VIEWS, JOBS, NOTIFICATIONS, Table, in_list
from storage.store import Row, Unreadable, UnreadableRowError

_PROBLEM = "Its row in the store cannot be read."

# A stage that cannot be parked is kept, and so is one that is parked. An unknown one is kept as the
# stage to which the job would be resumed: once it is mended there, `jobs resume` goes on with it.
_KEPT = in_list(stage for stage in Stage if Stage.PARKED not in TRANSITIONS[stage])

_PARK_JOB = f"""
    UPDATE jobs SET
        parked_from = CASE WHEN stage IN ({_KEPT}) THEN parked_from ELSE stage END,
        stage = CASE WHEN stage IN ({_KEPT}) THEN stage ELSE '{Stage.PARKED.value}' END,
        problem = coalesce(problem, %(problem)s),
        due_at = NULL, lease_until = NULL, fence = fence + 1
    WHERE seq = %(seq)s
"""  # noqa: S608 - only constants

_GIVE_UP_NOTIFICATION = """
    UPDATE notifications SET
        problem = %(problem)s, due_at = NULL, lease_until = NULL, fence = fence + 1
    WHERE seq = %(seq)s
"""

# The next time its user opens it, there is a new one.
_DELETE_HOME_VIEW = "DELETE FROM home_views WHERE seq = %(seq)s"

_STOP: Mapping[str, str] = MappingProxyType(
    {
        JOBS.name: _PARK_JOB,
        NOTIFICATIONS.name: _GIVE_UP_NOTIFICATION,
        HOME_VIEWS.name: _DELETE_HOME_VIEW,
    }
)

_NOTE = """
    INSERT INTO unreadable_rows (of_table, row_id, columns)
    VALUES (%(table)s, %(id)s, %(columns)s) ON CONFLICT DO NOTHING
"""

_FORGET = "DELETE FROM unreadable_rows WHERE of_table = %(table)s AND row_id = %(id)s"


async def quarantine(db: Database, found: Iterable[Unreadable]) -> list[Unreadable]:
    """Set rows aside, and insert notifications for the operators; return those that are new."""
    return [one for one in found if await _note(db, one)]


async def unreadable(db: Database) -> list[Unreadable]:
    """Return the rows that are set aside, in the order in which they were found."""
    return [
        Unreadable(table=row["of_table"], id=row["row_id"], columns=tuple(row["columns"].split()))
        for row in await db.rows("SELECT * FROM unreadable_rows ORDER BY seq")
    ]


async def recheck(db: Database) -> list[Unreadable]:
    """Forget the rows that were mended; return those of small tables that cannot be read."""
    found = [*await settings.all_unreadable(db), *await saved.all_unreadable(db)]
    odd = {(one.table, one.id) for one in found}
    for one in await unreadable(db):
        if not await _is_unreadable(db, one, odd):
            await db.change(_FORGET, {"table": one.table, "id": one.id})
    return await quarantine(db, found)


async def _note(db: Database, one: Unreadable) -> bool:
    values = {"table": one.table, "id": one.id, "columns": " ".join(one.columns)}
    is_new = bool(await db.change(_NOTE, values))
    if one.table in _STOP:
        await db.change(_STOP[one.table], {"seq": one.seq, "problem": _PROBLEM})
    if is_new:
        await _notify(db, one)
    return is_new


async def _notify(db: Database, one: Unreadable) -> None:
    rows = notifications_of_unreadable(
        one.table,
        one.id,
        one.columns,
        team=one.team,
        levels=await notifications.levels(db, one.team),
        operators=await notifications.operators(db, one.team),
        at=await last_event_at(db),
    )
    for row in rows:
        await notifications.add(db, row)


async def _is_unreadable(db: Database, one: Unreadable, odd: Collection[tuple[str, str]]) -> bool:
    match one.table:
        case JOBS.name:
            return await _cannot_be_read(db, JOBS, one.id)
        case NOTIFICATIONS.name:
            return await _cannot_be_read(db, NOTIFICATIONS, one.id)
        case settings.TABLE | saved_rows.TABLE:
            return (one.table, one.id) in odd
        case _:
            # A Home tab is gone; an event of a timeline never changes.
            return one.table != HOME_VIEWS.name


async def _cannot_be_read(db: Database, table: Table[Row], row_id: str) -> bool:
    query = f"SELECT * FROM {table.name} WHERE id = %(id)s"  # noqa: S608 - only our names
    row = await db.row(query, {"id": row_id})
    try:
        return row is not None and table.from_row(row) is None
    except UnreadableRowError:
        return True
