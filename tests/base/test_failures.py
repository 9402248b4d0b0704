"""Tests of the classes of failure: by code, by words, by what a model declares."""

from __future__ import annotations

import re

import pytest

from bot.base.failures import Signs, classify
from bot.options.catalog import Catalog
from bot.options.failures import failure_of, files_at_fault
from storage.job import Failure

KLING = Catalog.load().default


@pytest.mark.parametrize(
    ("code", "message", "failure"),
    [
        ("1101", "Account in arrears", Failure.CREDIT),
        ("1102", None, Failure.CREDIT),
        (None, "Insufficient account balance", Failure.CREDIT),
        ("insufficient_credits", None, Failure.CREDIT),
        (None, "Your resource pack is exhausted", Failure.CREDIT),
        ("1301", "x", Failure.WORDS),
        (None, "The prompt contains sensitive words", Failure.WORDS),
        ("content_policy_violation", "rejected", Failure.WORDS),
        (None, "Image pixel is invalid", Failure.IMAGE),
        (None, "Failed to download image", Failure.IMAGE),
        (None, "first_frame_image: unsupported format", Failure.IMAGE),
        ("1303", "parallel task over resource pack limit", Failure.LIMIT),
        (None, "Rate limit exceeded", Failure.LIMIT),
        (None, "Too many requests", Failure.LIMIT),
        (None, "Invalid API key", Failure.ACCESS),
        (None, "Internal server error", Failure.FAULT),
        (None, "The task timed out", Failure.FAULT),
        (None, "The scene is too difficult", None),
        ("generation_failed", None, None),
        (None, None, None),
    ],
)
def test_a_failure_is_sorted(
    code: str | None, message: str | None, failure: Failure | None
) -> None:
    """A code goes before words; where nothing tells, no class is made up."""
    assert classify(code, message) is failure


def test_what_a_model_declares_goes_first() -> None:
    known = {Failure.FAULT: Signs(codes=frozenset({"1301"}), words=re.compile("difficult"))}
    assert classify("1301", None, known) is Failure.FAULT
    assert classify(None, "The scene is too difficult", known) is Failure.FAULT
    assert failure_of(KLING, None, "blocked by risk control") is Failure.WORDS
    assert failure_of(None, "1301", None) is Failure.WORDS


IMAGES = {
    "image_urls": ["https://x/1", "https://x/2"],
    "first_frame_image": "https://x/3",
}


@pytest.mark.parametrize(
    ("message", "labels"),
    [
        ("first_frame_image: Image pixel is invalid", ["First frame"]),
        ("The first frame is too small", ["First frame"]),
        ("image_urls[1]: unsupported format", ["Reference images 2"]),
        (
            "Image pixel is invalid",
            ["Reference images 1", "Reference images 2", "First frame"],
        ),
    ],
)
def test_the_image_at_fault_is_named(message: str, labels: list[str]) -> None:
    """All of them, where the service does not say which."""
    assert sorted(files_at_fault(KLING, IMAGES, message)) == sorted(labels)


def test_the_only_image_is_the_one_at_fault() -> None:
    assert files_at_fault(KLING, {"image_urls": ["https://x/1"]}, "bad") == ["Reference images"]
    assert files_at_fault(KLING, {"prompt": "a lake"}, "bad") == []
