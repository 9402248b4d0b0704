"""Tests of the formatting of durations, amounts and counts."""

from decimal import Decimal

import pytest

from bot.messages import formatting


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (3780, "1 h 3 min"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        ("0.0756", None, "0.0756"),
        ("0.420", "USD", "0.42 USD"),
        ("1E+2", "credits", "100 credits"),
        ("0", None, "0"),
    ],
)
def test_an_amount_keeps_every_digit_and_has_the_operators_unit_only(
    amount: str, unit: str | None, text: str
) -> None:
    assert formatting.money(Decimal(amount), unit) == text


def test_a_counted_noun_is_singular_or_plural() -> None:
    """The singular follows the number 1 only."""
    assert formatting.count(1, "video") == "1 video"
    assert formatting.count(3, "video") == "3 videos"


@pytest.mark.parametrize(
    "words", ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "20th", "21st", "22nd", "30th"]
)
def test_a_day_of_a_month_is_an_ordinal(words: str) -> None:
    assert formatting.ordinal(int(words[:-2])) == words
