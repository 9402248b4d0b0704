"""Checks a value against its schema: by jsonschema, with rules of its own for links and steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from bot.options.schema import Schema, as_mapping
from storage.job import Json

_FORMATS = FormatChecker()


@_FORMATS.checks("uri", raises=ValueError)
@_FORMATS.checks("url", raises=ValueError)
def _is_link(value: object) -> bool:
    """Check a link, which jsonschema does only with further packages installed."""
    return not isinstance(value, str) or (
        bool(urlsplit(value).scheme) and not re.search(r"\s", value)
    )


def _multiple_of(
    _validator: Validator, step: float, value: object, _schema: Schema
) -> Iterator[ValidationError]:
    """Check steps by the decimal notation: jsonschema divides floats, so 0.3 fails for 0.1."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and (Fraction(str(value)) / Fraction(str(step))).denominator != 1:
        yield ValidationError(f"not a multiple of {step}")


# jsonschema's own types leave this function out.
_Validator = extend(Draft202012Validator, {"multipleOf": _multiple_of})  # type: ignore[no-untyped-call]


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
    validator: Draft202012Validator = _Validator(key.schema, format_checker=_FORMATS)
    return validator


def find_violation(value: Json, schema: Schema) -> Violation | None:
    """Return the first violation of a checked schema by a finite value, if any."""
    for error in _validator(_SchemaKey(schema)).iter_errors(value):
        return Violation(
            path=tuple(error.absolute_path), schema=as_mapping(error.schema), value=error.instance
        )
    return None
