"""Tests of the sentences about schemas and values."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.options.wording import allowed, is_visible, nearest, quoted
from storage.job import Json

TEXT: Mapping[str, Json] = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({}, "any value"),
        ({"type": "null"}, "null"),
        ({"type": ["string", "null"]}, "text"),
        ({"type": ["string", "integer"], "minimum": 2}, "text or a whole number from 2"),
        ({"const": 5}, "`5`"),
        ({"enum": ["a", True]}, "one of `a`, `true`"),
        ({"enum": list(range(22))}, f"one of {', '.join(f'`{n}`' for n in range(20))}, 2 more"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "integer", "minimum": 3, "maximum": 15}, "a whole number from 3 to 15"),
        ({"type": "integer", "maximum": 15}, "a whole number up to 15"),
        ({"type": "number", "exclusiveMinimum": 0.5}, "a number above 0.5"),
        ({"type": "number", "exclusiveMaximum": 1}, "a number below 1"),
        ({"type": "integer", "multipleOf": 8}, "a whole number in steps of 8"),
        ({"type": "string", "minLength": 1}, "text, not empty"),
        ({"type": "string", "minLength": 2}, "text of at least 2 characters"),
        ({"type": "string", "maxLength": 1}, "text of at most 1 character"),
        ({"type": "string", "minLength": 2, "maxLength": 4}, "text of 2 to 4 characters"),
        ({"type": "string", "minLength": 2, "maxLength": 2}, "text of exactly 2 characters"),
        ({"type": "string", "pattern": "^a"}, "text, matching `^a`"),
        ({"type": "string", "format": "uri"}, "a link (https://…)"),
        ({"type": "string", "format": "unheard-of"}, "text"),
        ({"type": "array"}, "a list"),
        ({"type": "array", "items": TEXT, "minItems": 1}, "a list of at least 1 item, each text"),
        ({"type": "array", "uniqueItems": True}, "a list, all different"),
        ({"type": "object"}, "a JSON object"),
        (
            {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["c", "a"]},
            "a JSON object with `a` (text); `b` (text), if wanted; `c`",
        ),
    ],
)
def test_a_schema_is_described_in_words(schema: Mapping[str, Json], text: str) -> None:
    assert allowed(schema) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("pro", "`pro`"),
        (5, "`5`"),
        ({"a": "ü"}, '`{"a": "ü"}`'),
        ("a`b\n\x07c", "`a'b  c`"),
        ("x" * 60, f"`{'x' * 60}`"),
        ("x" * 61, f"`{'x' * 60}…`"),
        (" \u200b", "nothing"),
        ("", "nothing"),
    ],
)
def test_a_value_is_quoted_short_and_escaped(value: Json, text: str) -> None:
    assert quoted(value) == text


def test_the_nearest_name_is_found_in_any_case() -> None:
    assert nearest("DURATON", ["mode", "duration"]) == "duration"
    assert nearest("zzz", ["mode", "duration"]) is None
    assert nearest("x" * 100_000, ["mode"]) is None


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("audoi", "audio"),
        ("sond", "sound"),
        ("dryrun", "dry-run"),
        ("ratio", "aspect-ratio"),
        ("first-image", "first-frame-image"),
        ("neg-prompt", "negative-prompt"),
        ("negatives", "negative-prompt"),
        ("firstframe", "first-frame-image"),
        ("modes", "mode"),
        ("modle", "model"),
        ("prompt-strength", None),
        ("no-soudn", "no-sound"),
        ("count", None),
        ("delay", None),
        ("variations", None),
        ("ad", None),
    ],
)
def test_the_nearest_name_has_few_errors_or_a_part_in_common(typed: str, name: str | None) -> None:
    names = (
        "audio sound no-sound model mode prompt negative-prompt duration dry-run aspect-ratio "
        "first-frame-image ar"
    )
    assert nearest(typed, names.split()) == name


def test_only_printed_characters_are_visible() -> None:
    assert is_visible("a")
    assert is_visible("🙂")
    assert not is_visible(" \n\u200b\u202e\u00a0")
