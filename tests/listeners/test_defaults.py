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
from tests.listeners.test_notify import answer
from tests.support.running_bot import RunningBot, running_bot

CATALOG = Catalog.load()


def inputs(bot: RunningBot) -> list[dict[str, Json]]:
    """Return what MindVideo was asked for, without the prompts."""
    asked = [json.loads(call.body)["input"] for call in bot.sandbox.video.calls(Call.SUBMIT)]
    return [{name: one[name] for name in one if name != "prompt"} for one in asked]


async def test_defaults_hold_for_the_channels_asks_and_what_is_typed_goes_before() -> None:
    async with running_bot() as bot:
        told = await answer(bot, "settings mode pro --aspect-ratio 9:16", channel=CREW)
        assert "`--mode pro`, `--aspect-ratio 9:16`" in told
        await bot.type("a lake", channel=CREW)
        await bot.type("a hill --mode std", channel=CREW)
        await bot.type("a sea", channel=GENERAL)
        await bot.until_delivered(2, channel=CREW)
        await bot.until_delivered()
    expected: list[dict[str, Json]] = [
        {},
        {"mode": "pro", "aspect_ratio": "9:16"},
        {"mode": "std", "aspect_ratio": "9:16"},
    ]
    assert sorted(inputs(bot), key=lambda one: str(one.get("mode", ""))) == expected


async def test_defaults_are_shown_added_to_and_taken_away() -> None:
    async with running_bot() as bot:
        assert "no defaults of its own" in await answer(bot, "settings")
        await answer(bot, "settings --mode pro")
        await answer(bot, "settings duration 10")
        shown = await answer(bot, "Settings")
        assert "`--mode pro`, `--duration 10`" in shown
        assert "any more" in await answer(bot, "settings reset")
        await bot.type("a lake")
        await bot.until_delivered()
        assert inputs(bot) == [{}]


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
    async with running_bot() as bot:
        told = await answer(bot, text)
        for word in words:
            assert word in told
        assert "no defaults" in await answer(bot, "settings")
        assert bot.messages() == []


async def test_words_that_go_on_are_a_prompt() -> None:
    async with running_bot() as bot:
        await bot.type("settings of a fantasy tavern")
        await bot.until(bot.messages)
        (message,) = bot.messages()
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
