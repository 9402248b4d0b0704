"""The forecast of what a render costs: learned, scaled, listed or unknown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal

from storage.job import Forecast, ForecastKind

OBSERVED_RENDERS = 20
"""Renders from which a price is learned: a changed price is forgotten after so many."""

OBSERVED_WITHIN_SECONDS = 90 * 86400.0
"""How old they may be."""

_FINEST = Decimal("0.0001")
"""To which a scaled amount is rounded up: a division has no end, and a forecast no use for it."""

Paid = tuple[Decimal | None, Decimal]
"""The size and the amount of a render."""


def observed(same: Sequence[Paid]) -> Forecast | None:
    """Return the forecast from renders of the same price: the highest of their amounts."""
    if not same:
        return None
    return Forecast(kind=ForecastKind.OBSERVED, amount=max(amount for _, amount in same))


def scaled(size: Decimal | None, others: Sequence[Paid]) -> Forecast | None:
    """Return the forecast from renders of other sizes: the highest of their prices, by size."""
    if size is None:
        return None
    rates = [amount / other for other, amount in others if other is not None and other > 0]
    if not rates:
        return None
    amount = (max(rates) * size).quantize(_FINEST, ROUND_CEILING)
    return Forecast(kind=ForecastKind.SCALED, amount=amount)


def listed(amount: Decimal | None) -> Forecast:
    """Return the forecast from the model file; unknown, and never zero, if that names no price."""
    if amount is None:
        return Forecast(kind=ForecastKind.UNKNOWN)
    return Forecast(kind=ForecastKind.LISTED, amount=amount)
