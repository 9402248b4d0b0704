"""Tests of the cost summary, of the days of the digest and of the months."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.money.costs import by_day, summarize
from storage.costs import Render, Spend
from storage.job import Outcome, Stage

MONDAY = datetime(2026, 11, 16, 12, tzinfo=UTC).timestamp()
DAY = 86400.0


def render(
    *,
    user: str = "U1",
    created_at: float = MONDAY,
    stage: Stage = Stage.DELIVERED,
    outcome: Outcome | None = Outcome.SUCCEEDED,
    was_sent: bool = True,
    seconds: float | None = 60.0,
    actual: str | None = "0.5",
) -> Render:
    """Return a successful render, with changes."""
    return Render(
        user=user,
        model="kling-v3",
        created_at=created_at,
        stage=stage,
        outcome=outcome,
        was_sent=was_sent,
        seconds=seconds,
        estimate=Decimal("0.4"),
        actual=None if actual is None else Decimal(actual),
    )


RENDERS = [
    render(),
    render(user="U2", actual="2.25", seconds=120.0),
    render(user="U2", actual=None, seconds=600.0),
    render(outcome=Outcome.FAILED, seconds=5.0, actual="0.1"),
    render(outcome=Outcome.CANCELLED, seconds=None),
    render(stage=Stage.REJECTED, outcome=Outcome.FAILED, seconds=None, actual=None),
    render(stage=Stage.PARKED, outcome=None, seconds=None, actual=None, was_sent=False),
    render(stage=Stage.RENDERING, outcome=None, seconds=None, actual=None),
]


def test_each_render_is_counted_by_its_outcome() -> None:
    summary = summarize(RENDERS)
    assert (summary.asked, summary.succeeded, summary.failed) == (8, 3, 2)
    assert (summary.cancelled, summary.parked, summary.running) == (1, 1, 1)
    assert summary.success_rate == 3 / 5
    assert summary.median_seconds == 120.0


def test_amounts_are_exact_and_an_unknown_one_is_pending() -> None:
    """A rejected or unsent render counts as neither; one that is still running is pending."""
    summary = summarize(RENDERS)
    assert summary.spent == Spend(total=Decimal("3.35"), priced=4, pending=2)
    assert [(one.name, one.spend, one.videos) for one in summary.by_person] == [
        ("U2", Spend(total=Decimal("2.25"), priced=1, pending=1), 2),
        ("U1", Spend(total=Decimal("1.1"), priced=3, pending=1), 1),
    ]
    assert (summary.estimated, summary.billed) == (Decimal("1.6"), Decimal("3.35"))


def test_a_summary_of_no_renders_has_no_rate_and_no_median() -> None:
    summary = summarize([])
    assert (summary.success_rate, summary.median_seconds, summary.asked) == (None, None, 0)


def test_days_follow_the_time_zone_and_include_empty_ones() -> None:
    """11 pm UTC is the next day in Berlin."""
    late = datetime(2026, 11, 14, 23, 30, tzinfo=UTC).timestamp()
    until = datetime(2026, 11, 16, tzinfo=UTC).timestamp()
    days = by_day(
        [render(created_at=late), render(created_at=late, outcome=Outcome.FAILED)],
        until,
        3,
        ZoneInfo("Europe/Berlin"),
    )
    assert [(day.date.day, day.succeeded, day.failed) for day in days] == [
        (14, 0, 0),
        (15, 1, 1),
        (16, 0, 0),
    ]


@given(st.lists(st.sampled_from(RENDERS)))
def test_the_parts_of_a_summary_add_up(renders: list[Render]) -> None:
    summary = summarize(renders)
    assert summary.asked == (
        summary.succeeded + summary.failed + summary.cancelled + summary.parked + summary.running
    )
    for parts in (summary.by_person, summary.by_model):
        assert sum((part.spend for part in parts), Spend()) == summary.spent
        assert sum(part.videos for part in parts) == summary.succeeded
