"""The rules of budgets that are in force, reckoned from what those in charge have decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

from bot.jobs.budget_change import AddRaise, BudgetChange, EndRaises, GoOn, SetCap, StopNew
from storage.budget import Cap, Scope, ScopeKind, Window
from storage.job import Instant, is_direct
from tests.simulation.calendar import DAY, WorldCalendar
from tests.simulation.names import TEAM

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who asks for what, and where: it says which caps apply."""

    user: str
    channel: str
    model: str
    project: str | None = None

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the scopes in which it counts."""
        return _keys(self)

    @property
    def person(self) -> str:
        """The key of the scope of whoever asks."""
        return f"person:{TEAM}:{self.user}"


@lru_cache(maxsize=1024)
def _keys(place: Place) -> frozenset[str]:
    named = (
        ("person", place.user),
        ("model", place.model),
        ("workspace", ""),
        ("channel", None if is_direct(place.channel) else place.channel),
        ("project", place.project),
    )
    return frozenset(f"{kind}:{TEAM}:{name}" for kind, name in named if name is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A change that somebody asks for, by the key of their click."""

    key: str
    change: BudgetChange
    by: str
    may: bool
    """Whether they are in charge of budgets."""

    @property
    def scope(self) -> Scope | None:
        """Whose budget it concerns."""
        match self.change:
            case SetCap() | AddRaise() | EndRaises() | StopNew() | GoOn():
                return Scope(kind=self.change.target.kind, team=TEAM, name=self.change.target.name)
            case _:
                return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raise:
    scope: Scope
    amount: Decimal
    at: Instant
    until: Instant


class RuleBook:
    """What was decided, as the audit says which of the clicks have taken effect."""

    def __init__(self, caps: Iterable[Cap], calendar: WorldCalendar) -> None:
        self._first = tuple(caps)
        self._calendar = calendar
        self._asked: dict[str, Decision] = {}
        self._taken: Sequence[tuple[str, Instant]] = ()
        self._caps: dict[tuple[Scope, Window], Cap] = {}
        self._raises: list[_Raise] = []
        self._stops: set[Scope] = set()
        self.begin()

    @property
    def caps(self) -> Sequence[Cap]:
        """All caps in force."""
        return tuple(self._caps.values())

    def ask(self, decision: Decision) -> None:
        """Note that somebody is about to ask for a change."""
        self._asked[decision.key] = decision

    def begin(self) -> None:
        """Go back to what was decided before anybody asked for a video."""
        self._taken = ()
        self._caps = {(cap.scope, cap.window): cap for cap in self._first}
        self._raises, self._stops = [], set()

    def read(self, taken: Sequence[tuple[str, Instant]]) -> Iterable[str]:
        """Take in the keys and times of the audit; return what is wrong with them."""
        if taken == self._taken:
            return
        self.begin()
        self._taken = taken
        for key, at in taken:
            decision = self._asked.get(key)
            if decision is None or not decision.may:
                yield f"{key}: {decision}"
            else:
                self._take(decision, at)
        if len({key for key, _ in taken}) < len(taken):
            yield f"decided twice: {taken}"

    def _take(self, decision: Decision, at: Instant) -> None:
        scope = decision.scope
        if scope is None:
            return
        match decision.change:
            case SetCap(amount=amount, window=window, is_hard=is_hard):
                cap = Cap(scope=scope, window=window, limit=amount.figure, is_hard=is_hard)
                self._caps[scope, window] = cap
            case AddRaise(amount=amount, until=until):
                end = self._end(until, at)
                self._raises.append(_Raise(scope=scope, amount=amount.figure, at=at, until=end))
            case EndRaises():
                self._raises = [
                    replace(one, until=at) if one.scope == scope and one.until > at else one
                    for one in self._raises
                ]
            case StopNew():
                self._stops.add(scope)
            case GoOn():
                self._stops.discard(scope)

    def _end(self, until: Window | date, at: Instant) -> Instant:
        if isinstance(until, Window):
            return self._calendar.end_of(until, at) or at
        return self._calendar.begin_of(until + DAY)

    def is_stopped(self, place: Place) -> bool:
        """Return whether nothing new is taken from there."""
        return any(scope.key in place.keys for scope in self._stops)

    def counted(self, cap: Cap, place: Place) -> str | None:
        """Return the scope in which a cap counts what comes from there; `None`: it does not."""
        if cap.scope.kind is ScopeKind.EVERYONE:
            own = any(
                key.key == place.person and window is cap.window for key, window in self._caps
            )
            return None if own else place.person
        return cap.scope.key if cap.scope.key in place.keys else None

    def limit(self, cap: Cap, counted: str, at: Instant) -> Decimal:
        """Return the limit of a cap with the raises of a moment."""
        raised = {cap.scope.key, counted}
        return cap.limit + sum(
            (
                one.amount
                for one in self._raises
                if one.scope.key in raised and one.at <= at < one.until
            ),
            ZERO,
        )
