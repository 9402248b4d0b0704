"""Tests of the values of options in messages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.options.catalog import Catalog
from bot.options.display import in_words
from bot.options.request import all_options, non_default_options
from storage.job import Json
from tests.support.model_samples import model_with

KLING = Catalog.load().default


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("duration", 10, "10 s"),
        ("mode", "pro", "pro"),
        ("audio", True, "on"),
        ("audio", False, "off"),
        ("negative_prompt", "x" * 99, "x" * 60 + "…"),
        ("first_frame_image", "slack-file:F1", "attached image"),
        ("image_urls", ["slack-file:F1", "slack-file:F2"], "2 attached images"),
        ("image_urls", ["slack-file:F1", "https://a"], "attached image, https://a"),
        ("image_urls", ["https://a"], "https://a"),
        ("multi_prompt", [{"prompt": "a", "duration": 3}, {"prompt": "b"}], "a (3 s), b"),
        ("multi_prompt", [1], "1"),
    ],
)
def test_a_value_is_shown_with_its_unit_and_without_ids(name: str, value: Json, text: str) -> None:
    option = KLING.option(name)
    assert option is not None
    assert in_words(option, value) == text


def test_every_list_of_options_has_labels_and_units() -> None:
    """The job's message, the details, lists and Home use the same two functions."""
    given: Mapping[str, Json] = {"prompt": "a", "duration": 10, "negative_prompt": "people"}
    assert non_default_options(KLING, given) == (("Duration", "10 s"), ("Keep out", "people"))
    assert ("Duration", "5 s", False) in all_options(KLING, {"prompt": "a lake"})


def test_an_option_without_a_label_and_unit_has_the_schemas_words(tmp_path: Path) -> None:
    parts: Mapping[str, Json] = {
        "frames": {"type": "integer"},
        "steps": {"type": "number", "title": "St"},
    }
    model = model_with(tmp_path, parts)
    values: Mapping[str, Json] = {"frames": 24, "steps": 0.5}
    assert non_default_options(model, values) == (("Frames", "24"), ("St", "0.5"))
