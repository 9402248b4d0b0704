"""A result is deleted over real HTTP: by the menu and its question, by a word, by a command."""

from __future__ import annotations

import json

from bot.messages import buttons
from sandbox.slack.entities import ANA, BEN, BOT, StoredMessage
from tests.support.conversation import (
    answer,
    button_labels,
    make_video,
    mention,
    press,
    result_of,
    until_ephemeral,
    until_over,
)
from tests.support.running_bot import RunningBot, running_bot


async def choose_deletion(bot: RunningBot, result: StoredMessage, user: str) -> None:
    """Choose *Delete* in the menu *More* under a result."""
    job_id = next(
        option["value"].split()[1]
        for block in result.blocks
        if block["type"] == "actions"
        for element in block["elements"]  # type: ignore[attr-defined] # a row of elements
        if element["action_id"] == buttons.MORE
        for option in element["options"]
    )
    delivery = await bot.sandbox.slack.people.click(
        user, result.ts, buttons.MORE, value=f"{buttons.Choice.DELETE} {job_id}"
    )
    assert delivery.error is None


async def test_a_result_is_deleted_once_its_asker_has_confirmed_it() -> None:
    """Its message stays with its cost and *Again*; the answer stands in place of the question."""
    async with running_bot() as bot:
        message = await make_video(bot, "a lake --duration 5")
        await bot.until_delivered()
        # The row is delivered a moment after its message says so.
        await until_over(bot, message)
        result = result_of(bot, message)
        await choose_deletion(bot, result, BEN)
        assert "may delete what it made" in (await until_ephemeral(bot)).text
        await choose_deletion(bot, result, ANA)
        question = await until_ephemeral(bot, 2)
        assert "Its bill stays" in question.text
        assert button_labels(question) == ["Delete it"]
        assert bot.replies() == [result]
        await bot.sandbox.slack.people.click(ANA, question.ts, buttons.DELETE)
        await bot.until(lambda: not bot.replies())
        await bot.until(lambda: "is deleted: I am taking" in question.text)
        assert bot.sandbox.slack.world.files.bot_files() == []
        await bot.until(lambda: f"Deleted by <@{ANA}>" in message.text)
        assert "cost" in message.text
        assert "Again" in button_labels(message)
        found = await bot.type("find lake", user=ANA)
        assert found.shown is not None
        assert f"deleted by <@{ANA}>" in found.shown.text
        assert buttons.MORE not in json.dumps(found.shown.blocks)
        assert "deleted, cost" in await answer(bot, "list")
        # Nothing of it is left to be brought, and it can be made again.
        await mention(bot, "resend", thread=message)
        await bot.until(lambda: any("made was deleted" in one.text for one in bot.ephemerals()))
        await press(bot, message, buttons.AGAIN)
        await bot.until(lambda: len(bot.messages()) == 2)


async def test_a_result_is_deleted_by_a_word_and_by_a_command() -> None:
    """A word that somebody types is meant: nobody is asked."""
    async with running_bot() as bot:
        message = await make_video(bot, "a lake --duration 5")
        await bot.until_delivered()
        # The row is delivered a moment after its message says so.
        await until_over(bot, message)
        await mention(bot, "delete", thread=message)
        assert "is deleted" in (await until_ephemeral(bot)).text
        await bot.until(lambda: "Deleted by" in message.text)
        assert "was deleted by" in await answer(bot, "delete last")
        await bot.until(lambda: not [one for one in bot.replies() if one.user == BOT])
