"""Readers of standard JSON; Python's own reader also accepts what the standard forbids."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from decimal import Decimal, DecimalException
from typing import NoReturn, TypeAlias, TypeVar, cast

from storage.job import Json

T = TypeVar("T")


def parse_document(text: str) -> Json:
    """Return the value of a JSON text.

    Raises `ValueError` with a short reason for invalid JSON, `NaN`, `Infinity`, numbers too large
    for a `float`, and nesting beyond Python's limit of recursion.
    """
    try:
        value: Json = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg}, character {error.pos + 1}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def parse_lenient(text: str) -> Json:
    """Return the value of another service's JSON text; a number that makes no sense is `None`.

    Those are `NaN`, the infinities, and what neither a `float` nor an `int` holds. Raises
    `ValueError` for invalid JSON and for nesting beyond Python's limit of recursion.
    """
    try:
        return cast(
            "Json",
            json.loads(
                text,
                parse_int=_number_or_none(int),
                parse_float=_number_or_none(_finite),
                parse_constant=_no_number,
            ),
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def is_deeper_than(levels: int, value: object) -> bool:
    """Return whether a value read from JSON has containers in more than `levels` levels."""
    level = [value]
    for _ in range(levels + 1):
        level = [item for container in level for item in _items(container)]
        if not level:
            return False
    return True


def _items(value: object) -> Iterable[object]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


Parsed: TypeAlias = "str | int | Decimal | bool | list[Parsed] | dict[str, Parsed] | None"
"""A value read from JSON: a number with a point or an exponent is an exact `Decimal`."""


def parse_exact(text: str) -> Parsed:
    """Return the value of another service's JSON text with exact decimals.

    A number that makes no sense is `None`: `NaN`, the infinities, and what neither a `Decimal` nor
    an `int` holds. Raises `ValueError` for invalid JSON and for nesting beyond Python's limit of
    recursion.
    """
    try:
        return cast(
            "Parsed",
            json.loads(
                text,
                parse_int=_number_or_none(int),
                parse_float=_number_or_none(Decimal),
                parse_constant=_no_number,
            ),
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _number_or_none(convert: Callable[[str], T]) -> Callable[[str], T | None]:
    """Return a reader of digits: one number must not make the text around it unreadable.

    Python converts no integer of more than 4,300 digits.
    https://docs.python.org/3/library/stdtypes.html#integer-string-conversion-length-limitation
    """

    def read(digits: str) -> T | None:
        try:
            return convert(digits)
        except (ValueError, DecimalException):
            return None

    return read


def _no_number(_name: str) -> None:
    """Return `None` for `NaN`, `Infinity` and `-Infinity`, which are not standard JSON."""


def identifier(value: Parsed) -> str | None:
    """Return an ID or a code as text, sent as text or as an integer; `None`: it is neither."""
    match value:
        case str():
            word = value.strip()
            return word if word.isprintable() and 0 < len(word) <= _LONGEST_WORD else None
        case int() if not isinstance(value, bool):
            return str(value) if abs(value) < _LONGEST_INTEGER else None
        case _:
            return None


_LONGEST_WORD = 200
"""Longer than any ID or code of an API, in characters."""

_LONGEST_INTEGER = 10**40
"""Python does not convert integers of more than 4,300 digits to text; IDs are far shorter."""
