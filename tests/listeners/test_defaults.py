"""Tests of `/video settings`, over real HTTP: the defaults of a channel."""

from __future__ import annotations

from sandbox.slack.entities import BEN, CREW, GENERAL
from storage.job import Json
from tests.support.conversation import answer, submitted_inputs
from tests.support.running_bot import running_bot


async def test_defaults_apply_to_the_channels_requests_and_are_overridden_by_options() -> None:
    async with running_bot() as bot:
        shown = await answer(bot, "settings mode pro --aspect-ratio 9:16", channel=CREW)
        assert "`--mode pro`, `--aspect-ratio 9:16`" in shown
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
    sent = [{name: one[name] for name in one if name != "prompt"} for one in submitted_inputs(bot)]
    assert sorted(sent, key=lambda one: str(one.get("mode", ""))) == expected


async def test_defaults_can_be_shown_added_and_reset() -> None:
    async with running_bot() as bot:
        assert "no defaults of its own" in await answer(bot, "settings")
        await answer(bot, "settings --mode pro")
        await answer(bot, "settings duration 10")
        shown = await answer(bot, "Settings")
        assert "`--mode pro`, `--duration 10`" in shown
        assert "any more" in await answer(bot, "settings reset")
        await bot.type("a lake")
        await bot.until_delivered()
        assert submitted_inputs(bot) == [{"prompt": "a lake"}]


async def test_invalid_defaults_are_refused_and_nothing_is_set() -> None:
    """The answer names the option; a typing error starts no job."""
    async with running_bot() as bot:
        shown = await answer(bot, "settings mode best")
        assert "`--mode` must be one of `std`, `pro`, `4k`; you gave `best`" in shown
        assert "no defaults" in await answer(bot, "settings")
        assert bot.messages() == []


async def test_a_persons_own_defaults_go_before_the_channels_and_beneath_the_request() -> None:
    """In every channel, for that person alone; the answer says whose default each is."""
    async with running_bot() as bot:
        await answer(bot, "settings mode pro --aspect-ratio 9:16")
        shown = await answer(bot, "settings me mode std --duration 8")
        assert "your videos have `--mode std`, `--duration 8`" in shown
        both = await answer(bot, "settings")
        assert "*Defaults of this channel:* `--mode pro`, `--aspect-ratio 9:16`" in both
        assert "*Your own defaults:* `--mode std`, `--duration 8`" in both
        assert "*Your own defaults:*" not in await answer(bot, "settings", user=BEN)
        await bot.type("a lake")
        await bot.type("a hill --mode 4k")
        await bot.type("a sea", user=BEN)
        await bot.type("a road", channel=CREW)
        await bot.until_delivered(3)
        await bot.until_delivered(1, channel=CREW)
    sent = {str(one["prompt"]): one for one in submitted_inputs(bot)}
    assert sent == {
        "a lake": {"prompt": "a lake", "mode": "std", "aspect_ratio": "9:16", "duration": 8},
        "a hill": {"prompt": "a hill", "mode": "4k", "aspect_ratio": "9:16", "duration": 8},
        "a sea": {"prompt": "a sea", "mode": "pro", "aspect_ratio": "9:16"},
        "a road": {"prompt": "a road", "mode": "std", "duration": 8},
    }


async def test_a_persons_own_defaults_can_be_shown_and_reset() -> None:
    async with running_bot() as bot:
        assert "no defaults of your own" in await answer(bot, "settings me")
        await answer(bot, "settings ME --mode pro")
        assert "`--mode pro`" in await answer(bot, "settings me")
        assert "any more" in await answer(bot, "settings me reset")
        await bot.type("a lake")
        await bot.until_delivered()
        assert submitted_inputs(bot) == [{"prompt": "a lake"}]
