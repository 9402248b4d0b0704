"""Tests of what is read from a text that was copied from a model's page."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import pytest

from bot.base.errors import ConfigurationError
from bot.options.catalog import PACKAGED
from bot.options.model_file import read_model_text
from bot.options.model_page import MOST_CHARACTERS, ModelPage, read_page
from bot.options.schema import FileKind
from storage.job import Json
from tests.support.bot_process import ROOT
from tests.support.model_samples import schema_of

KLING = (ROOT / "tests/support/samples/pages/kling-v3.txt").read_text(encoding="utf-8")
TEXT: Mapping[str, Json] = {"type": "string"}
SCHEMA = schema_of({"prompt": TEXT}, "prompt")
SHOWN = json.dumps(SCHEMA)
MANY = json.dumps(schema_of({f"a{number}": TEXT for number in range(101)}))
UPLOAD: Mapping[str, Json] = {
    "type": "string",
    "x-playground": {"widget": "file-upload", "accept": "image/*"},
}


def curl(slug: str = "wan-3", key: str = "mv_live_xxx") -> str:
    """Return an example as a page has it."""
    body = json.dumps({"model": slug, "input": {"prompt": "a lake"}})
    return f"curl https://x/tasks \\\n-H \"Authorization: Bearer {key}\" \\\n-d '{body}'"


def page_of(properties: Mapping[str, Json], *required: str, slug: str = "wan-3") -> ModelPage:
    """Return what a page with this schema says."""
    return read_page(f"{curl(slug)}\n{json.dumps(schema_of(properties, *required))}")


def refusal(text: str, **given: str) -> str:
    """Return the sentence with which a text is refused."""
    with pytest.raises(ConfigurationError) as raised:
        read_page(text, **given)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_copied_page_gives_the_schema_of_the_bundled_file() -> None:
    """Also the images, in the same order, although its page has no upload for two of them."""
    bundled = json.loads((PACKAGED / "kling-v3.json").read_text())
    page = read_page(KLING.replace('"kling-v3"', '"kling-v3-next"'))
    assert (page.slug, page.title) == ("kling-v3-next", "Kling V3 Next")
    assert page.schema == bundled["schema"]
    assert list(page.schema["properties"]) == list(bundled["schema"]["properties"])  # type: ignore[arg-type] # a mapping
    assert list(page.files[FileKind.IMAGE]) == bundled["bot"]["images"]
    assert page.guessed == {FileKind.IMAGE: ("first_frame_image", "last_frame_image")}
    assert (page.line, page.strangers, page.has_key) == (31, (), True)
    assert page.frames == bundled["bot"]["frames"]
    assert "mv_live" not in json.dumps(page.file())


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("  ", "\u00a0 ").replace("{\n", "{\n\u00a0\u00a0"),
        lambda text: f"{SHOWN}\n{text}",
        lambda text: text + curl() + "use {id} and ${RANDOM}",
        lambda text: text.replace("a lake", "the dog'\\''s day"),
        lambda text: text.replace('"a lake"', '"a lake",'),
        lambda text: text + json.dumps(SCHEMA, indent=2),
    ],
    ids=["Windows", "spaces", "order", "two examples", "quotes", "comma", "schema twice"],
)
def test_what_copying_does_to_a_text_is_understood(change: Callable[[str], str]) -> None:
    """So are examples for a shell, which need be no JSON: only their slug is read."""
    page = read_page(change(f"{curl()}\n{json.dumps(SCHEMA, indent=2)}"))
    assert (page.slug, page.schema) == ("wan-3", SCHEMA)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "There is no schema in the text."),
        (curl(), "There is no schema in the text."),
        (json.dumps(SCHEMA), "No example in the text names the model's slug. Copy the curl"),
        (f"{curl()}\n{SHOWN[:-9]}", "begins in line 4 has no end"),
        (f"{curl()}{curl('wan-2')}{SHOWN}", "several models, `wan-3` and `wan-2`"),
        (curl() + SHOWN + SHOWN.replace("prompt", "words"), "several schemas"),
        ((curl() + SHOWN).replace('"', "&quot;"), "entities of HTML"),
        (curl() + SHOWN.replace('"', "\u201c"), "quotes are curly"),
        (curl().replace('"', "\u201c") + SHOWN, "quotes are curly"),
        (f"{curl()}\n{SHOWN[:-1]},}}", "line 4 is no JSON: a comma stands before"),
        (curl() + SHOWN.replace("[", "[NaN, "), "NaN is no value of JSON"),
        (f"{curl('../x')}{SHOWN}", "`../x` is no model's slug"),
        (f"{curl('a/../../x')}{SHOWN}", "is no model's slug"),
        (f"{curl('/etc/x')}{SHOWN}", "is no model's slug"),
        (curl() + SHOWN.replace("string", "\\u0007"), "a control character"),
        (curl() + MANY, "more than 100 properties"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    assert sentence in refusal(text)


def test_a_given_slug_goes_before_those_of_the_text() -> None:
    """It is checked like them."""
    both = f"{curl()}{curl('wan-2')}{SHOWN}"
    page = read_page(both, slug="wan-2", title=" Wan Two\n")
    assert (page.slug, page.title) == ("wan-2", "Wan Two")
    assert "is no model's slug" in refusal(both, slug="..")


@pytest.mark.parametrize("key", ["mv_live_s3cr3t", "s3cr3t-of-a-gateway"])
def test_a_key_in_the_schema_is_neither_kept_nor_shown(key: str) -> None:
    """An operator may have copied an example with a key of their own."""
    assert key not in refusal(curl(key=key) + SHOWN.replace("string", key))


def test_a_key_in_the_place_of_a_slug_is_not_shown() -> None:
    keys = ("mv_live_s3cr3t", "mv_live_s3cr3t?")
    assert not any(key in refusal(curl(key) + SHOWN) for key in keys)
    assert "mv_live" not in refusal(curl(keys[0]) + curl(keys[1]) + SHOWN)


@pytest.mark.parametrize("option", ["slug", "title"])
def test_a_key_that_is_given_as_slug_or_title_is_not_written(option: str) -> None:
    """What was copied last is pasted into a command easily."""
    with pytest.raises(ConfigurationError, match="An API key stands") as raised:
        read_page(curl() + SHOWN, **{option: "mv_live_s3cr3t"})
    assert "s3cr3t" not in str(raised.value)


def test_other_models_of_the_platform_are_read() -> None:
    """No required option, a seed, a description beside the title, words for yes and no."""
    page = page_of(
        {
            "prompt": {**TEXT, "title": "Prompt", "description": "What it shows."},
            "seed": {"type": "integer", "minimum": -1, "maximum": 4294967295, "default": -1},
            "enhance": {"enum": ["yes", "no"], "type": "string", "default": "no"},
            "endImageUrl": TEXT,
            "image_url": TEXT,
            "tail": UPLOAD,
            "image_size": {"enum": ["1k", "2k"]},
            "image_strength": {"type": "number"},
            "style_image": {**TEXT, "x-playground": {"widget": "textarea"}},
        },
        slug="studio/wan-2.6-i2v",
    )
    assert page.title == "Wan 2.6 I2V"
    assert page.files[FileKind.IMAGE] == ("tail", "image_url", "endImageUrl")
    assert page.frames == {"last": "tail"}
    _, options = read_model_text(json.dumps(page.file()))
    assert [option.hint for option in options if option.name == "prompt"] == ["What it shows."]
    assert [option.name for option in options if option.takes is FileKind.IMAGE] == [
        *("endImageUrl", "image_url", "tail")
    ]


def test_an_example_of_another_model_is_told() -> None:
    text = curl().replace('"prompt"', '"words"')
    assert read_page(f"{text}{SHOWN}").strangers == ("words",)


@pytest.mark.parametrize(
    "text",
    [
        "{" * 90_000 + "}" * 90_000,
        '{"properties":' * 10_000 + "{}" + "}" * 10_000,
        '{"' * 90_000,
        "{}" * 20_000,
        '{"properties": {}, "a": [' + "1," * 90_000 + "1]}",
        ", " * 90_000 + "{",
        '"model":' * 20_000,
        "x" * (MOST_CHARACTERS + 1),
        json.dumps(schema_of({"a": {"items": json.loads("[" * 100 + "]" * 100)}})),
    ],
    ids=["braces", "deep", "quotes", "many", "long", "commas", "slugs", "large", "nested"],
)
def test_a_hostile_text_takes_bounded_time(text: str) -> None:
    """Whether it is refused or not."""
    began = time.process_time()
    with suppress(ConfigurationError):
        read_page(text, slug="wan-3")
    assert time.process_time() - began < 5
