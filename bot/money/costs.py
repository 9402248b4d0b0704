"""The figures of a stretch of time, from what was asked for in it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from zoneinfo import ZoneInfo

from storage.job import Instant, Outcome, Stage
from storage.notification import Render


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What something cost; `pending` renders have no cost yet, which is not zero."""

    name: str
    amount: Decimal
    videos: int
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Figures for people."""

    asked: int
    succeeded: int
    failed: int
    cancelled: int
    parked: int
    running: int
    median_seconds: float | None
    spent: Spend
    by_person: tuple[Spend, ...]
    """The largest first; the names are Slack's user IDs."""
    by_model: tuple[Spend, ...]
    estimated: Decimal
    """Of the renders for which both figures are known …"""
    billed: Decimal
    """… and what those cost."""

    @property
    def success_rate(self) -> float | None:
        """The share of successes among the renders that ended, cancelled ones left out."""
        ended = self.succeeded + self.failed
        return self.succeeded / ended if ended else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How many renders of a day ended well and badly."""

    date: date
    succeeded: int
    failed: int


def summarize(renders: Sequence[Render]) -> Summary:
    """Return the figures of what was asked for."""
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
        spent=_spend("all", renders),
        by_person=_by(renders, lambda render: render.user),
        by_model=_by(renders, lambda render: render.model),
        estimated=sum((estimate for estimate, _ in both), Decimal(0)),
        billed=sum((actual for _, actual in both), Decimal(0)),
    )


def by_day(renders: Iterable[Render], until: Instant, days: int, zone: ZoneInfo) -> list[Day]:
    """Return the last `days` days before `until`, by the zone's dates, days without any too."""
    ends = Counter(
        (datetime.fromtimestamp(render.created_at, zone).date(), render.outcome)
        for render in renders
    )
    # A digest at midnight is about the days before, not about the one that begins.
    last = datetime.fromtimestamp(until - 1, zone).date()
    dates = [last - timedelta(days=back) for back in reversed(range(days))]
    return [
        Day(
            date=each,
            succeeded=ends[each, Outcome.SUCCEEDED],
            failed=ends[each, Outcome.FAILED],
        )
        for each in dates
    ]


def _by(renders: Sequence[Render], name_of: Callable[[Render], str]) -> tuple[Spend, ...]:
    groups: dict[str, list[Render]] = {}
    for render in renders:
        groups.setdefault(name_of(render), []).append(render)
    spends = (_spend(name, group) for name, group in groups.items())
    return tuple(sorted(spends, key=lambda spend: (-spend.amount, -spend.videos, spend.name)))


def _spend(name: str, renders: Sequence[Render]) -> Spend:
    billed = [render for render in renders if render.stage is not Stage.REJECTED]
    return Spend(
        name=name,
        amount=sum((each.actual for each in billed if each.actual is not None), Decimal(0)),
        videos=sum(render.outcome is Outcome.SUCCEEDED for render in renders),
        pending=sum(each.actual is None and each.outcome is not None for each in billed),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month: the moments from `since` until before `until`."""

    name: str
    since: Instant
    until: Instant


def this_month(now: Instant) -> Month:
    """Return the month of a moment."""
    first = datetime.fromtimestamp(now, UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    # No month has more than 31 days, and the next has at least 28.
    following = (first + timedelta(days=32)).replace(day=1)
    return Month(name=f"{first:%B %Y}", since=first.timestamp(), until=following.timestamp())


def last_month(now: Instant) -> Month:
    """Return the month before that of a moment."""
    return this_month(this_month(now).since - 1)
