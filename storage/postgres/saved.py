"""What people save under a name, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from storage.job import Instant, Json
from storage.notification import Notification
from storage.postgres import notifications
from storage.postgres.database import Database
from storage.rows import Value
from storage.saved import Editor, Saved, SavedKey, SavedKind, Written
from storage.saved_rows import (
    edit_values,
    key_values,
    may_not,
    readable,
    replace_values,
    save_values,
)
from storage.store import Unreadable

_WITHIN = """
    SELECT * FROM saved WHERE kind = ANY(%(kinds)s) AND scope = ANY(%(scopes)s)
    ORDER BY name, scope
"""

# A scope gets or loses names one change at a time: two would not see each other's when they count.
_ONE_CHANGE_AT_A_TIME = """
    SELECT pg_advisory_xact_lock(hashtextextended(%(kind)s || ' ' || %(scope)s, 5))
"""

_MADE_BY = """
    SELECT made_by FROM saved WHERE kind = %(kind)s AND scope = %(scope)s AND name = %(name)s
"""

# The check and the write are one statement.
_SAVE = f"""
    INSERT INTO saved (kind, scope, name, made_by, made_at, changed_at, value)
    SELECT %(kind)s, %(scope)s, %(name)s, %(by)s, %(now)s, %(now)s, %(value)s
    WHERE EXISTS ({_MADE_BY})
        OR (SELECT count(*) FROM saved WHERE kind = %(kind)s AND scope = %(scope)s) < %(most)s
    ON CONFLICT (kind, scope, name)
        DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at
        WHERE saved.made_by = %(by)s OR %(is_admin)s
"""  # noqa: S608 - only constants

_RENAME = """
    UPDATE saved SET name = %(new_name)s, changed_at = %(now)s
    WHERE kind = %(kind)s AND scope = %(scope)s AND name = %(name)s
        AND (made_by = %(by)s OR %(is_admin)s)
        AND NOT EXISTS (
            SELECT 1 FROM saved AS other
            WHERE other.kind = %(kind)s AND other.scope = %(scope)s AND other.name = %(new_name)s
                AND other.name <> %(name)s
        )
"""

_DELETE = """
    DELETE FROM saved
    WHERE kind = %(kind)s AND scope = %(scope)s AND name = %(name)s
        AND (made_by = %(by)s OR %(is_admin)s)
"""

_HAS_VALUE = "kind = %(kind)s AND scope = %(scope)s AND value = %(before)s"


async def within(
    db: Database, kinds: Collection[SavedKind], scopes: Collection[str]
) -> tuple[list[Saved], list[Unreadable]]:
    """Return what is saved of these kinds in these scopes; unreadable rows are returned apart."""
    values = {"kinds": [kind.value for kind in kinds], "scopes": [*scopes]}
    return readable(await db.rows(_WITHIN, values))


async def all_unreadable(db: Database) -> list[Unreadable]:
    """Return the rows of all scopes that cannot be read."""
    return readable(await db.rows("SELECT * FROM saved"))[1]


async def save(  # noqa: PLR0917 - those of the protocol's method
    db: Database,
    key: SavedKey,
    value: Mapping[str, Json],
    by: Editor,
    now: Instant,
    told: Notification | None,
) -> Written:
    """Save a value under a name, if that is free or its maker's."""
    await db.row(_ONE_CHANGE_AT_A_TIME, key_values(key))
    if told is not None and await notifications.find(db, told.id) is not None:
        return Written.CHANGED
    known = await _made_by(db, key)
    if await db.change(_SAVE, save_values(key, value, by, now)):
        if told is not None:
            await notifications.add(db, told)
        return Written.NEW if known is None else Written.CHANGED
    return Written.TOO_MANY if known is None else Written.NOT_YOURS


async def replace_value(
    db: Database,
    kind: SavedKind,
    scope: str,
    before: Mapping[str, Json],
    after: Mapping[str, Json] | None,
) -> bool:
    """Replace a value, or delete what has it; return whether there was one."""
    change = "DELETE FROM saved" if after is None else "UPDATE saved SET value = %(after)s"
    values = replace_values(kind, scope, before, after)
    return bool(await db.change(f"{change} WHERE {_HAS_VALUE}", values))


async def rename(db: Database, key: SavedKey, name: str, by: Editor, now: Instant) -> Written:
    """Give something another name in its scope, if that is free."""
    await db.row(_ONE_CHANGE_AT_A_TIME, key_values(key))
    values = {**edit_values(key, by), "new_name": name, "now": now}
    if await db.change(_RENAME, values):
        return Written.CHANGED
    return may_not(await _made_by(db, key), by) or Written.TAKEN


async def delete(db: Database, key: SavedKey, by: Editor) -> Written:
    """Delete something."""
    await db.row(_ONE_CHANGE_AT_A_TIME, key_values(key))
    if await db.change(_DELETE, edit_values(key, by)):
        return Written.CHANGED
    return may_not(await _made_by(db, key), by) or Written.MISSING


async def _made_by(db: Database, key: SavedKey) -> Value:
    row = await db.row(_MADE_BY, key_values(key))
    return None if row is None else str(row["made_by"])
