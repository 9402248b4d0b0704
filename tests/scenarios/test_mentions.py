"""People, channels and groups in a prompt, and messages with their words elsewhere, over HTTP."""

from __future__ import annotations

import pytest

from bot.messages.buttons import EDIT, OPEN_DRAFT
from bot.slack.manifest import VIDEO_FROM_MESSAGE
from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA, BEN, BOT, CREW, DESIGNERS, GENERAL, OPEN, StoredMessage
from sandbox.slack.faults import Fault, FaultKind
from storage.job import Json
from tests.support.conversation import (
    last_input,
    mention,
    names_cost,
    press,
    result_of,
    until_ephemeral,
    until_reply_done,
)
from tests.support.forms import element_of, form_of
from tests.support.images import image_bytes, put_file
from tests.support.running_bot import RunningBot, running_bot


def everything_shown(bot: RunningBot) -> str:
    """Return the texts and blocks of all that the bot has posted."""
    own = [one for one in bot.messages() + bot.replies() if one.user == BOT]
    return "".join(f"{one.text}{one.blocks}{one.edits}" for one in own)


async def deliver(bot: RunningBot, **event: Json) -> StoredMessage:
    """Deliver a mention of Ana's with these fields; return the finished job's message."""
    workspace = bot.sandbox.slack.world.workspace
    typed = workspace.post(GENERAL, ANA, "")
    usual = {"type": "app_mention", "user": ANA, "channel": GENERAL, "ts": typed.ts, "text": ""}
    dispatcher = bot.sandbox.slack.dispatcher
    delivery = await dispatcher.deliver(DeliveryKind.EVENT, dispatcher.wrap({**usual, **event}))
    assert delivery.error is None
    return await until_reply_done(bot)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("typed", "prompt"),
    [
        (f"<@{BEN}|ben> on <#{GENERAL}|general>", "@ben on #general"),
        (f"<@{BEN}> waves", "@ben waves"),
        (f"a sign for <#{OPEN}>", "a sign for #open-studio"),
        (f"a sign for <#{CREW}>", "a sign for a private channel"),
        (f"<!subteam^{DESIGNERS}> at work", "@designers at work"),
        ("<@U0GONE> waves at <!here>", "@somebody waves at @here"),
        (
            "write to <mailto:a@b.c|a@b.c> or see <https://a.b|our page>",
            "write to a@b.c or see our page",
        ),
    ],
)
async def test_a_mention_reads_in_the_prompt_as_a_person_sees_it(typed: str, prompt: str) -> None:
    async with running_bot() as bot:
        await bot.type(typed)
        await bot.until_delivered()
        assert last_input(bot) == {"prompt": prompt}
        assert prompt in everything_shown(bot)
        assert "<@U0BEN" not in everything_shown(bot)


async def test_names_that_slack_tells_late_delay_the_job_and_not_the_answer() -> None:
    async with running_bot() as bot:
        faults = bot.sandbox.slack.world.faults
        faults.add("users.info", Fault(kind=FaultKind.STATUS_BEFORE))
        delivery = await bot.type(f"<@{BEN}> waves")
        assert delivery.error is None
        await bot.until_delivered()
        assert last_input(bot) == {"prompt": "@ben waves"}
        assert len(bot.sandbox.video.charges) == 1


async def test_the_same_ask_with_a_mention_is_recognised() -> None:
    """The row keeps the ask as it was made, and the names beside it."""
    async with running_bot() as bot:
        await bot.type(f"<@{BEN}> waves")
        await bot.until_delivered()
        await bot.type(f"<@{BEN}> waves")
        assert "a second" in (await until_ephemeral(bot)).text or "exactly this" in (
            bot.ephemerals()[-1].text
        )
        assert len(bot.sandbox.video.charges) == 1


async def test_forms_show_names() -> None:
    """Those of a job, of a refused text, and of another message."""
    async with running_bot() as bot:
        people = bot.sandbox.slack.people
        await bot.type(f"<@{BEN}> waves")
        await bot.until_delivered()
        (message,) = bot.messages()
        await bot.until(lambda: names_cost(message))
        await press(bot, result_of(bot, message), EDIT)
        assert element_of(form_of(bot), "option:prompt")["initial_value"] == "@ben waves"
        await bot.type(f"<@{BEN}> runs --mode best")
        await press(bot, await until_ephemeral(bot), OPEN_DRAFT)
        assert element_of(form_of(bot), "option:prompt")["initial_value"] == "@ben runs"
        source = (await people.message(BEN, GENERAL, f"<@{BOT}> a lake for <@{ANA}>")).message
        await people.message_shortcut(BEN, source.ts, VIDEO_FROM_MESSAGE)
        assert element_of(form_of(bot, BEN), "option:prompt")["initial_value"] == "a lake for @ana"


async def test_a_forwarded_message_is_the_prompt_and_its_image_is_attached() -> None:
    async with running_bot() as bot:
        file_id = await put_file(bot, image_bytes())
        words: Json = {"type": "text", "text": "boats & birds"}
        blocks: Json = [
            {
                "type": "rich_text",
                "elements": [{"type": "rich_text_section", "elements": [words]}],
            }
        ]
        await deliver(
            bot,
            text=f"<@{BOT}>",
            attachments=[
                {
                    "is_share": True,
                    "text": "",
                    "message_blocks": [{"message": {"blocks": blocks}}],
                    "files": [{"id": file_id, "name": "cat.png", "mimetype": "image/png"}],
                }
            ],
        )
        sent = last_input(bot)
    assert sent["prompt"] == "boats & birds"
    assert set(sent) == {"prompt", "image_urls"}


async def test_words_that_stand_in_the_blocks_alone_are_read() -> None:
    async with running_bot() as bot:
        elements: Json = [
            {"type": "user", "user_id": BOT},
            {"type": "text", "text": " a lake for "},
            {"type": "user", "user_id": BEN},
        ]
        section: Json = {"type": "rich_text_section", "elements": elements}
        await deliver(bot, blocks=[{"type": "rich_text", "elements": [section]}])
        assert last_input(bot) == {"prompt": "a lake for @ben"}


async def test_a_forwarded_mention_of_the_bot_starts_nothing() -> None:
    """Nobody meant the bot who only passes on a message that once did."""
    async with running_bot() as bot:
        await mention(bot, "a lake")
        await until_reply_done(bot)
        dispatcher = bot.sandbox.slack.dispatcher
        shared: Json = [{"is_share": True, "text": f"<@{BOT}> a sea"}]
        event = {"type": "message", "user": ANA, "channel": GENERAL, "ts": "1.2", "text": "look"}
        for text in ("look", ""):
            wrapped = dispatcher.wrap({**event, "text": text, "attachments": shared})
            await dispatcher.deliver(DeliveryKind.EVENT, wrapped)
        await bot.sandbox.slack.settled()
        assert len(bot.sandbox.video.charges) == 1
