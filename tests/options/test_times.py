"""Tests of the times that people type, and of the moments that clocks on walls show."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.base.errors import UsageError
from bot.options.parser import read_text
from bot.options.request import read_request
from bot.options.styles import NO_STYLES
from bot.options.times import (
    StartError,
    WallTime,
    find_wall_time,
    first_moment,
    moment_of,
    new_repeat,
    next_moment,
    read_wall_time,
)
from storage.job import RepeatEvery
from tests.support.services import CATALOG

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = datetime(2026, 11, 27, 4, 40, tzinfo=BERLIN).timestamp()


def local(text: str, now: float = FRIDAY) -> str:
    """Return the moment that a text names, by the clocks of Berlin."""
    at = moment_of(read_wall_time(text), BERLIN, now)
    return f"{datetime.fromtimestamp(at, BERLIN):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18:00", "2026-11-27 18:00"),
        ("6pm", "2026-11-27 18:00"),
        ("6:30 PM", "2026-11-27 18:30"),
        ("monday at 6 p.m.", "2026-11-30 18:00"),
        ("12 am", "2026-11-28 00:00"),
        ("4:00", "2026-11-28 04:00"),
        ("today 18:00", "2026-11-27 18:00"),
        ("tomorrow at 9:00", "2026-11-28 09:00"),
        ("monday 9:00", "2026-11-30 09:00"),
        ("Fri 5:00", "2026-11-27 05:00"),
        ("fri 4:00", "2026-12-04 04:00"),
        ("2026-12-24 18:00", "2026-12-24 18:00"),
    ],
)
def test_a_time_is_the_next_one_that_clocks_show(text: str, expected: str) -> None:
    assert local(text) == expected


@pytest.mark.parametrize(
    "text", ["", "soon", "25:00", "9", "may 9:00", "2026-02-30 9:00", "18:00 x"]
)
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    assert find_wall_time(text) is None
    with pytest.raises(UsageError, match="--at monday 9:00"):
        read_wall_time(text)


@pytest.mark.parametrize("text", ["today 3:00", "2026-11-26 18:00", "2027-12-24 18:00"])
def test_what_is_over_or_far_ahead_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="`tomorrow 9:00`"):
        local(text)


def test_a_time_that_clocks_skip_is_told_by_the_clock_before() -> None:
    """At 2:00 clocks in Berlin go forward to 3:00."""
    assert local("2027-03-28 2:30") == "2027-03-28 03:30"
    saturday = datetime(2027, 3, 27, 12, tzinfo=BERLIN).timestamp()
    assert moment_of(read_wall_time("9:00"), BERLIN, saturday) - saturday == 20 * 3600


def test_a_time_that_clocks_show_twice_is_the_first() -> None:
    """At 3:00 they go back to 2:00; after the first one the next is a day later."""
    noon = datetime(2027, 10, 30, 12, tzinfo=BERLIN).timestamp()
    first = moment_of(read_wall_time("2:30"), BERLIN, noon)
    assert first - noon == 14.5 * 3600
    assert moment_of(read_wall_time("2:30"), BERLIN, first) - first == 25 * 3600
    assert moment_of(read_wall_time("9:00"), BERLIN, noon) - noon == 22 * 3600


@pytest.mark.parametrize(
    ("every", "first", "expected"),
    [
        ("day", "2027-03-27 02:30", ["03-28 03:30", "03-29 02:30"]),
        ("day", "2027-10-30 02:30", ["10-31 02:30", "11-01 02:30"]),
        ("week", "2027-03-22 09:00", ["03-29 09:00", "04-05 09:00"]),
        ("weekday", "2026-11-27 09:00", ["11-30 09:00", "12-01 09:00"]),
        ("month", "2026-12-31 09:00", ["01-31 09:00", "02-28 09:00", "03-31 09:00"]),
    ],
)
def test_a_repeat_goes_by_the_clocks_of_its_zone(
    every: str, first: str, expected: list[str]
) -> None:
    """Days on which clocks change are longer or shorter, and months lack days."""
    at = moment_of(read_wall_time(first), BERLIN, datetime.fromisoformat(first).timestamp() - 9e6)
    repeat = new_repeat("a1", RepeatEvery(every), at, BERLIN)
    assert next_moment(repeat, at - 1) == at
    found = []
    for _ in expected:
        at = next_moment(repeat, at)
        found.append(f"{datetime.fromtimestamp(at, BERLIN):%m-%d %H:%M}")
    assert found == expected


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "is over: it is 2026-11-27 04:40"), (-1, "is over"), (367 * 86400, "more than a year")],
)
def test_a_picked_moment_that_cannot_be_is_refused(seconds: float, told: str) -> None:
    with pytest.raises(StartError, match=told):
        moment_of(FRIDAY + seconds, BERLIN, FRIDAY)


def test_a_picked_moment_is_itself_also_as_the_first_of_a_repeat() -> None:
    """Also the second 2:30 of a night with two, and behind a leap day; a weekday is one."""
    second = datetime(2027, 10, 31, 2, 30, tzinfo=BERLIN, fold=1).timestamp()
    assert moment_of(second, BERLIN, second - 1) == second
    repeat = new_repeat("a1", RepeatEvery.DAY, second, BERLIN)
    assert first_moment(repeat, second) == second
    assert next_moment(repeat, second) == second + 24 * 3600
    leap = datetime(2028, 2, 29, 9, tzinfo=BERLIN).timestamp()
    monthly = new_repeat("a1", RepeatEvery.MONTH, leap, BERLIN)
    assert first_moment(monthly, leap) == leap
    assert next_moment(monthly, leap) == leap + 29 * 86400 - 3600
    saturday = datetime(2026, 11, 28, 9, tzinfo=BERLIN).timestamp()
    on_weekdays = new_repeat("a1", RepeatEvery.WEEKDAY, saturday, BERLIN)
    assert first_moment(on_weekdays, saturday) == saturday + 2 * 86400


def test_a_repeat_needs_a_time_and_a_known_word() -> None:
    for text, told in (
        ("boats --every day", "--at 9:00"),
        ("boats --every hour --at 9:00", "month"),
    ):
        with pytest.raises(UsageError, match=told):
            read_request(read_text(text), CATALOG)
    request = read_request(read_text("boats --at monday 9:00 --every week"), CATALOG)
    assert (request.every, request.input["prompt"]) == (RepeatEvery.WEEK, "boats")


@pytest.mark.parametrize(
    ("text", "prompt", "at"),
    [
        ("a harbour --at 18:00", "a harbour", "18:00"),
        ("--at monday 9:00 a harbour", "a harbour", "monday 9:00"),
        ("--at monday 6 pm boats", "boats", "monday 6 pm"),
        ('a harbour --at "tomorrow 9:00" at dusk', "a harbour at dusk", "tomorrow 9:00"),
        ("--at=monday 9:00 boats", "boats", "monday 9:00"),
        ("a harbour at 18:00", "a harbour at 18:00", None),
        ("a harbour -- --at 18:00", "a harbour --at 18:00", None),
    ],
)
def test_the_value_of_the_flag_is_read_and_nothing_else(
    text: str, prompt: str, at: str | None
) -> None:
    request = read_request(read_text(text), CATALOG, styles=NO_STYLES)
    assert request.input["prompt"] == prompt
    assert (request.at.text if isinstance(request.at, WallTime) else None) == at
