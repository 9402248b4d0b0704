"""Rows whose columns cannot be read: set aside, so that the others go on, and listed.

Such a row comes from another hand, from a later version of the program or from a damaged disk. Its
columns are changed only so that it is not due any more; what they hold may still be mended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from sqlite_utils import Database

from storage import saved_rows
from storage.job import TRANSITIONS, Stage
from storage.notification import notifications_of_unreadable
from storage.rows import HOME_VIEWS, JOBS, NOTIFICATIONS, Table, in_list
from storage.sqlite import notifications, saved, settings
from storage.sqlite.job_reads import last_event_at
from storage.store import Row, Unreadable, UnreadableRowError

_PROBLEM = "Its row in the store cannot be read."

# A stage that cannot be parked is kept, and so is one that is parked. An unknown one is kept as the
# stage to which the job would be resumed: once it is mended there, `jobs resume` goes on with it.
_KEPT = in_list(stage for stage in Stage if Stage.PARKED not in TRANSITIONS[stage])

_PARK_JOB = f"""
    UPDATE jobs SET
        parked_from = iif(stage IN ({_KEPT}), parked_from, stage),
        stage = iif(stage IN ({_KEPT}), stage, '{Stage.PARKED.value}'),
        problem = coalesce(problem, :problem),
        due_at = NULL, lease_until = NULL, fence = fence + 1
    WHERE seq = :seq
"""  # noqa: S608 - only constants

_GIVE_UP_NOTIFICATION = """
    UPDATE notifications SET
        problem = :problem, due_at = NULL, lease_until = NULL, fence = fence + 1
    WHERE seq = :seq
"""

# The next time its user opens it, there is a new one.
_DELETE_HOME_VIEW = "DELETE FROM home_views WHERE seq = :seq"

_STOP: Mapping[str, str] = MappingProxyType(
    {
        JOBS.name: _PARK_JOB,
        NOTIFICATIONS.name: _GIVE_UP_NOTIFICATION,
        HOME_VIEWS.name: _DELETE_HOME_VIEW,
    }
)

_NOTE = """
    INSERT INTO unreadable_rows (of_table, row_id, columns) VALUES (:table, :id, :columns)
    ON CONFLICT DO NOTHING
"""

_FORGET = "DELETE FROM unreadable_rows WHERE of_table = :table AND row_id = :id"


def quarantine(db: Database, found: Iterable[Unreadable]) -> list[Unreadable]:
    """Set rows aside, and insert notifications for the operators; return those that are new."""
    return [one for one in found if _note(db, one)]


def unreadable(db: Database) -> list[Unreadable]:
    """Return the rows that are set aside, in the order in which they were found."""
    return [
        Unreadable(table=row["of_table"], id=row["row_id"], columns=tuple(row["columns"].split()))
        for row in db.execute("SELECT * FROM unreadable_rows ORDER BY seq")
    ]


def recheck(db: Database) -> list[Unreadable]:
    """Forget the rows that were mended; return those of small tables that cannot be read."""
    found = [*settings.all_unreadable(db), *saved.all_unreadable(db)]
    odd = {(one.table, one.id) for one in found}
    for one in unreadable(db):
        if not _is_unreadable(db, one, odd):
            db.execute(_FORGET, {"table": one.table, "id": one.id})
    return quarantine(db, found)


def _note(db: Database, one: Unreadable) -> bool:
    values = {"table": one.table, "id": one.id, "columns": " ".join(one.columns)}
    is_new = bool(db.execute(_NOTE, values).rowcount)
    if one.table in _STOP:
        db.execute(_STOP[one.table], {"seq": one.seq, "problem": _PROBLEM})
    if is_new:
        _notify(db, one)
    return is_new


def _notify(db: Database, one: Unreadable) -> None:
    rows = notifications_of_unreadable(
        one.table,
        one.id,
        one.columns,
        team=one.team,
        levels=notifications.levels(db, one.team),
        operators=notifications.operators(db, one.team),
        at=last_event_at(db),
    )
    for row in rows:
        notifications.add(db, row)


def _is_unreadable(db: Database, one: Unreadable, odd: Collection[tuple[str, str]]) -> bool:
    match one.table:
        case JOBS.name:
            return _cannot_be_read(db, JOBS, one.id)
        case NOTIFICATIONS.name:
            return _cannot_be_read(db, NOTIFICATIONS, one.id)
        case settings.TABLE | saved_rows.TABLE:
            return (one.table, one.id) in odd
        case _:
            # A Home tab is gone; an event of a timeline never changes.
            return one.table != HOME_VIEWS.name


def _cannot_be_read(db: Database, table: Table[Row], row_id: str) -> bool:
    query = f"SELECT * FROM {table.name} WHERE id = :id"  # noqa: S608 - only our names
    row = db.execute(query, {"id": row_id}).fetchone()
    try:
        return row is not None and table.from_row(row) is None
    except UnreadableRowError:
        return True
