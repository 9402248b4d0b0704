"""Tests of the splitting of a typed text into prompt and flags."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.base.errors import UsageError
from bot.options.parser import Flag, read_text, straightened

STANDS_ALONE = {"audio", "no-audio"}


def split(text: str) -> tuple[str, list[tuple[str, str | None]]]:
    """Split a text as if all flags but two took a value."""
    prompt, flags = read_text(text).split(lambda flag, _word: flag not in STANDS_ALONE)
    return prompt, [(flag.name, flag.value) for flag in flags]


@pytest.mark.parametrize(
    ("typed", "prompt"),
    [
        ("a red car", "a red car"),
        ("  a  red\n\tcar ", "a  red\n\tcar"),
        ('"a red car"', "a red car"),
        ("“a red car”", "a red car"),
        ("„a red car“", "a red car"),
        ("”a red car”", "a red car"),
        ("«a red car»", "a red car"),
        ('“a red car"', "a red car"),
        ('"a red car”', "a red car"),
        ("'a red car'", "a red car"),
        ("‘a red car’", "a red car"),
        ("'a red' car", "'a red' car"),
        ('a sign says "stop here"', 'a sign says "stop here"'),
        ('"stop", it says', '"stop", it says'),
        ('a 5" screen', 'a 5" screen'),
        ("dog's", "dog's"),
        ("the dogs' bowl", "the dogs' bowl"),
        ("'tis the season", "'tis the season"),
        ("‘tis rock ’n’ roll", "‘tis rock ’n’ roll"),
        ("'", "'"),
        ('""', ""),
        ("''", ""),
        ("a — calm — lake", "a — calm — lake"),
        ("a –5 degree day", "a –5 degree day"),
        ("-5 and --5", "-5 and --5"),
        ("a -calm lake", "a -calm lake"),
        ("-- --mode 'pro\"  x ", "--mode 'pro\"  x"),
        ("a b -- --mode pro", "a b --mode pro"),
        ("— list of cats", "list of cats"),
        ("–- list of cats", "list of cats"),
        ("--", ""),
        ("", ""),
        ("{a [b", "{a [b"),
    ],
)
def test_text_without_flags_is_the_prompt(typed: str, prompt: str) -> None:
    assert split(typed) == (prompt, [])


@pytest.mark.parametrize(
    ("typed", "prompt", "flags"),
    [
        ("a lake --mode pro", "a lake", [("mode", "pro")]),
        ("--mode pro a lake", "a lake", [("mode", "pro")]),
        ("a --mode pro lake", "a lake", [("mode", "pro")]),
        ("a --mode=pro lake", "a lake", [("mode", "pro")]),
        ("—mode pro –n 5 ——d 1 –-e 2", "", [("mode", "pro"), ("n", "5"), ("d", "1"), ("e", "2")]),
        ("--mode", "", [("mode", None)]),
        ("--mode= pro", "", [("mode", "pro")]),
        ("--mode=", "", [("mode", None)]),
        ("--mode --n 5", "", [("mode", None), ("n", "5")]),
        ("--n -5 --m –5", "", [("n", "-5"), ("m", "–5")]),
        ("--n --5", "", [("n", "--5")]),
        ("--audio a lake --no-audio", "a lake", [("audio", None), ("no-audio", None)]),
        ('--audio "a lake"', "a lake", [("audio", None)]),
        ('a lake --n "two words" x', "a lake x", [("n", "two words")]),
        ("--n='two words' x", "x", [("n", "two words")]),
        ("--n=“two words” x", "x", [("n", "two words")]),
        ('--n "say ""hi"" now"', "", [("n", 'say "hi" now')]),
        ('--n "two"words', "", [("n", "twowords")]),
        ('--n ""', "", [("n", "")]),
        ("--n 'tis", "", [("n", "'tis")]),
        ("--n 'a --mode b' c", "c", [("n", "a --mode b")]),
        ("'tis night --n x' y", "'tis night y", [("n", "x'")]),
        ('"a --mode b"', "a --mode b", []),
        ("--n x --", "", [("n", "x")]),
        ("--n -- x", "x", [("n", None)]),
        ("--ünïcode x", "", [("ünïcode", "x")]),
        ("a\n--n 1\nb", "a b", [("n", "1")]),
    ],
)
def test_flags_may_be_anywhere_in_the_text(
    typed: str, prompt: str, flags: list[tuple[str, str | None]]
) -> None:
    assert split(typed) == (prompt, flags)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("""'{"a": "b c"}'""", '{"a": "b c"}'),
        ("""'{"a": "the dogs' bowl, it's"}'""", '{"a": "the dogs\' bowl, it\'s"}'),
        ("‘{“a”: “the dogs’ bowl”}’", "{“a”: “the dogs’ bowl”}"),
        ('{"a": [1, 2]}', '{"a": [1, 2]}'),
        ("{“a”: 1}", "{“a”: 1}"),
        ('["a b", "c"]', '["a b", "c"]'),
        ('"{"a": 1}"', '{"a": 1}'),
        ("'{a b}'", "{a b}"),
        ('"[1]x y"', "[1]x y"),
        ("""'[1]'x'""", "[1]'x"),
        ("{a", "{a"),
    ],
)
def test_the_value_of_a_flag_may_be_json_with_any_quotes(typed: str, value: str) -> None:
    assert split(f"x --n {typed}") == ("x", [("n", value)])
    assert split(f"--n={typed} x") == ("x", [("n", value)])


def test_too_deeply_nested_json_is_read_as_text() -> None:
    deep = "[" * 5000
    assert split(f"--n {deep} x") == ("x", [("n", deep)])


@pytest.mark.parametrize("typed", ['say "hi', "“a lake --mode pro", '--n "x', "«x", '--n="x'])
def test_a_double_quote_that_is_not_closed_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match=r"^The quote that opens at `.*` is not closed\."):
        split(typed)


def test_the_value_of_one_flag_can_be_read_without_a_schema() -> None:
    typed = read_text("--audio x --MODEL 'a b' --model c")
    assert typed.value_of("model") == "a b"
    assert typed.value_of("mode") is None
    assert read_text("--model").value_of("model") is None


@pytest.mark.parametrize(
    ("text", "begins"),
    [("--mode pro a lake", True), ("—mode pro", True), ("a lake --mode pro", False), ("", False)],
)
def test_a_text_that_begins_with_a_flag_is_recognised(text: str, *, begins: bool) -> None:
    assert read_text(text).begins_with_flag is begins


def test_bare_words_are_those_without_quotes() -> None:
    assert read_text("""a '-mode' --mode "b" -n""").bare_words == ("a", "-n")


def test_markup_is_kept_as_text() -> None:
    text = "a &lt; b &amp; <https://a.b|a.b> *c*"
    assert split(text) == (text, [])


def test_straightening_keeps_the_length() -> None:
    assert straightened("“a” ‘b’ „c") == '"a" ‘b’ "c'


def test_an_empty_text_has_neither_prompt_nor_flags() -> None:
    assert read_text("").split(lambda _flag, _word: True) == ("", ())
    assert Flag(name="a", value=None) != Flag(name="a", value="")


TRICKY = st.lists(
    st.sampled_from(
        [*"\"'“”‘’„«»{}[]:,=-–—<>|&; \n\t\x00\ud800", "--n", "--n=", "—n ", " -- ", "a", '{"a": ']
    )
).map("".join)


@settings(deadline=None)  # the time of one example varies on a busy machine
@given(st.one_of(st.text(), TRICKY))
def test_any_text_is_either_split_or_refused(text: str) -> None:
    try:
        prompt, flags = split(text)
    except UsageError:
        return
    assert len(prompt) + sum(len(name) for name, _ in flags) <= len(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a ",
        "'a ",
        '"a" ',
        '“a" ',
        "--n 'a ",
        "--n [",
        '--n {"a": ',
        "-",
        "— ",
        "<https://",
        '""',
        "['",
    ],
)
def test_forty_thousand_characters_are_split_within_a_second(piece: str) -> None:
    began = time.process_time()
    with contextlib.suppress(UsageError):
        split(piece * (40_000 // len(piece)))
    assert time.process_time() - began < 1
