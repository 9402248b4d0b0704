"""Checks a value against its schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from bot.options.schema import Schema, as_mapping
from storage.job import Json

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """The first part of a value that its schema does not allow."""

    path: tuple[str | int, ...]
    """Names and positions that lead to the part; empty for the value itself."""
    schema: Schema
    """The schema of that part."""
    value: Json


class _SchemaKey:
    """A schema as the key of a cache: compared by identity, and kept alive by the key."""

    __slots__ = ("schema",)

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SchemaKey) and other.schema is self.schema


# Making a validator takes ten times as long as using it.
@lru_cache(maxsize=256)
def _validator(key: _SchemaKey) -> Draft202012Validator:
    # jsonschema would be a thirtieth of the start.
    from bot.options.json_schema import make_validator  # noqa: PLC0415

    return make_validator(key.schema)


def load_rules() -> None:
    """Import what checks values; without it the first value would wait for a tenth of a second."""
    import_module("bot.options.json_schema")


def violations(value: Json, schema: Schema) -> Iterator[Violation]:
    """Yield the violations of a checked schema by a finite value, one for each part of it."""
    seen: set[tuple[str | int, ...]] = set()
    for error in _validator(_SchemaKey(schema)).iter_errors(value):
        path = tuple(error.absolute_path)
        if path not in seen:
            seen.add(path)
            yield Violation(path=path, schema=as_mapping(error.schema), value=error.instance)


def find_violation(value: Json, schema: Schema) -> Violation | None:
    """Return the first violation of a checked schema by a finite value, if any."""
    return next(violations(value, schema), None)
