"""Tests of words that may belong to the value before them."""

from __future__ import annotations

import pytest

from bot.options.cast import CastMember
from bot.options.catalog import Catalog
from bot.options.parser import read_text
from bot.options.request import changed_request, read_request
from storage.job import QuestionKind

KLING = Catalog.load()
LINK = "https://a.example/c.png"
CAST = {name: CastMember(name=name, file="F1") for name in ("mascot", "ana")}


def told(text: str) -> str:
    """Return the sentence about the one value of a text that may go on; empty: there is none."""
    doubts = read_request(read_text(text), KLING, cast=CAST).doubts
    assert {doubt.kind for doubt in doubts} <= {QuestionKind.DOUBT}
    return "".join(doubt.about for doubt in doubts)


@pytest.mark.parametrize(
    ("text", "given", "rest", "advice"),
    [
        ("a lake --no people, text", "people,", "text", 'all of it: `--negative-prompt "people, t'),
        ("a lake --no=blurry faces", "blurry", "faces", '`--negative-prompt "blurry faces"`'),
        ("--no blurry a lake at dawn", "blurry", "a lake at dawn", "quotes around all of it"),
        ("--no rain fog -- a lake", "rain", "fog", "quotes around all of it"),
        ('a lake --no "rain" and fog', "rain", "and fog", '"rain and fog"'),
        ('a lake --no "rain" "fog"', "rain", '"fog"', '"rain fog"'),
        (f"a lake --no rain {'fog ' * 20}", "rain", f"{('fog ' * 20)[:60]}…", "all of it."),
        (f"a lake --image {LINK} {LINK}", LINK, LINK, "write `--image-urls` before each"),
        (f"a lake --image {LINK} a.b/d.png", LINK, "a.b/d.png", "write `--image-urls` before"),
        (f"a lake --first {LINK} and last {LINK}", LINK, f"and last {LINK}", "takes one"),
        ("a lake --cast mascot ana", "mascot", "ana", "write `--cast mascot,ana`"),
        ("a lake --cast mascot and @Ana,", "mascot", "and @Ana,", "write `--cast mascot,ana`"),
        ("a lake --mode pro or std", "pro", "or std", "takes one value"),
        ("a lake --duration 5 10", "5", "10", "takes one value"),
        ("a lake --duration 10 4k", "10", "4k", "write `--mode 4k`"),
        ("a lake --mode pro 10 seconds", "pro", "10 seconds", "write `--duration 10`"),
        ("a lake --mode pro, vertical 10s", "pro,", "vertical 10s", "ratio 9:16 --duration 10`"),
        ("a lake --duration 10 with sound please", "10", "with sound please", "write `--audio`"),
        ("a lake --at 18:00 tomorrow", "18:00", "tomorrow", "as in `--at 18:00`"),
        ("a lake --at 18:00 on friday", "18:00", "on friday", "belongs to the time"),
        ("a lake --at 9:00 every day", "9:00", "every day", "as in `--every day`"),
        ("a lake --at 9:00 in the evening", "9:00", "in the evening", "belongs to the time"),
        ("a lake --at 9:00 and 18:00", "9:00", "and 18:00", "belongs to the time"),
        ("a lake --at 9:00 CET", "9:00", "CET", "belongs to the time"),
        ("a lake --at 9:00 every monday", "9:00", "every monday", "belongs to the time"),
        ("a lake --at 9:00 next thursday", "9:00", "next thursday", "belongs to the time"),
        ("a lake --at 9:00 24 december", "9:00", "24 december", "belongs to the time"),
        ("a lake --at 9:00 jan 20", "9:00", "jan 20", "belongs to the time"),
        ("a lake --at 9:00 in 2 days", "9:00", "in 2 days", "belongs to the time"),
        ("a lake --duration 5 minutes", "5", "minutes", "takes one number, which counts `s`"),
        ("a lake --duration 5 min.", "5", "min.", "takes one number, which counts `s`"),
        ("a lake --duration 5 to 10", "5", "to 10", "takes one value"),
        ("a lake --times 3 4", "3", "4", "takes one number"),
        ("a lake --times 2 or 3", "2", "or 3", "takes one number"),
        ("a lake --times 3 times", "3", "times", "takes one number"),
        ("a lake --at 9:00 --every day until friday", "day", "until friday", "somebody cancels"),
        ("a lake --at 9:00 --every week on monday", "week", "on monday", "somebody cancels"),
        ("a lake --at 9:00 --every day x 5", "day", "x 5", "somebody cancels"),
    ],
)
def test_a_value_that_may_go_on_is_asked_about(
    text: str, given: str, rest: str, advice: str
) -> None:
    """What stands behind it would be rendered, and something else than is meant."""
    assert f"is `{given}`, and `{rest.strip()}` is read as a part of the prompt" in told(text)
    assert advice in told(text)


@pytest.mark.parametrize("word", ["off", "No,", "(off)", "none", "muted", "= off"])
def test_a_word_that_would_switch_a_boolean_off_is_asked_about(word: str) -> None:
    assert f"`--audio` is on, and `{word} at dawn` is read" in told(
        f"a lake --sound {word} at dawn"
    )
    assert "write `--audio=off`" in told(f"a lake --sound {word} at dawn")
    off = read_request(read_text("a lake at dawn --audio=off"), KLING)
    assert (off.input["audio"], off.doubts) == (False, ())


@pytest.mark.parametrize(
    ("word", "meant"), [("fasle", "false"), ("ture", "true"), ("yess.", "yes"), ("offf", "off")]
)
def test_a_mistyped_word_for_a_boolean_is_asked_about(word: str, meant: str) -> None:
    """The option would be on, whatever was meant, and the word a part of the prompt."""
    assert f"write `--audio={meant}`" in told(f"a lake --audio {word}")
    assert f"write `--audio={meant}`" in told(f"a lake --audio {word} --mode pro")


@pytest.mark.parametrize("behind", ['"soft piano"', "https://a.example/b.mp3"])
def test_a_quote_or_a_link_behind_a_boolean_is_asked_about(behind: str) -> None:
    assert "takes no text, and no link" in told(f"a lake --audio {behind}")


@pytest.mark.parametrize(
    "text",
    [
        "a lake --no blurry",
        "a lake --no blurry --mode pro",
        "a lake\n--no blurry\nat dawn",
        'a lake --no "people, text" at dawn',
        "a lake --no='people, text' at dawn",
        "a lake --mode pro and calm",
        "a lake --mode pro, at dawn",
        "a lake --duration 10, at dawn",
        "a lake --duration 10 4k look",
        "a lake --sound on the beach",
        "a lake --sound tree by the shore",
        "a lake --sound at dawn",
        "a lake --no-sound off the coast",
        "a lake --at 18:00 and calm",
        "a lake --at 18:00 in the rain",
        "a lake --at 18:00 on a hill",
        "a lake --at 18:00 in a forest",
        "a lake --at 18:00 may the sun set",
        "a lake --duration 5 to the horizon",
        "a lake --times 3 at dawn",
        "a lake --at 9:00 --every day at dawn",
        "a lake --cast mascot and a dog",
        f"a lake --image {LINK} at dawn",
        f"a lake --first {LINK} and calm",
        "-- a lake --no people, text",
    ],
)
def test_a_value_that_is_whole_is_not_asked_about(text: str) -> None:
    assert told(text) == ""


def test_a_value_that_may_go_on_is_asked_about_in_a_change() -> None:
    before = read_request(read_text("a lake"), KLING)
    (doubt,) = changed_request(before, read_text("--no rain fog"), KLING).doubts
    assert "`fog` is read as a part of the prompt" in doubt.about
