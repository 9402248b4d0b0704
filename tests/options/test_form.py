"""Tests of the reading of a submitted form: values, files, errors at fields."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.base.errors import UsageError
from bot.messages.modal import Layout, form_blocks
from bot.options.attachments import Attached
from bot.options.catalog import Catalog
from bot.options.doubts import told_by_form
from bot.options.form import (
    chosen_model,
    read_draft,
    read_form,
    read_unfinished,
    shows_advanced,
    with_files,
)
from bot.options.form_elements import FormError
from bot.options.form_fields import fits_items
from bot.options.form_items import items_shown
from bot.options.form_state import MOST_FILES, FormState
from bot.options.request import check_input
from bot.options.shots import implied_by_shots
from storage.job import Json
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, catalog_with, model_with

KLING = Catalog.load()

Answers = dict[str, Json]


def state_of(blocks: list[Mapping[str, Json]]) -> Answers:
    """Return Slack's state of a form that is submitted unchanged."""
    state: Answers = {}
    for block in blocks:
        match block:
            case {"element": Mapping() as element} | {"elements": [Mapping() as element, *_]}:
                if "action_id" in element:
                    answer = answer_of(element)
                    state[str(block["block_id"])] = {str(element["action_id"]): answer}
            case _:
                continue
    return state


def answer_of(element: Mapping[str, Json]) -> Answers:
    """Return Slack's state of an unchanged element."""
    match element.get("type"):
        case "checkboxes":
            return {"selected_options": element.get("initial_options", [])}
        case "multi_static_select":
            return {"selected_options": element.get("initial_options", [])}
        case "static_select":
            return {"selected_option": element.get("initial_option")}
        case "file_input":
            return {"files": []}
        case _:
            return {"value": element.get("initial_value")}


def form(values: Mapping[str, Json], *, show_advanced: bool = True) -> Answers:
    """Return the state of an unchanged form with these initial values."""
    return state_of(form_blocks(KLING, KLING.default, values, Layout(show_advanced=show_advanced)))


def entered(**answers: Json) -> Answers:
    """Return the state of a form with a prompt and these answers, by option."""
    state = form({"prompt": "a lake"})
    for name, answer in answers.items():
        state[f"option:{name}"] = {"kling-v3": answer}
    return state


def errors(state: Answers) -> Mapping[str, str]:
    """Return the errors of a form by block ID."""
    with pytest.raises(FormError) as refused:
        read_form(KLING.default, state)
    assert str(refused.value) == " ".join(refused.value.errors.values())
    return refused.value.errors


WITH_SHOTS: Mapping[str, Json] = {"multi_shot": True, "shot_type": "customize"}
FILLED: Mapping[str, Json] = {
    "mode": "pro",
    "audio": True,
    "prompt": "a lake",
    "duration": 9,
    "image_urls": ["https://a.b", "https://b.b"],
    **WITH_SHOTS,
    "multi_prompt": [{"prompt": "a"}, {}],
    "negative_prompt": "b\nc",
}


def test_an_unchanged_form_gives_its_values_without_defaults() -> None:
    read = read_form(KLING.default, form({**FILLED, "aspect_ratio": "16:9"}))
    assert read == check_input(KLING.default, FILLED, known=told_by_form(KLING.default))
    assert read.input == FILLED


def test_hidden_values_are_kept() -> None:
    carried = {**FILLED, "duration": 4, "element_list": [1], "else": 1}
    read = read_form(KLING.default, form(FILLED, show_advanced=False), carried)
    assert read.input == FILLED


def test_a_value_too_long_for_its_field_is_kept() -> None:
    values: Mapping[str, Json] = {"prompt": "a", "multi_prompt": [{"prompt": "x" * 4000}]}
    assert read_form(KLING.default, form(values), values).input == {**values, **WITH_SHOTS}


def test_an_emptied_field_is_not_kept() -> None:
    state = {**form(FILLED), "option:negative_prompt": {"kling-v3": {"value": None}}}
    assert "negative_prompt" not in read_form(KLING.default, state, FILLED).input


def test_files_are_added_to_the_links_of_their_option() -> None:
    answer: Json = {"type": "file_input", "files": [{"id": "F1"}, {"id": "F2"}, {}, None]}
    state = entered(image_urls=answer)
    state["links:image_urls"] = {"kling-v3": {"value": "https://a.b\n\n https://b.b "}}
    read = read_form(KLING.default, state)
    links = ["https://a.b", "https://b.b"]
    assert read.input["image_urls"] == [*links, "slack-file:F1", "slack-file:F2"]


def test_a_form_may_refer_to_its_own_files_only() -> None:
    """A user cannot get another user's file by typing its reference."""
    state = form({"prompt": "a lake"})
    state["links:image_urls"] = {"kling-v3": {"value": "slack-file:F1"}}
    read = read_form(KLING.default, state, files=["F1"])
    assert read.input["image_urls"] == ["slack-file:F1"]
    assert errors(state) == {
        "option:image_urls": "This names a file that is not this form's. Upload the file itself."
    }


def test_every_link_that_cannot_be_right_is_an_error_at_its_field() -> None:
    state = form({"prompt": "a lake"})
    state["links:image_urls"] = {"x": {"value": "http://a.b\nhttps://c.d\nhttps://10.0.0.1/e"}}
    state["option:first_frame_image"] = {"x": {"files": []}}
    state["links:first_frame_image"] = {"x": {"value": "file:///etc/passwd"}}
    told = errors(state)
    assert told["links:image_urls"] == (
        "Reference images, item 1 must be a link that begins with https://, or an attached image; "
        "you gave http://a.b. Reference images, item 3 must be a link that MindVideo can reach; "
        "https://10.0.0.1/e leads to this machine or a private network. Attach the image itself."
    )
    assert "must be a link" in told["links:first_frame_image"]


def test_an_unusable_file_is_an_error_at_its_field() -> None:
    state = entered(image_urls={"files": [{"id": "F1", "name": "a.pdf", "mimetype": "text/pdf"}]})
    assert errors(state) == {
        "option:image_urls": "a.pdf is not an image that I can pass on. "
        "Attach PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF."
    }


def test_a_draft_keeps_its_images_as_references() -> None:
    """Files that are no images and invalid values are left out."""
    files: list[Json] = [{"id": "F1"}, {"id": "F2", "name": "b.png"}]
    pdf: Json = {"id": "F99", "name": "a.pdf", "mimetype": "application/pdf"}
    state = entered(image_urls={"files": [pdf, *files]}, duration={"value": "40"})
    values, uploaded = read_unfinished(KLING.default, state, {})
    assert uploaded == {"F1": "", "F2": "b.png"}
    assert values["prompt"] == "a lake"
    assert "duration" not in values
    assert values["image_urls"] == ["slack-file:F1", "slack-file:F2"]


def test_an_option_takes_at_most_its_number_of_images(tmp_path: Path) -> None:
    several = catalog_with(tmp_path, ANIMATE).get(ANIMATE_SLUG).image_options[0]
    files = [Attached(id=f"F{number}") for number in range(5)]
    assert with_files(several, ["https://a.b"], files) == [
        "https://a.b",
        "slack-file:F0",
        "slack-file:F1",
    ]
    one = KLING.default.option("first_frame_image")
    assert one is not None
    assert with_files(one, None, files) == "slack-file:F0"
    assert with_files(one, "https://a.b", files) == "https://a.b"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}\n\n{"a": 2}', [{"a": 1}, {"a": 2}]),
        ('{\n  "a": 1\n}', [{"a": 1}]),
        ('[{"a": 1},\n {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ("{“a”: 1}", [{"a": 1}]),
    ],
)
def test_a_list_of_objects_is_read_by_line_or_as_one_json(text: str, value: Json) -> None:
    read = read_form(KLING.default, entered(element_list={"value": text}))
    assert read.input["element_list"] == value


def test_a_list_of_texts_may_be_one_json_over_several_lines() -> None:
    state = form({"prompt": "a lake"})
    state["links:image_urls"] = {"x": {"value": '["https://a.b",\n"https://c.d"]'}}
    assert read_form(KLING.default, state).input["image_urls"] == [
        "https://a.b",
        "https://c.d",
    ]


@pytest.mark.parametrize(
    ("name", "answer", "sentence"),
    [
        ("prompt", {"value": " "}, "Prompt is needed."),
        (
            "prompt",
            {"value": "x" * 2501},
            "The prompt has 2,501 characters; Kling V3 takes at most 2,500. Shorten it by 1.",
        ),
        ("duration", {"value": "40"}, "Duration must be a whole number from 3 to 15; you gave 40."),
        (
            "mode",
            {"selected_option": {"value": "best"}},
            "Mode must be one of std, pro, 4k; you gave best.",
        ),
        (
            "element_list",
            {"value": "{}\nx"},
            (
                "Elements must be a JSON object; you gave x, which is not JSON "
                "(Expecting value, character 1)."
            ),
        ),
    ],
)
def test_an_error_is_shown_at_its_field(name: str, answer: Json, sentence: str) -> None:
    assert errors(entered(**{name: answer})) == {f"option:{name}": sentence}


def shots(*entered: tuple[str | None, str | None]) -> Answers:
    """Return the state of a form with a prompt and these shots: words and seconds of each."""
    state = form({"prompt": "a lake"})
    for number, (words, seconds) in enumerate(entered, start=1):
        state[f"option:multi_prompt.{number}.prompt"] = {"kling-v3": {"value": words}}
        state[f"option:multi_prompt.{number}.duration"] = {"kling-v3": {"value": seconds}}
    return state


def test_shots_are_read_from_their_fields() -> None:
    """Empty ones are left out, wherever they stand."""
    read = read_form(KLING.default, shots(("boats leave", "3"), (None, None), ("night", "1")))
    assert read.input["multi_prompt"] == [
        {"prompt": "boats leave", "duration": 3},
        {"prompt": "night", "duration": 1},
    ]
    assert "multi_prompt" not in read_form(KLING.default, shots()).input


def test_shots_set_the_options_without_which_they_do_not_count() -> None:
    """The form says so beside their fields, so nothing of it is left to be asked about."""
    read = read_form(KLING.default, shots(("boats leave", "3"), ("night", "2")))
    assert read.input.items() >= WITH_SHOTS.items()
    assert read.doubts == ()
    assert errors(shots((None, None))) == {
        "option:multi_prompt.1.prompt": "Shot 1: what it shows is needed."
    }


def test_shots_are_asked_about_for_what_the_form_does_not_say() -> None:
    read = read_form(KLING.default, shots(("boats leave", "8"), ("night", "9")))
    assert read.input["duration"] == 15
    (doubt,) = read.doubts
    assert "make 17 of 15 s" in doubt.about


def test_an_incomplete_shot_is_an_error_at_its_field() -> None:
    assert errors(shots((" ", "3"), ("night", None), ("day", "99"))) == {
        "option:multi_prompt.1.prompt": "Shot 1: what it shows is needed.",
        "option:multi_prompt.2.duration": "Shot 2: seconds is needed.",
        "option:multi_prompt.3.duration": (
            "Shot 3: seconds must be a whole number from 1 to 15; you gave 99."
        ),
    }


def test_the_items_have_the_shape_that_the_model_file_declares(tmp_path: Path) -> None:
    """Gateways disagree whether a shot has an index, and whether its duration is a text."""
    parts: Mapping[str, Json] = {"scenes": {"type": "array", "items": {"type": "object"}}}
    members: Mapping[str, Json] = {"say": {"type": "string"}, "length": {"type": "string"}}
    part: Mapping[str, Json] = {"noun": "Scene", "most": 3, "members": members, "position": "index"}
    model = model_with(tmp_path, parts, items={"scenes": part})
    value: list[Json] = [{"index": 1, "say": "a", "length": "5"}]
    blocks = form_blocks(KLING, model, {"scenes": value})
    assert "Scene 1: say" in str(blocks)
    state = state_of(blocks)
    state["option:scenes.2.say"] = {"x": {"value": "b"}}
    state["option:scenes.2.length"] = {"x": {"value": "6"}}
    second: Json = {"index": 2, "say": "b", "length": "6"}
    assert read_form(model, state).input == {"scenes": [*value, second]}


def test_a_draft_keeps_complete_shots() -> None:
    state = shots(("a", "3"), ("b", None))
    draft = read_draft(KLING.default, state)
    assert draft["multi_prompt"] == [{"prompt": "a", "duration": 3}]
    assert items_shown(KLING.default, state) == {"multi_prompt": 2}


def test_images_that_were_attached_before_stay_unless_taken_out() -> None:
    before: Mapping[str, Json] = {
        "prompt": "a",
        "image_urls": ["slack-file:F1", "slack-file:F2", "https://a.b"],
        "first_frame_image": "slack-file:F1",
    }
    state = form(before)
    read = read_form(KLING.default, state, before, ["F1", "F2"])
    assert read.input["image_urls"] == ["https://a.b", "slack-file:F1", "slack-file:F2"]
    assert read.input["first_frame_image"] == "slack-file:F1"
    state["kept:image_urls"] = {"kling-v3": {"selected_options": [{"value": "slack-file:F2"}]}}
    state["kept:first_frame_image"] = {"kling-v3": {"selected_options": []}}
    read = read_form(KLING.default, state, before, ["F1", "F2"])
    assert read.input["image_urls"] == ["https://a.b", "slack-file:F2"]
    assert "first_frame_image" not in read.input


def test_all_errors_are_shown_at_once() -> None:
    state = entered(duration={"value": "40"}, mode={"selected_option": {"value": "best"}})
    state["links:image_urls"] = {"x": {"value": "[1]"}}
    assert set(errors(state)) == {"option:mode", "option:duration", "links:image_urls"}


def test_a_menu_without_a_default_may_stay_empty(tmp_path: Path) -> None:
    parts: Mapping[str, Json] = {
        "size": {"enum": ["a", "b"]},
        "odd": {"enum": ["", "x" * 200]},
        "sure": {"type": "boolean"},
        "must": {"type": "boolean"},
    }
    model = model_with(tmp_path, parts, "must")
    state = state_of(form_blocks(KLING, model))
    assert read_form(model, state).input == {"must": False}
    state["option:odd"] = {"x": {"selected_option": {"value": "#1"}}}
    assert read_form(model, state).input == {"must": False, "odd": "x" * 200}


def test_a_required_image_may_be_a_file(tmp_path: Path) -> None:
    catalog = catalog_with(tmp_path, ANIMATE)
    model = catalog.get(ANIMATE_SLUG)
    state = state_of(form_blocks(catalog, model))
    with pytest.raises(FormError) as refused:
        read_form(model, state)
    assert refused.value.errors == {"option:image_urls": "Image urls is needed."}
    state["option:image_urls"] = {"x": {"files": [{"id": "F1"}]}}
    assert read_form(model, state).input == {"image_urls": ["slack-file:F1"], "resolution": 720}


def test_the_state_holds_the_model_and_the_toggle(tmp_path: Path) -> None:
    catalog = catalog_with(tmp_path, ANIMATE)
    model = catalog.get(ANIMATE_SLUG)
    state = state_of(form_blocks(catalog, model, {}, Layout(show_advanced=True)))
    assert chosen_model(state) == ANIMATE_SLUG
    assert shows_advanced(state)
    assert chosen_model(form({})) is None
    assert not shows_advanced(form({}, show_advanced=False))


def test_a_draft_keeps_valid_values_and_any_prompt() -> None:
    state = entered(
        prompt={"value": "x" * 2501},
        duration={"value": "40"},
        mode={"selected_option": {"value": "pro"}},
    )
    draft = read_draft(KLING.default, state, {"mode": "4k", "duration": 4, "audio": True})
    assert draft["prompt"] == "x" * 2501
    assert draft["mode"] == "pro"
    assert "duration" not in draft
    assert draft["audio"] is False


def test_a_draft_keeps_hidden_values() -> None:
    draft = read_draft(KLING.default, form({}, show_advanced=False), FILLED)
    assert draft["multi_prompt"] == [{"prompt": "a"}, {}]


WORDS = st.text(alphabet="ab{}[]\"' \n“”", max_size=12)


@settings(deadline=None)  # the time of one example varies on a busy machine
@given(
    st.fixed_dictionaries(
        {"prompt": WORDS},
        optional={
            "mode": st.sampled_from(["std", "pro", "4k"]),
            "duration": st.integers(3, 15),
            "audio": st.booleans(),
            "negative_prompt": WORDS.filter(str.strip),
            "image_urls": st.lists(WORDS, min_size=1),
            "element_list": st.lists(st.dictionaries(WORDS, WORDS), min_size=1),
            "multi_prompt": st.lists(
                st.dictionaries(
                    st.sampled_from(["prompt", "duration", "camera"]), WORDS | st.integers(0, 20)
                ),
                min_size=1,
                max_size=8,
            ),
        },
    )
)
def test_any_input_is_unchanged_by_a_form(given_input: Mapping[str, Json]) -> None:
    try:
        request = check_input(KLING.default, given_input)
    except UsageError:
        return
    options = {option.name: option.default for option in KLING.default.options}
    changed = {name: value for name, value in request.input.items() if value != options[name]}
    follow = WITH_SHOTS if changed.get("multi_prompt") else {}
    (option,) = (option for option in KLING.default.options if option.name == "multi_prompt")
    assert option.item_fields is not None
    if follow and fits_items(option.item_fields, changed["multi_prompt"]):
        # In the fields of shots the length is their sum.
        changed.pop("duration", None)
        follow = implied_by_shots(KLING.default, changed)
    read = read_form(KLING.default, form(request.input), request.input)
    assert read.input == {**changed, **follow}


def test_the_metadata_of_a_form_stay_within_slacks_limit() -> None:
    """Slack takes 3,000 characters in `private_metadata`."""
    files = [f"F{number:010}" for number in range(500)]
    names = dict.fromkeys(files, "ü" * 300)
    state = FormState(
        model="m" * 100, channel="C" * 20, thread_ts="1" * 20, parent_id="x" * 20
    ).drawn("m" * 100, files, names)
    assert len(state.files) == MOST_FILES
    assert len(state.to_text()) <= 3000
    assert FormState.of_text(state.to_text()) == state
