"""Tests of planned renders, over real HTTP: asked for on each surface, listed and cancelled."""

from __future__ import annotations

from bot.messages import buttons
from storage.job import Stage
from tests.support.conversation import (
    answer,
    button_labels,
    button_of,
    job_of,
    mention,
    press,
    submitted_inputs,
    until_ephemeral,
    until_posted,
)
from tests.support.running_bot import RunningBot, running_bot


async def until_cancelled(bot: RunningBot, number: int) -> None:
    """Wait until the message with this number shows that its job was cancelled."""
    await bot.until(lambda: "Cancelled" in bot.messages()[number].text)


async def test_a_planned_render_is_announced_listed_and_cancelled_on_each_surface() -> None:
    """By the button, by the command, and by a word in its thread; nothing is ever sent."""
    async with running_bot() as bot:
        await bot.type("a lake --at tomorrow 9:00")
        await bot.until(lambda: len(bot.messages()) == 1)
        message = bot.messages()[0]
        assert "Planned" in message.text
        assert button_labels(message) == ["Cancel", "Details"]
        assert (await job_of(bot, message)).stage is Stage.PLANNED
        assert "a lake · planned" in await answer(bot, "list")
        await press(bot, message, buttons.CANCEL)
        await until_cancelled(bot, 0)
        await bot.type("a hill --at tomorrow 9:00")
        await bot.until(lambda: len(bot.messages()) == 2)
        await until_posted(bot, bot.messages()[1])
        await mention(bot, "cancel", thread=bot.messages()[1])
        await until_cancelled(bot, 1)
        await bot.type("a field --at tomorrow 9:00")
        await bot.until(lambda: len(bot.messages()) == 3)
        field = bot.messages()[2]
        assert "cancelled" in (await answer(bot, f"cancel {field.job_id}")).casefold()
        await until_cancelled(bot, 2)
        assert submitted_inputs(bot) == []


async def test_a_repeat_is_asked_about_once_and_then_planned() -> None:
    """One click, with what a month of it costs; its message says how often it goes on."""
    async with running_bot() as bot:
        delivery = await bot.type("a lake --at monday 9:00 --every week")
        assert delivery.shown is not None
        assert "goes on by itself, every week" in delivery.shown.text
        assert bot.messages() == []
        await press(bot, delivery.shown, str(button_of(delivery.shown)[0]))
        await bot.until(lambda: len(bot.messages()) == 1)
        assert "every week" in bot.messages()[0].text


async def test_a_time_that_cannot_be_is_told_and_nothing_is_planned() -> None:
    """In one sentence with an example; settings and styles have no time."""
    async with running_bot() as bot:
        assert "`--at tomorrow 9:00`" in await answer(bot, "a lake --at soon")
        assert "is over" in await answer(bot, "a lake --at 2026-01-01 9:00")
        assert "`--at 9:00 --every week`" in await answer(bot, "a lake --every week")
        assert "belongs to a request" in await answer(bot, "settings --at 9:00")
        assert "cannot be planned" in await answer(bot, "a {red|blue} car --at 9:00")
        await mention(bot, "a lake --at soon")
        assert "`--at tomorrow 9:00`" in (await until_ephemeral(bot)).text
        assert all(one.job_id is None for one in bot.messages())
