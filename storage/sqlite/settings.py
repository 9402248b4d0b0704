"""Settings made in Slack, in SQLite."""

from __future__ import annotations

import json
from sqlite3 import Row

from sqlite_utils import Database

from storage.job import Json

# The end of the range is the scope with its last letter raised, so that the primary key serves.
_SETTINGS = """
    SELECT scope, value FROM settings
    WHERE scope >= :first AND scope < :end AND name = :name
"""


def setting(db: Database, scope: str, name: str) -> Json:
    """Return a setting, or `None`."""
    query = "SELECT value FROM settings WHERE scope = :scope AND name = :name"
    row = db.execute(query, {"scope": scope, "name": name}).fetchone()
    return None if row is None else _parsed(row)


def settings(db: Database, scopes: str, name: str) -> dict[str, Json]:
    """Return the setting of this name in each scope that begins with `scopes`."""
    end = scopes[:-1] + chr(ord(scopes[-1]) + 1)
    found = db.execute(_SETTINGS, {"first": scopes, "end": end, "name": name})
    return {row["scope"]: _parsed(row) for row in found}


def put(db: Database, scope: str, name: str, value: Json) -> None:
    """Set it, or take it away."""
    values = {"scope": scope, "name": name, "value": json.dumps(value)}
    if value is None:
        db.execute("DELETE FROM settings WHERE scope = :scope AND name = :name", values)
    else:
        db.execute("INSERT OR REPLACE INTO settings VALUES (:scope, :name, :value)", values)


def _parsed(row: Row) -> Json:
    value: Json = json.loads(row["value"])
    return value
