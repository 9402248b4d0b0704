"""Conversion of what people saved to rows of a database's table, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from storage.job import Instant, Json
from storage.rows import Columns, Value, encode, is_torn
from storage.saved import MOST_SAVED, Editor, Saved, SavedKey, SavedKind, Written
from storage.store import Unreadable

TABLE = "saved"


def key_values(key: SavedKey) -> dict[str, Value]:
    """Return the columns of a key."""
    return {"kind": key.kind.value, "scope": encode(key.scope), "name": encode(key.name)}


def edit_values(key: SavedKey, by: Editor) -> dict[str, Value]:
    """Return the parameters of a statement that changes what is saved, if it may."""
    return {**key_values(key), "by": by.user, "is_admin": by.is_admin}


def save_values(
    key: SavedKey, value: Mapping[str, Json], by: Editor, now: Instant
) -> dict[str, Value]:
    """Return the parameters of the statement that saves a value."""
    return {
        **edit_values(key, by),
        "now": now,
        "value": json.dumps(value),
        "most": MOST_SAVED,
    }


def replace_values(
    kind: SavedKind, scope: str, before: Mapping[str, Json], after: Mapping[str, Json] | None
) -> dict[str, Value]:
    """Return the parameters of the statements that replace a value, or delete what has it."""
    return {
        "kind": kind.value,
        "scope": encode(scope),
        "before": json.dumps(before),
        "after": None if after is None else json.dumps(after),
    }


def may_not(made_by: Value, by: Editor) -> Written | None:
    """Return why a change of a row wrote nothing; `None`: neither its absence nor its maker is why.

    `made_by` is the row's maker, or `None` if there is no row.
    """
    if made_by is None:
        return Written.MISSING
    return None if by.is_admin or made_by == by.user else Written.NOT_YOURS


def readable(rows: Iterable[Columns]) -> tuple[list[Saved], list[Unreadable]]:
    """Return what can be read, and the rows that cannot."""
    found, broken = [], []
    for row in rows:
        try:
            found.append(_from_row(row))
        except (ValueError, RecursionError):
            broken.append(_unreadable(row))
    return found, broken


def _from_row(row: Columns) -> Saved:
    """Return one row. Raises `ValueError`, or `RecursionError` for JSON that is nested too deep."""
    text = row["value"]
    value = json.loads(text) if isinstance(text, str) and not is_torn(text) else None
    if not isinstance(value, dict):
        raise ValueError(TABLE)  # noqa: TRY004 - the same as JSON that cannot be parsed
    return Saved(
        key=SavedKey(
            kind=SavedKind(str(row["kind"])), scope=str(row["scope"]), name=str(row["name"])
        ),
        made_by=str(row["made_by"]),
        made_at=float(row["made_at"] or 0.0),
        changed_at=float(row["changed_at"] or 0.0),
        value=value,
    )


def _unreadable(row: Columns) -> Unreadable:
    kind, scope, name = (str(encode(row[column])) for column in ("kind", "scope", "name"))
    team = scope.partition(":")[2].partition(":")[0]
    return Unreadable(table=TABLE, id=f"{kind} {scope} {name}", columns=("value",), team=team)
