"""Tests of what `/video cost` can be asked for."""

from __future__ import annotations

import pytest

from bot.money.cost_query import CostQuery, Whose, periods_of, read_cost_query
from bot.money.cost_report import Dimension
from storage.budget import Calendar, Window


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", CostQuery()),
        ("Me", CostQuery(whose=Whose.ME)),
        ("here by models", CostQuery(whose=Whose.CHANNEL, by=Dimension.MODEL)),
        ("by person", CostQuery(by=Dimension.PERSON)),
        ("last week by day", CostQuery(by=Dimension.DAY, window=Window.WEEK, is_last=True)),
        ("this month", CostQuery()),
        ("week", CostQuery(window=Window.WEEK)),
        ("yesterday team", CostQuery(whose=Whose.TEAM, window=Window.DAY, is_last=True)),
    ],
)
def test_the_parts_come_in_any_order(text: str, query: CostQuery) -> None:
    assert read_cost_query(text) == query


@pytest.mark.parametrize(
    "text",
    ["of living", "by shoe", "me team", "by person by model", "this", "last", "by", "next week"],
)
def test_other_words_ask_for_something_else(text: str) -> None:
    assert read_cost_query(text) is None


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("today", ("day 2024-03-01", "day 2024-02-29")),
        ("yesterday", ("day 2024-02-29", "day 2024-02-28")),
        ("this week", ("week 2024-02-25", "week 2024-02-18")),
        ("last month", ("month 2024-02-01", "month 2024-01-01")),
    ],
)
def test_a_period_and_the_one_before_it_follow_the_calendar(
    text: str, periods: tuple[str, str]
) -> None:
    query = read_cost_query(text)
    assert query is not None
    now, before = periods_of(query, "2024-03-01", Calendar(first_weekday=6))
    assert (now.key, before.key) == periods
