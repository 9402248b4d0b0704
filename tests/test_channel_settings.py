"""`/video settings`, over real HTTP: what a channel's videos have unless an ask says otherwise."""

from __future__ import annotations

import json

import pytest

from bot.base.errors import UsageError
from bot.options.catalog import Catalog
from bot.options.defaults import as_flags, read_defaults
from sandbox.mindvideo.faults import Call
from sandbox.slack.entities import CREW, GENERAL
from storage.job import Json
from tests.house import House, house
from tests.test_notify import answer

CATALOG = Catalog.load()


def inputs(home: House) -> list[dict[str, Json]]:
    """Return what MindVideo was asked for, without the prompts."""
    asked = [json.loads(call.body)["input"] for call in home.town.video.calls(Call.SUBMIT)]
    return [{name: one[name] for name in one if name != "prompt"} for one in asked]


async def test_defaults_hold_for_the_channels_asks_and_what_is_typed_goes_before() -> None:
    async with house() as home:
        told = await answer(home, "settings mode pro --aspect-ratio 9:16", channel=CREW)
        assert "`--mode pro`, `--aspect-ratio 9:16`" in told
        await home.type("a lake", channel=CREW)
        await home.type("a hill --mode std", channel=CREW)
        await home.type("a sea", channel=GENERAL)
        await home.until_delivered(2, channel=CREW)
        await home.until_delivered()
    expected: list[dict[str, Json]] = [
        {},
        {"mode": "pro", "aspect_ratio": "9:16"},
        {"mode": "std", "aspect_ratio": "9:16"},
    ]
    assert sorted(inputs(home), key=lambda one: str(one.get("mode", ""))) == expected


async def test_defaults_are_shown_added_to_and_taken_away() -> None:
    async with house() as home:
        assert "no defaults of its own" in await answer(home, "settings")
        await answer(home, "settings --mode pro")
        await answer(home, "settings duration 10")
        shown = await answer(home, "Settings")
        assert "`--mode pro`, `--duration 10`" in shown
        assert "any more" in await answer(home, "settings reset")
        await home.type("a lake")
        await home.until_delivered()
        assert inputs(home) == [{}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("settings mode best", ["`--mode`", "`best`", "pro"]),
        ("settings --colour red", ["--colour"]),
        ("settings duration", ["`--duration`", "needs a value"]),
        ("settings mode pro a red car", ["options alone", "/video -- settings"]),
        ("settings model kling-v9", ["kling-v9", "kling-v3"]),
        ("settings prompt lake", ["options alone"]),
    ],
)
async def test_bad_defaults_are_refused_and_nothing_is_set(text: str, words: list[str]) -> None:
    """Privately, naming the option, and without a job: a typing error must not cost."""
    async with house() as home:
        told = await answer(home, text)
        for word in words:
            assert word in told
        assert "no defaults" in await answer(home, "settings")
        assert home.messages() == []


async def test_words_that_go_on_are_a_prompt() -> None:
    async with house() as home:
        await home.type("settings of a fantasy tavern")
        await home.until(home.messages)
        (message,) = home.messages()
        assert "settings of a fantasy tavern" in message.text


def test_the_model_is_a_default_too() -> None:
    chosen = read_defaults("model KLING-V3 --mode pro", CATALOG, {})
    assert chosen == {"model": "kling-v3", "mode": "pro"}
    assert as_flags(CATALOG, chosen) == ("--model kling-v3", "--mode pro")


def test_phones_dashes_and_quotes_are_read_as_in_an_ask() -> None:
    assert read_defaults("—mode pro", CATALOG, {}) == {"mode": "pro"}
    with pytest.raises(UsageError):
        read_defaults('mode "pro', CATALOG, {})


def test_defaults_of_a_model_that_left_the_catalog_are_still_shown() -> None:
    kept: dict[str, Json] = {"model": "gone", "frame_rate": 30}
    assert as_flags(CATALOG, kept) == ("--model gone", "--frame-rate 30")
