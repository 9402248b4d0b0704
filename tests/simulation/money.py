"""The budgets of one world: its caps, what an unknown price does, and who asks at one instant."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from storage.approval import ApprovalRule
from storage.budget import Calendar, Cap, Policy, Scope, ScopeKind, UnknownPrice, Window
from storage.job import Instant
from storage.sqlite.store import SqliteStore
from tests.simulation.names import TEAM

# Renders cost up to 10 here.
LIMITS = (0, 3, 8, 15, 40)
SCOPES = (
    Scope(kind=ScopeKind.PERSON, team=TEAM, name="U1"),
    Scope(kind=ScopeKind.EVERYONE, team=TEAM),
    Scope(kind=ScopeKind.CHANNEL, team=TEAM, name="C1"),
    Scope(kind=ScopeKind.MODEL, team=TEAM, name="kling-v3"),
    Scope(kind=ScopeKind.WORKSPACE, team=TEAM),
)
HELD = Decimal(4)
APPROVERS = ("U7", "U8")
APPROVAL_SECONDS = 1800.0
POLICIES = (
    Policy(),
    Policy(confirm_above=Decimal(3)),
    Policy(unknown_price=UnknownPrice.HOLD, unknown_hold=HELD),
    Policy(unknown_price=UnknownPrice.HOLD, unknown_hold=HELD, confirm_above=Decimal(6)),
    Policy(unknown_price=UnknownPrice.ALLOW),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """The rules of one world, and how many people ask at one instant."""

    caps: tuple[Cap, ...]
    policy: Policy
    burst: int
    approval: ApprovalRule | None
    chance: random.Random
    """Chance of its own: what else happens in the world must not depend on budgets."""


def draw_rule(seed: int) -> ApprovalRule | None:
    """Return the approval rule of a world with budgets; `None`: it has none."""
    chance = random.Random(f"approvals {seed}")
    if chance.random() >= 0.5:
        return None
    return ApprovalRule(
        team=TEAM,
        above=chance.choice((None, Decimal(3), Decimal(6))),
        approvers=APPROVERS,
        place=chance.choice((None, "C1")),
        seconds=APPROVAL_SECONDS,
    )


def draw_budgets(seed: int) -> Budgets | None:
    """Return the budgets of a seed's world; `None`: it has none."""
    chance = random.Random(f"money {seed}")
    if chance.random() >= 0.4:
        return None
    caps = tuple(
        Cap(
            scope=scope,
            window=chance.choice((Window.DAY, Window.WEEK, Window.ONCE)),
            limit=Decimal(chance.choice(LIMITS)),
            is_hard=chance.random() < 0.85,
        )
        for scope in SCOPES
        if chance.random() < 0.4
    )
    # Midnight is an hour after the beginning there.
    zone = chance.choice(("UTC", "Atlantic/Cape_Verde"))
    return Budgets(
        caps=caps,
        policy=replace(chance.choice(POLICIES), calendar=Calendar(zone=zone)),
        burst=chance.choice((0, 2, 3, 5)),
        approval=draw_rule(seed),
        chance=chance,
    )


def draw_amounts(
    budgets: Budgets, estimate: Decimal | None, ends: Instant
) -> Sequence[tuple[Instant, Decimal]] | None:
    """Return when which cost is told, late, never or anew; `None`: as in any world."""
    chance, first = budgets.chance, estimate or Decimal("1.2345")
    late = ends + chance.uniform(60, 20_000)
    match chance.choice(("usual", "usual", "late", "never", "changes")):
        case "late":
            return ((late, first),)
        case "never":
            return ()
        case "changes":
            return ((ends, first), (late, first * 2))
        case _:
            return None


async def write_budgets(store: SqliteStore, budgets: Budgets) -> None:
    """Write the rules down, as an admin does before anybody asks."""
    for cap in budgets.caps:
        await store.budgets.set_cap(cap, "U9", 0.0)
    await store.budgets.set_policy(TEAM, budgets.policy, "U9", 0.0)
    if budgets.approval is not None:
        await store.budgets.set_approval_rule(budgets.approval, "U9", 0.0)
