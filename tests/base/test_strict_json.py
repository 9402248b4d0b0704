"""JSON is read as the standard has it."""

from __future__ import annotations

import pytest

from bot.base.json import load_json


def test_json_is_read() -> None:
    assert load_json('{"a": [1, 2.5, "b", null, true]}') == {"a": [1, 2.5, "b", None, True]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name enclosed in double quotes, character 2"),
        ("", "Expecting value, character 1"),
        ("NaN", "NaN is no value of JSON"),
        ("[-Infinity]", "-Infinity is no value of JSON"),
        ("1e999", "a number is too large"),
        ("[" * 9999, "nested too deeply"),
        ("9" * 5000, "Exceeds the limit"),
    ],
)
def test_what_is_not_json_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        load_json(text)
