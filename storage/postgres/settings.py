"""Settings made in Slack, in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from psycopg.rows import DictRow

from storage.job import Json
from storage.postgres.database import Database
from storage.store import Unreadable

TABLE = "settings"

_SOME = """
    SELECT scope, name, value FROM settings
    WHERE scope = ANY(%(scopes)s) AND name = ANY(%(names)s)
"""

# `end` is the prefix with its last character incremented: a range that the primary key finds.
_SETTINGS = """
    SELECT scope, name, value FROM settings
    WHERE scope >= %(first)s AND scope < %(end)s AND name = %(name)s
"""

_PUT = """
    INSERT INTO settings VALUES (%(scope)s, %(name)s, %(value)s)
    ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value
"""


async def some(
    db: Database, scopes: Collection[str], names: Collection[str]
) -> tuple[dict[tuple[str, str], Json], list[Unreadable]]:
    """Return the settings of these scopes and names; unreadable rows are returned apart."""
    keys = {"scopes": [*scopes], "names": [*names]}
    return _readable(await db.rows(_SOME, keys))


async def setting(db: Database, scope: str, name: str) -> tuple[Json, list[Unreadable]]:
    """Return a setting, or `None`, and its row if that cannot be read."""
    found, broken = await some(db, (scope,), (name,))
    return found.get((scope, name)), broken


async def settings(
    db: Database, scopes: str, name: str
) -> tuple[dict[str, Json], list[Unreadable]]:
    """Return the values of a setting by scope, for the scopes that begin with `scopes`.

    Rows that cannot be read are returned apart.
    """
    end = scopes[:-1] + chr(ord(scopes[-1]) + 1)
    keys = {"first": scopes, "end": end, "name": name}
    found, broken = _readable(await db.rows(_SETTINGS, keys))
    return {scope: value for (scope, _), value in found.items()}, broken


async def all_unreadable(db: Database) -> list[Unreadable]:
    """Return the rows of all scopes that cannot be read."""
    _, broken = _readable(await db.rows("SELECT scope, name, value FROM settings"))
    return broken


async def put(db: Database, scope: str, name: str, value: Json) -> None:
    """Store a setting, or delete it if `value` is `None`."""
    if value is None:
        statement = "DELETE FROM settings WHERE scope = %(scope)s AND name = %(name)s"
        await db.change(statement, {"scope": scope, "name": name})
    else:
        await db.change(_PUT, {"scope": scope, "name": name, "value": json.dumps(value)})


def value_in(text: str | None) -> Json:
    """Return the value that a column holds; `None` if there is none, or it cannot be read."""
    try:
        found: Json = None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def _readable(rows: Iterable[DictRow]) -> tuple[dict[tuple[str, str], Json], list[Unreadable]]:
    found: dict[tuple[str, str], Json] = {}
    broken = []
    for row in rows:
        try:
            found[row["scope"], row["name"]] = json.loads(row["value"])
        except (ValueError, RecursionError):
            broken.append(_unreadable(row["scope"], row["name"]))
    return found, broken


def _unreadable(scope: str, name: str) -> Unreadable:
    """Return a setting whose value cannot be read."""
    _, _, rest = scope.partition(":")
    team = rest.partition(":")[0]
    return Unreadable(table=TABLE, id=f"{scope} {name}", columns=("value",), team=team)
