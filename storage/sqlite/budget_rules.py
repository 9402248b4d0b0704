"""The rules of budgets in SQLite: caps, raises, stops and policies, each change with its audit.

Functions that write run inside the writer's transaction.
"""

from __future__ import annotations

from decimal import Decimal
from sqlite3 import Row as SqlRow

from sqlite_utils import Database

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
from storage.job import Instant
from storage.sqlite.rows import encode

_NO_RULES = Rules()

# Most workspaces have none: one look in place of three, for each request.
_HAS_RULES = """
    SELECT EXISTS (SELECT 1 FROM caps WHERE team = :team)
        OR EXISTS (SELECT 1 FROM stops WHERE team = :team)
        OR EXISTS (SELECT 1 FROM budget_policies WHERE team = :team) AS has_rules
"""

_POLICY = """
    INSERT OR REPLACE INTO budget_policies
        (team, confirm_above, unknown_price, unknown_hold, zone, first_weekday)
    VALUES (:team, :confirm_above, :unknown_price, :unknown_hold, :zone, :first_weekday)
"""


def rules(db: Database, team: str, now: Instant) -> Rules:
    """Return all rules of a workspace, with the raises that have not ended."""
    values = {"team": team, "now": now}
    if not db.execute(_HAS_RULES, values).fetchone()["has_rules"]:
        return _NO_RULES
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


def put_cap(db: Database, cap: Cap, by: str, now: Instant) -> None:
    """Set a cap in place of the one of the same scope and window."""
    before = _find_cap(db, cap.scope, cap.window)
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
    _audit_scope(
        db, AuditAction.CAP_SET, cap.scope, by, now, before=_told(before), after=_told(cap)
    )


def remove_cap(db: Database, scope: Scope, window: Window, by: str, now: Instant) -> bool:
    """Remove a cap; return whether there was one."""
    before = _find_cap(db, scope, window)
    if before is None:
        return False
    values = {"team": scope.team, "scope": encode(scope.key), "window": window.value}
    db.execute(
        "DELETE FROM caps WHERE team = :team AND scope = :scope AND window = :window", values
    )
    _audit_scope(db, AuditAction.CAP_REMOVED, scope, by, now, before=_told(before))
    return True


def add_raise(db: Database, one: Raise) -> None:
    """Raise the caps of a scope until the raise ends."""
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
    after = f"{one.amount} until {one.until:.0f}"
    because = one.because
    _audit_scope(db, AuditAction.RAISED, one.scope, one.by, one.at, after=after, because=because)


def put_stop(db: Database, stop: Stop) -> bool:
    """Stop a workspace or channel; return whether it was not stopped before."""
    made = db.execute(
        "INSERT INTO stops VALUES (:team, :scope, :by, :because, :at) ON CONFLICT DO NOTHING",
        {
            "team": stop.scope.team,
            "scope": encode(stop.scope.key),
            "by": encode(stop.by),
            "because": encode(stop.because),
            "at": stop.at,
        },
    ).rowcount
    if made:
        because = stop.because
        _audit_scope(db, AuditAction.STOPPED, stop.scope, stop.by, stop.at, because=because)
    return bool(made)


def remove_stop(db: Database, scope: Scope, by: str, now: Instant) -> bool:
    """Let a workspace or channel take requests again; return whether it was stopped."""
    values = {"team": scope.team, "scope": encode(scope.key)}
    removed = db.execute("DELETE FROM stops WHERE team = :team AND scope = :scope", values).rowcount
    if removed:
        _audit_scope(db, AuditAction.WENT_ON, scope, by, now)
    return bool(removed)


def put_policy(db: Database, team: str, after: Policy, by: str, now: Instant) -> None:
    """Set the policy of a workspace."""
    before = policy(db, team)
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
    entry = AuditEntry(
        at=now,
        team=team,
        by=by,
        action=AuditAction.POLICY_SET,
        subject=f"workspace:{team}:",
        before=_policy_text(before),
        after=_policy_text(after),
    )
    add_audit(db, entry)


def add_audit(db: Database, entry: AuditEntry) -> None:
    """Append a decision to the audit."""
    db.execute(
        "INSERT INTO audit (at, team, by, action, subject, before, after, because)"
        " VALUES (:at, :team, :by, :action, :subject, :before, :after, :because)",
        {
            "at": entry.at,
            "team": entry.team,
            "by": encode(entry.by),
            "action": entry.action.value,
            "subject": encode(entry.subject),
            "before": encode(entry.before),
            "after": encode(entry.after),
            "because": encode(entry.because),
        },
    )


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


def _told(cap: Cap | None) -> str:
    """Return a cap in the audit's words."""
    if cap is None:
        return ""
    return f"{cap.limit} per {cap.window.value}, {'hard' if cap.is_hard else 'soft'}"


def _policy_text(told: Policy) -> str:
    hold = "" if told.unknown_hold is None else f" {told.unknown_hold}"
    return (
        f"confirm above {told.confirm_above}, unknown price {told.unknown_price.value}{hold},"
        f" {told.calendar.zone} from weekday {told.calendar.first_weekday}"
    )


def _audit_scope(
    db: Database,
    action: AuditAction,
    scope: Scope,
    by: str,
    at: Instant,
    *,
    before: str = "",
    after: str = "",
    because: str = "",
) -> None:
    entry = AuditEntry(
        at=at,
        team=scope.team,
        by=by,
        action=action,
        subject=scope.key,
        before=before,
        after=after,
        because=because,
    )
    add_audit(db, entry)
