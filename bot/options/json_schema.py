"""The rules of JSON Schema: jsonschema's, with rules of our own for links, steps and sums."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from bot.options.motion import is_still
from bot.options.schema import MOTION_KEYWORD, SUM_KEYWORD, Schema, as_mapping
from bot.options.sums import sum_and_total

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


def _sum(
    _validator: Validator, rule: Schema, value: object, _schema: Schema
) -> Iterator[ValidationError]:
    """Check that a member of a list's items adds up: `{"list": …, "member": …, "total": …}`.

    Items without a readable number are left to other rules.
    """
    if not isinstance(value, Mapping):
        return
    sums = sum_and_total(rule, value)
    if sums is not None and sums[0] != sums[1]:
        yield ValidationError(f"does not add up to {sums[1]}")


def _motion(
    _validator: Validator, rule: Schema, value: object, _schema: Schema
) -> Iterator[ValidationError]:
    """Check that a text of a list's items names a motion: `{"list": …, "member": …}`."""
    items = value.get(str(rule.get("list"))) if isinstance(value, Mapping) else None
    if not isinstance(items, list | tuple):
        return
    texts = [as_mapping(item).get(str(rule.get("member"))) for item in items]
    if is_still([text for text in texts if isinstance(text, str)]):
        yield ValidationError("names no motion")


# jsonschema's own types leave this function out.
_Validator = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {"multipleOf": _multiple_of, SUM_KEYWORD: _sum, MOTION_KEYWORD: _motion},
)


def make_validator(schema: Schema) -> Draft202012Validator:
    """Return the validator of a checked schema."""
    validator: Draft202012Validator = _Validator(schema, format_checker=_FORMATS)
    return validator
