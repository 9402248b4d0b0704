"""Tests of the thumbs in a digest: what is counted, in which order, and how much is shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from bot.jobs.feedback import summarize_feedback
from bot.messages.digest import digest_message
from bot.money.costs import summarize
from storage.feedback import Rating
from storage.job import Json
from tests.support.services import CATALOG

# `hidden` is none of them.
STYLES = {"noir", "*rain* <!here>", *(f"style{number}" for number in range(9))}


def rated(style: str | None, good: int, bad: int, **given: Json) -> list[Rating]:
    """Return so many ratings of alike jobs."""
    one = Rating(is_good=True, style=style, model="kling-v3", input={"prompt": "a lake", **given})
    return [one] * good + [replace(one, is_good=False)] * bad


def told(ratings: Sequence[Rating]) -> str:
    """Return the blocks of a digest of a day with this feedback."""
    message = digest_message(
        summarize([]),
        summarize_feedback(ratings, CATALOG, STYLES),
        since=0.0,
        until=86400.0,
        names={},
        titles={"kling-v3": "Kling V3"},
        unit=None,
    )
    return json.dumps(message.blocks, ensure_ascii=False).replace("\\n", "\n")


def test_thumbs_are_counted_by_style_mode_and_model() -> None:
    """A mode that was not named is the model's own; a style of another place has no name here."""
    blocks = told(
        [
            *rated("noir", 12, 3, mode="pro"),
            *rated(None, 1, 0),
            *rated("*rain* <!here>", 0, 20),
            *rated("hidden", 1, 0, mode="pro"),
            *rated("hidden too", 0, 1, mode="pro"),
            Rating(is_good=True, style=None, model="gone", input={}),
            Rating(is_good=True, style=None, model="gone", input={"mode": "pro"}),
        ]
    )
    lines = [
        "*Thumbs by style*",
        "• \u2217rain\u2217 &lt;!here&gt;: :thumbsup: 0 · :thumbsdown: 20",
        "• noir: :thumbsup: 12 · :thumbsdown: 3",
        "• other styles: :thumbsup: 1 · :thumbsdown: 1",
        "*Thumbs by mode*",
        "• std: :thumbsup: 1 · :thumbsdown: 20",
        "• pro: :thumbsup: 14 · :thumbsdown: 4",
        "*Thumbs by model*",
        "• Kling V3: :thumbsup: 14 · :thumbsdown: 24",
        "• gone: :thumbsup: 2 · :thumbsdown: 0",
    ]
    assert "\n".join(lines) in blocks
    assert "hidden" not in blocks


def test_only_the_most_rated_are_named() -> None:
    blocks = told([one for number in range(9) for one in rated(f"style{number}", number + 1, 0)])
    assert "• style8: :thumbsup: 9 · :thumbsdown: 0\n• style7:" in blocks
    assert "• style4: :thumbsup: 5 · :thumbsdown: 0\n• and 4 more" in blocks
    assert "style3" not in blocks


def test_without_a_press_nothing_is_said() -> None:
    assert "Thumbs" not in told([])
    assert "by style" not in told(rated(None, 1, 0))
