"""What people are told about budgets unasked: alerts, decisions, raises that end."""

from __future__ import annotations

from decimal import Decimal

from bot.base.ports import Message
from bot.messages import blocks, formatting
from bot.messages.budgets import budget_name, window_name
from storage.budget import AuditAction, Scope, ScopeKind, add
from storage.budget_notice import AlertDetail, DecisionDetail

_USED_UP = 100
_NEARLY = 80


def alert(detail: AlertDetail, unit: str | None, *, is_here: bool) -> Message:
    """Return the message that a budget is used to a level; `is_here`: to those whose it is."""
    name = f"{budget_name(detail.scope, is_here=is_here)} {window_name(detail.window)}"
    used = add(detail.held, detail.spent)
    used_of = f"{formatting.money(used, unit)} of {formatting.money(detail.limit, unit)}"
    if detail.held:
        used_of += f", {formatting.money(detail.held, unit)} of it held for videos under way"
    anew = "" if detail.resets_at is None else f" It begins anew {blocks.moment(detail.resets_at)}."
    if detail.level >= _USED_UP:
        then = "is refused" if detail.is_hard else "is asked about first"
        line = f":no_entry: {formatting.capitalized(name)} is used up: {used_of}."
        return _message(f"{line} What more it would take {then}.{anew}")
    sign = ":warning:" if detail.level >= _NEARLY else ":bar_chart:"
    share = f"{detail.level} %" if detail.level >= _NEARLY else "Half"
    return _message(f"{sign} {share} of {name} is used: {used_of}.{anew}")


def decision(detail: DecisionDetail, who: str, unit: str | None) -> Message:
    """Return the message about a decision, for the person or channel whose budget it is.

    `who` decided; it is a name as plain text, which notifies nobody.
    """
    return _message(_decided(detail, f"*{blocks.literal(who)}*", unit) + _why(detail.because))


def raise_ended(detail: DecisionDetail, unit: str | None, *, is_here: bool) -> Message:
    """Return the message that a raise has ended by itself."""
    name = budget_name(detail.scope, is_here=is_here)
    amount = formatting.money(detail.amount or Decimal(0), unit)
    return _message(f":alarm_clock: The raise of {name} by {amount} has ended.")


def _decided(  # noqa: PLR0911 - one case for each decision
    detail: DecisionDetail, who: str, unit: str | None
) -> str:
    name = budget_name(detail.scope)
    per = "" if detail.window is None else f" {window_name(detail.window)}"
    amount = "" if detail.amount is None else formatting.money(detail.amount, unit)
    match detail.action:
        case AuditAction.CAP_SET:
            asks = "" if detail.is_hard else " What goes beyond it is asked about first."
            return f":moneybag: {who} set {name}{per} to {amount}.{asks}"
        case AuditAction.CAP_REMOVED:
            return f":moneybag: {who} removed {name}{per}."
        case AuditAction.RAISED:
            until = "" if detail.until is None else f" until {blocks.moment(detail.until)}"
            return f":moneybag: {who} raised {name} by {amount}{until}."
        case AuditAction.RAISE_ENDED:
            return f":moneybag: {who} ended the raise of {name}."
        case AuditAction.STOPPED:
            return (
                f":octagonal_sign: {who} stopped new videos {_where(detail.scope)}."
                " What is under way goes on."
            )
        case AuditAction.WENT_ON:
            return f":arrow_forward: {who} lets new videos be made {_where(detail.scope)} again."
        case _:
            return f":moneybag: {who} changed {name}."


def _where(scope: Scope) -> str:
    return "in this channel" if scope.kind is ScopeKind.CHANNEL else "in this workspace"


def _why(because: str) -> str:
    return f" “{blocks.literal(because)}”" if because else ""


def _message(line: str) -> Message:
    return Message(text=line, blocks=[blocks.section(line)])
