"""Reads amounts that people type. Pure."""

from __future__ import annotations

import re
from decimal import Decimal

from bot.base.errors import UsageError
from bot.options.wording import quoted

# Without exponents: 1e400 is nobody's amount. Fewer digits than the store keeps exactly.
_AMOUNT = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


def read_typed_amount(text: str) -> Decimal:
    """Return the amount of a text. Raises `UsageError` for what is none."""
    if not _AMOUNT.fullmatch(text.strip()):
        raise UsageError(
            f"{quoted(text)} is no amount. Give a number such as 20 or 0.5, without a currency."
        )
    return Decimal(text.strip())
