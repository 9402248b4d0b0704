"""Amounts of money as MindVideo writes them."""

from __future__ import annotations

import re
from decimal import Decimal

from bot.mindvideo.parsing import Parsed

_AMOUNT = re.compile(r"\+?[0-9]{1,15}(\.[0-9]{1,15})?([eE][+-]?[0-9]{1,2})?")

_ABSURD = Decimal(10) ** 9
"""No render costs a thousand million; a larger number is a fault, and would not fit a message."""

_SMALLEST_EXPONENT = -20
"""More decimals than that are a fault as well."""


def read_amount(value: Parsed) -> Decimal | None:
    """Return the exact amount, or `None` when this is not one: unknown is not zero.

    Takes numbers and numbers as text; refuses negative, infinite and absurd ones.
    """
    match value:
        case str():
            text = value.strip()
            return _sensible(Decimal(text)) if _AMOUNT.fullmatch(text) else None
        case int() | Decimal() if not isinstance(value, bool):
            return _sensible(Decimal(value))
        case _:
            return None


def _sensible(amount: Decimal) -> Decimal | None:
    if not amount.is_finite() or not 0 <= amount < _ABSURD:
        return None
    exponent = amount.as_tuple().exponent
    too_fine = isinstance(exponent, int) and exponent < _SMALLEST_EXPONENT
    return None if too_fine else abs(amount)
