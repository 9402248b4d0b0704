"""Months as costs are counted by them: whole ones, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.money.costs import Month, last_month, this_month


def _at(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc] # year, month, day …


@pytest.mark.parametrize(
    ("now", "this", "last"),
    [
        (_at(2026, 11, 22, 21), (2026, 11, 1), (2026, 10, 1)),
        (_at(2026, 1, 1), (2026, 1, 1), (2025, 12, 1)),
        (_at(2028, 3, 31, 23, 59, 59), (2028, 3, 1), (2028, 2, 1)),
    ],
)
def test_months_follow_on_each_other(
    now: float, this: tuple[int, int, int], last: tuple[int, int, int]
) -> None:
    """No moment is in two of them and none is between them."""
    assert this_month(now).since == _at(*this) == last_month(now).until
    assert last_month(now).since == _at(*last)
    assert this_month(now).since <= now < this_month(now).until


def test_a_month_has_a_name() -> None:
    assert this_month(_at(2026, 11, 22)) == Month(
        name="November 2026", since=_at(2026, 11, 1), until=_at(2026, 12, 1)
    )
