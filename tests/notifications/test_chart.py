"""Tests of the chart of a digest."""

from __future__ import annotations

import struct
from datetime import date, timedelta

import pytest

from bot.money.costs import Day
from bot.notifications.chart import DOTS_PER_INCH, SIZE, draw

FIRST = date(2026, 11, 5)


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
