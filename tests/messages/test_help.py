"""Tests of the manual: its contents from the model files, and its examples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.messages.buttons import usages
from bot.messages.help import (
    HelpPage,
    HelpTables,
    help_page,
    help_view,
    model_page,
    option_rows,
    overview,
)
from bot.options.catalog import Catalog
from bot.options.parser import read_text
from bot.options.request import read_request
from sandbox.slack.blocks import checked_blocks
from storage.job import Json
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, catalog_with, model_with

KLING = Catalog.load()


TABLES = HelpTables(
    commands={
        "list": "shows your jobs",
        "status ID": "tells where a job stands",
        "notify": "tells a channel",
    },
    replies={"again": "renders the same again", "cancel": "cancels it"},
    buttons=usages(KLING.models),
    bot_user="U0BOT",
)


def page(name: HelpPage, catalog: Catalog = KLING) -> str:
    """Return a page of the manual of these models."""
    return help_page(name, catalog, TABLES)


@pytest.mark.parametrize("example", [one for model in KLING.models for one in model.examples])
def test_every_example_of_the_manual_is_a_valid_request(example: str) -> None:
    assert read_request(read_text(example), KLING).model


def test_the_overview_fits_on_a_screen_and_leads_to_every_page() -> None:
    """Three examples, the commands used most, a button for each page."""
    message = overview(KLING, TABLES)
    assert message.text.count("> `/video ") == 3
    assert "`/video a red sports car on a coastal road at sunset`" in message.text
    assert "• `/video list`: shows your jobs\n• `/video status ID`: tells where" in message.text
    assert "notify" not in message.text
    assert len(message.text.splitlines()) <= 20
    blocks = checked_blocks([dict(block) for block in message.blocks])
    assert [f"help:{one}" in str(blocks[-1]) for one in HelpPage] == [True] * len(HelpPage)


@pytest.mark.parametrize("name", list(HelpPage))
def test_every_page_is_a_modal_that_slack_takes(name: HelpPage, tmp_path: Path) -> None:
    view = help_view(name, catalog_with(tmp_path, ANIMATE), TABLES)
    assert isinstance(view["blocks"], list)
    assert checked_blocks(view["blocks"])
    assert len(str(view["title"])) < 80


def test_the_pages_about_options_and_models(tmp_path: Path) -> None:
    options = page(HelpPage.OPTIONS)
    assert "• `--duration`: a whole number from 3 to 15\n" in options
    assert "--element-list" not in options
    several = page(HelpPage.ABOUT_MODELS, catalog_with(tmp_path, ANIMATE))
    assert "• `kling-v3` Kling V3 (unless another is named): Kuaishou's video model" in several
    assert f"• `{ANIMATE_SLUG}` Animate 2\n" in several
    assert f"`--model {ANIMATE_SLUG}` takes another model." in several
    assert "--model" not in page(HelpPage.ABOUT_MODELS)


def test_the_pages_about_commands_messages_and_buttons(tmp_path: Path) -> None:
    commands = page(HelpPage.COMMANDS)
    assert "• `/video notify`: tells a channel" in commands
    assert "`/video -- list of cats`" in commands
    assert "as billed by MindVideo" in commands
    messages = page(HelpPage.MESSAGES)
    assert "<@U0BOT> a red sports car" in messages
    assert "• `again`: renders the same again\n• `cancel`: cancels it" in messages
    assert (
        "become `--image-urls`; `--first-frame-image 1` makes the first of them the first frame."
        in messages
    )
    mute = catalog_with(tmp_path, {**ANIMATE, "bot": {"default": True, "images": []}})
    assert "*Images*" not in page(HelpPage.MESSAGES, mute)
    buttons = page(HelpPage.BUTTONS)
    assert (
        "• *In 4K*: renders the same with `--mode 4k`, as a new take: there is no seed\n" in buttons
    )
    assert "*Make a video from this*" in buttons
    assert "Home tab" in buttons


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
