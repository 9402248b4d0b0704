"""Tests of the conversion of typed text to values of the schema's types."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.base.errors import UsageError
from bot.options.schema import Kind, Option
from bot.options.values import check, clean, read_value
from storage.job import Json


def read(raw: str, schema: Mapping[str, Json], kind: Kind = Kind.ARRAY) -> Json:
    """Read a typed value of an option with this schema."""
    return read_value([raw], Option(name="a", schema=schema, kind=kind), "`--a`")


@pytest.mark.parametrize(
    ("raw", "items", "value"),
    [
        ("x y", {}, ["x y"]),
        ("5", {"type": "integer"}, [5]),
        ("no", {"type": "boolean"}, [False]),
        ("[1]", {"type": "array"}, [[1]]),
        ("[]", {"type": "array"}, []),
        (" [[1]]", {"type": "array"}, [[1]]),
        ("[1, 2]", {"type": "integer"}, [1, 2]),
        ("2", {"const": 2}, [2]),
    ],
)
def test_items_are_read_by_their_own_type(raw: str, items: Mapping[str, Json], value: Json) -> None:
    assert read(raw, {"type": "array", "items": items}) == value


def test_a_list_in_an_enum_is_one_choice() -> None:
    assert read("[1, 2]", {"enum": [[1], [1, 2]]}) == [1, 2]


@pytest.mark.parametrize("raw", ["", "1.5", "٣", "1_000", "0x10", "9" * 41, "nan", "--5"])
def test_only_ascii_digits_are_a_whole_number(raw: str) -> None:
    with pytest.raises(UsageError, match=r"^`--a` must be a whole number; you gave"):
        read(raw, {"type": "integer"}, Kind.INTEGER)


def test_choices_may_differ_by_case_only() -> None:
    schema: Mapping[str, Json] = {"enum": ["HD", "hd"]}
    assert read("hd", schema, Kind.STRING) == "hd"
    assert read("Hd", schema, Kind.STRING) == "HD"


@pytest.mark.parametrize(
    ("raw", "choices", "ending"),
    [
        ("prro", ["std", "pro"], "you gave `prro`. Did you mean `pro`?"),
        ("Cinematc", ["cinematic", "anime"], "you gave `Cinematc`. Did you mean `cinematic`?"),
        ("fast", ["std", "pro"], "you gave `fast`."),
        ("prompt", ["std", "pro"], "you gave `prompt`."),
        ("---", ["std", "pro"], "you gave `---`."),
        ("4:3", ["4:5", "1:1"], "you gave `4:3`."),
    ],
    ids=["one too many", "one too few", "another", "a longer one", "no word", "another number"],
)
def test_a_mistyped_choice_is_named(raw: str, choices: list[Json], ending: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(raw, {"enum": choices}, Kind.STRING)
    assert str(refused.value).endswith(ending)


def test_a_mistyped_synonym_of_a_choice_is_named() -> None:
    """`portrait` is what people call 9:16; the choice itself is far from what they type."""
    option = Option(
        name="a", schema={"enum": ["9:16"]}, kind=Kind.STRING, synonyms={"portrait": "9:16"}
    )
    with pytest.raises(UsageError, match=r"Did you mean `portrait` \(`9:16`\)\?$"):
        read_value(["portait"], option, "`--a`")


@pytest.mark.parametrize(("raw", "meant"), [("yess", "yes"), ("ture", "true"), ("fasle", "false")])
def test_a_mistyped_boolean_is_named(raw: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"Did you mean `{meant}`"):
        read(raw, {"type": "boolean"}, Kind.BOOLEAN)


def test_direction_overrides_are_removed_and_marks_kept() -> None:
    value: Json = {
        "\u202aa": ["b\u2066c\u2069", "\u200fd\u200e", "tab\t\n"],
        "n": [None, True, 1.5],
    }
    assert clean(value, "x") == {
        "a": ["bc", "\u200fd\u200e", "tab\t\n"],
        "n": [None, True, 1.5],
    }


@pytest.mark.parametrize("value", ["\r", "\x7f", "\x85", {"a": "\x1b"}, ["\x0b"]])
def test_a_control_character_is_refused(value: Json) -> None:
    with pytest.raises(UsageError, match=r"^X holds a control character \(U\+[0-9A-F]{4}, char"):
        clean(value, "X")


@pytest.mark.parametrize("value", ["a\ud800", {"\udfff": 1}])
def test_a_lone_surrogate_is_refused(value: Json) -> None:
    with pytest.raises(UsageError, match=r"^X holds half of a character \(U\+D"):
        clean(value, "X")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -(10**400), 1e301])
def test_a_number_that_is_too_large_is_refused(value: Json) -> None:
    with pytest.raises(UsageError, match=r"^X holds a number that is too large"):
        clean(value, "X")


def test_an_invalid_value_is_refused_with_its_place() -> None:
    schema: Mapping[str, Json] = {
        "type": "array",
        "items": {"type": "object", "properties": {"a`b": {"type": "integer"}}},
    }
    check([{"a`b": 1}], schema, "X")
    with pytest.raises(UsageError) as refused:
        check([{}, {"a`b": "c"}], schema, "X")
    assert str(refused.value) == "X, item 2, `a'b` must be a whole number; you gave `c`."


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"promt": "x", "len": 2}, "It has no `promt` (did you mean `prompt`?) and no `len`."),
        ({"prompt": "x", "a": 1, "b": 2, "c": 3}, "It has no `a`, no `b` and no `c`."),
    ],
)
def test_every_unknown_name_of_an_object_is_listed(value: Json, message: str) -> None:
    """All at once, because a long value is shortened in the message."""
    item: Mapping[str, Json] = {
        "type": "object",
        "properties": {"prompt": {"type": "string"}, "duration": {"type": "integer"}},
        "additionalProperties": False,
    }
    with pytest.raises(
        UsageError, match=r"^`--shots`, item 1 must be a JSON object with"
    ) as refused:
        check([value], {"type": "array", "items": item}, "`--shots`")
    assert str(refused.value).endswith(message)
