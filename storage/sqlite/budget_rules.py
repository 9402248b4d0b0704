"""The rules of budgets in SQLite: caps, raises, stops and policies, each change with its audit.

Functions that write run inside the writer's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import inf
from sqlite3 import Row as SqlRow
from weakref import WeakKeyDictionary

from sqlite_utils import Database

from storage.approval import ApprovalRule
from storage.budget import (
    AuditAction,
    AuditEntry,
    Calendar,
    Cap,
    Policy,
    Raise,
    Rules,
    Scope,
    Stop,
    UnknownPrice,
    Window,
    scope_of,
)
from storage.budget_change import (
    Change,
    approval_rule_set,
    cap_removed,
    cap_set,
    counts_checked,
    managers_set,
    policy_set,
    raise_detail,
    raised,
    raises_ended,
    stopped,
    users_in,
    went_on,
)
from storage.budget_notice import (
    BUDGET_MANAGERS,
    decision_notices,
    end_notices,
)
from storage.job import Instant
from storage.notification import OPERATORS, team_scope
from storage.rows import encode
from storage.sqlite import notifications, restores, settings

_NO_RULES = Rules()

_LAST_DECISION = "SELECT * FROM audit ORDER BY seq DESC LIMIT 1"

_POLICY = """
    INSERT OR REPLACE INTO budget_policies
        (team, confirm_above, unknown_price, unknown_hold, zone, first_weekday)
    VALUES (:team, :confirm_above, :unknown_price, :unknown_hold, :zone, :first_weekday)
"""

_APPROVAL_RULE = """
    INSERT OR REPLACE INTO approval_rules
        (team, channel, above, approvers, place, seconds, allows_own)
    VALUES (:team, :channel, :above, :approvers, :place, :seconds, :allows_own)
"""


@dataclass(slots=True)
class _Known:
    """The rules that a connection has read, as of a decision."""

    decision: tuple[object, ...] | None = None
    """The whole last row of the audit, whose number alone is given again after a rollback."""
    read: dict[str, tuple[Instant, Rules]] = field(default_factory=dict)
    """By workspace: the rules without admins, and the time for which they were read."""


_known: WeakKeyDictionary[Database, _Known] = WeakKeyDictionary()


def rules(db: Database, team: str, now: Instant) -> Rules:
    """Return all rules of a workspace, with the raises that have not ended.

    They are read anew after each decision, whichever process made it: each change of a rule has its
    entry in the audit, in the same transaction.
    """
    row = db.execute(_LAST_DECISION).fetchone()
    decision = None if row is None else tuple(row)
    known = _known.get(db)
    if known is None or known.decision != decision:
        known = _known[db] = _Known(decision)
    since, found = known.read.get(team, (inf, _NO_RULES))
    # Raises that had ended by then are not known, and a clock can be set back.
    if now < since:
        found = _read_rules(db, team, now)
        known.read[team] = (now, found)
    if found == _NO_RULES:
        return found
    current = tuple(one for one in found.raises if one.until > now)
    return replace(found, raises=current, admins=tuple(notifications.operators(db, team)))


def _read_rules(db: Database, team: str, now: Instant) -> Rules:
    values = {"team": team, "now": now}
    caps = db.execute("SELECT * FROM caps WHERE team = :team", values).fetchall()
    stops = db.execute("SELECT * FROM stops WHERE team = :team", values).fetchall()
    raises: list[SqlRow] = []
    if caps:
        query = "SELECT * FROM raises WHERE team = :team AND until_at > :now"
        raises = db.execute(query, values).fetchall()
    return Rules(
        caps=tuple(map(_cap, caps)),
        raises=tuple(map(_raise, raises)),
        stops=tuple(map(_stop, stops)),
        policy=policy(db, team),
        approvals=approval_rules(db, team),
        uncounted_since=restores.uncounted_since(db, team),
    )


def approval_rules(db: Database, team: str) -> tuple[ApprovalRule, ...]:
    """Return what a workspace and its channels say of approvals."""
    rows = db.execute("SELECT * FROM approval_rules WHERE team = :team", {"team": team})
    return tuple(map(_approval_rule, rows.fetchall()))


def put_approval_rule(
    db: Database, rule: ApprovalRule, by: str, now: Instant, *, dedup_key: str = ""
) -> None:
    """Set what a workspace or a channel says of approvals. An equal rule changes nothing.

    A rule that says nothing is removed.
    """
    nothing = ApprovalRule(team=rule.team, channel=rule.channel)
    found = (one for one in approval_rules(db, rule.team) if one.channel == rule.channel)
    before = next(found, nothing)
    change = approval_rule_set(before, rule, by, now, dedup_key=dedup_key)
    if before == rule or not _record(db, change):
        return
    values = {
        "team": rule.team,
        "channel": encode(rule.channel),
        "above": _text_of(rule.above),
        "approvers": encode(rule.approvers),
        "place": encode(rule.place),
        "seconds": rule.seconds,
        "allows_own": rule.allows_own,
    }
    if rule == nothing:
        db.execute("DELETE FROM approval_rules WHERE team = :team AND channel = :channel", values)
    else:
        db.execute(_APPROVAL_RULE, values)


def _approval_rule(row: SqlRow) -> ApprovalRule:
    return ApprovalRule(
        team=row["team"],
        channel=row["channel"],
        above=decimal_of(row["above"]),
        approvers=tuple(json.loads(row["approvers"])),
        place=row["place"],
        seconds=row["seconds"],
        allows_own=None if row["allows_own"] is None else bool(row["allows_own"]),
    )


def policy(db: Database, team: str) -> Policy:
    """Return the policy of a workspace, which has a default."""
    query = "SELECT * FROM budget_policies WHERE team = :team"
    row = db.execute(query, {"team": team}).fetchone()
    if row is None:
        return Policy()
    return Policy(
        confirm_above=decimal_of(row["confirm_above"]),
        unknown_price=UnknownPrice(row["unknown_price"]),
        unknown_hold=decimal_of(row["unknown_hold"]),
        calendar=Calendar(zone=row["zone"], first_weekday=row["first_weekday"]),
    )


def put_cap(
    db: Database,
    cap: Cap,
    by: str,
    now: Instant,
    *,
    because: str = "",
    dedup_key: str = "",
) -> None:
    """Set a cap in place of the one of the same scope and window. An equal one changes nothing."""
    before = _find_cap(db, cap.scope, cap.window)
    change = cap_set(before, cap, by, now, because=because, dedup_key=dedup_key)
    if before == cap or not _record(db, change):
        return
    db.execute(
        "INSERT OR REPLACE INTO caps VALUES (:team, :scope, :window, :limit, :is_hard)",
        {
            "team": cap.scope.team,
            "scope": encode(cap.scope.key),
            "window": cap.window.value,
            "limit": str(cap.limit),
            "is_hard": cap.is_hard,
        },
    )


def remove_cap(
    db: Database, scope: Scope, window: Window, by: str, now: Instant, *, dedup_key: str = ""
) -> bool:
    """Remove a cap; return whether there was one."""
    before = _find_cap(db, scope, window)
    if before is None:
        return False
    if not _record(db, cap_removed(before, by, now, dedup_key=dedup_key)):
        return False
    values = {"team": scope.team, "scope": encode(scope.key), "window": window.value}
    db.execute(
        "DELETE FROM caps WHERE team = :team AND scope = :scope AND window = :window", values
    )
    return True


def add_raise(db: Database, one: Raise, *, dedup_key: str = "") -> None:
    """Raise the caps of a scope until the raise ends; its end is told when it comes."""
    if not _record(db, raised(one, dedup_key=dedup_key)):
        return
    db.execute(
        "INSERT INTO raises (team, scope, amount, until_at, by, because, at)"
        " VALUES (:team, :scope, :amount, :until, :by, :because, :at)",
        {
            "team": one.scope.team,
            "scope": encode(one.scope.key),
            "amount": str(one.amount),
            "until": one.until,
            "by": encode(one.by),
            "because": encode(one.because),
            "at": one.at,
        },
    )
    for notice in end_notices(raise_detail(one), one.until, one.at):
        notifications.add(db, notice)


def end_raises(db: Database, scope: Scope, by: str, now: Instant, *, dedup_key: str = "") -> int:
    """End the raises of a scope now; return how many there were."""
    values = {"team": scope.team, "scope": encode(scope.key), "now": now}
    rows = db.execute(
        "SELECT * FROM raises WHERE team = :team AND scope = :scope AND until_at > :now", values
    ).fetchall()
    if not rows:
        return 0
    found = list(map(_raise, rows))
    if not _record(db, raises_ended(found, scope, by, now, dedup_key=dedup_key)):
        return 0
    db.execute(
        "UPDATE raises SET until_at = :now"
        " WHERE team = :team AND scope = :scope AND until_at > :now",
        values,
    )
    for one in found:
        for notice in end_notices(raise_detail(one), one.until, one.at):
            notifications.withdraw(db, notice.id, "The raise was ended before its time.")
    return len(found)


def put_stop(db: Database, stop: Stop, *, dedup_key: str = "") -> bool:
    """Stop a workspace or channel; return whether it was not stopped before."""
    if stop.scope in {one.scope for one in rules(db, stop.scope.team, stop.at).stops}:
        return False
    if not _record(db, stopped(stop, dedup_key=dedup_key)):
        return False
    db.execute(
        "INSERT INTO stops VALUES (:team, :scope, :by, :because, :at)",
        {
            "team": stop.scope.team,
            "scope": encode(stop.scope.key),
            "by": encode(stop.by),
            "because": encode(stop.because),
            "at": stop.at,
        },
    )
    return True


def remove_stop(db: Database, scope: Scope, by: str, now: Instant, *, dedup_key: str = "") -> bool:
    """Let a workspace or channel take requests again; return whether it was stopped."""
    if scope not in {one.scope for one in rules(db, scope.team, now).stops}:
        return False
    if not _record(db, went_on(scope, by, now, dedup_key=dedup_key)):
        return False
    values = {"team": scope.team, "scope": encode(scope.key)}
    db.execute("DELETE FROM stops WHERE team = :team AND scope = :scope", values)
    return True


def put_policy(
    db: Database, team: str, after: Policy, by: str, now: Instant, *, dedup_key: str = ""
) -> None:
    """Set the policy of a workspace. An equal one changes nothing."""
    before = policy(db, team)
    change = policy_set(team, before, after, by, now, dedup_key=dedup_key)
    if before == after or not _record(db, change):
        return
    db.execute(
        _POLICY,
        {
            "team": team,
            "confirm_above": _text_of(after.confirm_above),
            "unknown_price": after.unknown_price.value,
            "unknown_hold": _text_of(after.unknown_hold),
            "zone": after.calendar.zone,
            "first_weekday": after.calendar.first_weekday,
        },
    )


def confirm_counts(
    db: Database, team: str, by: str, now: Instant, *, because: str = "", dedup_key: str = ""
) -> Instant | None:
    """Confirm what is counted since a restore; return since when it was in doubt."""
    since = restores.uncounted_since(db, team)
    if since is None:
        return None
    change = counts_checked(team, since, by, now, because=because, dedup_key=dedup_key)
    if not _record(db, change):
        return None
    restores.mark_checked(db, team)
    return since


def managers(db: Database, team: str) -> tuple[str, ...]:
    """Return the users who may change the budgets of a workspace beside its admins."""
    return users_in(settings.setting(db, team_scope(team), BUDGET_MANAGERS)[0])


def put_managers(
    db: Database, team: str, users: Sequence[str], by: str, now: Instant, *, dedup_key: str = ""
) -> None:
    """Set who may change the budgets of a workspace. The same ones change nothing."""
    before = managers(db, team)
    change = managers_set(team, before, users, by, now, dedup_key=dedup_key)
    if before != tuple(users) and _record(db, change):
        settings.put(db, team_scope(team), BUDGET_MANAGERS, list(users) or None)


def in_charge(db: Database, team: str) -> tuple[str, ...]:
    """Return whom alerts of a whole workspace are told: its admins, and who manages budgets."""
    admins = users_in(settings.setting(db, team_scope(team), OPERATORS)[0])
    return tuple(dict.fromkeys((*admins, *managers(db, team))))


def _record(db: Database, change: Change) -> bool:
    """Record a change and tell it; return `False` if its interaction was delivered before."""
    if not add_audit(db, change.entry):
        return False
    for notice in decision_notices(change.detail, change.entry.at) if change.detail else ():
        notifications.add(db, notice)
    return True


def add_audit(db: Database, entry: AuditEntry) -> bool:
    """Append a decision to the audit, unless one with its dedup key is there already."""
    made = db.execute(
        "INSERT INTO audit (at, team, by, action, subject, before, after, because, dedup_key)"
        " VALUES (:at, :team, :by, :action, :subject, :before, :after, :because, :dedup_key)"
        " ON CONFLICT DO NOTHING",
        {
            "at": entry.at,
            "team": entry.team,
            "by": encode(entry.by),
            "action": entry.action.value,
            "subject": encode(entry.subject),
            "before": encode(entry.before),
            "after": encode(entry.after),
            "because": encode(entry.because),
            "dedup_key": encode(entry.dedup_key),
        },
    )
    return bool(made.rowcount)


def audit(db: Database, since: Instant) -> list[AuditEntry]:
    """Return the decisions at or after `since`, the oldest first."""
    query = "SELECT * FROM audit WHERE at >= :since ORDER BY seq"
    return [
        AuditEntry(
            at=row["at"],
            team=row["team"],
            by=row["by"],
            action=AuditAction(row["action"]),
            subject=row["subject"],
            before=row["before"],
            after=row["after"],
            because=row["because"],
            dedup_key=row["dedup_key"],
        )
        for row in db.execute(query, {"since": since})
    ]


def decimal_of(text: str | None) -> Decimal | None:
    """Return the amount in a column."""
    return None if text is None else Decimal(text)


def _text_of(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _find_cap(db: Database, scope: Scope, window: Window) -> Cap | None:
    row = db.execute(
        "SELECT * FROM caps WHERE team = :team AND scope = :scope AND window = :window",
        {"team": scope.team, "scope": encode(scope.key), "window": window.value},
    ).fetchone()
    return None if row is None else _cap(row)


def _cap(row: SqlRow) -> Cap:
    return Cap(
        scope=scope_of(row["scope"]),
        window=Window(row["window"]),
        limit=Decimal(row["limit"]),
        is_hard=bool(row["is_hard"]),
    )


def _raise(row: SqlRow) -> Raise:
    return Raise(
        scope=scope_of(row["scope"]),
        amount=Decimal(row["amount"]),
        until=row["until_at"],
        by=row["by"],
        because=row["because"],
        at=row["at"],
    )


def _stop(row: SqlRow) -> Stop:
    return Stop(scope=scope_of(row["scope"]), by=row["by"], because=row["because"], at=row["at"])
