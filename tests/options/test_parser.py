"""Tests of the splitting of a typed text into prompt and flags."""

from __future__ import annotations

import re
import sys
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.options.characters import HYPHENS, LONG_DASHES, visible
from bot.options.parser import Flag, Split, read_text, straightened

STANDS_ALONE = {"audio", "no-audio"}


def split(text: str) -> tuple[str, list[tuple[str, str | None]]]:
    """Split a text as if all flags but two took a value."""
    typed = read_text(text)
    found = typed.split(lambda flag, _: int(flag.value is None and flag.name not in STANDS_ALONE))
    return found.prompt, [(flag.name, flag.value) for flag in found.flags]


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
    "typed",
    [
        "\u2010\u2010mode",
        "\u2011\u2011mode",
        "\u2012\u2012mode",
        "\u2013mode",
        "\u2014mode",
        "\u2015mode",
        "\u2212\u2212mode",
        "\u2e3amode",
        "\uff0d\uff0dmode",
        "-\u2013mode",
        "\ufeff--mode",
        "\u200e--mode",
        "\u2060\u2014mode",
        "-\u200d-mode",
        "-\u00ad-mode",
        "--\u200bmode",
        "--\u00a0mode",
        "-\u00a0-mode",
        "--mo\u200cde",
        "--mode\ufe0f",
        "\u00a0--mode",
    ],
)
def test_dashes_of_every_kind_and_invisible_characters_begin_a_flag(typed: str) -> None:
    """Phones and word processors put them there."""
    assert split(f"a lake {typed} pro") == ("a lake", [("mode", "pro")])
    assert split(f"{typed}=pro a lake") == ("a lake", [("mode", "pro")])


def test_the_name_of_a_flag_has_plain_hyphens() -> None:
    assert split("x --aspect\u2011ratio 1:1") == ("x", [("aspect-ratio", "1:1")])


def test_every_dash_of_unicode_is_known() -> None:
    characters = map(chr, range(sys.maxunicode + 1))
    dashes = {one for one in characters if unicodedata.category(one) == "Pd"}
    assert dashes <= {*HYPHENS, *LONG_DASHES}


@pytest.mark.parametrize("text", ["a\u200db\ufeff", "\u2066ab\u2069", "a\u00adb\u200f"])
def test_invisible_characters_can_be_removed(text: str) -> None:
    assert visible(text) == "ab"


@pytest.mark.parametrize(
    ("typed", "prompt"),
    [
        ("--\u200b --mode pro", "--mode pro"),
        ("\u2011\u2011 --mode pro", "--mode pro"),
        ("\ufeff-- --mode pro", "--mode pro"),
    ],
)
def test_a_lone_pair_of_hyphens_ends_the_options_in_every_spelling(typed: str, prompt: str) -> None:
    assert split(typed) == (prompt, [])


@pytest.mark.parametrize("typed", ["a \u2014\u00a0calm lake", "a \u2212 5", "it\u2014and"])
def test_dashes_of_prose_stay(typed: str) -> None:
    assert split(typed) == (typed, [])


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


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ('say "hi', 'say "hi'),
        ("“a lake --mode pro", "“a lake"),
        ('--n "x', ""),
        ("«x «y", "«x «y"),
        ('--n="x', ""),
    ],
)
def test_a_double_quote_that_is_not_closed_is_text_and_a_problem(text: str, prompt: str) -> None:
    """The flags behind it are still read, so that one answer tells everything that is wrong."""
    (problem,) = read_text(text).problems
    assert re.match(r"The quote that opens at `.*` is not closed\.", problem)
    assert split(text)[0] == prompt


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


def test_words_know_whether_quotes_enclose_them() -> None:
    found = read_text("""a '-mode' --mode "b" -n""").split(lambda _, __: 1)
    words = [(word.value, word.quoted) for word in found.words]
    assert words == [("a", False), ("-mode", True), ("-n", False)]


def test_markup_is_kept_as_text() -> None:
    text = "a &lt; b &amp; <https://a.b|a.b> *c*"
    assert split(text) == (text, [])


def test_straightening_keeps_the_length() -> None:
    assert straightened("“a” ‘b’ „c") == '"a" ‘b’ "c'


def test_an_empty_text_has_neither_prompt_nor_flags() -> None:
    assert read_text("").split(lambda _, __: 1) == Split(prompt="", words=(), flags=())
    assert Flag(name="a", value=None) != Flag(name="a", value="")


TRICKY = st.lists(
    st.sampled_from(
        [*"\"'“”‘’„«»{}[]:,=-–—<>|&; \n\t\x00\ud800", "--n", "--n=", "—n ", " -- ", "a", '{"a": ']
    )
).map("".join)


@settings(deadline=None)  # the time of one example varies on a busy machine
@given(st.one_of(st.text(), TRICKY))
def test_any_text_is_split(text: str) -> None:
    prompt, flags = split(text)
    assert len(prompt) + sum(len(name) for name, _ in flags) <= len(text)


@pytest.mark.exhaustive
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
        "-\u200b",
        "-\u00a0",
        "“a ",
        "\u2014\u2060",
    ],
)
def test_forty_thousand_characters_are_split_within_a_second(piece: str) -> None:
    began = time.process_time()
    split(piece * (40_000 // len(piece)))
    assert time.process_time() - began < 1
