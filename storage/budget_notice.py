"""What people are told about budgets unasked: alerts, paces, decisions, raises that end. Pure.

Each is a notification in the commit of the alert or of the decision. Its `detail` is JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from storage.budget import (
    OPERATOR,
    Alert,
    AuditAction,
    Calendar,
    Cap,
    CapUse,
    Scope,
    ScopeKind,
    Window,
    begins_at,
    day_at,
    pace,
    period_of,
)
from storage.job import Instant, is_direct
from storage.notification import Notification, NotificationKind, notification_id
from storage.notification_detail import NotificationDetail

BUDGET_MANAGERS = "budget_managers"
"""Name of a workspace's setting: the users who may change budgets beside the admins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDetail(NotificationDetail):
    """A use that reached a level of a cap, as a notification's `detail` holds it."""

    scope: Scope
    window: Window
    is_hard: bool
    level: int
    limit: Decimal
    held: Decimal
    spent: Decimal
    resets_at: Instant | None
    """When the period ends; `None`: never."""
    began_at: Instant = 0.0
    """When the period began. The notification's ID is of the period, so it may be as old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDetail(NotificationDetail):
    """A decision about the budget of a person or channel, as a notification's `detail` holds it."""

    scope: Scope
    action: AuditAction
    by: str
    because: str = ""
    window: Window | None = None
    amount: Decimal | None = None
    is_hard: bool = True
    until: Instant | None = None
    """When a raise ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceDetail(NotificationDetail):
    """A budget that is used up before its period ends, as a notification's `detail` holds it."""

    scope: Scope
    window: Window
    is_hard: bool
    limit: Decimal
    used: Decimal
    """Held and spent."""
    total: Decimal
    """What would be used at the end of the period."""
    used_up_on: str
    """The ISO date of the day."""
    began_at: Instant
    resets_at: Instant | None


def alert_notices(
    alert: Alert,
    cap: Cap,
    in_charge: Sequence[str],
    *,
    began_at: Instant,
    resets_at: Instant | None,
) -> list[Notification]:
    """Return the rows that tell an alert.

    The person or the channel whose budget it is; else, and of a channel's that is used up, too,
    those who are in charge of budgets.
    """
    detail = AlertDetail(
        scope=alert.scope,
        window=cap.window,
        is_hard=cap.is_hard,
        level=alert.level,
        limit=alert.limit,
        held=alert.use.held,
        spent=alert.use.spent,
        began_at=began_at,
        resets_at=resets_at,
    )
    about = f"{alert.scope.key} {alert.period} {alert.level}"
    return [
        _row(NotificationKind.BUDGET_ALERT, place, about, alert.at, detail)
        for place in _told_of_alert(alert, in_charge)
    ]


def _told_of_alert(alert: Alert, in_charge: Sequence[str]) -> list[str]:
    own = _own_place(alert.scope)
    if alert.scope.kind is ScopeKind.PERSON:
        return own
    is_used_up = alert.level >= _USED_UP
    return list(dict.fromkeys([*own, *(in_charge if is_used_up or not own else ())]))


_USED_UP = 100


def pace_notices(
    use: CapUse, in_charge: Sequence[str], now: Instant, calendar: Calendar
) -> list[Notification]:
    """Return the rows that tell those in charge that a budget is used up before its month ends.

    The same ones in the whole month. A week has none: at its fifth day the level of 80 % says it,
    and before, each working week looks too fast.
    """
    cap, limit = use.applied.cap, use.applied.limit
    ahead = pace(use.use.total, limit, cap.window, now, calendar)
    if ahead is None or cap.window is not Window.MONTH:
        return []
    detail = PaceDetail(
        scope=cap.scope,
        window=cap.window,
        is_hard=cap.is_hard,
        limit=limit,
        used=use.use.total,
        total=ahead.total,
        used_up_on=ahead.used_up_on,
        began_at=begins_at(cap.window, now, calendar),
        resets_at=use.resets_at,
    )
    about = f"{cap.scope.key} {period_of(cap.window, day_at(now, calendar), calendar).key}"
    kind = NotificationKind.BUDGET_PACE
    return [_row(kind, place, about, now, detail) for place in in_charge]


def restore_notices(
    team: str, since: Instant, in_charge: Sequence[str], now: Instant
) -> list[Notification]:
    """Return the rows that tell those in charge that budgets count too little: once a restore."""
    kind = NotificationKind.BUDGETS_RESTORED
    return [
        Notification(
            id=notification_id(kind, place, f"{team} {since}"),
            team=team,
            channel=place,
            kind=kind,
            happened_at=now,
            detail=repr(since),
            due_at=now,
        )
        for place in in_charge
    ]


def decision_notices(detail: DecisionDetail, at: Instant) -> list[Notification]:
    """Return the rows that tell a decision: to the person or the channel whose budget it is.

    Whoever decides about their own budget had the answer.
    """
    about = f"{detail.scope.key} {detail.action} {detail.window or ''} {at}"
    kind = NotificationKind.BUDGET_CHANGED
    return [
        _row(kind, place, about, at, detail)
        for place in _own_place(detail.scope)
        if place != detail.by
    ]


def end_notices(raised: DecisionDetail, until: Instant, at: Instant) -> list[Notification]:
    """Return the rows that tell the end of a raise, due when it ends.

    Of a scope that is neither a person's nor a channel's, to whoever raised it.
    """
    about = f"{raised.scope.key} {at} {until} {raised.amount}"
    kind = NotificationKind.RAISE_ENDED
    places = _own_place(raised.scope) or [by for by in (raised.by,) if by != OPERATOR]
    return [_row(kind, place, about, until, raised) for place in places]


def _own_place(scope: Scope) -> list[str]:
    match scope.kind:
        case ScopeKind.PERSON:
            return [scope.name]
        case ScopeKind.CHANNEL:
            return [] if is_direct(scope.name) else [scope.name]
        case _:
            return []


def _row(
    kind: NotificationKind,
    place: str,
    about: str,
    at: Instant,
    detail: AlertDetail | DecisionDetail | PaceDetail,
) -> Notification:
    return Notification(
        id=notification_id(kind, place, about),
        team=detail.scope.team,
        channel=place,
        kind=kind,
        happened_at=at,
        detail=detail.to_text(),
        due_at=at,
    )
