"""Changes of the rules of budgets: how each stands in the audit, and what is told of it. Pure.

Every store writes a change, its entry and its notifications in one commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from storage.approval import ApprovalRule
from storage.budget import (
    AuditAction,
    AuditEntry,
    Booking,
    Cap,
    Policy,
    Raise,
    Scope,
    ScopeKind,
    Stop,
    Window,
)
from storage.budget_notice import DecisionDetail
from storage.job import Instant, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a rule, as it is recorded and told."""

    entry: AuditEntry
    detail: DecisionDetail | None = None
    """What is told of it; `None`: nothing."""


def cap_set(
    before: Cap | None, cap: Cap, by: str, now: Instant, *, because: str, dedup_key: str
) -> Change:
    """Return the change that sets a cap in place of another one."""
    entry = AuditEntry(
        at=now,
        team=cap.scope.team,
        by=by,
        action=AuditAction.CAP_SET,
        subject=cap.scope.key,
        before=_cap_text(before),
        after=_cap_text(cap),
        because=because,
        dedup_key=dedup_key,
    )
    detail = DecisionDetail(
        scope=cap.scope,
        action=entry.action,
        by=by,
        because=because,
        window=cap.window,
        amount=cap.limit,
        is_hard=cap.is_hard,
    )
    return Change(entry=entry, detail=detail)


def cap_removed(before: Cap, by: str, now: Instant, *, dedup_key: str) -> Change:
    """Return the change that removes a cap."""
    scope = before.scope
    entry = AuditEntry(
        at=now,
        team=scope.team,
        by=by,
        action=AuditAction.CAP_REMOVED,
        subject=scope.key,
        before=_cap_text(before),
        dedup_key=dedup_key,
    )
    detail = DecisionDetail(scope=scope, action=entry.action, by=by, window=before.window)
    return Change(entry=entry, detail=detail)


def raised(one: Raise, *, dedup_key: str) -> Change:
    """Return the change that raises the caps of a scope."""
    entry = AuditEntry(
        at=one.at,
        team=one.scope.team,
        by=one.by,
        action=AuditAction.RAISED,
        subject=one.scope.key,
        after=_raise_text(one),
        because=one.because,
        dedup_key=dedup_key,
    )
    return Change(entry=entry, detail=raise_detail(one))


def raise_detail(one: Raise) -> DecisionDetail:
    """Return what is told of a raise, and of its end."""
    return DecisionDetail(
        scope=one.scope,
        action=AuditAction.RAISED,
        by=one.by,
        because=one.because,
        amount=one.amount,
        until=one.until,
    )


def raises_ended(
    found: Sequence[Raise], scope: Scope, by: str, now: Instant, *, dedup_key: str
) -> Change:
    """Return the change that ends raises before their time."""
    entry = AuditEntry(
        at=now,
        team=scope.team,
        by=by,
        action=AuditAction.RAISE_ENDED,
        subject=scope.key,
        before=", ".join(map(_raise_text, found)),
        dedup_key=dedup_key,
    )
    return Change(entry=entry, detail=DecisionDetail(scope=scope, action=entry.action, by=by))


def stopped(stop: Stop, *, dedup_key: str) -> Change:
    """Return the change that stops a workspace or a channel."""
    entry = AuditEntry(
        at=stop.at,
        team=stop.scope.team,
        by=stop.by,
        action=AuditAction.STOPPED,
        subject=stop.scope.key,
        because=stop.because,
        dedup_key=dedup_key,
    )
    detail = DecisionDetail(scope=stop.scope, action=entry.action, by=stop.by, because=stop.because)
    return Change(entry=entry, detail=detail)


def went_on(scope: Scope, by: str, now: Instant, *, dedup_key: str) -> Change:
    """Return the change that ends a stop."""
    entry = AuditEntry(
        at=now,
        team=scope.team,
        by=by,
        action=AuditAction.WENT_ON,
        subject=scope.key,
        dedup_key=dedup_key,
    )
    return Change(entry=entry, detail=DecisionDetail(scope=scope, action=entry.action, by=by))


def policy_set(
    team: str, before: Policy, after: Policy, by: str, now: Instant, *, dedup_key: str
) -> Change:
    """Return the change of a workspace's policy."""
    entry = AuditEntry(
        at=now,
        team=team,
        by=by,
        action=AuditAction.POLICY_SET,
        subject=_workspace(team),
        before=_policy_text(before),
        after=_policy_text(after),
        dedup_key=dedup_key,
    )
    return Change(entry=entry)


def managers_set(
    team: str,
    before: Sequence[str],
    users: Sequence[str],
    by: str,
    now: Instant,
    *,
    dedup_key: str,
) -> Change:
    """Return the change of who may change budgets beside the admins."""
    entry = AuditEntry(
        at=now,
        team=team,
        by=by,
        action=AuditAction.MANAGERS_SET,
        subject=_workspace(team),
        before=" ".join(before),
        after=" ".join(users),
        dedup_key=dedup_key,
    )
    return Change(entry=entry)


def approval_rule_set(
    before: ApprovalRule, rule: ApprovalRule, by: str, now: Instant, *, dedup_key: str
) -> Change:
    """Return the change of what a workspace or a channel says of approvals."""
    kind = ScopeKind.CHANNEL if rule.channel else ScopeKind.WORKSPACE
    entry = AuditEntry(
        at=now,
        team=rule.team,
        by=by,
        action=AuditAction.APPROVAL_RULE_SET,
        subject=Scope(kind=kind, team=rule.team, name=rule.channel).key,
        before=_approval_text(before),
        after=_approval_text(rule),
        dedup_key=dedup_key,
    )
    return Change(entry=entry)


def counts_checked(
    team: str, since: Instant, by: str, now: Instant, *, because: str, dedup_key: str
) -> Change:
    """Return the decision that what budgets count since a restore was checked."""
    entry = AuditEntry(
        at=now,
        team=team,
        by=by,
        action=AuditAction.COUNTS_CHECKED,
        subject=_workspace(team),
        before=f"restored, nothing known after {since:.0f}",
        because=because,
        dedup_key=dedup_key,
    )
    return Change(entry=entry)


def booked(team: str, booking: Booking, spent: Decimal, *, dedup_key: str) -> Change:
    """Return the change that books credit, when so much had been spent."""
    entry = AuditEntry(
        at=booking.at,
        team=team,
        by=booking.by,
        action=AuditAction.CREDIT_BOOKED,
        subject=_workspace(team),
        before=str(spent),
        after=str(booking.amount),
        because=booking.because,
        dedup_key=dedup_key,
    )
    return Change(entry=entry)


def users_in(value: Json) -> tuple[str, ...]:
    """Return the users in a setting that lists some."""
    return tuple(str(user) for user in value) if isinstance(value, list) else ()


def find_cap(caps: Sequence[Cap], scope: Scope, window: Window) -> Cap | None:
    """Return the cap of a scope and a window, if there is one."""
    return next((one for one in caps if one.scope == scope and one.window is window), None)


def _workspace(team: str) -> str:
    return Scope(kind=ScopeKind.WORKSPACE, team=team).key


def _cap_text(cap: Cap | None) -> str:
    if cap is None:
        return ""
    return f"{cap.limit} per {cap.window.value}, {'hard' if cap.is_hard else 'soft'}"


def _raise_text(one: Raise) -> str:
    return f"{one.amount} until {one.until:.0f}"


def _policy_text(told: Policy) -> str:
    hold = "" if told.unknown_hold is None else f" {told.unknown_hold}"
    return (
        f"confirm above {told.confirm_above}, unknown price {told.unknown_price.value}{hold},"
        f" {told.calendar.zone} from weekday {told.calendar.first_weekday}"
    )


def _approval_text(rule: ApprovalRule) -> str:
    return (
        f"approve above {rule.above}, by {' '.join(rule.approvers) or None}, in {rule.place},"
        f" within {rule.seconds} s, own {rule.allows_own}"
    )
