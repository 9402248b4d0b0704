"""How a job becomes a row of the `jobs` table, a row a job, and how claimed rows are sorted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from sqlite3 import Row
from typing import TypeAlias

from storage.job import Event, Job, Json, LookBy, Media, Outcome, Output, Stage, Upload

Value: TypeAlias = "str | int | float | bytes | None"
"""What a STRICT column of ours can hold."""

COLUMNS = tuple(field.name for field in fields(Job))
"""Every field of a job is the column of that name."""


def job_to_row(job: Job) -> dict[str, Value]:
    """Return the columns of `job`. Money and times are exact; text that UTF-8 lacks becomes `?`."""
    return {name: encode(getattr(job, name)) for name in COLUMNS}


def job_from_row(row: Row) -> Job:
    """Return the job that `row` holds; columns that a job does not have are left out."""
    values = {name: row[name] for name in COLUMNS}
    values["stage"] = Stage(row["stage"])
    values["look_by"] = LookBy(row["look_by"])
    values["link_only"] = bool(row["link_only"])
    values["input"] = json.loads(row["input"])
    values["outputs"] = tuple(
        Output(media=Media(item["media"]), url=item["url"]) for item in json.loads(row["outputs"])
    )
    values["uploads"] = tuple(Upload(**item) for item in json.loads(row["uploads"]))
    if row["outcome"] is not None:
        values["outcome"] = Outcome(row["outcome"])
    if row["parked_from"] is not None:
        values["parked_from"] = Stage(row["parked_from"])
    for name in ("cost_estimate", "cost_actual", "cost_told"):
        if row[name] is not None:
            values[name] = Decimal(row[name])
    return Job(**values)


def changed_columns(before: Job, after: Job) -> dict[str, Value]:
    """Return the columns whose stored form differs between `before` and `after`, as in `after`.

    Raises `ValueError` for a change of what only the store may set: the ID and the fence.
    """
    if (before.id, before.fence) != (after.id, after.fence):
        raise ValueError("a step may change neither a job's id nor its fence")
    candidates = (
        (name, encode(getattr(before, name)), encode(getattr(after, name)))
        for name in COLUMNS
        if getattr(before, name) is not getattr(after, name)
    )
    return {name: new for name, old, new in candidates if new != old}


def longest_due_first(rows: Iterable[Row]) -> list[Row]:
    """Return rows, of a RETURNING or of several queries, in the order in which they became due.

    RETURNING promises no order: https://sqlite.org/lang_returning.html .
    """
    return sorted(rows, key=lambda row: (row["due_at"], row["seq"]))


def input_text(given: Mapping[str, Json]) -> str:
    """Return the one text of an input: equal inputs give equal texts, in whatever order."""
    return json.dumps(given, sort_keys=True, separators=(",", ":"))


def event_to_row(job_id: str, event: Event) -> dict[str, Value]:
    """Return the columns of a line of `job_id`'s timeline."""
    return {
        "job_id": job_id,
        "at": event.at,
        "name": encode(event.name),
        "detail": encode(event.detail),
    }


def event_from_row(row: Row) -> Event:
    """Return the event that `row` holds."""
    return Event(at=row["at"], name=row["name"], detail=row["detail"])


def encode(value: object) -> Value:
    """Return what a column holds of a value, and what to look for that value by."""
    match value:
        case None | int() | float() | bytes():
            return value
        case str():
            # A lone surrogate, which JSON from outside can carry, has no UTF-8 form: one such
            # character must not make a job impossible to write, nor a question to ask.
            return str(value) if value.isascii() else value.encode(errors="replace").decode()
        case Decimal():
            return str(value)
        case Mapping():
            return input_text(value)
        case tuple():
            return json.dumps([asdict(item) for item in value], separators=(",", ":"))
        case _:
            raise TypeError(f"a job cannot hold a {type(value).__name__}")
