"""Conversion of the rows of the three queues to rows of a database's tables, and back.

A field is stored in the column of its name. The parts of a nested value have columns of their own,
so that each is compared, written and indexed separately.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache, cached_property
from operator import attrgetter
from types import MappingProxyType
from typing import Generic, Protocol, TypeAlias

from pydantic import TypeAdapter, ValidationError

from storage.home import HomeView
from storage.job import Event, Job, Json, Stage
from storage.notification import Notification
from storage.store import Row, Unreadable, UnreadableRowError

Value: TypeAlias = "str | int | float | bytes | None"
"""A value that a column of the schema can hold."""


class Columns(Protocol):
    """A row as a database returns it: a dictionary, or the values in the order of the columns."""

    def __getitem__(self, name: str, /) -> Value:
        """Return the value of a column."""

    def __iter__(self) -> Iterator[Value]:
        """Return the values; of a dictionary, the names."""

    def keys(self) -> Iterable[str]:
        """Return the names of the columns."""


_DELIVERY_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "channel": "delivery_channel",
        "uploads": "uploads",
        "link_only": "link_only",
        "failing_since": "delivery_failing_since",
        "intent_at": "delivery_intent_at",
        "ts": "delivery_ts",
    }
)
_REPLY_TO_COLUMNS: Mapping[str, str] = MappingProxyType(
    {"thread_ts": "thread_ts", "response_url": "response_url"}
)
_QUESTION_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "kind": "question_kind",
        "about": "question_about",
        "expires_at": "question_expires_at",
        "asked_at": "question_asked_at",
        "approvers": "question_approvers",
        "fallback": "question_fallback",
        "place": "question_place",
        "reminders": "question_reminders",
    }
)
_DECISION_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "kind": "decision_kind",
        "by": "decision_by",
        "at": "decision_at",
        "because": "decision_because",
    }
)
_STYLE_COLUMNS: Mapping[str, str] = MappingProxyType(
    {"name": "style_name", "words": "style_words", "prompt": "style_prompt"}
)
_FILM_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "width": "film_width",
        "height": "film_height",
        "seconds": "film_seconds",
        "has_sound": "film_has_sound",
        "poster": "film_poster",
    }
)
_REPEAT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "id": "repeat_id",
        "every": "repeat_every",
        "first": "repeat_first",
        "zone": "repeat_zone",
    }
)
_REVIEW_COLUMNS: Mapping[str, str] = MappingProxyType(
    {"kind": "review_kind", "by": "reviewed_by", "at": "reviewed_at"}
)
_PRICE_COLUMNS: Mapping[str, str] = MappingProxyType({"key": "price_key", "size": "price_size"})
_FORECAST_COLUMNS: Mapping[str, str] = MappingProxyType(
    {"kind": "forecast_kind", "amount": "forecast_amount"}
)


@dataclass(frozen=True)
class Table(Generic[Row]):
    """A table, and the dataclass of its rows."""

    name: str
    of: type[Row]
    nested: Mapping[str, Mapping[str, str]]
    """Fields whose parts are columns: for each field, the column of each part."""
    json: frozenset[str]
    """Columns that hold JSON."""
    optional: frozenset[str] = frozenset()
    """Nested fields that are `None` if all their columns are NULL."""
    guards: tuple[str, ...] = ()
    """Columns beside the fence that must be unchanged when the holder of a claim writes."""

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of the dataclass; the table may have more."""
        return tuple(column for column, _ in self._paths)

    def to_row(self, row: Row) -> dict[str, Value]:
        """Return the value of each column. Money and times are exact."""
        return dict.fromkeys(self.columns) | self.filled(row)

    def filled(self, row: Row) -> dict[str, Value]:
        """Return the values of the columns that are not empty: of a new row, few of many."""
        fields_of = zip(self._columns_of, self._values(row), strict=True)
        found = (
            (column, _part(row, path))
            for paths, value in fields_of
            if value is not None
            for column, path in paths
        )
        return {column: encode(part) for column, part in found if part is not None}

    def from_row(self, row: Columns) -> Row:
        """Return the row in Python.

        Raises `UnreadableRowError`, which names the columns with invalid values, not the values.
        """
        found = _by_name(row)
        stored = {column: found[column] for column in self.columns}
        torn = [
            column
            for column, value in stored.items()
            if isinstance(value, str) and not value.isascii() and is_torn(value)
        ]
        if torn:
            raise self._unreadable(row, torn)
        values: dict[str, object] = {**stored}
        try:
            for column in self.json:
                values[column] = _parsed(column, stored[column])
            for name, parts in self.nested.items():
                nested = {part: values.pop(column) for part, column in parts.items()}
                is_absent = name in self.optional and all(one is None for one in nested.values())
                values[name] = None if is_absent else nested
            return self._adapter.validate_python(values)
        except ValidationError as error:
            raise self._unreadable(row, sorted(self._invalid_columns(error))) from None
        except _NotJsonError as error:
            raise self._unreadable(row, [str(error)]) from None

    def readable(self, rows: Iterable[Columns]) -> tuple[list[Row], list[Unreadable]]:
        """Return the rows that can be read, and those that cannot."""
        read, broken = [], []
        for row in rows:
            try:
                read.append(self.from_row(row))
            except UnreadableRowError as error:
                broken.append(error.row)
        return read, broken

    def changes(self, before: Row, after: Row) -> dict[str, Value]:
        """Return the columns whose stored form differs, with their values in `after`.

        Raises `ValueError` for a change of the ID or the fence, which only the store may set.
        """
        if (before.id, before.fence) != (after.id, after.fence):
            raise ValueError("only the store may change a row's id and fence")
        fields_of = zip(self._columns_of, self._values(before), self._values(after), strict=True)
        # Most fields are the same object: a step changes few, and others need no second look.
        paths = (path for paths, old, new in fields_of if old is not new for path in paths)
        candidates = (
            (column, encode(_part(before, path)), encode(_part(after, path)))
            for column, path in paths
        )
        return {column: new for column, old, new in candidates if new != old}

    def _unreadable(self, row: Columns, columns: Sequence[str]) -> UnreadableRowError:
        """Return the error. Raise it without its cause, which shows users' text."""
        return UnreadableRowError(
            Unreadable(
                table=self.name,
                id=str(encode(row["id"])),
                columns=tuple(columns),
                team=str(encode(row["team"])),
                seq=int(row["seq"] or 0),
            )
        )

    def _invalid_columns(self, error: ValidationError) -> set[str]:
        """Return the columns that an error of validation is about."""
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
        return tuple(self._find_paths())

    @cached_property
    def _columns_of(self) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], ...]:
        """The columns of each field, with their paths."""
        return tuple(
            tuple(found for found in self._paths if found[1][0] == field.name)
            for field in fields(self.of)
        )

    @cached_property
    def _values(self) -> Callable[[Row], tuple[object, ...]]:
        """Returns the values of all fields of a row."""
        return attrgetter(*(field.name for field in fields(self.of)))

    def _find_paths(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for field in fields(self.of):
            if field.name in self.nested:
                for part, column in self.nested[field.name].items():
                    yield column, (field.name, part)
            else:
                yield field.name, (field.name,)


def _part(row: Row, path: tuple[str, ...]) -> object:
    value: object = row
    for name in path:
        value = None if value is None else getattr(value, name)
    return value


def _by_name(row: Columns) -> Mapping[str, Value]:
    """Return the columns by name: SQLite's own row looks a name up among all of them."""
    return row if isinstance(row, dict) else dict(zip(row.keys(), row, strict=True))


def is_torn(value: Value) -> bool:
    """Return whether a text is not UTF-8: the connection reads it as halves of surrogate pairs."""
    if not isinstance(value, str) or value.isascii():
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


def amount_of(text: str | None) -> Decimal | None:
    """Return the amount in a job's column; one that cannot be read is unknown, as `NULL` is."""
    try:
        amount = None if text is None else Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() else None


def json_object(text: Value) -> Mapping[str, Json]:
    """Return the JSON object in a column; one that cannot be read is empty."""
    if not isinstance(text, str):
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def stage_of(text: str) -> Stage:
    """Return the stage in a job's column; a job whose stage cannot be read is on hold."""
    return Stage(text) if text in set(Stage) else Stage.PARKED


class _NotJsonError(ValueError):
    """The column of this name does not hold JSON."""


def _parsed(column: str, text: Value) -> Json:
    if text is None:
        return None
    if not isinstance(text, str):
        raise _NotJsonError(column)
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _NotJsonError(column) from error
    return value


JOBS = Table(
    name="jobs",
    of=Job,
    nested={
        "delivery": _DELIVERY_COLUMNS,
        "reply_to": _REPLY_TO_COLUMNS,
        "question": _QUESTION_COLUMNS,
        "decision": _DECISION_COLUMNS,
        "style": _STYLE_COLUMNS,
        "film": _FILM_COLUMNS,
        "repeat": _REPEAT_COLUMNS,
        "review": _REVIEW_COLUMNS,
        "price": _PRICE_COLUMNS,
        "forecast": _FORECAST_COLUMNS,
    },
    optional=frozenset(
        {"question", "decision", "style", "film", "repeat", "review", "price", "forecast"}
    ),
    json=frozenset(
        {
            "channel_defaults",
            "input",
            "names",
            "outputs",
            "pressed",
            "provider_memo",
            "question_approvers",
            "question_fallback",
            "uploads",
        }
    ),
    guards=("stage",),
)
NOTIFICATIONS = Table(
    name="notifications",
    of=Notification,
    nested={"delivery": _DELIVERY_COLUMNS},
    json=frozenset({"uploads"}),
)
HOME_VIEWS = Table(name="home_views", of=HomeView, nested={}, json=frozenset())

# `json.dumps` would make an encoder for each value.
_encode_sorted = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_encode_items = json.JSONEncoder(separators=(",", ":")).encode


def in_list(values: Iterable[StrEnum]) -> str:
    """Return values of ours as SQL's list of string literals."""
    return ", ".join(f"'{one.value}'" for one in sorted(values))


def input_text(given: Mapping[str, Json]) -> str:
    """Return the canonical JSON of an input: equal inputs give equal texts in any key order."""
    return _encode_sorted(given)


def event_to_row(job_id: str, event: Event) -> dict[str, Value]:
    """Return the columns of an event in the timeline of `job_id`."""
    return {
        "job_id": job_id,
        "at": event.at,
        "name": event.name.value,
        "detail": encode(event.detail),
    }


@cache
def _event_adapter() -> TypeAdapter[Event]:
    """Return the converter of events, made for the first: each takes 3 ms of a start."""
    return TypeAdapter(Event)


def event_from_row(row: Columns) -> Event:
    """Return the event in `row`. Raises `UnreadableRowError` for an unknown event name."""
    try:
        return _event_adapter().validate_python(
            {name: row[name] for name in ("at", "name", "detail")}
        )
    except ValidationError:
        event_id = f"{encode(row['job_id'])!s} {int(row['seq'] or 0)}"
        raise UnreadableRowError(
            Unreadable(table="job_events", id=event_id, columns=("name",))
        ) from None


def encode(value: object) -> Value:
    """Return the stored form of a value, which is also its form in conditions of queries.

    Characters that UTF-8 cannot represent become `?`. Raises `TypeError` for other types.
    """
    match value:
        case str():
            # A lone surrogate, which JSON from outside can carry, has no UTF-8 form: one such
            # character must not make a write or a query fail.
            return str(value) if value.isascii() else value.encode(errors="replace").decode()
        case None | int() | float() | bytes():
            return value
        case Decimal():
            return str(value)
        case Mapping():
            return input_text(value)
        case tuple():
            items = [item if isinstance(item, str) else asdict(item) for item in value]
            return _encode_items(items)
        case _:
            raise TypeError(f"a row cannot hold a {type(value).__name__}")
