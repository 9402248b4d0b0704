"""Tests of what is asked about before it is rendered."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import pytest

from bot.base.errors import UsageError
from bot.options.catalog import Catalog
from bot.options.doubts import Doubt, in_one, told_by_form
from bot.options.parser import read_text
from bot.options.request import changed_request, check_input, read_request
from storage.job import Json, QuestionKind

KLING = Catalog.load()
SHOT: Mapping[str, Json] = {"prompt": "boats leave", "duration": 5}
OWN_SHOTS: Mapping[str, Json] = {
    "prompt": "a harbour",
    "multi_shot": True,
    "shot_type": "customize",
    "multi_prompt": [SHOT],
}
IGNORED = "the main prompt is said to be ignored"


def asked(text: str) -> list[str]:
    """Return the words of a text that are asked about."""
    doubts = read_request(read_text(text), KLING).doubts
    assert {doubt.kind for doubt in doubts} <= {QuestionKind.UNKNOWN_OPTION}
    return [doubt.about for doubt in doubts]


def sentences(values: Mapping[str, Json]) -> list[str]:
    """Return what is asked about an input because of what others publish."""
    doubts = check_input(KLING.default, values).doubts
    assert {doubt.kind for doubt in doubts} <= {QuestionKind.DOUBT}
    return [doubt.about for doubt in doubts]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a lake --4k", ["--4k"]),
        ("a lake --10s", ["--10s"]),
        ("a lake --9:16 and --9:16", ["--9:16"]),
        ("a -calm lake -d 5", ["-calm", "-d"]),
        ("a lake \u2212calm", ["\u2212calm"]),
        ("a lake \u200b-calm", ["-calm"]),
        ("a lake mode=pro", ["mode=pro"]),
        ("a lake ar=vertical, at dawn", ["ar=vertical,"]),
        ("a lake -- duration 10", ["-- duration"]),
        ("a lake \u2014 duration 10", ["\u2014 duration"]),
        ("a lake--duration 10", ["lake--duration"]),
        ("a lake --mode pro at dawn.--duration=10", ["dawn.--duration=10"]),
        ("a lake `--duration 10`", ["--duration"]),
        ("a lake (--duration 10)", ["--duration"]),
        ('"a lake --duration 10 --mode=pro"', ["--duration 10", "--mode=pro"]),
        ("“a lake —mode pro”", ["—mode pro"]),
    ],
)
def test_a_word_that_looks_like_an_option_is_asked_about(text: str, words: list[str]) -> None:
    assert asked(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "a lake",
        "a lake at -5 degrees",
        "a \u2014 calm \u2014 lake",
        "the sea \u2014 sound of waves",
        "the sea \u2014 first light",
        "well--no one came",
        "a=b and c=d on a board",
        "first=second",
        "-- duration 10",
        "-- --mode pro -calm",
        "a cat -- --4k is fine",
        "a cat -- -calm",
        "a '-calm' lake",
        'a sign that says "--4k"',
        'a sign that says "well -- mode pro"',
        'a sign that says "--mode of travel"',
        'a lake ""',
        "a well-known, sun-lit lake",
        "a lake -> a sea",
        "- a list - of things",
        "a lake --mode pro --no -calm",
    ],
)
def test_prose_is_not_asked_about(text: str) -> None:
    assert asked(text) == []


def test_an_option_without_its_dashes_is_asked_about() -> None:
    assert asked("a lake mode pro at dawn") == ["mode pro"]
    assert asked("a lake --audio duration 10s, ar vertical") == ["duration 10s,", "ar vertical"]
    assert asked("a lake, the sound off, in a mode of its own") == []


def test_an_option_with_a_colon_is_asked_about() -> None:
    assert asked("a lake, mode: pro, length: 10s") == ["mode: pro,", "length: 10s"]
    assert asked("- Duration: 10s\n- *Ratio:* 9:16.") == ["Duration: 10s", "9:16."]
    assert asked("Aspect ratio 1:1, a lake") == ["Aspect ratio 1:1,"]
    assert asked("a lake [16:9] at 9:30") == ["16:9"]
    assert asked("a lake mode:pro and sound: off") == ["mode:pro", "sound: off"]
    assert asked("a lake. Negative prompt: people") == ["Negative prompt:"]
    assert asked("a sign: welcome. First: a boat. The mode: calm") == []


VALUES: Mapping[str, str] = {
    "4k": "--mode 4k",
    "in 9:16 please": "--aspect-ratio 9:16",
    "Make it 10 seconds long!": "--duration 10",
    "4k, 9:16": "--mode 4k --aspect-ratio 9:16",
    "can you render this in 4k quality?": "--mode 4k",
}
VALUES_IN_A_CHANGE: Mapping[str, str] = {
    "pro, please --duration 5": "--mode pro",
    "the portrait": "--aspect-ratio 9:16",
    "no sound": "--no-audio",
    "sound on please": "--audio",
    "turn the sound off": "--no-audio",
    "with music please": "--audio",
    "change it to vertical": "--aspect-ratio 9:16",
    "extend to 15 seconds": "--duration 15",
    "cut it to 5 seconds": "--duration 5",
    "add sound please": "--audio",
    "remove the sound": "--no-audio",
    "cut the sound": "--no-audio",
    "mute it": "--no-audio",
    "vertical for instagram stories": "--aspect-ratio 9:16",
    "in 16:9 and 1:1": "--aspect-ratio {16:9|1:1}",
    "vertical with sound": "--aspect-ratio 9:16 --audio",
}
UNVALUED: Mapping[str, str] = {
    "make it much longer": "`--duration` with a whole number from 3 to 15",
    "Shorter!": "`--duration` with a whole number from 3 to 15",
    "higher quality": "`--mode` with one of `std`, `pro`, `4k`",
    "in HD please": "`--mode` with one of `std`, `pro`, `4k`",
    "another format": "`--aspect-ratio` with one of `16:9`, `9:16`, `1:1`",
}
SCENES = (
    "longer shadows",
    "a photo",
    "make it night",
    "a pro at work",
    '"4k"',
    "-- 4k",
    "a 4k lake",
    "sound of waves",
)


def told_of(text: str, *, is_change: bool) -> str:
    """Return what is asked about a text, as a request or as a change of one."""
    typed, earlier = read_text(text), read_request(read_text("a lake"), KLING)
    read = changed_request(earlier, typed, KLING) if is_change else read_request(typed, KLING)
    return "".join(doubt.about for doubt in read.doubts)


@pytest.mark.parametrize("is_change", [False, True])
def test_values_that_are_all_the_words_are_asked_about(*, is_change: bool) -> None:
    """As the text of a request, and as a change of one, to which they would be added."""
    for text, flags in VALUES.items():
        told = told_of(text, is_change=is_change)
        assert told.endswith(f"is read as the prompt. If it is an option, write `{flags}`."), text
    assert {told_of(text, is_change=is_change) for text in SCENES} == {""}


@pytest.mark.parametrize("is_change", [False, True])
def test_an_option_without_its_value_is_asked_about(*, is_change: bool) -> None:
    """Where all words are of it, as those of a wish."""
    for text, option in UNVALUED.items():
        told = told_of(text, is_change=is_change)
        assert told.endswith(f"is read as the prompt. If it is an option, write {option}."), text
    assert "`--duration`" in told_of("make it a bit longer", is_change=True)


def test_a_value_with_an_article_may_be_a_scene_of_its_own() -> None:
    for text, flags in VALUES_IN_A_CHANGE.items():
        assert f"write `{flags}`." in told_of(text, is_change=True), text
        told = told_of(text, is_change=False)
        assert told == "" if "the" in text else f"write `{flags}`." in told, text


NOTHING = (
    "make a video",
    "Please create one!",
    "I want a new video",
    "generate",
    "video",
    "a",
    "another one",
    "x2",
    "10",
    "2 x",
    "the film please --mode pro",
)


def test_a_request_that_names_nothing_to_show_is_asked_about() -> None:
    for text in NOTHING:
        words = text.partition(" --")[0]
        assert told_of(text, is_change=False).startswith(f"“{words}” names nothing to show."), text
    for text in ('"make a video"', "-- make a video", "水", "🔥", "make it rain", "ox"):
        assert told_of(text, is_change=False) == "", text


@pytest.mark.parametrize(
    "text",
    [
        "make a video --image-urls https://a.b/c.png",
        "make a video --first https://a.b/c.png",
        "make a video\n3s: boats leave\n4s: boats return",
    ],
)
def test_pictures_and_shots_show_something(text: str) -> None:
    told = (doubt.about for doubt in read_request(read_text(text), KLING).doubts)
    assert not any("names nothing to show" in each for each in told)


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("a lake --no sound", "--no-sound"),
        ("a lake --no Watermark", "--no-Watermark"),
        ("a lake --no people", None),
    ],
)
def test_a_flag_that_is_another_one_with_its_value_is_asked_about(
    text: str, flag: str | None
) -> None:
    abouts = [doubt.about for doubt in read_request(read_text(text), KLING).doubts]
    assert len(abouts) == (flag is not None)
    assert flag is None or f"Did you mean `{flag}`?" in abouts[0]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"multi_prompt": [SHOT] * 7, "duration": 15}, "at most 6 shots"),
        ({"multi_prompt": [{**SHOT, "prompt": "x" * 513}]}, "at most 512 characters"),
        ({"multi_prompt": [SHOT, SHOT]}, "have to add up"),
        ({"multi_prompt": [{**SHOT, "duration": "4"}]}, "have to add up"),
        ({"multi_prompt": [{"prompt": "x"}]}, "a duration of at least 1 s"),
        ({"multi_prompt": [{**SHOT, "duration": 0}], "duration": 3}, "at least 1 s"),
        ({"multi_shot": False}, "--multi-shot and --shot-type customize"),
        ({"shot_type": "intelligence"}, "--multi-shot and --shot-type customize"),
        ({"element_list": [{"element_id": 1}]}, "Elements are said to belong"),
        ({"first_frame_image": "https://a.b/c.png"}, "First and last frames"),
        ({"last_frame_image": "https://a.b/c.png"}, "First and last frames"),
    ],
)
def test_what_only_others_publish_is_asked_about(values: Mapping[str, Json], sentence: str) -> None:
    assert any(sentence in told for told in sentences({**OWN_SHOTS, **values}))


@pytest.mark.parametrize(
    "shots", [[SHOT], [{**SHOT, "duration": 2}, {"index": 2, "prompt": "x", "duration": "3"}]]
)
def test_shots_as_published_are_asked_about_for_the_ignored_prompt_alone(shots: Json) -> None:
    (only,) = sentences({**OWN_SHOTS, "multi_prompt": shots})
    assert IGNORED in only


@pytest.mark.parametrize(
    "values",
    [
        {"prompt": "a lake"},
        {"prompt": "a lake", "multi_shot": True},
        {"prompt": "a lake", "first_frame_image": "https://a.b/c.png"},
        {"prompt": "a lake", "last_frame_image": "https://a.b/c.png"},
        {"prompt": "a lake", "element_list": [], "multi_prompt": []},
    ],
)
def test_a_plain_input_is_not_asked_about(values: Mapping[str, Json]) -> None:
    assert sentences(values) == []


def test_what_was_in_doubt_before_is_not_asked_about_again() -> None:
    before = check_input(KLING.default, OWN_SHOTS)
    again = changed_request(before, read_text("--mode pro"), KLING)
    assert again.doubts == ()
    other = changed_request(before, read_text("-calm --duration 9"), KLING)
    assert [doubt.about for doubt in other.doubts] == [
        "-calm",
        "The durations of the shots make 5 of 9 s, and are said to have to add up to the video's.",
        # Other words would be ignored again.
        *(doubt.about for doubt in told_by_form(KLING.default)),
    ]


def test_all_doubts_are_asked_in_one_question() -> None:
    calm, flag = (
        Doubt(kind=QuestionKind.UNKNOWN_OPTION, about=about) for about in ("-calm", "--4k")
    )
    shots = Doubt(kind=QuestionKind.DOUBT, about="Too many shots.")
    assert in_one([]) is None
    assert in_one([calm, flag]) == Doubt(kind=QuestionKind.UNKNOWN_OPTION, about="-calm, --4k")
    assert in_one([shots, shots]) == Doubt(
        kind=QuestionKind.DOUBT, about="Too many shots.\nToo many shots."
    )
    assert in_one([calm, shots]) == Doubt(
        kind=QuestionKind.DOUBT,
        about="“-calm” looks like an option, and is read as a part of the prompt.\nToo many shots.",
    )


def test_a_number_of_a_million_digits_in_a_shot_is_not_read() -> None:
    shot = json.dumps({"prompt": "x", "duration": "1e999999"})
    request = read_request(read_text(f"x --shots '{shot}'"), KLING)
    assert not any("add up" in doubt.about for doubt in request.doubts)


@pytest.mark.parametrize(
    ("text", "flag"),
    [("x --pro", "--mode pro"), ("x --square", "--aspect-ratio 1:1"), ("x --hd", None)],
)
def test_a_choice_typed_as_a_flag_is_refused_with_its_flag(text: str, flag: str | None) -> None:
    with pytest.raises(UsageError) as refused:
        read_request(read_text(text), KLING)
    assert (f"Did you mean `{flag}`?" in str(refused.value)) is (flag is not None)


@pytest.mark.parametrize("word", ["a", "9", "_", "a_", "日"])
def test_a_word_of_200_000_letters_is_read_at_once(word: str) -> None:
    """It is no option, and the acknowledgement of everybody else waits meanwhile."""
    began = time.process_time()
    with pytest.raises(UsageError, match="takes at most"):
        read_request(read_text(word * 200_000), KLING)
    assert time.process_time() - began < 1
