"""The figures of a period, from the renders that were requested in it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median
from zoneinfo import ZoneInfo

from storage.costs import Render, Spend, total_of
from storage.job import Instant, Outcome, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The cost of one user's or one model's renders."""

    name: str
    spend: Spend
    videos: int
    """Renders that succeeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures of a period, as reports show them."""

    asked: int
    succeeded: int
    failed: int
    cancelled: int
    parked: int
    running: int
    median_seconds: float | None
    spent: Spend
    by_person: tuple[Share, ...]
    """The largest first; the names are Slack's user IDs."""
    by_model: tuple[Share, ...]
    estimated: Decimal
    """The sum of the estimates of the renders whose estimate and cost are both known."""
    billed: Decimal
    """The sum of the costs of the same renders."""
    forecast: Decimal
    """The sum of our own forecasts of the renders whose forecast and cost are both known."""
    forecast_billed: Decimal
    """The sum of the costs of the same renders."""

    @property
    def success_rate(self) -> float | None:
        """The share of successes among the renders that ended, cancelled ones left out."""
        ended = self.succeeded + self.failed
        return self.succeeded / ended if ended else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How many of the renders requested on a day succeeded and failed."""

    date: date
    succeeded: int
    failed: int
    spent: Decimal = Decimal(0)
    """The sum of the known costs of all that was requested on this day."""


def summarize(renders: Sequence[Render]) -> Summary:
    """Return the figures of these renders."""
    outcomes = Counter(render.outcome for render in renders)
    parked = sum(render.stage is Stage.PARKED for render in renders)
    took = [
        render.seconds
        for render in renders
        if render.outcome is Outcome.SUCCEEDED and render.seconds is not None
    ]
    both = [
        (render.estimate, render.actual)
        for render in renders
        if render.estimate is not None and render.actual is not None
    ]
    foreseen = [
        (render.forecast, render.actual)
        for render in renders
        if render.forecast is not None and render.actual is not None
    ]
    return Summary(
        asked=len(renders),
        succeeded=outcomes[Outcome.SUCCEEDED],
        failed=outcomes[Outcome.FAILED],
        cancelled=outcomes[Outcome.CANCELLED],
        parked=parked,
        running=sum(
            render.outcome is None and render.stage is not Stage.PARKED for render in renders
        ),
        median_seconds=median(took) if took else None,
        spent=total_of(renders),
        by_person=_by(renders, lambda render: render.user),
        by_model=_by(renders, lambda render: render.model),
        estimated=sum((estimate for estimate, _ in both), Decimal(0)),
        billed=sum((actual for _, actual in both), Decimal(0)),
        forecast=sum((forecast for forecast, _ in foreseen), Decimal(0)),
        forecast_billed=sum((actual for _, actual in foreseen), Decimal(0)),
    )


def by_day(renders: Sequence[Render], until: Instant, days: int, zone: ZoneInfo) -> list[Day]:
    """Return the last `days` days before `until`, the oldest first, by the dates of `zone`.

    A day without renders is included.
    """
    ends = Counter(
        (datetime.fromtimestamp(render.created_at, zone).date(), render.outcome)
        for render in renders
    )
    spent: dict[date, Decimal] = {}
    for render in renders:
        day = datetime.fromtimestamp(render.created_at, zone).date()
        spent[day] = spent.get(day, Decimal(0)) + total_of([render]).total
    # A digest at midnight is about the days before, not about the one that begins.
    last = datetime.fromtimestamp(until - 1, zone).date()
    dates = [last - timedelta(days=back) for back in reversed(range(days))]
    return [
        Day(
            date=day,
            succeeded=ends[day, Outcome.SUCCEEDED],
            failed=ends[day, Outcome.FAILED],
            spent=spent.get(day, Decimal(0)),
        )
        for day in dates
    ]


def _by(renders: Sequence[Render], name_of: Callable[[Render], str]) -> tuple[Share, ...]:
    groups: dict[str, list[Render]] = {}
    for render in renders:
        groups.setdefault(name_of(render), []).append(render)
    shares = (_share(name, group) for name, group in groups.items())
    return tuple(sorted(shares, key=lambda share: (-share.spend.total, -share.videos, share.name)))


def _share(name: str, renders: Sequence[Render]) -> Share:
    return Share(
        name=name,
        spend=total_of(renders),
        videos=sum(render.outcome is Outcome.SUCCEEDED for render in renders),
    )
