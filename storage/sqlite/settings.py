"""Settings made in Slack, in SQLite."""

from __future__ import annotations

import json
from sqlite3 import Row

from sqlite_utils import Database

from storage.job import Json

# `end` is the prefix with its last character incremented: a range that the primary key finds.
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
    """Return the values of a setting by scope, for the scopes that begin with `scopes`."""
    end = scopes[:-1] + chr(ord(scopes[-1]) + 1)
    found = db.execute(_SETTINGS, {"first": scopes, "end": end, "name": name})
    return {row["scope"]: _parsed(row) for row in found}


def put(db: Database, scope: str, name: str, value: Json) -> None:
    """Store a setting, or delete it if `value` is `None`."""
    values = {"scope": scope, "name": name, "value": json.dumps(value)}
    if value is None:
        db.execute("DELETE FROM settings WHERE scope = :scope AND name = :name", values)
    else:
        db.execute("INSERT OR REPLACE INTO settings VALUES (:scope, :name, :value)", values)


def _parsed(row: Row) -> Json:
    value: Json = json.loads(row["value"])
    return value
