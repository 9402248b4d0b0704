"""The answers to changes of budgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from bot.base.ports import Message
from bot.jobs.budget_change import (
    AddRaise,
    Changed,
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
)
from bot.messages import blocks, budget_table, formatting
from bot.messages.budgets import budget_name, window_name
from bot.messages.replies import words
from storage.budget import Scope, ScopeKind, UnknownPrice

_UNKNOWN = {
    UnknownPrice.ASK: "is asked about before it is rendered",
    UnknownPrice.REFUSE: "is refused",
    UnknownPrice.ALLOW: "is rendered",
}


def not_in_charge(outcome: NotInCharge) -> Message:
    """Return the answer to somebody who may not change budgets."""
    if not outcome.in_charge:
        return words("Only admins change budgets, and none is named: whoever runs this bot can.")
    return words(
        f"Only {budget_table.people(outcome.in_charge)} can change this. Nothing was changed."
    )


def changed(outcome: Changed) -> Message:
    """Return the answer to a change."""
    return words(_sentence(outcome))


def managers_shown(in_charge: Sequence[str]) -> Message:
    """Return who may change budgets."""
    if not in_charge:
        return words("Nobody in Slack may change budgets yet: whoever runs this bot names admins.")
    return words(
        f"{budget_table.people(in_charge)} may change budgets. "
        "Admins name others: `/video budget managers @somebody`, or `none`."
    )


def _sentence(outcome: Changed) -> str:  # noqa: PLR0911 - one case for each change
    change = outcome.change
    match change:
        case SetCap():
            return _cap_set(outcome)
        case RemoveCap():
            windows = " and ".join(map(window_name, outcome.removed))
            return f"{_name(outcome.scope)} {windows} is gone: it limits nothing any more."
        case AddRaise():
            until = "" if outcome.until is None else f" until {blocks.moment(outcome.until)}"
            amount = formatting.money(change.amount.figure, outcome.unit)
            return (
                f":moneybag: {_name(outcome.scope)} is {amount} higher{until}, and ends by itself. "
                "Type it with `none` for the amount to end it before."
            )
        case EndRaises():
            return f"The raise of {_named(outcome.scope)} has ended."
        case StopNew():
            return _stopped(outcome)
        case GoOn():
            return _goes_on(outcome)
        case ConfirmCounts():
            return ":white_check_mark: Noted: what budgets count is checked."
        case SetUnknown() | SetWeek() | SetZone() | SetManagers():
            return f":gear: {_rule(change, outcome.unit)}"
        case _:
            assert_never(change)


def _rule(change: SetUnknown | SetWeek | SetZone | SetManagers, unit: str | None) -> str:
    match change:
        case SetUnknown():
            return f"A video whose price nobody knows {_unknown(change, unit)}."
        case SetWeek(first_weekday=day):
            return f"Weeks begin on {formatting.weekday(day)} now."
        case SetZone(zone=zone):
            return f"Days begin at midnight in {blocks.literal(zone)} now."
        case SetManagers(users=users):
            who = f"{budget_table.people(users)} and the admins" if users else "Only the admins"
            return f"{who} may change budgets now."
        case _:
            assert_never(change)


def _cap_set(outcome: Changed) -> str:
    if outcome.line is None:
        return f":moneybag: {_name(outcome.scope)} is set."
    applied = outcome.line.use.applied
    text = f":moneybag: Set. {budget_table.row(outcome.line, outcome.unit, is_here=False)}"
    return text if applied.limit else f"{text}\nIt is 0, so nobody can render with it."


def _unknown(change: SetUnknown, unit: str | None) -> str:
    if change.price is UnknownPrice.HOLD and change.hold is not None:
        return f"holds {formatting.money(change.hold.figure, unit)}, where a budget applies"
    return _UNKNOWN[change.price] + ", where a budget applies"


def _stopped(outcome: Changed) -> str:
    where = _where(outcome.scope)
    if not outcome.count:
        return f"New videos {where} were stopped already."
    go_on = "workspace" if outcome.scope and outcome.scope.kind is ScopeKind.WORKSPACE else "here"
    return (
        f":octagonal_sign: No new videos are taken {where}; what is under way goes on. "
        f"`/video budget go on {go_on}` ends that."
    )


def _goes_on(outcome: Changed) -> str:
    where = _where(outcome.scope)
    if not outcome.count:
        return f"New videos {where} were not stopped."
    return f":arrow_forward: New videos {where} are taken again."


def _where(scope: Scope | None) -> str:
    is_channel = scope is not None and scope.kind is ScopeKind.CHANNEL
    return f"in <#{scope.name}>" if is_channel and scope else "in this workspace"


def _named(scope: Scope | None) -> str:
    return "the budget" if scope is None else budget_name(scope, is_here=False)


def _name(scope: Scope | None) -> str:
    return formatting.capitalized(_named(scope))
