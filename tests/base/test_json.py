"""Tests of the strict reading of JSON from operators and from MindVideo."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from bot.base.json import identifier, parse_document, parse_exact, parse_lenient


def test_a_decimal_fraction_keeps_all_its_digits() -> None:
    assert parse_exact('{"cost": 0.10000000000000000001}') == {
        "cost": Decimal("0.10000000000000000001")
    }


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_a_constant_that_json_lacks_is_none(text: str) -> None:
    assert parse_exact(text) is None


@pytest.mark.parametrize("text", ["", "{", "[" * 200_000])
def test_malformed_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_exact(text)


@pytest.mark.parametrize(
    "number", ["9" * 5_000, "-" + "9" * 5_000, "1e99999999999999999999", "NaN"]
)
@pytest.mark.parametrize("parse", [parse_exact, parse_lenient])
def test_a_number_that_makes_no_sense_leaves_the_fields_beside_it(
    parse: Callable[[str], object], number: str
) -> None:
    text = '{"status": "done", "took": [NUMBER, 2]}'.replace("NUMBER", number)
    assert parse(text) == {"status": "done", "took": [None, 2]}


def test_a_number_too_large_for_a_float_is_exact_or_absent() -> None:
    assert parse_exact("1e999") == Decimal("1e999")
    assert parse_lenient("[1e999, 1.5]") == [None, 1.5]


def test_deep_nesting_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_lenient("[" * 200_000)


@pytest.mark.parametrize(
    ("value", "read"),
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
def test_a_word_is_one_line_of_at_most_200_characters(
    value: str | int | None, read: str | None
) -> None:
    assert identifier(value) == read


def test_valid_json_is_parsed() -> None:
    assert parse_document('{"a": [1, 2.5, "b", null, true]}') == {"a": [1, 2.5, "b", None, True]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name enclosed in double quotes, character 2"),
        ("", "Expecting value, character 1"),
        ("NaN", "NaN is no value of JSON"),
        ("[-Infinity]", "-Infinity is no value of JSON"),
        ("1e999", "a number is too large"),
        ("[" * 100_000, "nested too deeply"),
        ("9" * 5000, "Exceeds the limit"),
    ],
)
def test_invalid_json_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_document(text)
