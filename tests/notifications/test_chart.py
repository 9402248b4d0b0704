"""Tests of the chart of a digest."""

from __future__ import annotations

import struct
from datetime import date, timedelta
from decimal import Decimal

import pytest

from bot.money.cost_report import NO_COSTS, Costs, Sum
from bot.money.costs import Day
from bot.notifications.chart import (
    COSTS_SIZE,
    DOTS_PER_INCH,
    SIZE,
    WITH_COSTS_SIZE,
    CostBars,
    draw,
    draw_costs,
)

FIRST = date(2026, 11, 5)


@pytest.mark.exhaustive
@pytest.mark.parametrize("counts", [[(0, 0)], [(1, 0), (0, 0)], [(12, 3)] * 14, [(9000, 1)] * 3])
def test_a_chart_is_a_png_of_the_expected_size(counts: list[tuple[int, int]]) -> None:
    days = [
        Day(date=FIRST + timedelta(days=number), succeeded=good, failed=bad)
        for number, (good, bad) in enumerate(counts)
    ]
    png = draw(days)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    # The header's width and height. https://www.w3.org/TR/png-3/#11IHDR
    assert struct.unpack(">II", png[16:24]) == tuple(
        round(inches * DOTS_PER_INCH) for inches in SIZE
    )
    assert len(png) < 100_000
    assert draw(days) == png


def test_costs_of_a_digest_have_a_chart_of_their_own_below() -> None:
    days = [Day(date=FIRST, succeeded=1, failed=0, spent=Decimal("0.38"))] * 14
    png = draw(days)
    assert struct.unpack(">II", png[16:24]) == tuple(
        round(inches * DOTS_PER_INCH) for inches in WITH_COSTS_SIZE
    )


SOME = Costs(
    confirmed=Sum(amount=Decimal("0.38"), renders=1),
    held=Sum(amount=Decimal("1E+9"), renders=2),
    unconfirmed=Sum(amount=Decimal("1E-9"), renders=1),
)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("days", "models", "unit"),
    [
        (1, [], None),
        (31, ["Kling V3", "a $model$ whose title is no formula"], "$"),
        (7, [f"model {number}" for number in range(12)], "$^{"),
    ],
)
def test_a_chart_of_costs_is_drawn_whatever_there_is(
    days: int, models: list[str], unit: str | None
) -> None:
    """A `$` in a unit or a title begins no formula."""
    dates = [FIRST + timedelta(days=number) for number in range(days)]
    bars = CostBars(
        days=[(day, SOME if day.day % 2 else NO_COSTS) for day in dates],
        models=[(title, SOME) for title in models],
    )
    png = draw_costs(bars, unit)
    assert struct.unpack(">II", png[16:24]) == tuple(
        round(inches * DOTS_PER_INCH) for inches in COSTS_SIZE
    )
    assert len(png) < 200_000
