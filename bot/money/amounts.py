"""Reads amounts that people type. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.options.wording import quoted

# Without exponents: 1e400 is nobody's amount. Fewer digits than the store keeps exactly.
_AMOUNT = lazy_compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")

# A thousand in some languages, and one in others.
_AMBIGUOUS = lazy_compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")

# A unit stands before or behind the number: `$20`, `20 USD`.
_WITH_UNIT = lazy_compile(
    r"(?P<before>[^\W\d_]{2,16}|[$€£¥₹])?\s*(?P<figure>[^\s$€£¥₹]*?)\s*"
    r"(?P<behind>[^\W\d_]{2,16}|[$€£¥₹])?"
)
# Signs of one currency, or of which most people mean this one.
_SIGNS = MappingProxyType({"$": "USD", "€": "EUR", "£": "GBP", "₹": "INR"})
_NUMBER_WORDS = frozenset({"nan", "inf", "infinity"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedAmount:
    """An amount, and the unit that was typed with it or nothing."""

    figure: Decimal
    unit: str = ""

    def in_unit(self, unit: str | None) -> Decimal:
        """Return the amount. Raises `UsageError` if another unit was typed than that of amounts."""
        named = _SIGNS.get(self.unit, self.unit)
        if not self.unit or named.casefold() == (unit or "").casefold():
            return self.figure
        if unit is None:
            raise UsageError(
                f"Amounts here have no currency, as MindVideo names none: give {self.figure}"
                f" without {quoted(self.unit)}."
            )
        raise UsageError(f"Amounts here are in {unit}, and I do not convert {quoted(self.unit)}.")


def read_typed_amount(text: str) -> Decimal:
    """Return the amount of a text. Raises `UsageError` for what is none."""
    if not _AMOUNT.fullmatch(text.strip()):
        raise UsageError(
            f"{quoted(text)} is no amount. Give a number such as 20 or 0.5, without a currency."
        )
    if _AMBIGUOUS.fullmatch(text.strip()):
        whole = text.strip().replace(".", "")
        raise UsageError(
            f"{quoted(text)} may be read in two ways. Write `{whole}`, or `{text.strip()}0`."
        )
    return Decimal(text.strip())


def read_amount_in_unit(text: str) -> TypedAmount:
    """Return the amount of a text that may have a unit. Raises `UsageError` for what is none."""
    found = _WITH_UNIT.fullmatch(text.strip())
    unit = "" if found is None else found["before"] or found["behind"] or ""
    # What is told to be no amount is the whole text: `a hundred`, and not `a`.
    if found is None or not _AMOUNT.fullmatch(found["figure"]) or unit.casefold() in _NUMBER_WORDS:
        return TypedAmount(figure=read_typed_amount(text))
    return TypedAmount(figure=read_typed_amount(found["figure"]), unit=unit)
