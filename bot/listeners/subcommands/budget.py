"""`/video budget …`: shows and changes what may be spent."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import assert_never

from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.budget_change import (
    AddRaise,
    BudgetChange,
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
from bot.jobs.budget_changes import change_budget, not_in_charge
from bot.jobs.budget_view import in_charge, load_all_budgets, load_budget
from bot.jobs.services import Services
from bot.listeners.context import Handler
from bot.listeners.subcommands.approval_rules import APPROVAL_WORDS, bind_approval_rules
from bot.listeners.subcommands.budget_words import (
    FIRST_WORDS,
    HERE,
    ME,
    ShowAll,
    ShowBudget,
    ShowManagers,
    read_budget_command,
)
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages import budget_answers, budget_table
from bot.options.catalog import Catalog
from storage.budget import ScopeKind


def _bind(text: str, catalog: Catalog) -> Handler | None:
    rules = bind_approval_rules(text, catalog)
    if rules is not None:
        return rules
    command = read_budget_command(text, catalog)
    match command:
        case None:
            return None
        case ShowBudget():
            return _show
        case ShowAll():
            return _show_all
        case ShowManagers():
            return _show_managers
        case _:
            return partial(apply_change, command)


async def _show(interaction: Interaction, services: Services) -> Message:
    view = await load_budget(interaction.team, interaction.user, interaction.channel, services)
    return budget_table.budget_shown(view)


async def _show_all(interaction: Interaction, services: Services) -> Message:
    """Show all budgets, to those who may change them."""
    refused = await not_in_charge(interaction, services)
    if refused is not None:
        return budget_answers.not_in_charge(refused)
    lines = await load_all_budgets(interaction.team, services)
    rules = await services.store.budgets.rules(interaction.team, services.now())
    calendar, since = rules.policy.calendar, rules.uncounted_since
    return budget_table.all_shown(lines, calendar, services.unit, uncounted_since=since)


async def _show_managers(interaction: Interaction, services: Services) -> Message:
    return budget_answers.managers_shown(await in_charge(interaction.team, services))


async def apply_change(
    change: BudgetChange, interaction: Interaction, services: Services
) -> Message:
    """Make a change, and answer what it did. As `change_budget` in all else."""
    outcome = await change_budget(_placed(change, interaction), interaction, services)
    if isinstance(outcome, NotInCharge):
        return budget_answers.not_in_charge(outcome)
    return budget_answers.changed(outcome)


def _placed(change: BudgetChange, interaction: Interaction) -> BudgetChange:
    """Return the change with the channel and the user of the interaction in place of words."""
    match change:
        case SetCap() | RemoveCap() | AddRaise() | EndRaises() | StopNew() | GoOn():
            return replace(change, target=_meant(change.target, interaction))
        case SetUnknown() | SetWeek() | SetZone() | SetManagers() | ConfirmCounts():
            return change
        case _:
            assert_never(change)


def _meant(target: Target, interaction: Interaction) -> Target:
    match target:
        case Target(kind=ScopeKind.CHANNEL, name=name) if name == HERE:
            return replace(target, name=interaction.channel)
        case Target(kind=ScopeKind.PERSON, name=name) if name == ME:
            return replace(target, name=interaction.user)
        case _:
            return target


BUDGET = Subcommand(
    usage="budget [all|set|unset|raise|stop|go on|confirm|approve|unknown|week|zone|managers|"
    "checked] […]",
    about="shows what you can spend here; admins, and whom they name, set it: "
    "`budget set @ana 20 per day`, `set everyone 5 per day`, `set here 100 per week soft`, "
    "`set #channel …`, `set workspace 500 per month`, `set model kling-v3 50 per day`, "
    "`set project launch 300 once`, `unset here`, `raise here 20 today because launch`, "
    "`stop here because …`, `go on`, `confirm above 1`, `approve [here] above 5 by @mia @tom "
    "[in #channel] [within 24h] [own on|off]`, `unknown ask|hold 2|refuse|allow`, "
    "`week starts sunday`, `zone Europe/Berlin`, `managers @ana`, after a restore `checked`",
    bind=_bind,
    most=None,
    words=FIRST_WORDS | APPROVAL_WORDS,
    openings=("set", "set here"),
    is_of_the_team=True,
)
