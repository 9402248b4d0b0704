"""Settings made in Slack, in SQLite."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from functools import cache
from sqlite3 import Row

from sqlite_utils import Database

from storage.job import Json
from storage.rows import encode, is_torn
from storage.store import Unreadable

TABLE = "settings"

_SOME = """
    SELECT scope, name, value FROM settings WHERE scope IN ({scopes}) AND name IN ({names})
"""

# `end` is the prefix with its last character incremented: a range that the primary key finds.
_SETTINGS = """
    SELECT scope, name, value FROM settings
    WHERE scope >= :first AND scope < :end AND name = :name
"""


def some(
    db: Database, scopes: Collection[str], names: Collection[str]
) -> tuple[dict[tuple[str, str], Json], list[Unreadable]]:
    """Return the settings of these scopes and names; unreadable rows are returned apart."""
    return _readable(db.execute(_some(len(scopes), len(names)), (*scopes, *names)))


def setting(db: Database, scope: str, name: str) -> tuple[Json, list[Unreadable]]:
    """Return a setting, or `None`, and its row if that cannot be read."""
    found, broken = some(db, (scope,), (name,))
    return found.get((scope, name)), broken


def settings(db: Database, scopes: str, name: str) -> tuple[dict[str, Json], list[Unreadable]]:
    """Return the values of a setting by scope, for the scopes that begin with `scopes`.

    Rows that cannot be read are returned apart.
    """
    end = scopes[:-1] + chr(ord(scopes[-1]) + 1)
    keys = {"first": scopes, "end": end, "name": name}
    found, broken = _readable(db.execute(_SETTINGS, keys))
    return {scope: value for (scope, _), value in found.items()}, broken


def all_unreadable(db: Database) -> list[Unreadable]:
    """Return the rows of all scopes that cannot be read."""
    _, broken = _readable(db.execute("SELECT scope, name, value FROM settings"))
    return broken


def put(db: Database, scope: str, name: str, value: Json) -> None:
    """Store a setting, or delete it if `value` is `None`."""
    values = {"scope": scope, "name": name, "value": json.dumps(value)}
    if value is None:
        db.execute("DELETE FROM settings WHERE scope = :scope AND name = :name", values)
    else:
        db.execute("INSERT OR REPLACE INTO settings VALUES (:scope, :name, :value)", values)


@cache
def _some(scopes: int, names: int) -> str:
    """Return the query for so many scopes and names."""
    return _SOME.format(scopes=", ".join("?" * scopes), names=", ".join("?" * names))


def _readable(rows: Iterable[Row]) -> tuple[dict[tuple[str, str], Json], list[Unreadable]]:
    found: dict[tuple[str, str], Json] = {}
    broken = []
    for row in rows:
        try:
            if is_torn(row["value"]):
                raise ValueError(TABLE)  # noqa: TRY301 - the same as JSON that cannot be parsed
            found[row["scope"], row["name"]] = json.loads(row["value"])
        except (ValueError, RecursionError):
            broken.append(_unreadable(str(encode(row["scope"])), str(encode(row["name"]))))
    return found, broken


def _unreadable(scope: str, name: str) -> Unreadable:
    _, _, rest = scope.partition(":")
    team = rest.partition(":")[0]
    return Unreadable(table=TABLE, id=f"{scope} {name}", columns=("value",), team=team)
