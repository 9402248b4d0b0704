"""JSON from strangers."""

from decimal import Decimal

import pytest

from bot.base.json import read_json, read_word


def test_a_number_with_a_point_is_exactly_what_was_written() -> None:
    assert read_json('{"cost": 0.10000000000000000001}') == {
        "cost": Decimal("0.10000000000000000001")
    }


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert read_json(text) is None


@pytest.mark.parametrize("text", ["", "{", "[" * 200_000, "9" * 5_000, "1e99999999999999999999"])
def test_what_makes_no_sense_is_one_kind_of_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_json(text)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (" req_1 ", "req_1"),
        (71, "71"),
        ("", None),
        ("a\nb", None),
        ("x" * 201, None),
        (10**50, None),
        (True, None),
        (None, None),
        ([], None),
        ({}, None),
        (Decimal("1.5"), None),
    ],
)
def test_a_word_is_a_short_line(value: str | int | None, word: str | None) -> None:
    assert read_word(value) == word
