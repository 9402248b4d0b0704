"""The budgets of one world: its caps, its calendar, who asks at one instant, what it is billed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.base.ports import TaskState
from storage.approval import ApprovalRule
from storage.budget import Calendar, Cap, Policy, Scope, ScopeKind, UnknownPrice, Window
from storage.job import Instant
from storage.store import Store
from tests.simulation.calendar import (
    EARLIEST_MIDNIGHT,
    LATEST_MIDNIGHT,
    WorldCalendar,
    draw_midnight,
)
from tests.simulation.names import EPOCH, PROJECT, TEAM

# Renders cost up to 10 here.
LIMITS = (0, 3, 8, 15, 15, 40)
SCOPES = (
    Scope(kind=ScopeKind.PERSON, team=TEAM, name="U1"),
    Scope(kind=ScopeKind.EVERYONE, team=TEAM),
    Scope(kind=ScopeKind.CHANNEL, team=TEAM, name="C1"),
    Scope(kind=ScopeKind.MODEL, team=TEAM, name="kling-v3"),
    Scope(kind=ScopeKind.PROJECT, team=TEAM, name=PROJECT),
    Scope(kind=ScopeKind.WORKSPACE, team=TEAM),
)
HELD = Decimal(4)
APPROVERS = ("U7", "U8")
IN_CHARGE = ("U9",)
"""Who changes budgets, and is told what concerns the whole workspace."""
APPROVAL_SECONDS = 1800.0
HOLDS = Policy(unknown_price=UnknownPrice.HOLD, unknown_hold=HELD)
ALLOWS = Policy(unknown_price=UnknownPrice.ALLOW)
POLICIES = (
    Policy(),
    Policy(confirm_above=Decimal(3)),
    HOLDS,
    HOLDS,
    HOLDS,
    replace(HOLDS, confirm_above=Decimal(6)),
    ALLOWS,
    ALLOWS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """The rules of one world, and how many people ask at one instant."""

    caps: tuple[Cap, ...]
    policy: Policy
    calendar: WorldCalendar
    epoch: Instant
    """When the world begins."""
    midnight_at: float | None
    """The age of the world at which its windows turn; `None`: at none that matters."""
    asks: Sequence[float]
    """The ages of the world at which people ask beside all others."""
    set_at: float | None
    """The age of the world at which somebody asks for several videos at once."""
    approval: ApprovalRule | None
    chance: random.Random
    """Chance of its own: what else happens in the world must not depend on budgets."""


def draw_rule(seed: int) -> ApprovalRule | None:
    """Return the approval rule of a world with budgets; `None`: it has none."""
    chance = random.Random(f"approvals {seed}")
    if chance.random() >= 0.4:
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
            window=chance.choice(tuple(Window)),
            limit=Decimal(chance.choice(LIMITS)),
            is_hard=chance.random() < 0.85,
        )
        for scope in SCOPES
        if chance.random() < 0.4
    )
    calendar, epoch, midnight_at = _draw_time(chance)
    zone = Calendar(zone=calendar.zone, first_weekday=calendar.first_weekday)
    asks, set_at = _draw_asks(chance, midnight_at)
    return Budgets(
        caps=caps,
        policy=replace(chance.choice(POLICIES), calendar=zone),
        calendar=calendar,
        epoch=epoch,
        midnight_at=midnight_at,
        asks=asks,
        set_at=set_at,
        approval=draw_rule(seed),
        chance=chance,
    )


def _draw_time(chance: random.Random) -> tuple[WorldCalendar, Instant, float | None]:
    """Return the calendar of a world, when it begins, and when its windows turn."""
    midnight = draw_midnight(chance)
    if midnight is None:
        # Midnight is an hour after the beginning there.
        zone = chance.choice(("UTC", "Atlantic/Cape_Verde"))
        return WorldCalendar(zone=zone), EPOCH, None
    midnight_at = chance.uniform(EARLIEST_MIDNIGHT, LATEST_MIDNIGHT)
    return midnight.calendar, midnight.calendar.begin_of(midnight.day) - midnight_at, midnight_at


def _draw_asks(
    chance: random.Random, midnight_at: float | None
) -> tuple[list[float], float | None]:
    """Return when people ask beside all others: at one instant, or some after a turn."""
    count, at = chance.choice((0, 2, 3, 5)), chance.uniform(0, 400)
    set_at = None
    if count > 2 and chance.random() < 0.7:
        set_at, count = chance.uniform(0, 800), count - 3
    later = 0 if midnight_at is None else count // 2
    after = at if midnight_at is None else midnight_at + chance.choice((0.0, 1.0, 120.0))
    return [at] * (count - later) + [after] * later, set_at


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


def draw_estimates(
    budgets: Budgets, estimate: Decimal | None, born: Instant, ends: Instant
) -> Sequence[tuple[Instant, Decimal]]:
    """Return when which estimate is told: at once, later, or anew."""
    chance, first = budgets.chance, () if estimate is None else ((born, estimate),)
    later = chance.uniform(born, ends) if ends - born < APPROVAL_SECONDS else born + 60.0
    match chance.choice(("usual", "usual", "usual", "late", "changes")):
        case "late":
            return [(later, amount) for _, amount in first]
        case "changes":
            return [*first, (later, Decimal(chance.randint(1, 12)))]
        case _:
            return first


def draw_ending(budgets: Budgets, ending: TaskState) -> TaskState:
    """Return how a render ends: more often badly, because a failure is not free."""
    return TaskState.FAILED if budgets.chance.random() < 0.15 else ending


async def write_budgets(store: Store, budgets: Budgets) -> None:
    """Write the rules down, as an admin does before anybody asks."""
    for cap in budgets.caps:
        await store.budgets.set_cap(cap, "U9", budgets.epoch)
    await store.budgets.set_policy(TEAM, budgets.policy, "U9", budgets.epoch)
    await store.budgets.set_managers(TEAM, IN_CHARGE, "U9", budgets.epoch)
    if budgets.approval is not None:
        await store.budgets.set_approval_rule(budgets.approval, "U9", budgets.epoch)
