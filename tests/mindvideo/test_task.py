"""Tests of the amounts of money in a task."""

from decimal import Decimal

import pytest

from bot.base.json import Parsed
from bot.mindvideo.task import read_amount


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (0, "0"),
        (3, "3"),
        (Decimal("0.0756"), "0.0756"),
        ("0.0756", "0.0756"),
        (" 1.50 ", "1.50"),
        ("7.56e-2", "0.0756"),
        (Decimal("-0.0"), "0.0"),
        ("999999999.99", "999999999.99"),
    ],
)
def test_an_amount_keeps_every_digit(value: Parsed, amount: str) -> None:
    assert str(read_amount(value)) == amount


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        [],
        {"amount": 1},
        -1,
        Decimal("-0.01"),
        Decimal("NaN"),
        Decimal("Infinity"),
        "NaN",
        "Infinity",
        "-1",
        "$5",
        "5 USD",
        "1_000",
        "1,50",
        "",
        "٣",
        10**9,
        Decimal("1e999"),
        Decimal("1e-999"),
        "9" * 400,
    ],
)
def test_a_value_that_is_no_amount_is_unknown(value: Parsed) -> None:
    assert read_amount(value) is None
