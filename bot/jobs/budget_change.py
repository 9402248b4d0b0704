"""What may be changed of budgets, whichever surface it is asked on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from bot.jobs.budget_view import BudgetLine
from bot.money.amounts import TypedAmount
from storage.budget import Scope, ScopeKind, UnknownPrice, Window
from storage.job import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whose budget is changed: a kind of scope, and the ID or name of the one that is meant."""

    kind: ScopeKind
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCap:
    """Set a cap, in place of an earlier one of the same target and window."""

    target: Target
    amount: TypedAmount
    window: Window
    is_hard: bool = True
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveCap:
    """Remove a cap; `window` `None`: all of the target."""

    target: Target
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRaise:
    """Raise the caps of a target until the end of the current window, or of a day."""

    target: Target
    amount: TypedAmount
    until: Window | date
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRaises:
    """End the raises of a target before their time."""

    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class StopNew:
    """Let a channel or the workspace take no new requests."""

    target: Target
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOn:
    """Let a channel or the workspace take requests again."""

    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUnknown:
    """Set what happens to a request whose price is unknown."""

    price: UnknownPrice
    hold: TypedAmount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWeek:
    """Set the day on which weeks begin: 0 is Monday, 6 is Sunday."""

    first_weekday: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetZone:
    """Set the time zone in which days begin."""

    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetManagers:
    """Set who may change budgets beside the admins. Only admins do."""

    users: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmCounts:
    """Confirm what budgets count since a backup was restored."""

    since: Instant | None = None
    """The doubt that the user was shown; `None`: whichever there is."""
    because: str = ""


BudgetChange: TypeAlias = (
    SetCap
    | RemoveCap
    | AddRaise
    | EndRaises
    | StopNew
    | GoOn
    | SetUnknown
    | SetWeek
    | SetZone
    | SetManagers
    | ConfirmCounts
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotInCharge:
    """The user may not change budgets, or not this; `in_charge` may."""

    in_charge: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A change is committed; `scope` is what it concerns, if it is a scope."""

    change: BudgetChange
    scope: Scope | None = None
    line: BudgetLine | None = None
    """The cap that was set, as it is now."""
    removed: tuple[Window, ...] = ()
    until: Instant | None = None
    """When a raise ends."""
    count: int = 0
    """How many raises were ended, or 1 for a stop that there was."""
    unit: str | None = None


ChangeOutcome: TypeAlias = Changed | NotInCharge
