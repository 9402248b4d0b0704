"""Tests of the manual: its contents from the model files, and its examples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.messages.buttons import usages
from bot.messages.help import model_page, option_rows, overview
from bot.options.catalog import Catalog
from bot.options.parser import read_text
from bot.options.request import read_request
from storage.job import Json
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, catalog_with, model_with

KLING = Catalog.load()


def _overview(catalog: Catalog) -> str:
    """Return the manual of these models."""
    commands = {"list": "shows your jobs", "status ID": "tells where a job stands"}
    replies = {"again": "renders the same again", "cancel": "cancels it"}
    return overview(
        catalog,
        commands=commands,
        replies=replies,
        buttons=usages(catalog.models),
        bot_user="U0BOT",
    )


@pytest.mark.parametrize("example", [one for model in KLING.models for one in model.examples])
def test_every_example_of_the_manual_is_a_valid_request(example: str) -> None:
    assert read_request(read_text(example), KLING).model


def test_the_overview_shows_an_example_the_usual_options_and_all_models(tmp_path: Path) -> None:
    text = _overview(catalog_with(tmp_path, ANIMATE))
    assert "`/video a red sports car on a coastal road at sunset`" in text
    assert "• `--duration`: a whole number from 3 to 15\n" in text
    assert "--negative-prompt" not in text
    assert "• `kling-v3` Kling V3 (unless another is named): Kuaishou's video model" in text
    assert f"• `{ANIMATE_SLUG}` Animate 2\n" in text
    assert f"`--model {ANIMATE_SLUG}` takes another model." in text


def test_the_overview_lists_subcommands_replies_and_buttons() -> None:
    text = _overview(KLING)
    assert "• `/video list`: shows your jobs\n• `/video status ID`: tells where" in text
    assert "`/video -- list of cats`" in text
    assert "<@U0BOT> a red sports car" in text
    assert "or with `again`, `cancel`." in text
    assert "• *In 4K*: renders the same with `--mode 4k`, as a new take: there is no seed\n" in text
    assert "• *Share to channel*: brings the video" in text


def test_the_overview_explains_the_form_and_images(tmp_path: Path) -> None:
    text = _overview(KLING)
    assert "`/video` alone opens it" in text
    assert "*Make a video from this*" in text
    assert "Home tab" in text
    assert (
        "become `--image-urls`; `--first-frame-image 1` makes the first of them the first frame "
        "image." in text
    )
    mute = catalog_with(tmp_path, {**ANIMATE, "bot": {"default": True, "images": []}})
    assert "*Images*" not in _overview(mute)


def test_the_overview_of_one_model_does_not_mention_others() -> None:
    assert "--model" not in _overview(KLING)


def test_a_models_page_describes_every_option() -> None:
    page = model_page(KLING.default)
    assert page.startswith("*Kling V3* (`kling-v3`)\n\nKuaishou's video model")
    assert (
        "• the words, or `--prompt`: text, not empty, at most 2,500 characters; required\n" in page
    )
    assert "• `--mode`: one of `std`, `pro`, `4k`; default `std`\n" in page
    assert "• `--audio` or `--no-audio`: on or off; default off; short `--sound`\n" in page
    assert (
        "• `--image-urls` …: links, or numbers of attached files; repeat the flag for more; short"
        in page
    )
    assert all(option.flag in page for option in KLING.default.options)


def test_a_models_page_without_hints_and_examples_is_short(tmp_path: Path) -> None:
    parts: Mapping[str, Json] = {
        "a": {"type": "string"},
        "prompt": {"type": "string"},
        "b": {"const": [1]},
    }
    assert model_page(model_with(tmp_path, parts)) == (
        "*sample* (`sample`)\n\n• the words, or `--prompt`: text\n• `--a`: text\n• `--b`: `[1]`"
    )


def test_there_is_a_row_for_every_option() -> None:
    rows = option_rows(KLING.default)
    assert len(rows) == len(KLING.default.options)
    assert ("`--duration`", "", "a whole number from 3 to 15", "`5`", "Length in seconds.") in rows
    images = [row[:3] for row in rows]
    one = ("`--first-frame-image`", "`--first`", "a link, or `1` for the first attached file")
    assert one in images
    many = "links, or numbers of attached files; repeat the flag for more"
    assert ("`--image-urls` …", "`--image`", many) in images
