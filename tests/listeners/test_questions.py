"""Tests of questions to the asker, over real HTTP: asked once, confirmed once, forgotten never."""

from __future__ import annotations

import asyncio

import pytest

from bot.messages import buttons
from sandbox.slack.entities import ANA, BEN, BOT, GENERAL
from tests.support.conversation import press, send_message, until_done, until_ephemeral
from tests.support.running_bot import RENDER_SECONDS, bot_in, running_bot
from tests.support.sandbox import running_sandbox


async def test_of_identical_commands_at_one_instant_one_is_rendered() -> None:
    """The others are asked about; each question can be confirmed."""
    async with running_bot() as bot:
        answers = await asyncio.gather(*(bot.type("a red car") for _ in range(3)))
        asked = [answer for answer in answers if answer.shown is not None]
        assert len(asked) == 2
        await bot.until_delivered()
        assert len(bot.sandbox.video.charges) == 1


async def test_a_question_is_confirmed_once_however_often_the_button_is_pressed() -> None:
    async with running_bot() as bot:
        await send_message(bot, f"<@{BOT}> a lake")
        await send_message(bot, f"<@{BOT}> a lake")
        question = await until_ephemeral(bot)
        await asyncio.gather(*(press(bot, question, buttons.CONFIRM) for _ in range(3)))
        await until_done(bot, 2)
        assert len(bot.sandbox.video.charges) == 2


async def test_another_person_cannot_confirm() -> None:
    """Not even by a button whose value was copied."""
    async with running_bot() as bot:
        await send_message(bot, f"<@{BOT}> a lake")
        await send_message(bot, f"<@{BOT}> a lake")
        question = await until_ephemeral(bot)
        await press(bot, question, buttons.CONFIRM, user=BEN)
        await until_done(bot, 1)
        assert len(bot.sandbox.video.charges) == 1


async def test_a_message_that_was_asked_about_is_not_taken_after_a_restart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is delivered again when its equal is no longer recent: it waits for its asker."""
    async with running_sandbox(render_seconds=RENDER_SECONDS) as sandbox:
        async with bot_in(sandbox) as bot:
            await send_message(bot, f"<@{BOT}> a lake")
            again = await sandbox.slack.people.message(ANA, GENERAL, f"<@{BOT}> a lake")
            await until_ephemeral(bot)
            await until_done(bot, 1)
        monkeypatch.setattr("bot.jobs.accept.DUPLICATE_SECONDS", -60.0)
        async with bot_in(sandbox) as bot:
            await sandbox.slack.dispatcher.deliver_again(again.deliveries[0])
            await until_ephemeral(bot, 2)
            assert len(sandbox.video.charges) == 1


async def test_a_message_that_arrives_hours_late_is_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Slack may hold events back; by then the video may not be wanted any more."""
    monkeypatch.setattr("bot.jobs.accept.LATE_SECONDS", -60.0)
    async with running_bot() as bot:
        await send_message(bot, f"<@{BOT}> a lake")
        question = await until_ephemeral(bot)
        assert "reached me only now" in question.text
        assert bot.sandbox.video.charges == []
        await press(bot, question, buttons.CONFIRM)
        await until_done(bot, 1)
