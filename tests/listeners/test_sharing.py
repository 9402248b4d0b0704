"""Tests of *Share elsewhere*, over real HTTP: a form, and the video in the chosen channel."""

from __future__ import annotations

import asyncio

from bot.messages import buttons
from bot.messages.share_form import CHANNEL_BLOCK
from sandbox.slack.entities import (
    ANA,
    BEN,
    BOT,
    CREW,
    GENERAL,
    MIA,
    OPEN,
    TEAM,
    VAULT,
    StoredMessage,
)
from storage.sqlite.store import SqliteStore
from tests.support.conversation import (
    direct_channel,
    last_input,
    make_video,
    mention,
    press,
    result_of,
    send_message,
    submitted_inputs,
    until_ephemeral,
)
from tests.support.forms import form_of, submit
from tests.support.running_bot import RunningBot, running_bot
from tests.support.slack_user import WAIT_SECONDS


async def share_to(bot: RunningBot, channel: str, user: str = ANA) -> dict[str, str]:
    """Choose a channel in the open form; return the errors that it then shows."""
    view = form_of(bot, user)
    values = {CHANNEL_BLOCK: {CHANNEL_BLOCK: channel}}
    delivery = await submit(bot, user, values)
    assert delivery.error is None
    is_closed = bot.sandbox.slack.world.views.top(user) is None
    return {} if is_closed else dict(view.errors)


async def until_known(bot: RunningBot, shared: StoredMessage) -> None:
    """Wait until the store has which message was shared: a reply below it is about its job then."""
    store = await SqliteStore.open(str(bot.sandbox.folder / "video-bot.db"), owner=False)
    async with asyncio.timeout(WAIT_SECONDS):
        # Nothing tells of it.
        while await store.jobs.find_by_message(TEAM, shared.channel, shared.ts) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await store.close()


async def test_a_video_of_a_direct_conversation_is_shared_to_a_chosen_channel() -> None:
    """The file itself, once; a second time the form says so."""
    async with running_bot() as bot:
        direct = direct_channel(bot)
        await bot.type("a lake", channel=direct)
        await bot.until_delivered(channel=direct)
        (result,) = bot.replies(direct)
        await press(bot, result, buttons.SHARE_ELSEWHERE)
        assert await share_to(bot, CREW) == {}
        await bot.until(lambda: bot.messages(CREW))
        (shared,) = bot.messages(CREW)
        assert shared.files
        assert "*ana* shares a video: “a lake”" in str(shared.blocks)
        await press(bot, result, buttons.SHARE_ELSEWHERE)
        errors = await share_to(bot, CREW)
        assert "was shared" in errors[CHANNEL_BLOCK]
        assert len(bot.messages(CREW)) == 1


async def test_a_reply_under_a_shared_video_changes_it_in_its_own_channel() -> None:
    """Nobody means a video of the change alone; elsewhere a change would bring all its words."""
    async with running_bot() as bot:
        parent = await make_video(bot)
        await press(bot, result_of(bot, parent), buttons.SHARE)
        await bot.until(lambda: any("shares" in str(one.blocks) for one in bot.messages()))
        (shared,) = [one for one in bot.messages() if "shares" in str(one.blocks)]
        await until_known(bot, shared)
        await mention(bot, "make it night", thread=shared, user=BEN)
        await bot.until(lambda: len(submitted_inputs(bot)) == 2)
        assert last_input(bot)["prompt"] == "a lake. make it night"
        await press(bot, result_of(bot, parent), buttons.SHARE_ELSEWHERE)
        assert await share_to(bot, CREW) == {}
        await bot.until(lambda: bot.messages(CREW))
        (elsewhere,) = bot.messages(CREW)
        await until_known(bot, elsewhere)
        for text in ("make it night", "0:03 the logo is small"):
            known = len(bot.ephemerals(CREW))
            await send_message(bot, f"<@{BOT}> {text}", channel=CREW, thread=elsewhere)
            refused = await until_ephemeral(bot, known + 1, channel=CREW)
            assert "in the thread of its own message" in " ".join(refused.text.split())
        for count, (text, told) in enumerate((("list", "a lake"), ("thanks!", "welcome")), start=3):
            await send_message(bot, f"<@{BOT}> {text}", channel=CREW, thread=elsewhere)
            answered = await until_ephemeral(bot, count, channel=CREW)
            assert told in answered.text
        assert len(submitted_inputs(bot)) == 2


async def test_a_channel_must_be_the_users_own() -> None:
    """One whose member they are not, and one that the bot cannot enter."""
    async with running_bot(ADMINS=MIA) as bot:
        parent = await make_video(bot)
        await press(bot, result_of(bot, parent), buttons.SHARE_ELSEWHERE, user=MIA)
        errors = await share_to(bot, CREW, user=MIA)
        assert "not in that channel" in errors[CHANNEL_BLOCK]
        await press(bot, result_of(bot, parent), buttons.SHARE_ELSEWHERE)
        errors = await share_to(bot, VAULT)
        assert "/invite" in errors[CHANNEL_BLOCK]
        assert await share_to(bot, OPEN) == {}
        await bot.until(lambda: bot.messages(OPEN))
        assert bot.messages(OPEN)[0].files


async def test_an_admin_hears_that_a_private_video_is_its_askers_to_share() -> None:
    """The channel gets nothing, and the admin no promise that is not kept."""
    async with running_bot(ADMINS=BEN) as bot:
        await bot.type("a secret lake", channel=CREW)
        await bot.until_delivered(channel=CREW)
        (parent,) = bot.messages(CREW)
        await press(bot, result_of(bot, parent, CREW), buttons.SHARE_ELSEWHERE, user=BEN)
        assert await share_to(bot, GENERAL, user=BEN) == {}
        told = await until_ephemeral(bot)
        assert told.ephemeral_for == BEN
        assert "could not be shared" in told.text
        assert "private conversation" in told.text
        assert bot.messages(GENERAL) == []


async def test_only_the_asker_and_admins_choose_a_channel() -> None:
    async with running_bot() as bot:
        parent = await make_video(bot)
        await press(bot, result_of(bot, parent), buttons.SHARE_ELSEWHERE, user=BEN)
        refused = await until_ephemeral(bot)
        assert refused.ephemeral_for == BEN
        assert f"Only <@{ANA}>" in refused.text
        assert bot.sandbox.slack.world.views.top(BEN) is None
        assert len(bot.messages(GENERAL)) == 1
