"""Tests of changes that concern everybody in a channel: told there once, and taken back."""

from __future__ import annotations

import json

import pytest

from bot.messages.subscriptions import UNDO
from sandbox.slack.entities import ANA, BEN, CREW, GENERAL, StoredMessage
from tests.support.conversation import answer, direct_channel, press, until_ephemeral
from tests.support.running_bot import RunningBot, running_bot

BEFORE = {
    "settings --mode pro": ("settings", "no defaults of its own"),
    "settings delay 10": ("settings", "start at once"),
    "notify here failures": ("notify", "No channel is told"),
    "notify here digest daily": ("notify", "No channel is told"),
}


async def changed(bot: RunningBot, count: int = 1, channel: str = GENERAL) -> list[StoredMessage]:
    """Wait for so many messages about changed settings; return them."""

    def told() -> list[StoredMessage]:
        return [one for one in bot.messages(channel) if "for everybody here" in one.text]

    await bot.until(lambda: len(told()) >= count)
    return told()


@pytest.mark.parametrize("text", BEFORE)
async def test_a_change_is_told_once_and_can_be_undone(text: str) -> None:
    """With who did it, as a plain name; set again to the same, nothing is told."""
    async with running_bot() as bot:
        await answer(bot, text, user=BEN)
        (told,) = await changed(bot)
        assert "ben changed a setting for everybody here" in told.text
        assert "<@" not in json.dumps(told.blocks)
        await answer(bot, text)
        await press(bot, told, UNDO)
        _, undone = await changed(bot, 2)
        assert "ana took a change back" in undone.text
        word, expected = BEFORE[text]
        assert expected in await answer(bot, word)
        assert len(await changed(bot, 2)) == 2


async def test_a_later_change_is_not_undone() -> None:
    async with running_bot() as bot:
        await answer(bot, "settings --mode pro")
        (told,) = await changed(bot)
        await answer(bot, "settings --duration 10")
        await changed(bot, 2)
        await press(bot, told, UNDO)
        reply = await until_ephemeral(bot, 3)
        assert "changed or taken back since" in reply.text
        assert "`--mode pro`, `--duration 10`" in await answer(bot, "settings")


@pytest.mark.parametrize("text", ["settings --mode pro", "settings delay 10", "notify here all"])
async def test_a_change_that_is_delivered_again_does_not_replace_a_later_one(text: str) -> None:
    """Nor would the channel be told of it a second time."""
    async with running_bot() as bot:
        first = await bot.type(text)
        (told,) = await changed(bot)
        await press(bot, told, UNDO, user=BEN)
        await changed(bot, 2)
        word, before = text.split(maxsplit=1)[0], await answer(bot, text.split(maxsplit=1)[0])
        await bot.sandbox.slack.dispatcher.deliver_again(first)
        assert await answer(bot, word) == before


async def test_undo_that_is_delivered_again_undoes_nothing_more() -> None:
    async with running_bot() as bot:
        await answer(bot, "settings --mode pro")
        (told,) = await changed(bot)
        click = await press(bot, told, UNDO)
        await changed(bot, 2)
        await bot.sandbox.slack.dispatcher.deliver_again(click)
        await answer(bot, "settings")
        assert len(await changed(bot, 2)) == 2
        assert not [one for one in bot.ephemerals() if "since" in one.text]


async def test_a_change_for_another_channel_is_told_there() -> None:
    """Not where it was typed; a direct conversation concerns one user, who knows."""
    async with running_bot() as bot:
        await answer(bot, f"notify <#{CREW}|crew> all")
        await changed(bot, channel=CREW)
        direct = direct_channel(bot)
        await answer(bot, "settings --mode pro", channel=direct)
        await bot.sandbox.slack.settled()
        assert [one for one in bot.messages(direct) if "everybody" in one.text] == []
        assert [one for one in bot.messages(GENERAL) if "everybody" in one.text] == []


async def test_a_jobs_message_marks_what_the_channel_decided() -> None:
    """From a command and from a form alike; what the user says is theirs."""
    async with running_bot() as bot:
        await answer(bot, "settings --mode pro --duration 10")
        await changed(bot)
        await bot.type("a lake --duration 8", user=ANA)
        await bot.until_delivered()
        job = bot.messages()[-1]
        shown = json.dumps(job.blocks)
        assert "Mode: pro (this channel's default)" in shown
        assert "Duration: 8 s" in shown
        assert "Duration: 8 s (" not in shown
