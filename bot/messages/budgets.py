"""The words about budgets: why a request is refused, and what a person can do then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import assert_never

from bot.base.ports import Message
from bot.messages import blocks, buttons, formatting
from storage.budget import (
    Cap,
    CapShort,
    NobodyApproves,
    NoSetForApprovers,
    PriceUnknown,
    Reason,
    Scope,
    ScopeKind,
    Stop,
    Stopped,
    TooManyActive,
    Window,
    scope_of,
)
from storage.job import Instant, Job

_NOTHING_STARTED = "Nothing was started or charged."

_PER = MappingProxyType(
    {
        Window.DAY: "per day",
        Window.WEEK: "per week",
        Window.MONTH: "per month",
        Window.ONCE: "in all",
    }
)


def refused(
    reasons: Sequence[Reason],
    admins: Sequence[str],
    unit: str | None,
    waiting: Job | None = None,
    *,
    uncounted_since: Instant | None = None,
) -> Message:
    """Return the answer to a request that is not admitted: each reason, and whom to ask.

    `waiting` is the request if an approver may be asked to let it go beyond its budget, and
    `uncounted_since` as of `NotAdmitted`.
    """
    told = [_sentence(reason, unit, blocks.moment) for reason in reasons]
    listed = told[0] if len(told) == 1 else "\n".join(f"• {one}" for one in told)
    head = ":no_entry: " if len(told) == 1 else ":no_entry: This cannot be rendered now:\n"
    doubt = "" if uncounted_since is None else f"\n{too_low(uncounted_since)}"
    text = f"{head}{listed}{doubt}\n{_NOTHING_STARTED}{_whom_to_ask(reasons, admins)}"
    if waiting is None:
        return Message(text=text, blocks=blocks.sections(text))
    row = blocks.actions([buttons.ask_approver(waiting)])
    return Message(text=text, blocks=[*blocks.sections(text), row])


def why_refused(reasons: Sequence[Reason], unit: str | None, *, is_plain: bool = False) -> str:
    """Return the reasons for which a request is not admitted, as sentences, plain or in mrkdwn."""
    moment = _plain_moment if is_plain else blocks.moment
    return " ".join(_sentence(reason, unit, moment, is_plain=is_plain) for reason in reasons)


def does_not_fit(
    reasons: Sequence[Reason],
    asker: str,
    unit: str | None,
    *,
    uncounted_since: Instant | None = None,
) -> str:
    """Return what an approver is told of a request of `asker` that budgets have no room for."""
    told = [_sentence(reason, unit, blocks.moment, asker=asker) for reason in reasons]
    if uncounted_since is not None:
        told.append(too_low(uncounted_since))
    return f":no_entry: Not approved, so it waits on. {' '.join(told)}"


def too_low(since: Instant, moment: Callable[[Instant], str] = blocks.moment) -> str:
    """Return the sentence that figures of budgets may be too low since a backup was restored."""
    return f"What is used may be more: {not_counted(since, moment)}."


def not_counted(since: Instant, moment: Callable[[Instant], str] = blocks.moment) -> str:
    """Return within a sentence what budgets lack since a backup was restored."""
    return f"a backup was restored, and what was asked after {moment(since)} is not counted"


def refused_in_form(
    reasons: Sequence[Reason],
    unit: str | None,
    *,
    uncounted_since: Instant | None = None,
    may_ask: bool = False,
) -> str:
    """Return the answer to a refused request without markup, for a field of the form.

    `may_ask`: a message, which the form may hide, offers to ask an approver.
    """
    told = [why_refused(reasons, unit, is_plain=True)]
    if uncounted_since is not None:
        told.append(too_low(uncounted_since, _plain_moment))
    ask = " Behind this form a message says who can make room, and asks an approver."
    return f"{' '.join(told)} {_NOTHING_STARTED}{ask if may_ask else ''}"


def budget_name(scope: Scope, *, is_here: bool = True) -> str:
    """Return the name of a scope's budget within a sentence, in mrkdwn.

    To the person whose it is, or in its channel; elsewhere (`is_here` false) both are named.
    """
    name = blocks.literal(scope.name)
    names = {
        ScopeKind.PERSON: "your budget" if is_here else f"the budget of <@{scope.name}>",
        ScopeKind.EVERYONE: "your budget" if is_here else "everybody's own budget",
        ScopeKind.CHANNEL: "this channel's budget" if is_here else f"the budget of <#{scope.name}>",
        ScopeKind.MODEL: f"the budget of {name}",
        ScopeKind.PROJECT: f"the budget of the project {name}",
        ScopeKind.WORKSPACE: "the workspace's budget",
    }
    return names[scope.kind]


def window_name(window: Window) -> str:
    """Return the words for a window: `per day`, `in all`."""
    return _PER[window]


def day_name(day: str, window: Window) -> str:
    """Return the words for a day of the current period: `on Saturday`, `on the 23rd`."""
    found = date.fromisoformat(day)
    return f"on {found:%A}" if window is Window.WEEK else f"on the {formatting.ordinal(found.day)}"


def soft_cap(about: str, asker: str | None = None) -> str:
    """Return the name of the cap that a question is about; of `asker`, for another reader."""
    window, _, key = about.partition(" ")
    return f"{_budget_of(scope_of(key), asker)} {_PER[Window(window)]}"


def cap_name(cap: Cap, asker: str) -> str:
    """Return the name of a cap of `asker`, for another reader in another place."""
    return f"{_budget_of(cap.scope, asker)} {_PER[cap.window]}"


def _sentence(
    reason: Reason,
    unit: str | None,
    moment: Callable[[Instant], str],
    *,
    is_plain: bool = False,
    asker: str | None = None,
) -> str:
    """Return a reason as a sentence: for the asker, or about `asker` for another reader."""
    match reason:
        case CapShort():
            return _cap_sentence(reason, unit, moment, asker)
        case Stopped(stop=stop):
            return _stop_sentence(stop, asker, is_plain=is_plain)
        case TooManyActive():
            return _active_sentence(reason, asker)
        case NobodyApproves(above=above):
            limit = formatting.money(above, unit)
            return (
                f"What costs more than {limit}, or has no price yet, is approved first, and there "
                "is nobody who can approve yours."
            )
        case NoSetForApprovers():
            return (
                "Somebody would have to approve this, and approvers decide about one video at a "
                "time. Ask for fewer, or for one after the other."
            )
        case PriceUnknown():
            return "Nobody knows yet what this costs, and only what has a price is rendered here."
        case _:
            assert_never(reason)


def _stop_sentence(stop: Stop, asker: str | None, *, is_plain: bool) -> str:
    who = "An admin" if is_plain else f"<@{stop.by}>"
    why = stop.because if is_plain else blocks.literal(stop.because)
    where = "in this workspace"
    if stop.scope.kind is ScopeKind.CHANNEL:
        where = "here" if asker is None else f"in <#{stop.scope.name}>"
    return f"{who} stopped new videos {where}" + (f": “{why}”." if why else ".")


def _active_sentence(reason: TooManyActive, asker: str | None) -> str:
    videos = formatting.count(reason.active, "video")
    if reason.active < reason.most:
        # Several were asked for at once.
        who = "You have" if asker is None else f"<@{asker}> has"
        fit = "" if asker else f" Ask for {reason.most - reason.active} at most now."
        return f"{who} {videos} under way, and one person may have {reason.most} at a time.{fit}"
    if asker is not None:
        return f"<@{asker}> has {videos} under way, as many as one person may have at a time."
    return (
        f"You have {videos} under way, which is as many as one person may have at a time. "
        "Ask again when one of them is done."
    )


def _cap_sentence(
    short: CapShort, unit: str | None, moment: Callable[[Instant], str], asker: str | None
) -> str:
    applied = short.applied
    name = f"{_budget_of(applied.cap.scope, asker)} {_PER[applied.cap.window]}"
    resets = "" if short.resets_at is None else f" It begins anew {moment(short.resets_at)}."
    if not applied.limit:
        return f"{name} is 0, so nobody can render with it."
    used = formatting.money(short.use.total, unit)
    limit = formatting.money(applied.limit, unit)
    held = ""
    if short.use.held:
        held = f" ({formatting.money(short.use.held, unit)} of it for videos under way)"
    wanted = "nobody knows what this costs"
    if short.amount:
        wanted = f"this takes about {formatting.money(short.amount, unit)}"
    return f"{name} has no room: {used} of {limit} are used{held}, and {wanted}.{resets}"


def _budget_of(scope: Scope, asker: str | None = None) -> str:
    """Return the name of a budget; of `asker`, for another reader in another place."""
    if asker is None:
        return formatting.capitalized(budget_name(scope))
    if scope.kind is ScopeKind.EVERYONE:
        scope = replace(scope, kind=ScopeKind.PERSON, name=asker)
    return formatting.capitalized(budget_name(scope, is_here=False))


def _whom_to_ask(reasons: Sequence[Reason], admins: Sequence[str]) -> str:
    """Return whom to ask for more room; nobody can give some where only waiting helps."""
    if all(isinstance(reason, TooManyActive | NoSetForApprovers) for reason in reasons):
        return ""
    if not admins:
        return " Whoever runs this bot can make room."
    return f" {' or '.join(f'<@{admin}>' for admin in admins)} can make room."


def _plain_moment(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("on %Y-%m-%d at %H:%M UTC")
