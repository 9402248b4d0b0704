"""What people are told about budgets unasked: alerts, decisions, raises that end. Pure.

Each is a notification in the commit of the alert or of the decision. Its `detail` is JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pydantic import TypeAdapter, ValidationError

from storage.budget import OPERATOR, Alert, AuditAction, Cap, Scope, ScopeKind, Window
from storage.job import Instant, is_direct
from storage.notification import Notification, NotificationKind, notification_id

BUDGET_MANAGERS = "budget_managers"
"""Name of a workspace's setting: the users who may change budgets beside the admins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDetail:
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

    def to_text(self) -> str:
        """Return the detail as JSON."""
        return _ALERT.dump_json(self).decode()

    @staticmethod
    def of(row: Notification) -> AlertDetail | None:
        """Return the detail of a notification, or `None` if it holds none."""
        try:
            return _ALERT.validate_json(row.detail)
        except ValidationError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDetail:
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

    def to_text(self) -> str:
        """Return the detail as JSON."""
        return _DECISION.dump_json(self).decode()

    @staticmethod
    def of(row: Notification) -> DecisionDetail | None:
        """Return the detail of a notification, or `None` if it holds none."""
        try:
            return _DECISION.validate_json(row.detail)
        except ValidationError:
            return None


_ALERT = TypeAdapter(AlertDetail)
_DECISION = TypeAdapter(DecisionDetail)


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
    detail: AlertDetail | DecisionDetail,
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
