"""What people are told about budgets unasked: alerts, paces, decisions, raises that end."""

from __future__ import annotations

from decimal import Decimal

from bot.base.ports import Message
from bot.messages import blocks, budget_table, formatting
from bot.messages.budgets import budget_name, day_name, window_name
from storage.budget import AuditAction, Scope, ScopeKind, add
from storage.budget_notice import AlertDetail, DecisionDetail, PaceDetail
from storage.job import Instant
from storage.price_drift import DRIFT_RENDERS, DriftDetail

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


def pace(detail: PaceDetail, unit: str | None) -> Message:
    """Return the message that a budget is used up before its period ends."""
    name = f"{budget_name(detail.scope, is_here=False)} {window_name(detail.window)}"
    day = day_name(detail.used_up_on, detail.window)
    used, limit = formatting.money(detail.used, unit), formatting.money(detail.limit, unit)
    anew = "" if detail.resets_at is None else f" {blocks.moment(detail.resets_at)}"
    then = "is refused" if detail.is_hard else "is asked about first"
    return _message(
        f":chart_with_upwards_trend: At this pace {name} is used up {day}: {used} of {limit} are "
        f"used, and it would be about {formatting.money(detail.total, unit)} until it begins anew"
        f"{anew}. What goes beyond it {then}."
    )


def drift(detail: DriftDetail, unit: str | None) -> Message:
    """Return the message that renders of a price cost otherwise than was forecast."""
    actual = formatting.money(detail.actual, unit)
    forecast = formatting.money(detail.forecast, unit)
    is_above = detail.actual > detail.forecast
    share = ""
    if detail.forecast:
        percent = abs(detail.actual - detail.forecast) * 100 / detail.forecast
        share = f"{percent:.0f} % {'more' if is_above else 'less'} than forecast, "
    then = "Budgets hold too little" if is_above else "Budgets hold too much"
    return _message(
        f":straight_ruler: The last {DRIFT_RENDERS} videos of `{blocks.literal(detail.price_key)}` "
        f"cost {share}{actual} in place of {forecast}. {then} for such a video until its amount "
        "comes; forecasts follow the last amounts by themselves."
    )


def restored(since: Instant) -> Message:
    """Return the message that budgets count too little, with the button that confirms them."""
    text = f"{budget_table.doubt(since)} {budget_table.how_to_check()}"
    row = blocks.actions([budget_table.check_button(since)])
    return Message(text=text, blocks=[blocks.section(text), row])


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
