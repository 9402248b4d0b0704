"""Changes budgets, whichever surface it is asked on.

Admins change them, and whom admins name.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.base.errors import BotError, UsageError
from bot.jobs.accept import Interaction
from bot.jobs.access import LOOKUP_SECONDS
from bot.jobs.budget_change import (
    AddRaise,
    BudgetChange,
    Changed,
    ChangeOutcome,
    ConfirmCounts,
    EndRaises,
    GoOn,
    NotInCharge,
    RemoveCap,
    SetCap,
    SetManagers,
    SetUnknown,
    SetWeek,
    SetZone,
    StopNew,
    Target,
)
from bot.jobs.budget_view import BudgetLine, in_charge, load_all_budgets
from bot.jobs.services import Services
from bot.options.wording import quoted
from storage.budget import (
    Calendar,
    Cap,
    Policy,
    Raise,
    Scope,
    ScopeKind,
    Stop,
    UnknownPrice,
    Window,
    day_at,
    resets_at,
)
from storage.job import Instant, is_direct

LONGEST_RAISE = timedelta(days=366)
"""A raise ends by itself; one that lasts for years is another cap."""

_NO_PERSON = "I know nobody in this workspace by that name who may use me, so nothing changed."
_AN_APP = "Apps have no budget, because only people ask for videos."
_NO_CHANNEL = "I cannot see that channel, or you are not in it."
_NOT_DIRECT = (
    "A direct conversation has no budget of its own: choose a person, a channel or the workspace."
)


class DayError(UsageError):
    """A raise that would end on a day on which none ends."""


async def not_in_charge(interaction: Interaction, services: Services) -> NotInCharge | None:
    """Return the users who are in charge of budgets, or `None` if the user is one of them.

    Raises `StoreError`.
    """
    may = await in_charge(interaction.team, services)
    return None if interaction.user in may else NotInCharge(in_charge=may)


async def change_budget(
    change: BudgetChange, interaction: Interaction, services: Services
) -> ChangeOutcome:
    """Make a change of budgets; committed when this returns, with its entry in the audit.

    Idempotent by `interaction.dedup_key`. Raises `UsageError` for what makes no sense, and
    `StoreError`; nothing was changed then.
    """
    refused = await not_in_charge(interaction, services)
    if refused is not None:
        return refused
    made = await _make(change, interaction, services)
    services.wake()
    return made


async def _make(  # noqa: PLR0911 - one case for each change, and nothing else
    change: BudgetChange, interaction: Interaction, services: Services
) -> ChangeOutcome:
    match change:
        case SetCap():
            return await _set_cap(change, interaction, services)
        case RemoveCap():
            return await _remove_cap(change, interaction, services)
        case AddRaise():
            return await _add_raise(change, interaction, services)
        case EndRaises():
            return await _end_raises(change, interaction, services)
        case StopNew():
            return await _stop(change, interaction, services)
        case GoOn():
            return await _go_on(change, interaction, services)
        case SetUnknown() | SetWeek() | SetZone():
            return await _set_policy(change, interaction, services)
        case SetManagers():
            return await _set_managers(change, interaction, services)
        case ConfirmCounts():
            return await _confirm_counts(change, interaction, services)
        case _:
            assert_never(change)


async def _set_cap(change: SetCap, interaction: Interaction, services: Services) -> Changed:
    scope = await _scope(change.target, interaction, services)
    await _require_person(scope, interaction, services)
    cap = Cap(
        scope=scope,
        window=change.window,
        limit=change.amount.in_unit(services.unit),
        is_hard=change.is_hard,
    )
    await services.store.budgets.set_cap(
        cap,
        interaction.user,
        services.now(),
        because=change.because,
        dedup_key=interaction.dedup_key,
    )
    lines = await load_all_budgets(interaction.team, services)
    same = (line for line in lines if _is_of(line, scope, change.window))
    return Changed(change=change, scope=scope, line=next(same, None), unit=services.unit)


def _is_of(line: BudgetLine, scope: Scope, window: Window) -> bool:
    cap = line.use.applied.cap
    return cap.scope == scope and cap.window is window


async def _remove_cap(change: RemoveCap, interaction: Interaction, services: Services) -> Changed:
    scope = await _scope(change.target, interaction, services)
    budgets, now = services.store.budgets, services.now()
    rules = await budgets.rules(interaction.team, now)
    removed = []
    for cap in rules.caps:
        if cap.scope == scope and change.window in {None, cap.window}:
            key = f"{interaction.dedup_key}:{cap.window}"
            await budgets.remove_cap(scope, cap.window, interaction.user, now, dedup_key=key)
            removed.append(cap.window)
    if not removed:
        raise UsageError("There is no such budget, so there is none to remove.")
    return Changed(change=change, scope=scope, removed=tuple(removed))


async def _add_raise(change: AddRaise, interaction: Interaction, services: Services) -> Changed:
    scope = await _scope(change.target, interaction, services)
    budgets, now = services.store.budgets, services.now()
    rules = await budgets.rules(interaction.team, now)
    amount = change.amount.in_unit(services.unit)
    if not amount:
        raise UsageError("A raise is more than 0.")
    if not any(_is_raised(cap, scope) for cap in rules.caps):
        raise UsageError("There is no budget of this to raise: nothing limits it.")
    until = _until(change.until, now, rules.policy.calendar)
    made = Raise(
        scope=scope,
        amount=amount,
        until=until,
        by=interaction.user,
        because=change.because,
        at=now,
    )
    await budgets.add_raise(made, dedup_key=interaction.dedup_key)
    return Changed(change=change, scope=scope, until=until, unit=services.unit)


def _is_raised(cap: Cap, scope: Scope) -> bool:
    """Tell whether a raise of a scope raises a cap: a person's also what everyone has."""
    is_for_person = scope.kind is ScopeKind.PERSON and cap.scope.kind is ScopeKind.EVERYONE
    return cap.scope == scope or is_for_person


def _until(until: Window | date, now: Instant, calendar: Calendar) -> Instant:
    """Return when a raise ends. Raises `UsageError` for a day that is over, or years away."""
    if isinstance(until, Window):
        end = resets_at(until, now, calendar)
        if end is None:
            raise UsageError("A raise ends by itself: say until when.")
        return end
    today = date.fromisoformat(day_at(now, calendar))
    if not today <= until <= today + LONGEST_RAISE:
        raise DayError("A raise lasts until a day from today on, and for a year at most.")
    noon = datetime(until.year, until.month, until.day, 12, tzinfo=ZoneInfo(calendar.zone))
    end = resets_at(Window.DAY, noon.timestamp(), calendar)
    return now if end is None else end


async def _end_raises(change: EndRaises, interaction: Interaction, services: Services) -> Changed:
    scope = await _scope(change.target, interaction, services)
    count = await services.store.budgets.end_raises(
        scope, interaction.user, services.now(), dedup_key=interaction.dedup_key
    )
    if not count:
        raise UsageError("There is no raise of this budget, so there is none to end.")
    return Changed(change=change, scope=scope, count=count)


async def _stop(change: StopNew, interaction: Interaction, services: Services) -> Changed:
    scope = await _scope(change.target, interaction, services)
    stop = Stop(scope=scope, by=interaction.user, because=change.because, at=services.now())
    is_new = await services.store.budgets.stop(stop, dedup_key=interaction.dedup_key)
    return Changed(change=change, scope=scope, count=int(is_new))


async def _go_on(change: GoOn, interaction: Interaction, services: Services) -> Changed:
    scope = await _scope(change.target, interaction, services)
    was_stopped = await services.store.budgets.go_on(
        scope, interaction.user, services.now(), dedup_key=interaction.dedup_key
    )
    return Changed(change=change, scope=scope, count=int(was_stopped))


async def _set_policy(
    change: SetUnknown | SetWeek | SetZone, interaction: Interaction, services: Services
) -> Changed:
    budgets, now = services.store.budgets, services.now()
    before = (await budgets.rules(interaction.team, now)).policy
    after = _with(before, change, services.unit)
    await budgets.set_policy(
        interaction.team, after, interaction.user, now, dedup_key=interaction.dedup_key
    )
    return Changed(change=change, unit=services.unit)


def _with(policy: Policy, change: SetUnknown | SetWeek | SetZone, unit: str | None) -> Policy:
    """Return a policy with a change. Raises `UsageError`."""
    match change:
        case SetUnknown(price=price, hold=hold):
            amount = None if hold is None else hold.in_unit(unit)
            if price is UnknownPrice.HOLD and not amount:
                raise UsageError("Say how much is held for an unknown price, more than 0.")
            return replace(policy, unknown_price=price, unknown_hold=amount)
        case SetWeek(first_weekday=day):
            return replace(policy, calendar=replace(policy.calendar, first_weekday=day))
        case SetZone(zone=typed):
            return replace(policy, calendar=replace(policy.calendar, zone=_zone(typed)))
        case _:
            assert_never(change)


def _zone(typed: str) -> str:
    try:
        return ZoneInfo(typed).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"{quoted(typed)} is no time zone that I know: write one such as Europe/Berlin or UTC."
        ) from None


async def _set_managers(
    change: SetManagers, interaction: Interaction, services: Services
) -> ChangeOutcome:
    if not services.is_admin(interaction.user):
        return NotInCharge(in_charge=tuple(sorted(services.admins)))
    named = [
        Scope(kind=ScopeKind.PERSON, team=interaction.team, name=user) for user in change.users
    ]
    # Side by side: the command must be acknowledged within three seconds.
    await asyncio.gather(*(_require_person(scope, interaction, services) for scope in named))
    await services.store.budgets.set_managers(
        interaction.team,
        change.users,
        interaction.user,
        services.now(),
        dedup_key=interaction.dedup_key,
    )
    return Changed(change=change)


async def _confirm_counts(
    change: ConfirmCounts, interaction: Interaction, services: Services
) -> Changed:
    budgets, now = services.store.budgets, services.now()
    since = (await budgets.rules(interaction.team, now)).uncounted_since
    if since is None:
        raise UsageError("No backup was restored since the last check, so nothing is in doubt.")
    if change.since not in {None, since}:
        raise UsageError("Another backup was restored since you were shown this: look again.")
    await budgets.confirm_counts(
        interaction.team,
        interaction.user,
        now,
        because=change.because,
        dedup_key=interaction.dedup_key,
    )
    return Changed(change=change)


async def _scope(target: Target, interaction: Interaction, services: Services) -> Scope:
    """Return the scope that is meant. Raises `UsageError` for a channel that the user cannot see.

    A channel that there is not is answered in the same words.
    """
    if target.kind is ScopeKind.CHANNEL:
        if is_direct(target.name):
            raise UsageError(_NOT_DIRECT)
        if not await _can_see(target.name, interaction, services):
            raise UsageError(_NO_CHANNEL)
    return Scope(kind=target.kind, team=interaction.team, name=target.name)


async def _can_see(channel: str, interaction: Interaction, services: Services) -> bool:
    if channel == interaction.channel:
        return True
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            if (await services.directory.conversation(channel)).is_public:
                return True
            return await services.directory.is_member(channel, interaction.user)
    except (BotError, TimeoutError):
        return False


async def _require_person(scope: Scope, interaction: Interaction, services: Services) -> None:
    """Raise `UsageError` for the budget of somebody who has none: an app, or a stranger."""
    if scope.kind is not ScopeKind.PERSON or scope.name == interaction.user:
        return
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            person = await services.directory.identify(scope.name)
    except TimeoutError:
        raise BotError("Slack did not tell who that is.") from None
    if person.is_bot:
        raise UsageError(_AN_APP)
    is_known = not person.is_stranger and services.allow_external_people
    if not is_known and not person.is_member_of(interaction.team):
        raise UsageError(_NO_PERSON)
