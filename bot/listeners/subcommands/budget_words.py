"""Reads the text after `/video budget`. Pure.

Text has Slack's markup, in which people and channels have IDs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import TypeAlias

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.jobs.budget_change import (
    AddRaise,
    BudgetChange,
    ConfirmCounts,
    EndRaises,
    GoOn,
    RemoveCap,
    SetCap,
    SetManagers,
    SetUnknown,
    SetWeek,
    SetZone,
    StopNew,
    Target,
)
from bot.money.amounts import TypedAmount, read_amount_in_unit
from bot.options.catalog import Catalog
from bot.options.mentions import CHANNEL, PERSON
from bot.options.projects import read_project
from bot.options.wording import quoted
from bot.slack.markup import plain
from storage.budget import ScopeKind, UnknownPrice, Window

LONGEST_REASON = 200

_BECAUSE = lazy_compile(r"(?:^|\s)because(?:[\s:]+(?P<why>.*))?$", re.IGNORECASE | re.DOTALL)

_WINDOWS = MappingProxyType(
    {
        ("per", "day"): Window.DAY,
        ("a", "day"): Window.DAY,
        ("daily",): Window.DAY,
        ("per", "week"): Window.WEEK,
        ("a", "week"): Window.WEEK,
        ("weekly",): Window.WEEK,
        ("per", "month"): Window.MONTH,
        ("a", "month"): Window.MONTH,
        ("monthly",): Window.MONTH,
        ("once",): Window.ONCE,
        ("in", "all"): Window.ONCE,
    }
)
_UNTIL = MappingProxyType(
    {
        ("today",): Window.DAY,
        ("this", "week"): Window.WEEK,
        ("this", "month"): Window.MONTH,
    }
)
_WEEKDAYS = MappingProxyType({"monday": 0, "sunday": 6})

HERE = "here"
ME = "me"
NONE = "none"

_TARGETS = (
    "Say whose budget: `@somebody`, `everyone`, `here`, `#channel`, `workspace`, `model NAME` or "
    "`project NAME`."
)
_PERIODS = "Say for how long: `per day`, `per week`, `per month` or `once`."
_ENDS = "Say until when: `today`, `this week`, `this month` or a date such as 2026-12-31."


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowBudget:
    """Show what applies to the user here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAll:
    """Show all budgets of the workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowManagers:
    """Show who may change budgets."""


BudgetCommand: TypeAlias = ShowBudget | ShowAll | ShowManagers | BudgetChange


@dataclass(frozen=True, slots=True, kw_only=True)
class _Typed:
    """The words behind the first one, and the reason behind `because`."""

    words: Sequence[str]
    because: str
    catalog: Catalog

    @property
    def plain_words(self) -> list[str]:
        """The words in lower case."""
        return [word.casefold() for word in self.words]


def read_budget_command(text: str, catalog: Catalog) -> BudgetCommand | None:
    """Return the command of a text; `None`: it begins a prompt. Raises `UsageError`.

    The name of a target is `HERE` for the channel, and `ME` for the user, of the interaction.
    """
    why = _BECAUSE.search(text)
    first, *words = (text[: why.start()] if why else text).split() or [""]
    reader = _READERS.get(first.casefold())
    if reader is None:
        return None
    said = [word for word in words if word.casefold() not in _FILLERS]
    return reader(_Typed(words=said, because=_reason(why), catalog=catalog))


# `set everyone to 5 per day please`
_FILLERS = frozenset({"to", "by", "of", "=", "please"})


def _shown(typed: _Typed) -> ShowBudget | None:
    return None if typed.because or typed.words else ShowBudget()


def _all(typed: _Typed) -> ShowAll | None:
    return None if typed.words else ShowAll()


def _cap(typed: _Typed) -> SetCap | RemoveCap:
    target, rest = _target(typed)
    kinds = [word.casefold() for word in rest if word.casefold() in _KINDS]
    rest = [word for word in rest if word.casefold() not in _KINDS]
    if rest and rest[0].casefold() == NONE:
        return RemoveCap(target=target, window=_window(rest[1:]) if rest[1:] else None)
    amount, window = _split(rest)
    if len(kinds) > 1:
        raise UsageError("A budget is either `hard` or `soft`.")
    return SetCap(
        target=target,
        amount=_amount(amount),
        window=_window(window),
        is_hard="soft" not in kinds,
        because=typed.because,
    )


_KINDS = frozenset({"hard", "soft"})


def _removal(typed: _Typed) -> RemoveCap:
    target, rest = _target(typed)
    return RemoveCap(target=target, window=_window(rest) if rest else None)


def _raise(typed: _Typed) -> AddRaise | EndRaises:
    target, rest = _target(typed)
    if [word.casefold() for word in rest] == [NONE]:
        return EndRaises(target=target)
    amount, behind = _split(rest)
    until = [word.casefold() for word in behind if word.casefold() != "until"]
    return AddRaise(
        target=target, amount=_amount(amount), until=_until(until), because=typed.because
    )


def _until(words: Sequence[str]) -> Window | date:
    window = _UNTIL.get(tuple(words))
    if window is not None:
        return window
    try:
        [day] = words
        return date.fromisoformat(day)
    except ValueError:
        raise UsageError(_ENDS) from None


def _split(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the words of an amount, and those behind it."""
    has_unit = len(words) > 1 and _is_unit(words[1])
    count = 2 if has_unit else 1
    return words[:count], words[count:]


def _is_unit(word: str) -> bool:
    return word.casefold() not in _BEHIND_AMOUNT and not word[0].isdigit()


# What stands behind an amount; any other word there is its unit.
_BEHIND_AMOUNT = frozenset(words[0] for words in (*_WINDOWS, *_UNTIL)) | {"each", "every", "until"}


def _amount(words: Sequence[str]) -> TypedAmount:
    if not words:
        raise UsageError("Say how much: a number such as 20 or 0.5, or `none` for no limit.")
    return read_amount_in_unit(plain(" ".join(words)))


def _window(words: Sequence[str]) -> Window:
    window = _WINDOWS.get(tuple(word.casefold() for word in words))
    if window is None:
        typed = f"{quoted(plain(' '.join(words)))} is no window. " if words else ""
        raise UsageError(f"{typed}{_PERIODS}")
    return window


def _target(typed: _Typed) -> tuple[Target, Sequence[str]]:
    """Return whose budget is meant, and the words behind it."""
    if not typed.words:
        raise UsageError(_TARGETS)
    first, rest = typed.words[0], typed.words[1:]
    person, channel = PERSON.fullmatch(first), CHANNEL.fullmatch(first)
    if person is not None:
        return Target(kind=ScopeKind.PERSON, name=person[1]), rest
    if channel is not None:
        return Target(kind=ScopeKind.CHANNEL, name=channel[1]), rest
    named = _NAMED.get(first.casefold())
    if named is not None:
        return named, rest
    match first.casefold(), rest:
        case "model", [name, *behind]:
            return Target(kind=ScopeKind.MODEL, name=typed.catalog.get(plain(name)).slug), behind
        case "project", [name, *behind]:
            return Target(kind=ScopeKind.PROJECT, name=read_project(plain(name))), behind
        case _:
            raise UsageError(_not_found(first))


_NAMED = MappingProxyType(
    {
        "everyone": Target(kind=ScopeKind.EVERYONE),
        "everybody": Target(kind=ScopeKind.EVERYONE),
        # What Slack makes of `@everyone`.
        "<!everyone>": Target(kind=ScopeKind.EVERYONE),
        "workspace": Target(kind=ScopeKind.WORKSPACE),
        HERE: Target(kind=ScopeKind.CHANNEL, name=HERE),
        ME: Target(kind=ScopeKind.PERSON, name=ME),
    }
)


def _not_found(word: str) -> str:
    typed = quoted(plain(word))
    if word.startswith("@"):
        return (
            f"Slack did not tell me who {typed} is. Choose the person from the list that opens "
            "behind `@`."
        )
    if word.startswith("#"):
        return (
            f"Slack did not tell me which channel {typed} is. Choose it from the list that opens "
            "behind `#`, or type the command there, with `here`."
        )
    return f"I do not know whose budget {typed} is. {_TARGETS}"


def _stop(typed: _Typed) -> StopNew:
    return StopNew(target=_stopped(typed), because=typed.because)


def _go_on(typed: _Typed) -> GoOn | None:
    if typed.plain_words[:1] != ["on"]:
        return None
    return GoOn(target=_stopped(replace(typed, words=typed.words[1:])))


def _stopped(typed: _Typed) -> Target:
    """Return the channel or the workspace that is stopped, or goes on; by default the channel."""
    if not typed.words:
        return Target(kind=ScopeKind.CHANNEL, name=HERE)
    target, rest = _target(typed)
    if rest or target.kind not in {ScopeKind.CHANNEL, ScopeKind.WORKSPACE}:
        raise UsageError(
            "Only a channel or the workspace can be stopped: say `here`, `#channel` or"
            " `workspace`, and why behind `because`."
        )
    return target


def _unknown(typed: _Typed) -> SetUnknown:
    match typed.plain_words:
        case ["hold", *_]:
            return SetUnknown(price=UnknownPrice.HOLD, hold=_amount(typed.words[1:]))
        case [what] if what in set(UnknownPrice):
            return SetUnknown(price=UnknownPrice(what))
        case _:
            raise UsageError(
                "Say what happens to a video whose price nobody knows: `unknown ask`, `hold 2`, "
                "`refuse` or `allow`."
            )


def _week(typed: _Typed) -> SetWeek | None:
    starts, *day = typed.plain_words or [""]
    if starts not in {"starts", "begins"}:
        return None
    first = _WEEKDAYS.get(" ".join(day).removeprefix("on "))
    if first is None:
        raise UsageError("Weeks start on `monday` or on `sunday`.")
    return SetWeek(first_weekday=first)


def _zone(typed: _Typed) -> SetZone | None:
    return SetZone(zone=plain(typed.words[0])) if len(typed.words) == 1 else None


def _managers(typed: _Typed) -> ShowManagers | SetManagers:
    if not typed.words:
        return ShowManagers()
    if typed.plain_words == [NONE]:
        return SetManagers(users=())
    found = []
    for word in typed.words:
        person = PERSON.fullmatch(word.rstrip(","))
        if person is None:
            raise UsageError(_not_found(f"@{word.removeprefix('@')}"))
        found.append(person[1])
    return SetManagers(users=tuple(dict.fromkeys(found)))


def _checked(typed: _Typed) -> ConfirmCounts | None:
    return None if typed.words else ConfirmCounts(because=typed.because)


def _reason(found: re.Match[str] | None) -> str:
    """Return why something is decided, on one line."""
    typed = plain(found["why"] or "") if found else ""
    reason = " ".join("".join(mark if mark.isprintable() else " " for mark in typed).split())
    if len(reason) > LONGEST_REASON:
        raise UsageError(f"Give the reason in at most {LONGEST_REASON} characters.")
    return reason


_READERS: Mapping[str, Callable[[_Typed], BudgetCommand | None]] = MappingProxyType(
    {
        "": _shown,
        **dict.fromkeys(("show", ME, HERE), _shown),
        "all": _all,
        "set": _cap,
        "unset": _removal,
        "raise": _raise,
        "stop": _stop,
        "go": _go_on,
        "unknown": _unknown,
        "week": _week,
        "zone": _zone,
        "managers": _managers,
        "checked": _checked,
    }
)
"""How the text behind a first word is read."""

FIRST_WORDS = frozenset(filter(None, _READERS))
"""The words with which a text behind `budget` begins."""
