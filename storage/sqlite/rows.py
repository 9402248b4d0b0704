"""How the rows of the three queues become rows of SQLite's tables, and back.

A field is the column of its name; the parts of a nested value are columns of their own, so that
each is compared, written and indexed by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from functools import cached_property
from sqlite3 import Row as SqlRow
from types import MappingProxyType
from typing import Generic, TypeAlias

from pydantic import TypeAdapter, ValidationError

from storage.home import HomeView
from storage.job import Event, Job, Json, Stage
from storage.notification import Notification
from storage.store import Row, StoreError

Value: TypeAlias = "str | int | float | bytes | None"
"""What a STRICT column of ours can hold."""

_DELIVERY: Mapping[str, str] = MappingProxyType(
    {
        "channel": "delivery_channel",
        "uploads": "uploads",
        "link_only": "link_only",
        "intent_at": "delivery_intent_at",
        "ts": "delivery_ts",
    }
)
_REPLY_TO: Mapping[str, str] = MappingProxyType(
    {"thread_ts": "thread_ts", "response_url": "response_url"}
)


@dataclass(frozen=True)
class Table(Generic[Row]):
    """A table, and what its rows are in Python."""

    name: str
    of: type[Row]
    nested: Mapping[str, Mapping[str, str]]
    """Fields whose parts are columns: the column of each part."""
    json: frozenset[str]
    """Columns that hold JSON."""
    guards: tuple[str, ...] = ()
    """Columns that must still stand as the holder of a claim knows them, beside the fence."""

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every column that a row of ours has; the table may have more."""
        return tuple(column for column, _ in self._paths)

    def to_row(self, row: Row) -> dict[str, Value]:
        """Return the columns of a row. Money and times are exact."""
        return {column: encode(_part(row, path)) for column, path in self._paths}

    def from_row(self, row: SqlRow) -> Row:
        """Return what a row of the table holds.

        Raises `StoreError`, which names the columns that make no sense and not what they hold.
        """
        values = {column: row[column] for column in self.columns}
        try:
            for column in self.json:
                values[column] = _parsed(column, values[column])
            for name, parts in self.nested.items():
                values[name] = {part: values.pop(column) for part, column in parts.items()}
            return self._adapter.validate_python(values)
        except ValidationError as error:
            raise _unreadable(self.name, sorted(self._columns_of(error))) from None
        except _NotJsonError as error:
            raise _unreadable(self.name, [str(error)]) from None

    def changes(self, before: Row, after: Row) -> dict[str, Value]:
        """Return the columns whose stored form differs between two states, as in `after`.

        Raises `ValueError` for a change of what only the store may set: the ID and the fence.
        """
        if (before.id, before.fence) != (after.id, after.fence):
            raise ValueError("only the store may change a row's id and fence")
        pairs = ((column, _part(before, path), _part(after, path)) for column, path in self._paths)
        candidates = (
            (column, encode(old), encode(new)) for column, old, new in pairs if old is not new
        )
        return {column: new for column, old, new in candidates if new != old}

    def _columns_of(self, error: ValidationError) -> set[str]:
        """Return the columns in which a row makes no sense."""
        places = (one["loc"] for one in error.errors(include_input=False))
        return {self._column_at([str(part) for part in place]) for place in places}

    def _column_at(self, place: Sequence[str]) -> str:
        parts = self.nested.get(place[0], {})
        return parts.get(place[1], place[0]) if len(place) > 1 else place[0]

    @cached_property
    def _adapter(self) -> TypeAdapter[Row]:
        return TypeAdapter(self.of)

    @cached_property
    def _paths(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple(self._columns())

    def _columns(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for field in fields(self.of):
            if field.name in self.nested:
                for part, column in self.nested[field.name].items():
                    yield column, (field.name, part)
            else:
                yield field.name, (field.name,)


def _part(row: Row, path: tuple[str, ...]) -> object:
    value: object = row
    for name in path:
        value = getattr(value, name)
    return value


class _NotJsonError(ValueError):
    """The column of this name does not hold JSON."""


def _parsed(column: str, text: str) -> Json:
    try:
        value: Json = json.loads(text)
    except ValueError as error:
        raise _NotJsonError(column) from error
    return value


def _unreadable(table: str, columns: Iterable[str]) -> StoreError:
    """Return the error for a row, raised without its cause: that shows what people wrote."""
    return StoreError(f"a row of {table} cannot be read: {', '.join(columns)}")


JOBS = Table(
    name="jobs",
    of=Job,
    nested={"delivery": _DELIVERY, "reply_to": _REPLY_TO},
    json=frozenset({"input", "outputs", "provider_memo", "uploads"}),
    guards=("stage",),
)
NOTIFICATIONS = Table(
    name="notifications",
    of=Notification,
    nested={"delivery": _DELIVERY},
    json=frozenset({"uploads"}),
)
_EVENT = TypeAdapter(Event)
HOME_VIEWS = Table(name="home_views", of=HomeView, nested={}, json=frozenset())


def longest_due_first(rows: Iterable[SqlRow]) -> list[SqlRow]:
    """Return rows, of a RETURNING or of several queries, in the order in which they became due.

    RETURNING promises no order: https://sqlite.org/lang_returning.html .
    """
    return sorted(rows, key=lambda row: (row["due_at"], row["seq"]))


def in_list(stages: Iterable[Stage]) -> str:
    """Return stages as SQL's list of texts."""
    return ", ".join(f"'{stage.value}'" for stage in sorted(stages))


def input_text(given: Mapping[str, Json]) -> str:
    """Return the one text of an input: equal inputs give equal texts, in whatever order."""
    return json.dumps(given, sort_keys=True, separators=(",", ":"))


def event_to_row(job_id: str, event: Event) -> dict[str, Value]:
    """Return the columns of a line of `job_id`'s timeline."""
    return {
        "job_id": job_id,
        "at": event.at,
        "name": event.name.value,
        "detail": encode(event.detail),
    }


def event_from_row(row: SqlRow) -> Event:
    """Return the event that `row` holds; raises `StoreError` for one of an unknown name."""
    try:
        return _EVENT.validate_python({name: row[name] for name in ("at", "name", "detail")})
    except ValidationError:
        raise _unreadable("job_events", ["name"]) from None


def encode(value: object) -> Value:
    """Return what a column holds of a value, and what to look for that value by.

    Text that UTF-8 lacks becomes `?`.
    """
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
            raise TypeError(f"a row cannot hold a {type(value).__name__}")
