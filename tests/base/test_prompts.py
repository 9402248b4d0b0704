"""Tests of the removal of quoted prompts from a text."""

from __future__ import annotations

import pytest

from bot.base.prompts import without_prompts

PROMPT = "a red sports car on a coastal road"
DENSE = "一只红色的猫在海边跳舞"


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("Lost 'a red sports car', sorry.", "Lost '[prompt]', sorry."),
        ("Lost A RED SPORTS CAR, sorry.", "Lost [prompt], sorry."),
        ("Lost “\uff52\uff45\uff44 sports car”.", "Lost “[prompt]”."),
        ("unsafe: red-sports_car!", "unsafe: [prompt]!"),
        ("unsafe: a red\\nsports\\ncar", "unsafe: [prompt]"),
        ("the word coastal is not allowed", "the word [prompt] is not allowed"),
        ("the word “Car” is not allowed", "the word “[prompt]” is not allowed"),
        ("a coastal road; a RED one", "[prompt]; a RED one"),
        ("forbidden: 红色的猫!", "forbidden: [prompt]!"),
        ("MindVideo is in trouble (status 503)", "MindVideo is in trouble (status 503)"),
        ("on a road", "on a road"),
        ("", ""),
    ],
)
def test_a_quoted_prompt_is_removed_in_whole_and_in_part(text: str, logged: str) -> None:
    """Whatever case, width and punctuation the service gives it."""
    assert without_prompts(text, [PROMPT, DENSE]) == logged


def test_a_short_prompt_is_removed_where_it_is_quoted_in_whole() -> None:
    assert without_prompts("No “cat”, or A CAT", ["a cat"]) == "No “[prompt]”, or [prompt]"
    assert without_prompts("in it", ["i"]) == "in it"


def test_a_text_without_prompts_is_left_as_it_is() -> None:
    assert without_prompts("a red car", []) == "a red car"
    assert without_prompts("a red car", ["", "…"]) == "a red car"
