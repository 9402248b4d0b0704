"""Reads when a render is to start, as people type it, and finds the moment. Pure."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeAlias, assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.options.wording import quoted
from storage.job import Instant, Repeat, RepeatEvery

AT_FLAG = "at"
"""The flag that says when a request is to start; a model's own option of this name goes first."""

EVERY_FLAG = "every"
"""The flag that says how often it is repeated; a model's own option of this name goes first."""

FARTHEST_SECONDS = 366 * 86400.0
"""How far ahead it may be."""

MOST_TIME_WORDS = 4
"""The words of the longest time: `monday at 6 p.m.`."""

NO_SET_LATER = (
    "Several videos at once cannot be planned for later. Leave out the time, or ask for one."
)
"""Why a set has no time."""

AT_EXAMPLES = "`--at 18:00`, `--at tomorrow 9:00`, `--at monday 9:00` or `--at 2026-12-24 18:00`"
"""How a time is typed."""
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST_WEEKDAY = 3
_SATURDAY = 5
_DAYS_AHEAD = {"today": 0, "tomorrow": 1}
_CLOCK = lazy_compile(r"([01]?\d|2[0-3]):([0-5]\d)|(1[0-2]|0?[1-9])(?::([0-5]\d))? ?([ap])\.?m\.?")
_DATE = lazy_compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class WallTime:
    """A time by the clock on the wall, in no zone yet."""

    text: str
    """As it was typed."""
    clock: time
    date: date | None = None
    weekday: int | None = None
    """Monday is 0."""
    days_ahead: int | None = None
    """0 is today. If no day is named, it is the next time that the clock shows this."""


StartTime: TypeAlias = WallTime | Instant
"""When a request is to start: as it was typed, or the moment that was picked in a form."""


class StartError(UsageError):
    """A request cannot start when it says: each surface tells it where the time was given."""


def read_wall_time(text: str) -> WallTime:
    """Return the time that a text names. Raises `UsageError` with examples of what can be read."""
    found = find_wall_time(text)
    if found is None:
        raise UsageError(f"{quoted(text)} is no time that I can read. Write {AT_EXAMPLES}.")
    return found


def find_wall_time(text: str) -> WallTime | None:
    """Return the time that a text names; `None`: it names none."""
    words = text.casefold().split()
    if len(words) > 1 and words[1] == "at":
        del words[1]
    day, _, rest = " ".join(words).partition(" ")
    if (whole := _clock(" ".join(words))) is not None:
        return WallTime(text=text, clock=whole)
    clock = _clock(rest)
    if clock is None:
        return None
    if day in _DAYS_AHEAD:
        return WallTime(text=text, clock=clock, days_ahead=_DAYS_AHEAD[day])
    weekday = _weekday(day)
    if weekday is not None:
        return WallTime(text=text, clock=clock, weekday=weekday)
    named = _date(day)
    return None if named is None else WallTime(text=text, clock=clock, date=named)


def moment_of(wanted: StartTime, zone: ZoneInfo, now: Instant) -> Instant:
    """Return the moment at which the clocks of a zone show a time, the next one after `now`.

    A time that clocks skip is told by the clock before the change, and the first of two that they
    show twice is taken; a moment that was picked is itself. Raises `StartError` for one that is
    over or too far ahead.
    """
    if isinstance(wanted, WallTime):
        at, named = _next_at_clock(wanted, zone, now), wanted.text
    else:
        at, named = wanted, _by_clock(wanted, zone)
    if at <= now:
        raise StartError(
            f"{quoted(named)} is over: it is {_by_clock(now, zone)} in {zone.key} now. "
            "Give a later time, for example `tomorrow 9:00`."
        )
    if at - now > FARTHEST_SECONDS:
        raise StartError(
            f"{quoted(named)} is more than a year ahead. Give an earlier time, for example "
            "`tomorrow 9:00`."
        )
    return at


def _by_clock(at: Instant, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"


def _next_at_clock(wanted: WallTime, zone: ZoneInfo, now: Instant) -> Instant:
    """Return the next moment that a time names; of one that names its day, that on this day."""
    today = datetime.fromtimestamp(now, zone).date()
    day = _day_of(wanted, today)
    at = at_clock(day, wanted.clock, zone)
    if at <= now and wanted.date is None and wanted.days_ahead is None:
        at = at_clock(day + timedelta(days=1 if wanted.weekday is None else 7), wanted.clock, zone)
    return at


def read_every(text: str) -> RepeatEvery:
    """Return how often a render is repeated. Raises `UsageError`."""
    word = text.strip().casefold()
    if _weekday(word) is not None:
        raise UsageError(
            f"{quoted(text)} is no interval. Write `--every week`, and the day beside the time: "
            f"`--at {word} 9:00 --every week`."
        )
    if word not in set(RepeatEvery):
        raise UsageError(
            f"{quoted(text)} is nothing that I can repeat by. Write `--every day`, "
            "`--every weekday`, `--every week` or `--every month`, beside `--at 9:00`."
        )
    return RepeatEvery(word)


def new_repeat(job_id: str, every: RepeatEvery, at: Instant, zone: ZoneInfo) -> Repeat:
    """Return the rule of a repeat that begins at a moment, or at the next one that fits it."""
    first = datetime.fromtimestamp(at, zone).replace(tzinfo=None)
    return Repeat(id=job_id, every=every, first=first.isoformat(), zone=zone.key)


def first_moment(repeat: Repeat, at: Instant) -> Instant:
    """Return the moment with which a repeat begins: the one asked for, or the next that fits.

    A weekday may be meant, and the time be that of a Saturday.
    """
    day = datetime.fromtimestamp(at, zone_named(repeat.zone)).date()
    return at if _is_day_of(repeat.every, day, day) else next_moment(repeat, at)


def next_moment(repeat: Repeat, after: Instant) -> Instant:
    """Return the first moment of a repeat after a time.

    By the clocks of its zone: days on which these change are longer or shorter. A month that lacks
    the day has its moment on its last one.
    """
    first, zone = datetime.fromisoformat(repeat.first), zone_named(repeat.zone)
    # Clocks may go back over midnight, so the day before is looked at, too.
    day = max(first.date(), datetime.fromtimestamp(after, zone).date() - timedelta(days=1))
    while True:
        at = at_clock(day, first.time(), zone)
        if at > after and _is_day_of(repeat.every, day, first.date()):
            return at
        day += timedelta(days=1)


def _is_day_of(every: RepeatEvery, day: date, first: date) -> bool:
    match every:
        case RepeatEvery.DAY:
            return True
        case RepeatEvery.WEEKDAY:
            return day.weekday() < _SATURDAY
        case RepeatEvery.WEEK:
            return day.weekday() == first.weekday()
        case RepeatEvery.MONTH:
            last = monthrange(day.year, day.month)[1]
            return day.day == min(first.day, last)
        case _:
            assert_never(every)


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone; an unknown name is UTC."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def at_clock(day: date, clock: time, zone: ZoneInfo) -> Instant:
    """Return when the clocks of a zone show a time on a day."""
    return datetime.combine(day, clock, zone).timestamp()


def _day_of(wanted: WallTime, today: date) -> date:
    if wanted.date is not None:
        return wanted.date
    if wanted.weekday is not None:
        return today + timedelta(days=(wanted.weekday - today.weekday()) % 7)
    return today + timedelta(days=wanted.days_ahead or 0)


def _clock(text: str) -> time | None:
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    if found[1] is not None:
        return time(int(found[1]), int(found[2]))
    hour = int(found[3]) % 12 + (12 if found[5] == "p" else 0)
    return time(hour, int(found[4] or 0))


def _weekday(word: str) -> int | None:
    """Return the number of a weekday, of which at least three letters are typed."""
    for number, name in enumerate(_WEEKDAYS):
        if len(word) >= _SHORTEST_WEEKDAY and name.startswith(word):
            return number
    return None


def _date(word: str) -> date | None:
    try:
        return date.fromisoformat(word) if _DATE.fullmatch(word) else None
    except ValueError:
        return None
