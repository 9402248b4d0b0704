"""The forecast of what a render costs: learned, scaled, listed or unknown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, InvalidOperation

from storage.budget import total
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


def total_forecast(forecasts: Sequence[Forecast]) -> Forecast:
    """Return the forecast of several renders together, no surer than the least sure of them.

    It is unknown if that of one is.
    """
    amounts = [one.amount for one in forecasts if one.amount is not None]
    if len(amounts) < len(forecasts):
        return Forecast(kind=ForecastKind.UNKNOWN)
    kinds = list(ForecastKind)
    return Forecast(
        kind=max((one.kind for one in forecasts), key=kinds.index), amount=total(amounts)
    )


_UNKNOWN = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceToConfirm:
    """A price that a button or a form tells its user, who agrees to it by pressing it."""

    amount: Decimal | None
    """`None`: nobody knows it."""
    above: Decimal | None = None
    """The workspace's limit that the amount exceeds."""

    def covers(self, forecast: Forecast) -> bool:
        """Return whether a user who agreed to this price agreed to that of the forecast."""
        if forecast.amount is None or self.amount is None:
            return forecast.amount is self.amount
        return forecast.amount <= self.amount

    def to_text(self) -> str:
        """Return the amount as text, for what a button or a form carries."""
        return _UNKNOWN if self.amount is None else str(self.amount)


def agreed_price(text: str | None) -> PriceToConfirm | None:
    """Return the price of a text that `to_text` returned; `None`: no price was told."""
    if not text:
        return None
    if text == _UNKNOWN:
        return PriceToConfirm(amount=None)
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return PriceToConfirm(amount=amount) if amount.is_finite() else None
