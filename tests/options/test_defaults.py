"""Tests of a channel's default options: read from a text, and shown as flags."""

from __future__ import annotations

import pytest

from bot.base.errors import UsageError
from bot.options.catalog import Catalog
from bot.options.defaults import as_flags, read_defaults
from storage.job import Json

CATALOG = Catalog.load()


def test_the_model_is_a_default_as_well() -> None:
    chosen = read_defaults("model KLING-V3 --mode pro", CATALOG, {})
    assert chosen == {"model": "kling-v3", "mode": "pro"}
    assert as_flags(CATALOG, chosen) == ("--model kling-v3", "--mode pro")


def test_typographic_dashes_and_quotes_are_read_as_in_a_request() -> None:
    assert read_defaults('no "text: watermark"', CATALOG, {}) == {
        "negative_prompt": "text: watermark"
    }
    for text in ("—mode pro", "mode to pro", "mode = pro", "mode is pro", "mode: pro"):
        assert read_defaults(text, CATALOG, {}) == {"mode": "pro"}
    with pytest.raises(UsageError):
        read_defaults('mode "pro', CATALOG, {})


def test_defaults_of_a_removed_model_are_still_shown() -> None:
    kept: dict[str, Json] = {"model": "gone", "frame_rate": 30}
    assert as_flags(CATALOG, kept) == ("--model gone", "--frame-rate 30")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mode best", "`--mode` must be one of `std`, `pro`, `4k`; you gave `best`"),
        ("--colour red", "has no option `--colour`"),
        ("duration", "`--duration` needs a value"),
        ("mode pro a red car", "options alone.*`/video -- settings"),
        ("model kling-v9", "no model `kling-v9`.*`kling-v3`"),
        ("prompt lake", "options alone"),
        ("mode pro --style noir", "leave out `--times`"),
        ("mode pro --dry", "leave out `--times`"),
        ("mode pro duration 10", "each with its two dashes"),
        ("--negative people, text", "put quotes around all of it"),
        ("no sound", "Did you mean `--no-sound`"),
        ("--no watermark", "Did you mean `--no-watermark`"),
    ],
)
def test_invalid_defaults_are_refused_with_their_option(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        read_defaults(text, CATALOG, {})
