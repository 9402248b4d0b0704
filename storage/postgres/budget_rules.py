"""The rules of budgets in PostgreSQL: caps, raises, stops, policies, each change with its audit.

Functions that write run inside a transaction, in which no other process changes rules of the same
workspace.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from psycopg.rows import DictRow

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
    find_cap,
    managers_set,
    policy_set,
    raise_detail,
    raised,
    raises_ended,
    stopped,
    users_in,
    went_on,
)
from storage.budget_notice import BUDGET_MANAGERS, decision_notices, end_notices
from storage.job import Instant
from storage.notification import OPERATORS, team_scope
from storage.postgres import notifications, restores, settings
from storage.postgres.database import Database
from storage.rows import encode

_NO_RULES = Rules()

RULES = f"""
        coalesce((
            SELECT jsonb_agg(to_jsonb(one) ORDER BY scope, "window") FROM caps AS one
            WHERE team = %(team)s
        ), '[]') AS caps,
        coalesce((
            SELECT jsonb_agg(to_jsonb(one) ORDER BY seq) FROM raises AS one
            WHERE team = %(team)s AND until_at > %(now)s
        ), '[]') AS raises,
        coalesce((
            SELECT jsonb_agg(to_jsonb(one) ORDER BY scope) FROM stops AS one
            WHERE team = %(team)s
        ), '[]') AS stops,
        (SELECT to_jsonb(one) FROM budget_policies AS one WHERE team = %(team)s) AS policy,
        coalesce((
            SELECT jsonb_agg(to_jsonb(one) ORDER BY channel) FROM approval_rules AS one
            WHERE team = %(team)s
        ), '[]') AS approvals,
        ({restores.SINCE.format(team="%(team)s")}) AS uncounted_since,
        (
            SELECT value FROM settings WHERE scope = %(team_scope)s AND name = '{OPERATORS}'
        ) AS operators
"""  # noqa: S608 - only constants
"""The columns of `rules_in`: each table as JSON, so that one statement reads all of them."""
_SELECT_RULES = f"SELECT {RULES}"

_ONE_CHANGE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%(team)s, 2))"

_PUT_CAP = """
    INSERT INTO caps VALUES (%(team)s, %(scope)s, %(window)s, %(limit)s, %(is_hard)s)
    ON CONFLICT (team, scope, "window") DO UPDATE SET
        "limit" = excluded."limit", is_hard = excluded.is_hard
"""

_ADD_RAISE = """
    INSERT INTO raises (team, scope, amount, until_at, by, because, at)
    VALUES (%(team)s, %(scope)s, %(amount)s, %(until)s, %(by)s, %(because)s, %(at)s)
"""

_PUT_POLICY = """
    INSERT INTO budget_policies VALUES (
        %(team)s, %(confirm_above)s, %(unknown_price)s, %(unknown_hold)s, %(zone)s,
        %(first_weekday)s
    )
    ON CONFLICT (team) DO UPDATE SET
        confirm_above = excluded.confirm_above, unknown_price = excluded.unknown_price,
        unknown_hold = excluded.unknown_hold, zone = excluded.zone,
        first_weekday = excluded.first_weekday
"""

_PUT_APPROVAL_RULE = """
    INSERT INTO approval_rules VALUES (
        %(team)s, %(channel)s, %(above)s, %(approvers)s, %(place)s, %(seconds)s, %(allows_own)s
    )
    ON CONFLICT (team, channel) DO UPDATE SET
        above = excluded.above, approvers = excluded.approvers, place = excluded.place,
        seconds = excluded.seconds, allows_own = excluded.allows_own
"""

_ADD_AUDIT = """
    INSERT INTO audit (at, team, by, action, subject, before, after, because, dedup_key)
    VALUES (
        %(at)s, %(team)s, %(by)s, %(action)s, %(subject)s, %(before)s, %(after)s, %(because)s,
        %(dedup_key)s
    )
    ON CONFLICT DO NOTHING
"""


async def rules(db: Database, team: str, now: Instant) -> Rules:
    """Return all rules of a workspace, with the raises that have not ended."""
    row = await db.row(_SELECT_RULES, values_of_rules(team, now))
    return _NO_RULES if row is None else rules_in(row)


def values_of_rules(team: str, now: Instant) -> dict[str, object]:
    """Return the values of `RULES`."""
    return {"team": team, "now": now, "team_scope": team_scope(team)}


def rules_in(row: DictRow) -> Rules:
    """Return the rules in a row that has the columns `RULES`."""
    found = Rules(
        caps=tuple(map(_cap, row["caps"])),
        raises=tuple(map(_raise, row["raises"])) if row["caps"] else (),
        stops=tuple(map(_stop, row["stops"])),
        policy=Policy() if row["policy"] is None else _policy(row["policy"]),
        approvals=tuple(map(_approval_rule, row["approvals"])),
        uncounted_since=row["uncounted_since"],
    )
    if found == _NO_RULES:
        return found
    return replace(found, admins=users_in(settings.value_in(row["operators"])))


async def lock_rules(db: Database, team: str) -> None:
    """Let no other process change rules of a workspace until the end of the transaction."""
    await db.change(_ONE_CHANGE_AT_A_TIME, {"team": team})


async def put_approval_rule(
    db: Database, rule: ApprovalRule, by: str, now: Instant, *, dedup_key: str = ""
) -> None:
    """Set what a workspace or a channel says of approvals. An equal rule changes nothing.

    A rule that says nothing is removed.
    """
    await lock_rules(db, rule.team)
    nothing = ApprovalRule(team=rule.team, channel=rule.channel)
    there = (await rules(db, rule.team, now)).approvals
    before = next((one for one in there if one.channel == rule.channel), nothing)
    change = approval_rule_set(before, rule, by, now, dedup_key=dedup_key)
    if before == rule or not await _record(db, change):
        return
    values = {
        "team": rule.team,
        "channel": rule.channel,
        "above": _text_of(rule.above),
        "approvers": encode(rule.approvers),
        "place": rule.place,
        "seconds": rule.seconds,
        "allows_own": rule.allows_own,
    }
    if rule == nothing:
        statement = "DELETE FROM approval_rules WHERE team = %(team)s AND channel = %(channel)s"
        await db.change(statement, values)
    else:
        await db.change(_PUT_APPROVAL_RULE, values)


async def put_cap(
    db: Database, cap: Cap, by: str, now: Instant, *, because: str = "", dedup_key: str = ""
) -> None:
    """Set a cap in place of the one of the same scope and window. An equal one changes nothing."""
    await lock_rules(db, cap.scope.team)
    before = find_cap((await rules(db, cap.scope.team, now)).caps, cap.scope, cap.window)
    change = cap_set(before, cap, by, now, because=because, dedup_key=dedup_key)
    if before == cap or not await _record(db, change):
        return
    values = {
        **_place(cap.scope),
        "window": cap.window.value,
        "limit": str(cap.limit),
        "is_hard": cap.is_hard,
    }
    await db.change(_PUT_CAP, values)
    await db.change("INSERT INTO budget_scopes VALUES (%(scope)s) ON CONFLICT DO NOTHING", values)


async def remove_cap(
    db: Database, scope: Scope, window: Window, by: str, now: Instant, *, dedup_key: str = ""
) -> bool:
    """Remove a cap; return whether there was one."""
    await lock_rules(db, scope.team)
    before = find_cap((await rules(db, scope.team, now)).caps, scope, window)
    if before is None:
        return False
    if not await _record(db, cap_removed(before, by, now, dedup_key=dedup_key)):
        return False
    await db.change(
        'DELETE FROM caps WHERE team = %(team)s AND scope = %(scope)s AND "window" = %(window)s',
        {**_place(scope), "window": window.value},
    )
    return True


async def add_raise(db: Database, one: Raise, *, dedup_key: str = "") -> None:
    """Raise the caps of a scope until the raise ends; its end is told when it comes."""
    if not await _record(db, raised(one, dedup_key=dedup_key)):
        return
    values = {
        **_place(one.scope),
        "amount": str(one.amount),
        "until": one.until,
        "by": one.by,
        "because": one.because,
        "at": one.at,
    }
    await db.change(_ADD_RAISE, values)
    for notice in end_notices(raise_detail(one), one.until, one.at):
        await notifications.add(db, notice)


async def end_raises(
    db: Database, scope: Scope, by: str, now: Instant, *, dedup_key: str = ""
) -> int:
    """End the raises of a scope now; return how many there were."""
    await lock_rules(db, scope.team)
    place = "team = %(team)s AND scope = %(scope)s AND until_at > %(now)s"
    values = {**_place(scope), "now": now}
    rows = await db.rows(f"SELECT * FROM raises WHERE {place} ORDER BY seq", values)  # noqa: S608 - only constants
    found = list(map(_raise, rows))
    if not found:
        return 0
    if not await _record(db, raises_ended(found, scope, by, now, dedup_key=dedup_key)):
        return 0
    await db.change(f"UPDATE raises SET until_at = %(now)s WHERE {place}", values)  # noqa: S608 - only constants
    for one in found:
        for notice in end_notices(raise_detail(one), one.until, one.at):
            await notifications.withdraw(db, notice.id, "The raise was ended before its time.")
    return len(found)


async def put_stop(db: Database, stop: Stop, *, dedup_key: str = "") -> bool:
    """Stop a workspace or channel; return whether it was not stopped before."""
    await lock_rules(db, stop.scope.team)
    if await _is_stopped(db, stop.scope, stop.at):
        return False
    if not await _record(db, stopped(stop, dedup_key=dedup_key)):
        return False
    values = {**_place(stop.scope), "by": stop.by, "because": stop.because, "at": stop.at}
    await db.change(
        "INSERT INTO stops VALUES (%(team)s, %(scope)s, %(by)s, %(because)s, %(at)s)", values
    )
    return True


async def remove_stop(
    db: Database, scope: Scope, by: str, now: Instant, *, dedup_key: str = ""
) -> bool:
    """Let a workspace or channel take requests again; return whether it was stopped."""
    await lock_rules(db, scope.team)
    if not await _is_stopped(db, scope, now):
        return False
    if not await _record(db, went_on(scope, by, now, dedup_key=dedup_key)):
        return False
    statement = "DELETE FROM stops WHERE team = %(team)s AND scope = %(scope)s"
    await db.change(statement, _place(scope))
    return True


async def put_policy(
    db: Database, team: str, after: Policy, by: str, now: Instant, *, dedup_key: str = ""
) -> None:
    """Set the policy of a workspace. An equal one changes nothing."""
    await lock_rules(db, team)
    before = (await rules(db, team, now)).policy
    change = policy_set(team, before, after, by, now, dedup_key=dedup_key)
    if before == after or not await _record(db, change):
        return
    values = {
        "team": team,
        "confirm_above": _text_of(after.confirm_above),
        "unknown_price": after.unknown_price.value,
        "unknown_hold": _text_of(after.unknown_hold),
        "zone": after.calendar.zone,
        "first_weekday": after.calendar.first_weekday,
    }
    await db.change(_PUT_POLICY, values)


async def confirm_counts(
    db: Database, team: str, by: str, now: Instant, *, because: str = "", dedup_key: str = ""
) -> Instant | None:
    """Confirm what is counted since a restore; return since when it was in doubt."""
    await lock_rules(db, team)
    since = (await rules(db, team, now)).uncounted_since
    if since is None:
        return None
    change = counts_checked(team, since, by, now, because=because, dedup_key=dedup_key)
    if not await _record(db, change):
        return None
    await restores.mark_checked(db, team)
    return since


async def managers(db: Database, team: str) -> tuple[str, ...]:
    """Return the users who may change the budgets of a workspace beside its admins."""
    return users_in((await settings.setting(db, team_scope(team), BUDGET_MANAGERS))[0])


async def put_managers(
    db: Database, team: str, users: Sequence[str], by: str, now: Instant, *, dedup_key: str = ""
) -> None:
    """Set who may change the budgets of a workspace. The same ones change nothing."""
    await lock_rules(db, team)
    before = await managers(db, team)
    change = managers_set(team, before, users, by, now, dedup_key=dedup_key)
    if before != tuple(users) and await _record(db, change):
        await settings.put(db, team_scope(team), BUDGET_MANAGERS, list(users) or None)


async def in_charge(db: Database, team: str) -> tuple[str, ...]:
    """Return whom alerts of a whole workspace are told: its admins, and who manages budgets."""
    admins = users_in((await settings.setting(db, team_scope(team), OPERATORS))[0])
    return tuple(dict.fromkeys((*admins, *await managers(db, team))))


async def _record(db: Database, change: Change) -> bool:
    """Record a change and tell it; return `False` if its interaction was delivered before."""
    if not await add_audit(db, change.entry):
        return False
    for notice in decision_notices(change.detail, change.entry.at) if change.detail else ():
        await notifications.add(db, notice)
    return True


async def add_audit(db: Database, entry: AuditEntry) -> bool:
    """Append a decision to the audit, unless one with its dedup key is there already."""
    values = {
        "at": entry.at,
        "team": entry.team,
        "by": entry.by,
        "action": entry.action.value,
        "subject": entry.subject,
        "before": entry.before,
        "after": entry.after,
        "because": entry.because,
        "dedup_key": entry.dedup_key,
    }
    return bool(await db.change(_ADD_AUDIT, values))


async def audit(db: Database, since: Instant) -> list[AuditEntry]:
    """Return the decisions at or after `since`, the oldest first."""
    query = "SELECT * FROM audit WHERE at >= %(since)s ORDER BY seq"
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
        for row in await db.rows(query, {"since": since})
    ]


def _place(scope: Scope) -> dict[str, object]:
    return {"team": scope.team, "scope": scope.key}


async def _is_stopped(db: Database, scope: Scope, now: Instant) -> bool:
    return scope in {one.scope for one in (await rules(db, scope.team, now)).stops}


def _decimal_of(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _text_of(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _policy(row: DictRow) -> Policy:
    return Policy(
        confirm_above=_decimal_of(row["confirm_above"]),
        unknown_price=UnknownPrice(row["unknown_price"]),
        unknown_hold=_decimal_of(row["unknown_hold"]),
        calendar=Calendar(zone=row["zone"], first_weekday=row["first_weekday"]),
    )


def _approval_rule(row: DictRow) -> ApprovalRule:
    return ApprovalRule(
        team=row["team"],
        channel=row["channel"],
        above=_decimal_of(row["above"]),
        approvers=tuple(json.loads(row["approvers"])),
        place=row["place"],
        seconds=None if row["seconds"] is None else float(row["seconds"]),
        allows_own=row["allows_own"],
    )


# From JSON, a number without a fraction comes as an integer.
def _cap(row: DictRow) -> Cap:
    return Cap(
        scope=scope_of(row["scope"]),
        window=Window(row["window"]),
        limit=Decimal(row["limit"]),
        is_hard=row["is_hard"],
    )


def _raise(row: DictRow) -> Raise:
    return Raise(
        scope=scope_of(row["scope"]),
        amount=Decimal(row["amount"]),
        until=float(row["until_at"]),
        by=row["by"],
        because=row["because"],
        at=float(row["at"]),
    )


def _stop(row: DictRow) -> Stop:
    return Stop(
        scope=scope_of(row["scope"]),
        by=row["by"],
        because=row["because"],
        at=float(row["at"]),
    )
