"""Tests of the form: the field of each option, initial values, Slack's limits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from slack_sdk.models.blocks import Block as SlackBlock

from bot.messages.blocks import Block
from bot.messages.modal import Layout, form_blocks
from bot.options.attachments import IMAGE_EXTENSIONS
from bot.options.catalog import Catalog, Model
from bot.options.form_fields import MODEL_BLOCK, MORE_BLOCK
from storage.job import Json
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, catalog_with, model_file, model_with

KLING = Catalog.load()


def fields(
    model: Model,
    values: Mapping[str, Json] | None = None,
    *,
    catalog: Catalog = KLING,
    show_advanced: bool = False,
    layout: Layout | None = None,
) -> dict[str, Block]:
    """Return the blocks of a form by block ID, after `slack_sdk` has validated them."""
    blocks = form_blocks(
        catalog, model, values or {}, layout or Layout(show_advanced=show_advanced)
    )
    for block in blocks:
        parsed = SlackBlock.parse(dict(block))
        assert parsed is not None
        parsed.validate_json()
    return {str(block.get("block_id", block["type"])): block for block in blocks}


def element(block: Block) -> Mapping[str, Json]:
    """Return the element of an input block."""
    found = block["element"]
    assert isinstance(found, Mapping)
    return found


def first_element(block: Block) -> Json:
    """Return the first element of a row."""
    return cast("list[Json]", block["elements"])[0]


def plain(text: str) -> Block:
    """Return a plain text object."""
    return {"type": "plain_text", "text": text}


def test_the_form_of_one_model_begins_with_the_prompt_and_hides_advanced_options() -> None:
    assert list(fields(KLING.default)) == [
        "option:prompt",
        "option:mode",
        "option:duration",
        "option:aspect_ratio",
        "option:audio",
        "option:image_urls",
        "links:image_urls",
        "option:negative_prompt",
        "option:watermark",
        MORE_BLOCK,
    ]


def test_the_toggle_shows_advanced_fields() -> None:
    shown = fields(KLING.default, show_advanced=True)
    after = list(shown)[list(shown).index(MORE_BLOCK) + 1 :]
    assert after == [
        "option:first_frame_image",
        "links:first_frame_image",
        "option:last_frame_image",
        "links:last_frame_image",
        "option:multi_shot",
        "option:shot_type",
        "option:element_list",
    ]


def test_an_advanced_option_that_has_a_value_is_never_hidden() -> None:
    shown = fields(KLING.default, {"shot_type": "customize", "multi_shot": False})
    assert list(shown)[-2:] == [MORE_BLOCK, "option:shot_type"]


def test_the_toggle_keeps_its_state() -> None:
    box: Json = {"text": plain("Show all options"), "value": "on"}
    toggle: dict[str, Json] = {"type": "checkboxes", "options": [box], "action_id": MORE_BLOCK}
    assert first_element(fields(KLING.default)[MORE_BLOCK]) == toggle
    shown = fields(KLING.default, show_advanced=True)[MORE_BLOCK]
    assert first_element(shown) == {**toggle, "initial_options": [box]}


def test_every_type_has_its_field_with_limits_and_default() -> None:
    shown = fields(KLING.default)
    assert shown["option:prompt"] == {
        "type": "input",
        "block_id": "option:prompt",
        "label": plain("Prompt"),
        "optional": False,
        "hint": plain("What the video shows."),
        "element": {
            "type": "plain_text_input",
            "multiline": True,
            "max_length": 2500,
            "action_id": "kling-v3",
        },
    }
    assert element(shown["option:duration"]) == {
        "type": "number_input",
        "is_decimal_allowed": False,
        "min_value": "3",
        "max_value": "15",
        "initial_value": "5",
        "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]},
        "action_id": "kling-v3",
    }
    moves_price = [name for name, block in shown.items() if block.get("dispatch_action")]
    assert moves_price == ["option:mode", "option:duration", "option:audio"]
    assert element(shown["option:mode"])["initial_option"] == {"text": plain("std"), "value": "std"}
    assert element(shown["option:audio"]) == {
        "type": "checkboxes",
        "options": [{"text": plain("On"), "value": "on"}],
        "action_id": "kling-v3",
    }


def test_images_have_a_field_for_files_and_one_for_links() -> None:
    shown = fields(
        KLING.default, {"image_urls": ["https://a.b", "https://c.d"]}, show_advanced=True
    )
    assert element(shown["option:image_urls"]) == {
        "type": "file_input",
        "max_files": 10,
        "filetypes": [*IMAGE_EXTENSIONS],
        "action_id": "kling-v3",
    }
    assert shown["links:image_urls"]["label"] == plain("Reference images: links")
    assert element(shown["links:image_urls"])["initial_value"] == "https://a.b\nhttps://c.d"
    assert shown["links:first_frame_image"]["label"] == plain("First frame: link")
    assert shown["option:first_frame_image"]["hint"] == plain("Image that the video begins with.")


SHOTS: list[Json] = [
    {"prompt": "boats leave at dawn", "duration": 3},
    {"prompt": "boats return", "duration": 4},
    {"prompt": "night", "duration": 1},
]


def test_shots_are_fields_and_not_json() -> None:
    """One more than there are can be added, up to the most that the model file names.

    They stand in the place of the prompt, of the length and of what they set.
    """
    shown = fields(KLING.default, {"multi_prompt": SHOTS, "shot_type": "customize"})
    replaced = {"option:multi_prompt", "option:prompt", "option:duration", "option:shot_type"}
    assert not replaced & shown.keys()
    first = shown["option:multi_prompt.1.prompt"]
    assert first["label"] == plain("Shot 1: what it shows")
    assert first["optional"] is True
    assert element(first)["initial_value"] == "boats leave at dawn"
    seconds = element(shown["option:multi_prompt.3.duration"])
    assert seconds["initial_value"] == "1"
    assert (seconds["min_value"], seconds["max_value"]) == ("1", "15")
    assert "option:multi_prompt.4.prompt" not in shown
    assert "Add a shot" in str(shown["add:multi_prompt"])
    assert "Divide into shots" not in str(shown)
    more = fields(KLING.default, {"multi_prompt": [SHOTS[0]] * 6})
    assert "option:multi_prompt.6.prompt" in more
    assert "Add a shot" not in str(more)


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        ((3, 4), "Together *7 s*. Kling V3 makes 3 to 15 s."),
        ((3,), "Together *3 s*. Kling V3 makes 3 to 15 s."),
        ((9, 7), ":warning: Together *16 s*, but Kling V3 makes 3 to 15 s."),
        ((1, 1), ":warning: Together *2 s*, but Kling V3 makes 3 to 15 s."),
        ((), "Together they make the video: 3 to 15 s."),
    ],
)
def test_the_sum_of_the_shots_stands_below_them(seconds: tuple[int, ...], sentence: str) -> None:
    """Also of shots that have no words yet, and without those that have no seconds."""
    entered: list[Mapping[str, Json]] = [{"duration": each} for each in seconds]
    entered.append({"prompt": "night"})
    blocks = form_blocks(KLING, KLING.default, {}, Layout(shots=entered))
    assert sentence in [
        part["text"] for block in blocks if block["type"] == "context" for part in parts_of(block)
    ]


def parts_of(block: Block) -> list[dict[str, str]]:
    """Return the texts of a context block."""
    return cast("list[dict[str, str]]", block["elements"])


def test_buttons_move_a_shot_up_and_remove_it() -> None:
    """As far as that makes sense; each says of which shot, to who hears the form."""
    shown = fields(KLING.default, {"multi_prompt": SHOTS})
    rows = [str(shown[f"item:multi_prompt.{number}"]) for number in (1, 2, 3)]
    assert ["Move up" in row for row in rows] == [False, True, True]
    assert ["Remove" in row for row in rows] == [True, True, True]
    assert "Move shot 3 up" in rows[2]
    assert "'3:3'" in rows[2], "how many there are to be, and which of them moves"
    assert "'2:3'" in rows[2]
    alone = fields(KLING.default, {"multi_prompt": SHOTS[:1]})
    assert "item:multi_prompt.1" not in alone
    assert "One prompt instead" in str(alone["add:multi_prompt"])


def test_a_prompt_beside_shots_is_shown_if_somebody_wrote_it() -> None:
    """Nobody wrote one that is the words of the shots."""
    words = "boats leave at dawn. boats return. night"
    assert "option:prompt" not in fields(KLING.default, {"multi_prompt": SHOTS, "prompt": words})
    shown = fields(KLING.default, {"multi_prompt": SHOTS, "prompt": "a harbour"})
    assert shown["option:prompt"]["optional"] is True
    beside = form_blocks(KLING, KLING.default, {"multi_prompt": SHOTS, "prompt": "a harbour"})
    assert "a prompt beside them is ignored" in str(beside)


def test_fields_that_were_moved_have_other_ids() -> None:
    """Slack keeps what was entered by ID; the fields of all else keep theirs."""
    shown = fields(KLING.default, {"multi_prompt": SHOTS}, layout=Layout(moves=2))
    assert element(shown["option:multi_prompt.1.prompt"])["action_id"] == "kling-v3#2"
    assert element(shown["option:mode"])["action_id"] == "kling-v3"
    assert element(fields(KLING.default)["option:prompt"])["action_id"] == "kling-v3"


def test_the_plain_form_has_one_way_into_shots_and_no_field_for_them() -> None:
    for show_advanced in (False, True):
        shown = fields(KLING.default, show_advanced=show_advanced)
        assert not [name for name in shown if "multi_prompt" in name]
        assert str(shown).count("Divide into shots") == 1
    odd = fields(KLING.default, {"multi_prompt": [{"prompt": "a"}]})
    assert "Divide into shots" not in str(odd), "it would lose what fields cannot show"


@pytest.mark.parametrize(
    "value",
    [
        [{"prompt": "a", "duration": 3, "camera": "pan"}],
        [{"prompt": "a"}],
        [{"prompt": "a", "duration": "3"}],
        [{"prompt": "a", "duration": 1}] * 7,
    ],
)
def test_a_list_that_fields_cannot_show_in_full_is_shown_as_text(value: Json) -> None:
    shown = fields(KLING.default, {"multi_prompt": value})
    assert "option:multi_prompt" in shown
    assert "option:multi_prompt.1.prompt" not in shown


def test_images_that_were_attached_before_are_shown_by_name() -> None:
    """Each can be taken out; an ID is nothing that a person knows."""
    values: Mapping[str, Json] = {
        "image_urls": ["slack-file:F1", "https://a.b", "slack-file:F2"],
        "first_frame_image": "slack-file:F1",
    }
    shown = fields(KLING.default, values, layout=Layout(file_names={"F1": "cat.png"}))
    kept = shown["kept:image_urls"]
    assert kept["label"] == plain("Reference images: attached already")
    assert element(kept)["initial_options"] == [
        {"text": plain("cat.png"), "value": "slack-file:F1"},
        {"text": plain("Image 2"), "value": "slack-file:F2"},
    ]
    assert element(shown["links:image_urls"])["initial_value"] == "https://a.b"
    assert "initial_value" not in element(shown["links:first_frame_image"])
    assert "cat.png" in str(shown["kept:first_frame_image"])
    labels = [str(block.get("label")) + str(block.get("hint")) for block in shown.values()]
    assert "slack-file" not in str(labels)


def test_the_hint_of_a_text_field_names_only_its_limits(tmp_path: Path) -> None:
    """A text field needs no hint that it takes text, nor that it must not be empty."""
    code: Json = {"type": "string", "pattern": "^[A-Z]{2}$", "description": "A country."}
    model = model_with(tmp_path, {"code": code})
    hint = fields(model)["option:code"]["hint"]
    assert hint == plain("A country. Text, matching ^[A-Z]{2}$.")
    negative = fields(KLING.default, show_advanced=True)["option:negative_prompt"]
    assert negative["hint"] == plain("What to keep out of the picture.")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("multi_prompt", [{"prompt": "a"}, {}], '{"prompt": "a"}\n{}'),
        ("negative_prompt", "a\nb", "a\nb"),
        ("element_list", [], None),
    ],
)
def test_values_are_the_initial_values_of_their_fields(
    name: str, value: Json, text: str | None
) -> None:
    shown = fields(KLING.default, {name: value}, show_advanced=True)
    assert element(shown[f"option:{name}"]).get("initial_value") == text


def test_values_are_the_initial_options_of_menus() -> None:
    shown = fields(KLING.default, {"mode": "4k", "audio": True, "duration": 9})
    assert element(shown["option:mode"])["initial_option"] == {"text": plain("4k"), "value": "4k"}
    assert "initial_options" in element(shown["option:audio"])
    assert element(shown["option:duration"])["initial_value"] == "9"


def test_invalid_values_are_not_shown_and_a_long_prompt_is_shortened() -> None:
    values: Mapping[str, Json] = {"mode": "best", "prompt": "x" * 9000, "else": 1}
    shown = fields(KLING.default, values)
    assert element(shown["option:mode"])["initial_option"] == {"text": plain("std"), "value": "std"}
    assert element(shown["option:prompt"])["initial_value"] == "x" * 2500


def test_a_value_too_long_for_its_field_is_kept_with_a_note() -> None:
    shown = fields(KLING.default, {"multi_prompt": [{"prompt": "x" * 4000}]}, show_advanced=True)
    assert "option:multi_prompt" not in shown
    assert shown["context"]["elements"] == [
        {
            "type": "mrkdwn",
            "text": "Shots: too long to be changed here; it stays as it is.",
        }
    ]


def test_the_menu_of_models_is_first_and_dispatches_an_action(tmp_path: Path) -> None:
    catalog = catalog_with(tmp_path, ANIMATE)
    shown = fields(catalog.get(ANIMATE_SLUG), catalog=catalog)
    assert next(iter(shown)) == MODEL_BLOCK
    block = shown[MODEL_BLOCK]
    assert block["dispatch_action"] is True
    animate = {"text": plain("Animate 2"), "value": ANIMATE_SLUG}
    assert element(block)["initial_option"] == animate
    assert element(block)["options"] == [animate, {"text": plain("Kling V3"), "value": "kling-v3"}]


def test_the_form_of_a_model_is_built_from_its_file(tmp_path: Path) -> None:
    catalog = catalog_with(tmp_path, ANIMATE)
    values: Mapping[str, Json] = {
        "points": [[1, 2], [3, 4]],
        "camera": {"pan": 1},
        "tags": ["calm"],
        "code": "DE",
    }
    model = catalog.get(ANIMATE_SLUG)
    shown = fields(model, values, catalog=catalog, show_advanced=True)
    assert element(shown["option:image_urls"])["max_files"] == 3
    assert shown["option:image_urls"]["optional"] is True
    assert element(shown["option:resolution"])["initial_option"] == {
        "text": plain("720"),
        "value": "720",
    }
    assert element(shown["option:guidance"]) == {
        "type": "number_input",
        "is_decimal_allowed": True,
        "min_value": "0",
        "max_value": "1",
        "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]},
        "action_id": ANIMATE_SLUG,
    }
    assert shown["option:guidance"]["hint"] == plain("A number from 0 to 1 in steps of 0.1.")
    assert element(shown["option:seed"])["max_value"] == "18446744073709551615"
    assert "initial_options" in element(shown["option:loop"])
    assert element(shown["option:points"])["initial_value"] == "[[1, 2], [3, 4]]"
    assert element(shown["option:camera"])["initial_value"] == '{"pan": 1}'
    assert element(shown["option:tags"])["initial_value"] == "calm"
    assert shown["option:code"]["hint"] == plain("A country. Text, matching ^[A-Z]{2}$.")


def test_fields_stay_within_slacks_limits(tmp_path: Path) -> None:
    parts: Mapping[str, Json] = {
        "empty": {"enum": ["", "x" * 200], "default": ""},
        "many": {"enum": [f"c{n}" for n in range(101)]},
        "lists": {"enum": [[1], [2]]},
        "above": {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10},
        "beyond": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 10},
        "none": {"type": "string", "maxLength": 0},
        "small": {"type": "string", "maxLength": 7},
        "film": {"type": "string", "x-playground": {"widget": "file-upload", "accept": "video/*"}},
        "one": {"type": "string"},
        "few": {"type": "array", "maxItems": 50, "items": {"type": "string"}},
        "half": {"type": "array", "maxItems": 2.0, "items": {"type": "string"}},
        "lines": {"type": "string", "title": "t" * 3000, "description": "d" * 3000},
    }
    shown = fields(model_with(tmp_path, parts, images=["one", "few", "half"]))
    assert element(shown["option:film"])["filetypes"] == ["mp4", "mov", "webm", "m4v"]
    assert element(shown["option:empty"])["options"] == [
        {"text": plain("(empty)"), "value": "#0"},
        {"text": plain("x" * 74 + "…"), "value": "#1"},
    ]
    assert element(shown["option:many"])["type"] == "plain_text_input"
    assert element(shown["option:lists"])["type"] == "plain_text_input"
    limits = [element(shown["option:above"])[name] for name in ("min_value", "max_value")]
    assert limits == ["1", "9"]
    assert "min_value" not in element(shown["option:beyond"])
    assert element(shown["option:none"])["max_length"] == 1
    assert element(shown["option:small"])["max_length"] == 7
    assert element(shown["option:one"]) == {
        "type": "file_input",
        "max_files": 1,
        "filetypes": [*IMAGE_EXTENSIONS],
        "action_id": "sample",
    }
    assert element(shown["option:few"])["max_files"] == 10
    assert element(shown["option:half"])["max_files"] == 2
    assert shown["option:lines"]["label"] == plain("t" * 1999 + "…")


def test_a_model_of_many_options_still_fits_a_modal(tmp_path: Path) -> None:
    model = model_with(tmp_path, {f"a{n}": {"type": "string"} for n in range(150)})
    assert len(form_blocks(KLING, model)) == 100


def test_many_models_fit_a_menu(tmp_path: Path) -> None:
    contents = [
        {**model_file({"prompt": {"type": "string"}}), "slug": f"m{number}"}
        for number in range(120)
    ]
    catalog = catalog_with(tmp_path, *contents)
    options = element(form_blocks(catalog, catalog.get("m99"))[0])["options"]
    assert isinstance(options, list)
    assert len(options) == 100
    assert options[0] == {"text": plain("m99"), "value": "m99"}
