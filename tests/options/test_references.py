"""A file at Slack is named in an input by its ID, and told to people as an attached image."""

from __future__ import annotations

import pytest

from bot.options.references import file_named, files_named, in_words, reference, replaced
from storage.job import Json


def test_a_reference_names_its_file_and_nothing_else_does() -> None:
    assert file_named(reference("F123")) == "F123"
    assert file_named(f" {reference('F123')}\n") == "F123"
    for value in ("https://a/slack-file:F1", "slack-file:", "slack-file:F1/..", 7, None, ["F1"]):
        assert file_named(value) is None


def test_every_file_of_an_input_is_named_once_in_order() -> None:
    values: dict[str, Json] = {
        "prompt": "a lake",
        "image_urls": [reference("F2"), "https://a", reference("F1")],
        "first": reference("F2"),
    }
    assert files_named(values) == ("F2", "F1")


def test_references_are_replaced_by_links_and_all_else_stays() -> None:
    value: Json = [reference("F1"), "https://a", {"n": 1}]
    assert replaced(value, {"F1": "https://b"}) == ["https://b", "https://a", {"n": 1}]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("slack-file:F1", "attached image"),
        (["slack-file:F1", "slack-file:F2"], "2 attached images"),
        (["slack-file:F1", "https://a"], "attached image, https://a"),
        (["https://a"], ["https://a"]),
        (5, 5),
        (True, "on"),
        (False, "off"),
    ],
)
def test_people_are_told_of_images_not_of_their_ids_and_of_on_and_off(
    value: Json, words: Json
) -> None:
    assert in_words(value) == words
