"""Whether renders of a price cost what was forecast, and whom a difference is told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from storage.budget import Calendar, Window, begins_at, day_at, total
from storage.job import Instant
from storage.notification import Notification, NotificationKind, notification_id
from storage.notification_detail import NotificationDetail

DRIFT_RENDERS = 10
"""The renders that are compared: the last ones of a price that succeeded and have an amount."""

DRIFT_SEARCHED = 200
"""The renders of a price among which the last ones are searched for: most of them count."""

DRIFT_PERCENT = 20
"""A difference of more than this is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCheck:
    """What the last `DRIFT_RENDERS` renders of a price were forecast to cost, and what they did."""

    price_key: str
    """As of `Price`: the model with the options that move its price, of whatever size."""
    forecast: Decimal
    actual: Decimal

    @property
    def drifts(self) -> bool:
        """Whether the difference is to be told."""
        return abs(self.actual - self.forecast) * 100 > self.forecast * DRIFT_PERCENT

    @property
    def is_above(self) -> bool:
        """Whether they cost more than was forecast."""
        return self.actual > self.forecast


def price_check(
    key: str, amounts: Iterable[tuple[Decimal | None, Decimal | None]]
) -> PriceCheck | None:
    """Return the comparison of forecasts with what was billed; `None`: too few have both."""
    both = [(one, other) for one, other in amounts if one is not None and other is not None]
    if len(both) < DRIFT_RENDERS:
        return None
    return PriceCheck(
        price_key=key,
        forecast=total(forecast for forecast, _ in both),
        actual=total(actual for _, actual in both),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChecks:
    """The prices of a workspace that have enough renders, and the drifts that were told."""

    checks: tuple[PriceCheck, ...]
    told: Mapping[str, bool]
    """Whether a drift that stands was one above the forecast, by the key of its price."""

    @property
    def new(self) -> tuple[PriceCheck, ...]:
        """The drifts to tell: those that do not stand yet, or turned to the other side."""
        return tuple(
            check
            for check in self.checks
            if check.drifts and self.told.get(check.price_key) is not check.is_above
        )

    @property
    def over(self) -> tuple[str, ...]:
        """The keys of the drifts that came back under the limit, or are not compared any more."""
        standing = {check.price_key for check in self.checks if check.drifts}
        return tuple(key for key in self.told if key not in standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftDetail(NotificationDetail):
    """A price that differs from its forecast, as a notification's `detail` holds it."""

    price_key: str
    forecast: Decimal
    actual: Decimal
    day_began_at: Instant
    """The notification's ID is of the day, so it may be as old."""


def drift_notices(
    check: PriceCheck, team: str, in_charge: Sequence[str], now: Instant, calendar: Calendar
) -> list[Notification]:
    """Return the rows that tell a drift to those in charge; the same ones all day."""
    kind = NotificationKind.PRICE_DRIFT
    detail = DriftDetail(
        price_key=check.price_key,
        forecast=check.forecast,
        actual=check.actual,
        day_began_at=begins_at(Window.DAY, now, calendar),
    )
    about = f"{team} {check.price_key} {day_at(now, calendar)}"
    return [
        Notification(
            id=notification_id(kind, place, about),
            team=team,
            channel=place,
            kind=kind,
            happened_at=now,
            detail=detail.to_text(),
            due_at=now,
        )
        for place in in_charge
    ]
