"""What people save under a name, in SQLite."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlite_utils import Database

from storage.job import Instant, Json
from storage.notification import Notification
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
from storage.sqlite import notifications
from storage.store import Unreadable

_WITHIN = "SELECT * FROM saved WHERE kind IN ({kinds}) AND scope IN ({scopes}) ORDER BY name, scope"

_MADE_BY = "SELECT made_by FROM saved WHERE kind = :kind AND scope = :scope AND name = :name"

# The check and the write are one statement.
_SAVE = f"""
    INSERT INTO saved (kind, scope, name, made_by, made_at, changed_at, value)
    SELECT :kind, :scope, :name, :by, :now, :now, :value
    WHERE EXISTS ({_MADE_BY})
        OR (SELECT count(*) FROM saved WHERE kind = :kind AND scope = :scope) < :most
    ON CONFLICT (kind, scope, name)
        DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at
        WHERE saved.made_by = :by OR :is_admin
"""  # noqa: S608 - only constants

_RENAME = """
    UPDATE saved SET name = :new_name, changed_at = :now
    WHERE kind = :kind AND scope = :scope AND name = :name AND (made_by = :by OR :is_admin)
        AND NOT EXISTS (
            SELECT 1 FROM saved
            WHERE kind = :kind AND scope = :scope AND name = :new_name AND name <> :name
        )
"""

_DELETE = """
    DELETE FROM saved
    WHERE kind = :kind AND scope = :scope AND name = :name AND (made_by = :by OR :is_admin)
"""

_HAS_VALUE = "kind = :kind AND scope = :scope AND value = :before"


def within(
    db: Database, kinds: Collection[SavedKind], scopes: Collection[str]
) -> tuple[list[Saved], list[Unreadable]]:
    """Return what is saved of these kinds in these scopes; unreadable rows are returned apart."""
    query = _WITHIN.format(kinds=", ".join("?" * len(kinds)), scopes=", ".join("?" * len(scopes)))
    return readable(db.execute(query, (*(kind.value for kind in kinds), *scopes)))


def all_unreadable(db: Database) -> list[Unreadable]:
    """Return the rows of all scopes that cannot be read."""
    return readable(db.execute("SELECT * FROM saved"))[1]


def save(  # noqa: PLR0917 - those of the protocol's method
    db: Database,
    key: SavedKey,
    value: Mapping[str, Json],
    by: Editor,
    now: Instant,
    told: Notification | None,
) -> Written:
    """Save a value under a name, if that is free or its maker's."""
    if told is not None and notifications.find(db, told.id) is not None:
        return Written.CHANGED
    known = _made_by(db, key)
    if db.execute(_SAVE, save_values(key, value, by, now)).rowcount:
        if told is not None:
            notifications.add(db, told)
        return Written.NEW if known is None else Written.CHANGED
    return Written.TOO_MANY if known is None else Written.NOT_YOURS


def replace_value(
    db: Database,
    kind: SavedKind,
    scope: str,
    before: Mapping[str, Json],
    after: Mapping[str, Json] | None,
) -> bool:
    """Replace a value, or delete what has it; return whether there was one."""
    change = "DELETE FROM saved" if after is None else "UPDATE saved SET value = :after"
    values = replace_values(kind, scope, before, after)
    return db.execute(f"{change} WHERE {_HAS_VALUE}", values).rowcount > 0


def rename(db: Database, key: SavedKey, name: str, by: Editor, now: Instant) -> Written:
    """Give something another name in its scope, if that is free."""
    values = {**edit_values(key, by), "new_name": name, "now": now}
    if db.execute(_RENAME, values).rowcount:
        return Written.CHANGED
    return may_not(_made_by(db, key), by) or Written.TAKEN


def delete(db: Database, key: SavedKey, by: Editor) -> Written:
    """Delete something."""
    if db.execute(_DELETE, edit_values(key, by)).rowcount:
        return Written.CHANGED
    return may_not(_made_by(db, key), by) or Written.MISSING


def _made_by(db: Database, key: SavedKey) -> Value:
    row = db.execute(_MADE_BY, key_values(key)).fetchone()
    return None if row is None else str(row["made_by"])
