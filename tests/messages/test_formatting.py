"""Durations and amounts as people read them."""

from decimal import Decimal

import pytest

from bot.messages import formatting


@pytest.mark.parametrize(
    ("seconds", "words"),
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
def test_durations_read_like_speech(seconds: float, words: str) -> None:
    """A duration has at most two parts."""
    assert formatting.duration(seconds) == words


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [
        ("0.0756", None, "0.0756"),
        ("0.420", "USD", "0.42 USD"),
        ("1E+2", "credits", "100 credits"),
        ("0", None, "0"),
    ],
)
def test_amounts_are_exact_and_have_no_made_up_currency(
    amount: str, unit: str | None, words: str
) -> None:
    """Every digit that was billed is shown, with the operator's unit if there is one."""
    assert formatting.money(Decimal(amount), unit) == words


def test_counted_nouns() -> None:
    """One is not many."""
    assert formatting.count(1, "video") == "1 video"
    assert formatting.count(3, "video") == "3 videos"
    assert formatting.count(2, "reply", "replies") == "2 replies"
