"""Adds up what the items of a list say of themselves, such as the seconds of shots. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from bot.base.patterns import lazy_compile
from bot.options.schema import Schema, as_mapping
from storage.job import Json

# No more digits than a duration has: text such as 1e999999 takes minutes to be read.
_DECIMAL = lazy_compile(r"[0-9]{1,6}(?:\.[0-9]{0,6})?")


def number_of(value: Json) -> Fraction | None:
    """Return the number of a value, which may be text; some services write durations so."""
    return Fraction(str(value)) if _DECIMAL.fullmatch(str(value)) else None


def number_text(number: Fraction) -> str:
    """Return a number as a person writes it: `5`, `2.5`."""
    return str(number.numerator if number.denominator == 1 else float(number))


def sum_of(items: Json, member: str) -> Fraction | None:
    """Return the sum of a member of all items; `None`: there are none, or one has no number."""
    if not isinstance(items, list | tuple) or not items:
        return None
    parts = [number_of(as_mapping(item).get(member)) for item in items]
    known = [part for part in parts if part is not None]
    return sum(known, Fraction()) if len(known) == len(parts) else None


def sum_and_total(rule: Schema, values: Mapping[str, Json]) -> tuple[Fraction, Fraction] | None:
    """Return what the items make and what they should: `{"list": …, "member": …, "total": …}`.

    `None`: either is unknown.
    """
    made = sum_of(values.get(str(rule.get("list"))), str(rule.get("member")))
    total = number_of(values.get(str(rule.get("total"))))
    return None if made is None or total is None else (made, total)
