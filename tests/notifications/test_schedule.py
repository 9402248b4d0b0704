"""Tests of the schedules of digests, and of the stored operators."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlite_utils import Database

from bot.notifications.schedule import (
    Every,
    Schedule,
    due_span,
    keep_operators,
    read_schedule,
)
from bot.options.times import zone_named
from sandbox.slack.entities import MIA, TEAM
from storage.notification import OPERATORS, team_scope
from storage.sqlite.store import SqliteStore
from storage.sqlite.writer import commit
from tests.support.inline_store import inline_session

BERLIN = ZoneInfo("Europe/Berlin")


def berlin(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> float:
    """Return a local time of Berlin as seconds since the epoch."""
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN).timestamp()


def schedule(every: Every, at: time = time(9), *, since: float = 0.0) -> Schedule:
    """Return a schedule in Berlin's time zone."""
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
    span = due_span(schedule(Every.DAILY), berlin(*now), first_weekday=0)
    assert span is not None
    assert span.until == berlin(*until)
    assert span.until - span.since == 86400


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ((2026, 11, 15, 8, 59), (2026, 11, 8, 9)),
        ((2026, 11, 15, 9, 0), (2026, 11, 15, 9)),
        ((2026, 11, 16, 9, 0), (2026, 11, 15, 9)),
        ((2026, 11, 21, 23), (2026, 11, 15, 9)),
    ],
)
def test_weeks_begin_when_the_workspaces_calendar_says(
    now: tuple[int, ...], until: tuple[int, ...]
) -> None:
    """On Sunday, as those of budgets and reports then do."""
    span = due_span(schedule(Every.WEEKLY), berlin(*now), first_weekday=6)
    assert span is not None
    assert (span.since, span.until) == (berlin(*until) - 7 * 86400, berlin(*until))


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
    span = due_span(schedule(Every.WEEKLY), berlin(*now), first_weekday=0)
    assert span is not None
    assert (span.since, span.until) == (berlin(*until) - 7 * 86400, berlin(*until))


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25)])
def test_a_day_with_a_change_of_the_clocks_is_covered_completely(
    month: int, day: int, hours: int
) -> None:
    """The digest is due at the same local hour, and no hour is left out or covered twice."""
    span = due_span(schedule(Every.DAILY), berlin(2026, month, day, 10), first_weekday=0)
    assert span is not None
    assert span.until - span.since == hours * 3600
    before = due_span(schedule(Every.DAILY), berlin(2026, month, day, 8), first_weekday=0)
    assert before is not None
    assert before.until == span.since


def test_a_digest_due_before_the_subscription_is_not_sent() -> None:
    subscribed = schedule(Every.DAILY, since=berlin(2026, 11, 18, 14))
    assert due_span(subscribed, berlin(2026, 11, 18, 15), first_weekday=0) is None
    assert due_span(subscribed, berlin(2026, 11, 19, 9), first_weekday=0) is not None


def test_a_stored_schedule_is_read_back_and_an_invalid_one_is_none() -> None:
    kept = schedule(Every.WEEKLY, time(17, 30), since=5.0)
    assert read_schedule(kept.to_json()) == kept
    assert read_schedule({"every": "yearly"}) is None
    assert read_schedule(None) is None


@pytest.mark.parametrize("name", ["Nowhere/Land", "", "../etc/passwd"])
def test_an_unknown_zone_is_utc(name: str) -> None:
    assert zone_named(name) == ZoneInfo("UTC")


async def test_admins_are_stored_only_when_they_change(
    tmp_path: Path,
) -> None:
    writes = 0

    def counted(db: Database) -> None:
        nonlocal writes
        writes += 1
        commit(db)

    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db"), commit=counted))
    try:
        for admins, so_far in (((), 0), ((MIA,), 1), ((MIA,), 1), ((), 2)):
            await keep_operators(store.settings, TEAM, admins)
            assert await store.settings.get(team_scope(TEAM), OPERATORS) == (list(admins) or None)
            assert writes == so_far
    finally:
        await store.close()
