"""Tests of the `Retry-After` header."""

import pytest

from bot.base.retry_after import read_retry_after, read_seconds

NOW = 1_750_000_000.0
"""Sunday, 15 June 2025, 15:06:40 UTC."""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        (" 2.5 ", 2.5),
        ("0", 1),
        ("-5", 1),
        ("31536000", 900),
        ("inf", 900),
        ("Sun, 15 Jun 2025 15:07:10 GMT", 30),
        ("Sun, 15 Jun 2025 15:00:00 GMT", 1),
        ("Mon, 15 Jun 2026 15:07:10 GMT", 900),
    ],
)
def test_the_pause_is_between_a_second_and_a_quarter_of_an_hour(value: str, seconds: float) -> None:
    assert read_retry_after(value, NOW) == seconds


def test_a_number_of_seconds_has_the_same_bounds() -> None:
    assert [read_seconds(value) for value in ("30", "0", "inf")] == [30, 1, 900]
    assert read_seconds("Sun, 15 Jun 2025 15:07:10 GMT") is None


@pytest.mark.parametrize("value", [None, "", "soon", "nan", "Sun, 99 Jun 2025 15:07:10 GMT"])
def test_a_header_without_a_time_is_none(value: str | None) -> None:
    assert read_retry_after(value, NOW) is None
