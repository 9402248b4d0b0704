"""What the store says of money after a commit: rows, counters, alerts and decisions, as text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from sqlite3 import Row as SqlRow
from typing import TypeAlias

from psycopg.rows import DictRow

from storage.job import DecisionKind, Instant
from storage.notification import NotificationKind
from tests.simulation.rulebook import Place

ZERO = Decimal(0)
NOT_COUNTED = frozenset({"waiting", "unconfirmed", "rejected"})

Found: TypeAlias = SqlRow | DictRow
Find: TypeAlias = Callable[[str], Sequence[Found]]
"""Returns the rows of a query in the language of either database."""

_JOBS = """
    SELECT id, dedup_key, "user", channel, model, project, stage, counted_on, reserved,
        forecast_amount, cost_estimate, cost_actual, decision_kind
    FROM jobs
"""
_DECISIONS = "SELECT dedup_key, at FROM audit WHERE dedup_key <> '' ORDER BY seq"
_ALERT = NotificationKind.BUDGET_ALERT.value
_TOLD = f"SELECT channel, detail FROM notifications WHERE kind = '{_ALERT}'"  # noqa: S608 - ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a row says of money."""

    job_id: str
    dedup_key: str
    place: Place
    stage: str
    day: str | None
    reserved: Decimal | None
    forecast: Decimal | None
    estimate: Decimal | None
    actual: Decimal | None
    is_beyond_caps: bool
    """Whether an approver let it go although no cap had room."""

    @property
    def spent(self) -> Decimal:
        """What was billed."""
        return ZERO if self.actual is None else self.actual

    @property
    def held(self) -> Decimal:
        """What is held: nothing once an amount is known, or if nothing was ever sent."""
        if self.actual is not None or self.stage in NOT_COUNTED:
            return ZERO
        return max(self.reserved or ZERO, self.estimate or ZERO)

    @property
    def date(self) -> date | None:
        """The day on which it counts."""
        return None if self.day is None else date.fromisoformat(self.day)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """An alert: the use of a scope in a window reached a level."""

    scope: str
    period: str
    level: int
    limit: Decimal
    held: Decimal
    spent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """All that one commit left."""

    lines: Sequence[Line] = ()
    counters: Mapping[tuple[str, str], tuple[Decimal, Decimal]] = field(default_factory=dict)
    alerts: Sequence[AlertLine] = ()
    told: Sequence[tuple[str, str]] = ()
    """Channel and detail of each message about an alert."""
    decisions: Sequence[tuple[str, Instant]] = ()
    """The keys of the clicks that changed budgets, and when they did."""


def read_books(find: Find) -> Books:
    """Return the books of a store."""
    alerts = [_alert(row) for row in find("SELECT * FROM alerts ORDER BY seq")]
    told = find(_TOLD) if alerts else ()
    counters: dict[tuple[str, str], tuple[Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO))
    # Of one database a counter is one row, of the other the sum of some.
    for row in find("SELECT scope, day, held, spent FROM budget_use"):
        held, spent = counters[row["scope"], row["day"]]
        sums = held + Decimal(row["held"]), spent + Decimal(row["spent"])
        counters[row["scope"], row["day"]] = sums
    return Books(
        lines=[_line(row) for row in find(_JOBS)],
        counters=dict(counters),
        alerts=alerts,
        told=[(row["channel"], row["detail"]) for row in told],
        decisions=[(row["dedup_key"], row["at"]) for row in find(_DECISIONS)],
    )


def _line(row: Found) -> Line:
    return Line(
        job_id=row["id"],
        dedup_key=row["dedup_key"],
        place=Place(
            user=row["user"], channel=row["channel"], model=row["model"], project=row["project"]
        ),
        stage=row["stage"],
        day=row["counted_on"],
        reserved=_amount(row["reserved"]),
        forecast=_amount(row["forecast_amount"]),
        estimate=_amount(row["cost_estimate"]),
        actual=_amount(row["cost_actual"]),
        is_beyond_caps=row["decision_kind"] == DecisionKind.APPROVED_BEYOND_CAPS,
    )


def _alert(row: Found) -> AlertLine:
    return AlertLine(
        scope=row["scope"],
        period=row["period"],
        level=row["level"],
        limit=Decimal(row["limit"]),
        held=Decimal(row["held"]),
        spent=Decimal(row["spent"]),
    )


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
