"""The calendars of the worlds: zones by their offsets, days and windows, without the bot's code."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import inf
from types import MappingProxyType

from storage.budget import Window
from storage.job import Instant

DAY = timedelta(days=1)
HOUR = 3600.0

# From when on a zone's clocks are ahead of UTC by so many seconds, in 2026 and until 2028 where it
# has no summer time. A test compares them with the database of time zones.
ZONES: Mapping[str, tuple[tuple[Instant, float], ...]] = MappingProxyType(
    {
        "UTC": ((-inf, 0.0),),
        "Asia/Kathmandu": ((-inf, 5.75 * HOUR),),
        "Atlantic/Cape_Verde": ((-inf, -1 * HOUR),),
        "Pacific/Kiritimati": ((-inf, 14 * HOUR),),
        "Europe/Berlin": ((-inf, 1 * HOUR), (1774746000.0, 2 * HOUR), (1792890000.0, 1 * HOUR)),
        "America/New_York": (
            (-inf, -5 * HOUR),
            (1772953200.0, -4 * HOUR),
            (1793512800.0, -5 * HOUR),
        ),
        # A day that begins at one o'clock, and one whose last hour comes twice.
        "Africa/Cairo": ((-inf, 2 * HOUR), (1776981600.0, 3 * HOUR), (1793307600.0, 2 * HOUR)),
        # A day that begins at one o'clock, and one whose first hour comes twice.
        "Atlantic/Azores": ((-inf, -1 * HOUR), (1774746000.0, 0.0), (1792890000.0, -1 * HOUR)),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldCalendar:
    """The calendar of a workspace, as the simulation reckons it."""

    zone: str = "UTC"
    first_weekday: int = 0

    def day_at(self, at: Instant) -> date:
        """Return the date of a moment."""
        offset = next(ahead for since, ahead in reversed(ZONES[self.zone]) if at >= since)
        return datetime.fromtimestamp(at + offset, UTC).date()

    def begin_of(self, day: date) -> Instant:
        """Return the first moment of a day."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        offsets = ZONES[self.zone]
        ends = [since for since, _ in offsets[1:]] + [inf]
        return min(
            max(midnight - ahead, since)
            for (since, ahead), end in zip(offsets, ends, strict=True)
            if max(midnight - ahead, since) < end
        )

    def days_of(self, window: Window, day: date) -> tuple[date, date]:
        """Return the first day of the window of a day, and the first day after it."""
        match window:
            case Window.DAY:
                return day, day + DAY
            case Window.WEEK:
                first = day
                while first.weekday() != self.first_weekday:
                    first -= DAY
                return first, first + 7 * DAY
            case Window.MONTH:
                after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
                return day.replace(day=1), after
            case Window.ONCE:
                return date.min, date.max

    def end_of(self, window: Window, at: Instant) -> Instant | None:
        """Return when the window that contains a moment ends; `None`: never."""
        _, until = self.days_of(window, self.day_at(at))
        return None if until == date.max else self.begin_of(until)

    def key_of(self, window: Window, day: date) -> str:
        """Return a window as the alerts name it."""
        first, _ = self.days_of(window, day)
        return window.value if first == date.min else f"{window.value} {first}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Midnight:
    """A midnight in the life of a world: the beginning of `day`."""

    zone: str
    first_weekday: int
    day: date

    @property
    def calendar(self) -> WorldCalendar:
        """The calendar by which it is midnight then."""
        return WorldCalendar(zone=self.zone, first_weekday=self.first_weekday)


MIDNIGHTS = (
    # A day, a week that begins on a Sunday, a year.
    Midnight(zone="UTC", first_weekday=0, day=date(2026, 1, 2)),
    Midnight(zone="UTC", first_weekday=6, day=date(2026, 5, 31)),
    Midnight(zone="Pacific/Kiritimati", first_weekday=4, day=date(2027, 1, 1)),
    # The leap day, and the day after it.
    Midnight(zone="Asia/Kathmandu", first_weekday=1, day=date(2028, 2, 29)),
    Midnight(zone="Asia/Kathmandu", first_weekday=2, day=date(2028, 3, 1)),
    # The beginning of a day of 23 hours, its end, and the end of a day of 25.
    Midnight(zone="Europe/Berlin", first_weekday=6, day=date(2026, 3, 29)),
    Midnight(zone="Europe/Berlin", first_weekday=0, day=date(2026, 3, 30)),
    Midnight(zone="America/New_York", first_weekday=0, day=date(2026, 11, 2)),
    # A month and a week at once, in whose first day the clocks change.
    Midnight(zone="America/New_York", first_weekday=6, day=date(2026, 11, 1)),
    # Midnights that there are not, or twice.
    Midnight(zone="Africa/Cairo", first_weekday=4, day=date(2026, 4, 24)),
    Midnight(zone="Africa/Cairo", first_weekday=4, day=date(2026, 10, 30)),
    Midnight(zone="Atlantic/Azores", first_weekday=6, day=date(2026, 3, 29)),
    Midnight(zone="Atlantic/Azores", first_weekday=6, day=date(2026, 10, 25)),
)
EARLIEST_MIDNIGHT, LATEST_MIDNIGHT = 60.0, 700.0
"""How long after the beginning of a world its windows turn, in seconds."""


def draw_midnight(chance: random.Random) -> Midnight | None:
    """Return the midnight that a world sees early on; `None`: none."""
    return chance.choice(MIDNIGHTS) if chance.random() < 0.7 else None
