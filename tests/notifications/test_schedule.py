"""When digests are due, and what they cover: the schedules of channels."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from bot.notifications.schedule import Every, Schedule, due_span, read_schedule, zone_named

BERLIN = ZoneInfo("Europe/Berlin")


def berlin(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> float:
    """Return a moment by Berlin's wall."""
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN).timestamp()


def schedule(every: Every, at: time = time(9), *, since: float = 0.0) -> Schedule:
    """Return a schedule of somebody in Berlin."""
    return Schedule(every=every, at=at, zone="Europe/Berlin", since=since)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ((2026, 11, 18, 8, 59), (2026, 11, 17, 9)),
        ((2026, 11, 18, 9, 0), (2026, 11, 18, 9)),
        ((2026, 11, 18, 23, 59), (2026, 11, 18, 9)),
        ((2026, 1, 1, 3), (2025, 12, 31, 9)),
    ],
)
def test_a_daily_digest_covers_the_day_until_its_hour(
    now: tuple[int, ...], until: tuple[int, ...]
) -> None:
    span = due_span(schedule(Every.DAILY), berlin(*now))
    assert span is not None
    assert span.until == berlin(*until)
    assert span.until - span.since == 86400


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ((2026, 11, 16, 8, 59), (2026, 11, 9, 9)),
        ((2026, 11, 16, 9, 0), (2026, 11, 16, 9)),
        ((2026, 11, 22, 12), (2026, 11, 16, 9)),
    ],
)
def test_a_weekly_digest_covers_the_week_until_monday(
    now: tuple[int, ...], until: tuple[int, ...]
) -> None:
    span = due_span(schedule(Every.WEEKLY), berlin(*now))
    assert span is not None
    assert (span.since, span.until) == (berlin(*until) - 7 * 86400, berlin(*until))


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25)])
def test_a_day_on_which_the_clocks_change_is_covered_whole(
    month: int, day: int, hours: int
) -> None:
    """The digest comes at the same hour of the wall, and no hour is left out or told twice."""
    span = due_span(schedule(Every.DAILY), berlin(2026, month, day, 10))
    assert span is not None
    assert span.until - span.since == hours * 3600
    before = due_span(schedule(Every.DAILY), berlin(2026, month, day, 8))
    assert before is not None
    assert before.until == span.since


def test_what_was_due_before_the_subscription_is_not_sent() -> None:
    subscribed = schedule(Every.DAILY, since=berlin(2026, 11, 18, 14))
    assert due_span(subscribed, berlin(2026, 11, 18, 15)) is None
    assert due_span(subscribed, berlin(2026, 11, 19, 9)) is not None


def test_a_schedule_survives_its_keeping_and_nonsense_is_none() -> None:
    kept = schedule(Every.WEEKLY, time(17, 30), since=5.0)
    assert read_schedule(kept.to_json()) == kept
    assert read_schedule({"every": "yearly"}) is None
    assert read_schedule(None) is None


@pytest.mark.parametrize("name", ["Nowhere/Land", "", "../etc/passwd"])
def test_an_unknown_zone_is_utc(name: str) -> None:
    assert zone_named(name) == ZoneInfo("UTC")
