"""Reads what `/video cost` is asked for: whose costs, by what they are listed, and when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.money.cost_report import Dimension
from storage.budget import Calendar, Period, Window, period_of


class Whose(StrEnum):
    """The scopes of a cost report."""

    ME = "me"
    CHANNEL = "channel"
    TEAM = "team"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostQuery:
    """What a cost report is about."""

    whose: Whose | None = None
    """`None`: each scope in a line if nothing is listed, else the whole team."""
    by: Dimension | None = None
    """By what the costs are listed; `None`: their sum alone."""
    window: Window = Window.MONTH
    is_last: bool = False
    """Whether it is about the window before the one that contains today."""


_WHOSE: Mapping[str, Whose] = MappingProxyType(
    {whose.value: whose for whose in Whose}
    | {"mine": Whose.ME, "here": Whose.CHANNEL}
    | dict.fromkeys(("workspace", "everybody", "everyone", "all"), Whose.TEAM)
)

_DIMENSIONS: Mapping[str, Dimension] = MappingProxyType(
    {word: one for one in Dimension for word in (one.value, f"{one.value}s")}
    | dict.fromkeys(("people", "user", "users"), Dimension.PERSON)
)

_WINDOWS: Mapping[str, Window] = MappingProxyType(
    {window.value: window for window in (Window.DAY, Window.WEEK, Window.MONTH)}
)

_DAYS: Mapping[str, bool] = MappingProxyType({"today": False, "yesterday": True})
"""Names of a day, and whether it is the one before."""


QUERY_WORDS = frozenset({"by", "this", "last", *_WHOSE, *_DIMENSIONS, *_WINDOWS, *_DAYS})
"""All words that a query can have."""


def read_cost_query(text: str) -> CostQuery | None:
    """Return what a text asks for; `None`: it has a word that belongs to something else.

    Its parts come in any order, each at most once: `me by model last week`.
    """
    whose: list[Whose] = []
    by: list[Dimension] = []
    when: list[tuple[Window, bool]] = []
    words = text.casefold().split()
    while words:
        match words:
            case ["by", name, *rest] if name in _DIMENSIONS:
                by.append(_DIMENSIONS[name])
            case [("this" | "last") as which, name, *rest] if name in _WINDOWS:
                when.append((_WINDOWS[name], which == "last"))
            case [name, *rest] if name in _DAYS:
                when.append((Window.DAY, _DAYS[name]))
            case [name, *rest] if name in _WINDOWS:
                when.append((_WINDOWS[name], False))
            case [name, *rest] if name in _WHOSE:
                whose.append(_WHOSE[name])
            case _:
                return None
        words = rest
    if len(whose) > 1 or len(by) > 1 or len(when) > 1:
        return None
    window, is_last = next(iter(when), (Window.MONTH, False))
    return CostQuery(
        whose=next(iter(whose), None), by=next(iter(by), None), window=window, is_last=is_last
    )


def periods_of(query: CostQuery, today: str, calendar: Calendar) -> tuple[Period, Period]:
    """Return the period that a report is about, and the one before it."""
    period = period_of(query.window, today, calendar)
    before = _before(query.window, period, calendar)
    return (before, _before(query.window, before, calendar)) if query.is_last else (period, before)


def _before(window: Window, period: Period, calendar: Calendar) -> Period:
    last_day = date.fromisoformat(period.first) - timedelta(days=1)
    return period_of(window, last_day.isoformat(), calendar)
