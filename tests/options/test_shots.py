"""Shots as lines of a text: how they are read, what follows from them, how they are written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.base.errors import ConfigurationError, UsageError
from bot.messages.modal import Layout, form_blocks
from bot.options.catalog import Catalog
from bot.options.defaults import read_defaults
from bot.options.draft import Draft, read_draft_text
from bot.options.form import read_form, read_unfinished
from bot.options.form_elements import FormError
from bot.options.form_items import ItemChange, ItemEdit
from bot.options.form_shots import after_shot_buttons, words_of_other_shots
from bot.options.parser import read_text
from bot.options.request import RenderRequest, asked_values, changed_request, read_request
from bot.options.shots import shots_in, text_of
from bot.options.style_definition import read_style
from bot.options.styles import NO_STYLES, Style
from storage.job import Json, UsedStyle
from tests.options.test_form import state_of
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, model_file, model_with, write

KLING = Catalog.load()
MODEL = KLING.default
BOATS = "3s: boats leave at dawn\n4s: boats return"
BOATS_INPUT: Mapping[str, Json] = {
    "prompt": "boats leave at dawn. boats return",
    "duration": 7,
    "multi_shot": True,
    "shot_type": "customize",
    "multi_prompt": [
        {"prompt": "boats leave at dawn", "duration": 3},
        {"prompt": "boats return", "duration": 4},
    ],
}
NOIR = Style(name="noir", words="black, {prompt}, grain", options={"mode": "pro", "duration": 12})


def read(text: str, **options: Json) -> RenderRequest:
    """Return the request of a text; `options` are the defaults."""
    return read_request(read_text(text), KLING, defaults=options, styles={"noir": NOIR})


def changed(before: RenderRequest, text: str) -> RenderRequest:
    """Return the request that a reply makes of an earlier one."""
    return changed_request(before, read_text(text), KLING, styles={"noir": NOIR})


def lines(request: RenderRequest) -> str:
    """Return the shots of a request as they are typed."""
    return text_of(shots_in(MODEL, request.input))


def asked(request: RenderRequest) -> str:
    """Return all that is asked about."""
    return " ".join(doubt.about for doubt in request.doubts)


@pytest.mark.parametrize(
    "text",
    [
        BOATS,
        "3S : boats leave at dawn\n\n  4 sec: boats\n return\n",
        "• 3s: boats leave at dawn\n• 4s:boats return",
        '1. 3 seconds: "boats leave at dawn"\n2) 04s\uff1a boats return',
        "3s: boats leave --duration 7 at dawn\n4s: boats return",
        "\u200b3s: boats leave at dawn\r\n\u2060\u200b4s: boats return\r\n",
    ],
)
def test_lines_that_begin_with_seconds_are_shots(text: str) -> None:
    """Nothing is asked: what they need is set, and the video is as long as they are together."""
    request = read(text)
    assert (request.input, request.doubts) == (BOATS_INPUT, ())
    assert lines(request) == BOATS


@pytest.mark.parametrize(
    "text",
    [
        "boats 3s: leave",
        "-- 3s: boats leave",
        '"3s: boats leave\n4s: boats return"',
        "3s boats leave",
        "3: boats leave",
        "3min: boats leave",
        "s: boats leave",
        "--audio 3s: boats leave",
    ],
)
def test_what_begins_no_line_with_seconds_is_text(text: str) -> None:
    request = read(text)
    assert "multi_prompt" not in request.input
    assert "boats" in str(request.input["prompt"])


@pytest.mark.parametrize(
    ("text", "begins"), [(BOATS, True), ("• 3s: x", True), ("x\n3s: y", False), ("", False)]
)
def test_a_text_tells_whether_a_shot_comes_first(text: str, *, begins: bool) -> None:
    assert read_text(text).begins_with_shot is begins


def test_flags_stand_anywhere_and_take_no_shot_for_their_value() -> None:
    request = read("a harbour --mode pro\n3s: boats leave\n--audio\n4s: boats return -- 5s: x")
    assert request.input["prompt"] == "a harbour 5s: x"
    assert (request.input["mode"], request.input["audio"]) == ("pro", True)
    assert lines(request) == "3s: boats leave\n4s: boats return"
    with pytest.raises(UsageError, match="`--negative-prompt` needs a value"):
        read("--no\n3s: boats leave")


def test_words_behind_an_empty_line_are_the_prompt_again() -> None:
    """They are asked about, because they would be ignored; no click is needed otherwise."""
    request = read(f"{BOATS}\n\nin black and white")
    assert request.input["prompt"] == "in black and white"
    assert "the main prompt is said to be ignored" in asked(request)
    assert read(f"{BOATS}\n\n--mode pro").doubts == ()
    behind_flag = read(f"{BOATS}\n\n--mode pro\nin black and white")
    assert lines(behind_flag) == BOATS
    assert behind_flag.input["prompt"] == "in black and white"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("3s:", "Shot 1 has no words: write what it shows behind `3s:`."),
        ("3s: boats leave\n2s: \u200b", "Shot 2 has no words: write what it shows behind `2s:`."),
        ("0s: a boat leaves", "Shot 1: seconds must be a whole number from 1 to 15; you gave `0`."),
        ("16s: a boat leaves", "Shot 1: seconds must be a whole number from 1 to 15; you gave"),
        ("2,5s: a boat leaves", "Shot 1: seconds must be a whole number from 1 to 15; you gave"),
        ("3s: a boat\x00leaves", "Shot 1: what it shows holds a control character"),
        (
            "3s: boats leave --shots {}",
            "The shots are given twice: by `--multi-prompt` and as lines such as `3s: …`.",
        ),
        ("1s: a\n" * 101, "Those are 101 shots, and at most 100 are read."),
    ],
)
def test_what_makes_no_shot_is_told_in_one_sentence(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(text)
    (told,) = refused.value.problems
    assert told.startswith(problem)


@pytest.mark.parametrize(
    ("text", "sentence", "duration"),
    [
        ("2s: a boat leaves\n" * 7, "at most 6 shots", 14),
        ("9s: boats leave\n9s: boats return", "make 18 of 15 s", 15),
        ("1s: a boat leaves", "make 1 of 3 s", 3),
        (f"{BOATS}\n--duration 10", "make 7 of 10 s", 10),
        (f"a harbour\n{BOATS}", "the main prompt is said to be ignored", 7),
        (f"{BOATS}\n--no-multi-shot", "count only with --multi-shot", 7),
        (f"{BOATS}\n--first https://a.b/c.png", "First and last frames", 7),
        (f"3s: boats leave {'x' * 512}", "at most 512 characters", 3),
        ("4s: the moon\n3s: the sea and a lamp", "None of the shots names a motion", 7),
        ("3s: boats leave 4s: boats return 2s: night falls", "“4s:” stands inside a line", 3),
        ("3s: boats leave, 4s:boats return", "“4s:” stands inside a line", 3),
        ("3s: boats leave;4 sec: boats return", "“4 sec:” stands inside a line", 3),
        (
            "3s: boats leave\r4 seconds\uff1a they return",
            "“4 seconds\uff1a” stands inside a line",
            3,
        ),
    ],
)
def test_what_only_mindvideo_knows_is_asked_about(text: str, sentence: str, duration: int) -> None:
    """With all else as it was typed, and with the length that is nearest to the sum."""
    request = read(text)
    assert sentence in asked(request)
    assert len(request.doubts) == 1
    assert request.input["duration"] == duration


@pytest.mark.parametrize(
    "motion",
    [
        "sun sets",
        "crowd applauds",
        "volcano spews lava",
        "man juggles",
        "couple waltzes",
        "tulip blossoms",
        "cat purrs",
        "tide ebbs",
        "man cries",
        "thunder rumbled",
        "bird sang",
    ],
)
def test_a_plain_motion_is_not_asked_about(motion: str) -> None:
    assert read(f"4s: the {motion} with the harbour behind").doubts == ()


def test_a_line_that_may_be_no_shot_is_refused_with_the_way_to_have_it_read_as_words() -> None:
    """Decades and countdowns begin lines as well; the way is told once."""
    with pytest.raises(UsageError) as refused:
        read("80s: neon city\n90s: boats leave")
    first, second = refused.value.problems
    assert first.endswith("you gave `80`. If it is no shot, put `-- ` before it.")
    assert "`-- `" not in second
    assert read("-- 80s: neon city\n90s: boats leave").input == {
        "prompt": "80s: neon city\n90s: boats leave"
    }


def test_what_was_confirmed_of_shots_in_a_style_is_not_asked_about_again() -> None:
    """Its words count, so a change of something else is judged with them as well."""
    before = read(f"3s: boats leave {'x' * 490} --style noir")
    assert "at most 512 characters" in asked(before)
    assert changed(before, "--audio").doubts == ()
    assert "at most 512 characters" in asked(changed(before, f"3s: boats leave {'y' * 490}"))


def test_a_shot_is_shown_on_one_line() -> None:
    """Else words from JSON would read as a shot more than there is."""
    value = json.dumps({"prompt": "boats leave\n9s: boats return", "duration": 3})
    request = read(f"--shots '{value}' --multi-shot --shot-type customize a harbour")
    assert lines(request) == "3s: boats leave 9s: boats return"


def test_shots_go_before_the_lengths_of_defaults_and_of_a_style() -> None:
    """Of a typed length the bot asks, if it does not fit."""
    assert read(BOATS, duration=12, shot_type="intelligence").input == BOATS_INPUT
    assert read(f"{BOATS}\n--style noir", duration=4).input["duration"] == 7


def test_the_words_of_a_style_go_around_each_shot() -> None:
    """Around the prompt alone they would be paid for and ignored. What was asked for stays."""
    request = read("3s: boats leave, \n4s: boats return. --style noir")
    assert request.input["multi_prompt"] == [
        {"prompt": "black, boats leave, grain", "duration": 3},
        {"prompt": "black, boats return, grain", "duration": 4},
    ]
    assert request.input["prompt"] == "black, boats leave. boats return, grain"
    assert request.style == UsedStyle(
        name="noir", words=NOIR.words, prompt="boats leave. boats return"
    )
    without = changed(request, "--style none")
    assert (lines(without), without.doubts) == ("3s: boats leave\n4s: boats return", ())
    again = changed(request, "--mode 4k")
    assert again.input == {**request.input, "mode": "4k"}
    assert again.doubts == ()


def test_a_style_that_a_reply_puts_on_shots_leaves_their_length() -> None:
    """As in the first text; else more seconds than those of the shots were paid for."""
    styled = changed(read(BOATS), "--style noir")
    assert (styled.input["duration"], styled.input["mode"], styled.doubts) == (7, "pro", ())
    assert styled.input == read(f"{BOATS}\n--style noir").input
    asked_for = changed(read(BOATS), "--style noir --duration 10")
    assert "make 7 of 10 s" in asked(asked_for), "a length that is typed is meant"
    assert changed(read(BOATS), "new: a lake --style noir").input["duration"] == 12


def test_lines_in_a_thread_replace_the_shots() -> None:
    """The rest stays as it was; the words of the new ones stand for the prompt."""
    before = read(f"{BOATS}\n--mode pro")
    after = changed(before, "5s: a dog runs\n--audio")
    assert lines(after) == "5s: a dog runs"
    assert (after.input["prompt"], after.input["duration"]) == ("a dog runs", 5)
    assert (after.input["mode"], after.input["audio"], after.doubts) == ("pro", True, ())
    first = changed(read("a lake --duration 12"), BOATS)
    assert first.input == BOATS_INPUT
    new = changed(read("a lake"), f"new:\n{BOATS}")
    assert (new.input, new.doubts) == (BOATS_INPUT, ())
    still = changed(read("4s: the moon\n3s: the sea"), "5s: the town and a lamp")
    assert "names a motion" in asked(still), "of other shots"
    both = changed(read("a lake"), f"at night\n{BOATS}")
    assert both.input["prompt"] == "a lake. at night"
    assert "the main prompt is said to be ignored" in asked(both)


def test_lines_in_the_thread_of_a_scene_may_be_notes_and_are_asked_about() -> None:
    """They replace the whole scene."""
    for text in ("3s: zoom in", "3s: the logo is wrong\n4s: the sky is too dark"):
        assert "begins as in `0:03 …`" in asked(changed(read("a lake"), text))
    assert changed(read(BOATS), "3s: boats leave").doubts == ()


def test_other_words_in_a_thread_are_asked_about_and_a_new_prompt_replaces_the_shots() -> None:
    before = read(BOATS)
    assert "the main prompt is said to be ignored" in asked(changed(before, "at night"))
    twice = changed(changed(before, "at night"), "in rain")
    assert twice.input["prompt"] == "at night. in rain"
    assert "the main prompt is said to be ignored" in asked(twice)
    new = changed(before, "new: a lake")
    assert (new.input, new.doubts) == ({"prompt": "a lake", "duration": 7}, ())


def test_a_model_without_shots_reads_lines_as_words_and_asks(tmp_path: Path) -> None:
    write(tmp_path, model_file({"prompt": {"type": "string"}}))
    catalog = Catalog.load(tmp_path)
    request = read_request(read_text(f"{BOATS} --model sample"), catalog)
    assert request.input == {"prompt": BOATS}
    assert "takes no shots of your own" in asked(request)
    plain = read_request(read_text("boats 3s: leave --model sample"), catalog)
    assert plain.doubts == ()


def test_the_value_has_the_shape_that_the_model_file_declares(tmp_path: Path) -> None:
    """Kling's own paper has an index, and the duration as text."""
    parts: Mapping[str, Json] = {
        "scenes": {"type": "array", "items": {"type": "object"}},
        "length": {"type": "integer", "enum": [5, 10]},
        "prompt": {"type": "string"},
    }
    item: Mapping[str, Json] = {
        "noun": "Scene",
        "most": 3,
        "members": {"say": {"type": "string"}, "long": {"type": "string"}},
        "position": "index",
        "shot": {"words": "say", "seconds": "long", "total": "length"},
    }
    model = model_with(tmp_path, parts, items={"scenes": item})
    request = read_request(read_text(f"{BOATS} --model {model.slug}"), Catalog.load(tmp_path))
    scenes: list[Json] = [
        {"index": 1, "say": "boats leave at dawn", "long": "3"},
        {"index": 2, "say": "boats return", "long": "4"},
    ]
    assert request.input["scenes"] == scenes
    assert request.input["length"] == 10, "the nearest that is not shorter"
    assert text_of(shots_in(model, request.input)) == BOATS
    blocks = form_blocks(KLING, model, request.input)
    assert "Together *7*, but sample makes one of 5, 10." in str(blocks), "it has no unit"
    state = state_of(blocks)
    assert read_form(model, state).input == request.input


@pytest.mark.parametrize(
    ("length", "seconds", "total"),
    [
        ({"type": "integer", "minimum": 3, "maximum": 15}, "2.5", 5),
        ({"type": "integer", "minimum": 3, "maximum": 15}, "2.25", 5),
        ({"type": "integer", "multipleOf": 5, "minimum": 5, "maximum": 20}, "3.5", 10),
        ({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10}, "9", 9),
        ({"type": "number", "maximum": 10}, "2.25", 4.5),
    ],
)
def test_the_length_is_one_that_the_model_makes(
    tmp_path: Path, length: Mapping[str, Json], seconds: str, total: Json
) -> None:
    """Not below the sum, if there is one: else the model's default would be rendered unasked."""
    parts: Mapping[str, Json] = {
        "scenes": {"type": "array", "items": {"type": "object"}},
        "length": length,
        "prompt": {"type": "string"},
    }
    item: Mapping[str, Json] = {
        "noun": "Scene",
        "most": 3,
        "members": {"say": {"type": "string"}, "long": {"type": "number"}},
        "shot": {"words": "say", "seconds": "long", "total": "length"},
    }
    model = model_with(tmp_path, parts, items={"scenes": item})
    text = f"{seconds}s: boats leave\n{seconds}s: boats return --model {model.slug}"
    request = read_request(read_text(text), Catalog.load(tmp_path))
    assert request.input["length"] == total


@pytest.mark.parametrize(
    ("shot", "problem"),
    [
        ({"words": "say", "seconds": "say"}, "must have its words and its seconds"),
        ({"words": "say", "seconds": "other"}, "must have its words and its seconds"),
        ({"words": "long", "seconds": "say"}, "`long` of a shot must be a text"),
        ({"words": "say", "seconds": "long", "total": "name"}, "`name` must be a number"),
        ({"words": "say", "seconds": "long", "total": "nothing"}, "`nothing` must be a number"),
    ],
)
def test_a_model_file_with_shots_that_lines_cannot_give_is_refused(
    tmp_path: Path, shot: Mapping[str, Json], problem: str
) -> None:
    parts: Mapping[str, Json] = {
        "scenes": {"type": "array", "items": {"type": "object"}},
        "name": {"type": "string"},
    }
    members: Mapping[str, Json] = {"say": {"type": "string"}, "long": {"type": "integer"}}
    item: Mapping[str, Json] = {"noun": "Scene", "most": 3, "members": members, "shot": shot}
    write(tmp_path, model_file(parts, items={"scenes": item}))
    with pytest.raises(ConfigurationError, match=problem):
        Catalog.load(tmp_path)


def test_one_list_alone_holds_the_shots(tmp_path: Path) -> None:
    scenes: Mapping[str, Json] = {"type": "array", "items": {"type": "object"}}
    item: Mapping[str, Json] = {
        "noun": "Scene",
        "most": 3,
        "members": {"say": {"type": "string"}, "long": {"type": "integer"}},
        "shot": {"words": "say", "seconds": "long"},
    }
    write(tmp_path, model_file({"a": scenes, "b": scenes}, items={"a": item, "b": item}))
    with pytest.raises(ConfigurationError, match="one list alone may hold the shots"):
        Catalog.load(tmp_path)


def test_styles_and_defaults_have_no_shots() -> None:
    with pytest.raises(UsageError, match="A style has no shots"):
        read_style("noir", "black\n3s: boats leave", KLING, {})
    with pytest.raises(UsageError, match="Defaults are options alone"):
        read_defaults("--mode pro\n3s: boats leave", KLING, {})


def test_a_refused_text_opens_in_the_form_with_its_shots() -> None:
    """Also with those that are no shots yet: nothing that was typed is lost."""
    draft = Draft(text=f"{BOATS}\n--mode best", channel="C1")
    opened = read_draft_text(draft, KLING, MODEL, {}, styles=NO_STYLES, used=None)
    state = state_of(form_blocks(KLING, MODEL, opened.values))
    assert read_form(MODEL, state).input == BOATS_INPUT
    draft = Draft(text="3s:\n99s: boats leave\n4s: boats return", channel="C1")
    opened = read_draft_text(draft, KLING, MODEL, {}, styles=NO_STYLES, used=None)
    assert opened.shots == (
        {"duration": 3},
        {"prompt": "boats leave"},
        {"prompt": "boats return", "duration": 4},
    )
    assert len(opened.problems) == 2


def test_shots_beyond_the_fields_of_the_form_are_told() -> None:
    """In the form they would be missing without a word."""
    draft = Draft(text="0s: a boat leaves\n" + "2s: a boat returns\n" * 7, channel="C1")
    opened = read_draft_text(draft, KLING, MODEL, {}, styles=NO_STYLES, used=None)
    assert opened.problems[-1] == ("The last 2 of your 8 shots: the form has fields for 6.")


def test_a_shot_behind_a_gap_in_the_fields_is_read() -> None:
    """A state that lacks the fields of one shot loses none of the others."""
    three = [{"prompt": f"boat {n} leaves", "duration": n} for n in (1, 2, 3)]
    state = dict(state_of(form_blocks(KLING, MODEL, {}, Layout(shots=three))))
    for member in ("prompt", "duration"):
        del state[f"option:multi_prompt.2.{member}"]
    assert read_form(MODEL, state).input["multi_prompt"] == [three[0], three[2]]


def test_words_that_are_too_long_with_a_style_are_told_at_a_field_that_the_form_has() -> None:
    state = state_of(form_blocks(KLING, MODEL, BOATS_INPUT))
    long = Style(name="long", words="x" * 2490, options={})
    with pytest.raises(FormError) as refused:
        read_form(MODEL, state, style=long)
    assert list(refused.value.errors) == ["option:multi_prompt.1.prompt"]
    assert set(refused.value.errors) <= set(state)


WORDS = st.text(alphabet="abc ,.:;'3s-“”é{}\n", min_size=1, max_size=20).filter(str.strip)
SHOTS = st.lists(st.tuples(st.integers(1, 15), WORDS), min_size=1, max_size=6)


@settings(deadline=None)  # the time of one example varies on a busy machine
@given(SHOTS)
def test_text_and_form_give_the_same_input_and_the_same_text(
    shots: list[tuple[int, str]],
) -> None:
    """From a form to its input, to its text, and back.

    Words that a text reads otherwise, such as those in quotes, are left to the form.
    """
    items: list[Mapping[str, Json]] = [{"prompt": w, "duration": s} for s, w in shots]
    state = state_of(form_blocks(KLING, MODEL, {}, Layout(shots=items)))
    of_form = read_form(MODEL, state)
    text = lines(of_form)
    try:
        typed = read(text)
    except UsageError:
        return
    if lines(typed) != text:
        return
    assert typed.input == of_form.input
    assert lines(typed) == text
    edited = state_of(form_blocks(KLING, MODEL, typed.input))
    assert read_form(MODEL, edited, typed.input).input == typed.input


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 15), st.text(alphabet="abc é,.!?;3s:", min_size=1).filter(str.strip)
        ),
        min_size=1,
        max_size=9,
    )
)
def test_a_text_of_shots_is_the_text_of_its_input(shots: list[tuple[int, str]]) -> None:
    text = "\n".join(f"{seconds}s: {' '.join(words.split())}" for seconds, words in shots)
    request = read(text, mode="pro")
    assert lines(request) == text
    assert read(lines(request), mode="pro") == request
    assert asked_values(read(f"{text}\n--style noir"))["prompt"] == request.input["prompt"]


def unfinished(edit: ItemEdit | None, *items: Mapping[str, Json], count: int) -> list[Json]:
    """Return what is entered for each shot after a press."""
    state = state_of(form_blocks(KLING, MODEL, {}, Layout(shots=items)))
    values, _ = read_unfinished(MODEL, state, {})
    return list(after_shot_buttons(MODEL, state, values, {"multi_prompt": count}, edit).shots)


def test_a_press_moves_or_removes_a_shot_as_it_was_entered() -> None:
    """Also one without words or seconds; a repeated press that finds none changes nothing."""
    one: Mapping[str, Json] = {"prompt": "one", "duration": 1}
    two: Mapping[str, Json] = {"prompt": "two"}
    three: Mapping[str, Json] = {"duration": 3}

    def press(change: ItemChange, number: int, count: int = 3) -> list[Json]:
        edit = ItemEdit(option="multi_prompt", change=change, number=number)
        return unfinished(edit, one, two, three, count=count)

    assert press(ItemChange.MOVED_UP, 3) == [one, three, two]
    assert press(ItemChange.MOVED_UP, 2) == [two, one, three]
    assert press(ItemChange.MOVED_UP, 1) == [one, two, three]
    assert press(ItemChange.REMOVED, 2, count=2) == [one, three]
    assert press(ItemChange.REMOVED, 9) == [one, two, three]
    assert unfinished(None, one, two, count=3) == [one, two, {}]
    assert unfinished(None, one, two, three, count=2) == [one, two, three], "none goes unasked"


def test_the_prompt_becomes_the_first_shot_and_the_shots_a_prompt() -> None:
    state = state_of(form_blocks(KLING, MODEL, {"prompt": "a boat\nleaves", "duration": 8}))
    values, _ = read_unfinished(MODEL, state, {})
    divided = after_shot_buttons(MODEL, state, values, {"multi_prompt": 2})
    assert divided.shots == [{"prompt": "a boat leaves", "duration": 8}, {}]
    assert divided.is_moved
    assert divided.values["duration"] == 8
    assert "prompt" not in divided.values

    state = state_of(form_blocks(KLING, MODEL, BOATS_INPUT))
    values, _ = read_unfinished(MODEL, state, BOATS_INPUT)
    joined = after_shot_buttons(MODEL, state, values, {})
    assert joined.shots == ()
    assert joined.values["prompt"] == BOATS_INPUT["prompt"]
    assert joined.values["duration"] == 7
    assert "multi_prompt" not in joined.values


def test_a_prompt_beside_shots_may_be_cleared_and_is_a_part_of_one_prompt() -> None:
    """It was written and confirmed, so no press loses it; its field says that it is optional."""
    values = {**BOATS_INPUT, "prompt": "a harbour"}
    state = dict(state_of(form_blocks(KLING, MODEL, values)))
    assert read_form(MODEL, state, values).input == values
    kept, _ = read_unfinished(MODEL, state, values)
    joined = after_shot_buttons(MODEL, state, kept, {})
    assert joined.values["prompt"] == "a harbour. boats leave at dawn. boats return"
    state["option:prompt"] = {MODEL.slug: {"value": None}}
    assert read_form(MODEL, state, values).input == BOATS_INPUT
    state["option:prompt"] = {MODEL.slug: {"value": "a hill"}}
    long = Style(name="long", words="x" * 2500, options={})
    with pytest.raises(FormError) as refused:
        read_form(MODEL, state, style=long)
    assert list(refused.value.errors) == ["option:prompt"]


def test_dividing_and_back_changes_no_length() -> None:
    """Also without any words; a length that nobody set is not that of the shortest video."""

    def there_and_back(values: Mapping[str, Json]) -> tuple[list[Mapping[str, Json]], Json]:
        read_values, _ = read_unfinished(MODEL, state_of(form_blocks(KLING, MODEL, values)), {})
        state = state_of(form_blocks(KLING, MODEL, values))
        divided = after_shot_buttons(MODEL, state, read_values, {"multi_prompt": 2})
        state = state_of(form_blocks(KLING, MODEL, divided.values, Layout(shots=divided.shots)))
        read_values, _ = read_unfinished(MODEL, state, {})
        back = after_shot_buttons(MODEL, state, read_values, {})
        return list(divided.shots), MODEL.effective(back.values)["duration"]

    assert there_and_back({"duration": 10}) == ([{"duration": 10}, {}], 10)
    assert there_and_back({}) == ([{}, {}], 5)
    assert there_and_back({"prompt": "boats", "duration": 8})[1] == 8


def test_another_model_gets_the_words_of_the_shots(tmp_path: Path) -> None:
    write(tmp_path, ANIMATE)
    other = Catalog.load(tmp_path).get(ANIMATE_SLUG)
    state = state_of(form_blocks(KLING, MODEL, BOATS_INPUT))
    words = {"prompt": BOATS_INPUT["prompt"]}
    assert words_of_other_shots(other, MODEL, state) == words
    assert words_of_other_shots(MODEL, MODEL, state) == {}
    state = state_of(form_blocks(KLING, MODEL, {**BOATS_INPUT, "prompt": "a harbour"}))
    both = {"prompt": "a harbour. boats leave at dawn. boats return"}
    assert words_of_other_shots(other, MODEL, state) == both
