"""Tests of the references to Slack's files in an input."""

from __future__ import annotations

from bot.options.references import file_named, files_named, reference, replaced
from storage.job import Json


def test_only_a_reference_names_a_file() -> None:
    assert file_named(reference("F123")) == "F123"
    assert file_named(f" {reference('F123')}\n") == "F123"
    for value in ("https://a/slack-file:F1", "slack-file:", "slack-file:F1/..", 7, None, ["F1"]):
        assert file_named(value) is None


def test_the_files_of_an_input_are_listed_once_in_order() -> None:
    values: dict[str, Json] = {
        "prompt": "a lake",
        "image_urls": [reference("F2"), "https://a", reference("F1")],
        "first": reference("F2"),
    }
    assert files_named(values) == ("F2", "F1")


def test_only_references_are_replaced_by_links() -> None:
    value: Json = [reference("F1"), "https://a", {"n": 1}]
    assert replaced(value, {"F1": "https://b"}) == ["https://b", "https://a", {"n": 1}]
