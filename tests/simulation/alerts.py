"""Alerts: each level that a use reaches is noted, and told once to whom it concerns."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from storage.budget import Cap, Window
from storage.job import Instant
from storage.notification import Notification, NotificationKind
from tests.simulation.books import ZERO, AlertLine, Books, Line
from tests.simulation.money import IN_CHARGE, Budgets
from tests.simulation.rulebook import RuleBook
from tests.simulation.workspace import PostedMessage
from tests.simulation.world import World

LEVELS = (50, 80, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one message says of an alert, to whom."""

    channel: str
    scope: str
    window: Window
    began_at: Instant
    level: int

    @staticmethod
    def of(channel: str, detail: str) -> Told:
        """Return what the row of a message says."""
        said = json.loads(detail)
        scope = said["scope"]
        return Told(
            channel=channel,
            scope=f"{scope['kind']}:{scope['team']}:{scope['name']}",
            window=Window(said["window"]),
            began_at=said["began_at"],
            level=said["level"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crossed:
    """A use that grew, of a cap, in the window of a day."""

    cap: Cap
    scope: str
    day: date
    held: Decimal
    spent: Decimal
    limits: frozenset[Decimal]
    """With the raises at the earliest and at the latest moment of the commit."""


Key = tuple[str, str, int]


class AlertBook:
    """Checks the alerts of one world."""

    def __init__(self, world: World, budgets: Budgets, rules: RuleBook) -> None:
        self._world = world
        self._calendar = budgets.calendar
        self._rules = rules
        self._known: frozenset[Key] = frozenset()

    def after_restore(self, books: Books) -> None:
        """Take what a backup knows for all that there is; it knows nothing new."""
        found = _keys(books.alerts)
        if not found <= self._known:
            self._world.violate("a level is noted when it is reached", f"{found - self._known}")
        self._known = found

    def after_commit(
        self,
        before: Mapping[str, Line],
        books: Books,
        since: Instant,
        *,
        clock_errs: bool,
    ) -> None:
        """Check the alerts after a commit that was made between `since` and now."""
        now = self._world.now()
        grown = [
            line
            for line in books.lines
            if line.day is not None and _total(line) > _total(before.get(line.job_id))
        ]
        crossed = {
            (one.scope, self._calendar.key_of(one.cap.window, one.day)): one
            for line in grown
            for one in self._uses(line, books, since, now)
        }
        found = _keys(books.alerts)
        if len(found) < len(books.alerts):
            self._world.violate("a level is noted once", str(books.alerts))
        required = {key for key in _reached(crossed) if key not in found}
        if required:
            self._world.violate("a level is noted when it is reached", str(required))
        new = [one for one in books.alerts if (one.scope, one.period, one.level) not in self._known]
        self._known = found
        for alert in new:
            self._world.count("alert")
            self._check_alert(alert, crossed.get((alert.scope, alert.period)), len(grown))
        if new and not clock_errs:
            self._check_told(new, crossed, books, since)

    def _uses(self, line: Line, books: Books, since: Instant, now: Instant) -> Iterable[_Crossed]:
        """Return the uses of the caps that apply to a line, in the windows in which it counts."""
        day = line.date
        for cap in self._rules.caps if day is not None else ():
            scope = self._rules.counted(cap, line.place)
            if scope is None or day is None:
                continue
            window = self._calendar.days_of(cap.window, day)
            those = [
                one
                for one in books.lines
                if scope in one.place.keys and one.date and window[0] <= one.date < window[1]
            ]
            yield _Crossed(
                cap=cap,
                scope=scope,
                day=day,
                held=sum((one.held for one in those), ZERO),
                spent=sum((one.spent for one in those), ZERO),
                limits=frozenset(self._rules.limit(cap, scope, at) for at in (since, now)),
            )

    def _check_alert(self, alert: AlertLine, use: _Crossed | None, grown: int) -> None:
        """Check that a new alert is of a use that grew, and has its amounts."""
        if use is None or alert.limit not in use.limits or not _is_reached(use, alert.level):
            self._world.violate("a level is noted when it is reached", f"{alert}: {use}")
        elif grown == 1 and (alert.held, alert.spent) != (use.held, use.spent):
            self._world.violate("an alert has the amounts of its use", f"{alert}: {use}")

    def _check_told(
        self,
        new: Sequence[AlertLine],
        crossed: Mapping[tuple[str, str], _Crossed],
        books: Books,
        since: Instant,
    ) -> None:
        """Check that the highest of new levels is told in its commit, unless its window is over."""
        told = [Told.of(channel, detail) for channel, detail in books.told]
        highest = {(one.scope, one.period): one.level for one in new}
        for (scope, period), level in highest.items():
            use = crossed.get((scope, period))
            if use is None:
                continue
            window = use.cap.window
            first, _ = self._calendar.days_of(window, use.day)
            began_at = 0.0 if window is Window.ONCE else self._calendar.begin_of(first)
            days = {self._calendar.day_at(at) for at in (since, self._world.now())}
            current = {self._calendar.key_of(window, day) == period for day in days}
            if len(current) > 1:
                continue
            for channel in _readers(scope, level):
                wanted = Told(
                    channel=channel, scope=scope, window=window, began_at=began_at, level=level
                )
                if (wanted in told) is not current.copy().pop():
                    self._world.violate("a level is told while its window lasts", str(wanted))

    def at_rest(self, rows: Iterable[Notification], posts: Sequence[PostedMessage]) -> None:
        """Check that nobody was told twice of one level, in a restored life neither."""
        of = {
            row.id: Told.of(row.channel, row.detail)
            for row in rows
            if row.kind is NotificationKind.BUDGET_ALERT
        }
        times: dict[Told, int] = defaultdict(int)
        for said in posts:
            if said.job_id in of and not said.deleted:
                times[of[said.job_id]] += 1
        for told, count in times.items():
            self._world.count("alert told")
            if count > 1:
                self._world.violate("a level is told once", str(told))


def _keys(alerts: Iterable[AlertLine]) -> frozenset[Key]:
    return frozenset((one.scope, one.period, one.level) for one in alerts)


def _total(line: Line | None) -> Decimal:
    return ZERO if line is None or line.day is None else line.held + line.spent


def _reached(crossed: Mapping[tuple[str, str], _Crossed]) -> Iterable[Key]:
    """Return the levels that are reached whatever the moment of the commit; of 0 there is none."""
    for (scope, period), use in crossed.items():
        for level in LEVELS:
            total = use.held + use.spent
            if all(limit and total * 100 >= limit * level for limit in use.limits):
                yield scope, period, level


def _is_reached(use: _Crossed, level: int) -> bool:
    return (use.held + use.spent) * 100 >= min(use.limits) * level


def _readers(scope: str, level: int) -> Iterable[str]:
    """Return who is told: the person or the channel, and of all else those in charge."""
    kind, _, name = scope.split(":")
    match kind:
        case "person":
            return [name]
        case "channel":
            return [name, *(IN_CHARGE if level == max(LEVELS) else ())]
        case _:
            return IN_CHARGE
