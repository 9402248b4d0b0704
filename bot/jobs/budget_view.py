"""Reads what limits a user in a place, and who may change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.jobs.services import Services
from bot.jobs.usual_options import load_usual_options
from bot.options.model_file import MODEL_FLAG
from storage.budget import (
    AppliedCap,
    Calendar,
    CapUse,
    Pace,
    Period,
    Raise,
    Rules,
    ScopeKind,
    Stop,
    Use,
    Window,
    all_caps,
    caps_within,
    day_at,
    pace,
    period_of,
    raises_of,
    resets_at,
    scopes_in,
)
from storage.job import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """A cap as a person is shown it, with the raises that apply to it."""

    use: CapUse
    raises: tuple[Raise, ...] = ()
    pace: Pace | None = None
    """How it is used up before its end; `None`: it is not, or it is too early to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetView:
    """What limits a user in a place."""

    lines: tuple[BudgetLine, ...]
    """The caps that apply there to the model and the project that are usual there."""
    others: tuple[BudgetLine, ...]
    """The caps of other models and projects."""
    stops: tuple[Stop, ...]
    month: Period
    """The month that contains today."""
    used: Use
    """What the user held and spent in it."""
    calendar: Calendar
    may_edit: bool
    in_charge: tuple[str, ...]
    """The users who change budgets."""
    unit: str | None
    uncounted_since: Instant | None = None
    """As of `Rules`; `None` also where there is no budget."""


async def in_charge(team: str, services: Services) -> tuple[str, ...]:
    """Return the users who may change budgets: admins, and whom they name. Raises `StoreError`."""
    managers = await services.store.budgets.managers(team)
    return tuple(dict.fromkeys((*sorted(services.admins), *managers)))


async def load_budget(team: str, user: str, channel: str, services: Services) -> BudgetView:
    """Return what limits a user in a channel. A read; raises `StoreError`."""
    now, budgets = services.now(), services.store.budgets
    rules = await budgets.rules(team, now)
    usual = await load_usual_options(team, user, channel, services)
    model = services.catalog.find(str(usual.values.get(MODEL_FLAG))) or services.catalog.default
    here = scopes_in(team=team, user=user, channel=channel, model=model.slug, project=usual.project)
    others = [
        one
        for one in all_caps(rules, now)
        if one.cap.scope.kind in _BY_CHOICE and one.cap.scope not in here
    ]
    may = await in_charge(team, services)
    calendar = rules.policy.calendar
    month = period_of(Window.MONTH, day_at(now, calendar), calendar)
    return BudgetView(
        lines=await _lines(caps_within(rules, here, now), rules, services),
        others=await _lines(others, rules, services),
        stops=tuple(stop for stop in rules.stops if stop.scope in here),
        month=month,
        used=await budgets.use(here[0], month),
        calendar=calendar,
        may_edit=user in may,
        in_charge=may,
        unit=services.unit,
        uncounted_since=rules.uncounted_since if rules.caps else None,
    )


async def load_all_budgets(team: str, services: Services) -> tuple[BudgetLine, ...]:
    """Return all caps of a workspace, those of everyone without a use. Raises `StoreError`."""
    now = services.now()
    rules = await services.store.budgets.rules(team, now)
    return await _lines(all_caps(rules, now), rules, services)


_BY_CHOICE = frozenset({ScopeKind.MODEL, ScopeKind.PROJECT})


async def _lines(
    caps: Sequence[AppliedCap], rules: Rules, services: Services
) -> tuple[BudgetLine, ...]:
    now, calendar = services.now(), rules.policy.calendar
    day = day_at(now, calendar)
    found = []
    for applied in caps:
        window = applied.cap.window
        use = CapUse(
            applied=applied,
            use=await services.store.budgets.use(applied.counted, period_of(window, day, calendar)),
            resets_at=resets_at(window, now, calendar),
        )
        raises = raises_of(rules, {applied.cap.scope, applied.counted}, now)
        ahead = pace(use.use.total, applied.limit, window, now, calendar)
        found.append(BudgetLine(use=use, raises=raises, pace=ahead))
    # As people think of them: what is nearest first, and short periods before long ones.
    return tuple(sorted(found, key=_place))


def _place(line: BudgetLine) -> tuple[int, int, str]:
    cap = line.use.applied.cap
    return _KINDS.index(cap.scope.kind), _WINDOWS.index(cap.window), cap.scope.name


_WINDOWS = tuple(Window)
_KINDS = (
    ScopeKind.PERSON,
    ScopeKind.EVERYONE,
    ScopeKind.CHANNEL,
    ScopeKind.PROJECT,
    ScopeKind.MODEL,
    ScopeKind.WORKSPACE,
)
