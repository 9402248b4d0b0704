"""Tests of `/video notify`, over real HTTP: subscriptions of channels, and who may change them."""

from __future__ import annotations

import json

import pytest

from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.slack.entities import ANA, BEN, CREW, GENERAL, MIA, OPEN, VAULT, StoredMessage
from sandbox.slack.faults import Fault as SlackFault
from sandbox.slack.faults import FaultKind as SlackFaultKind
from tests.support.conversation import answer
from tests.support.running_bot import RunningBot, running_bot


def notifications(bot: RunningBot, channel: str) -> list[StoredMessage]:
    """Return the notifications that were posted in a channel."""
    own = [one for one in bot.messages(channel) if (one.job_id or "").startswith("notice-")]
    return [one for one in own if "changed a setting" not in one.text]


async def test_a_finished_video_is_posted_with_a_link_to_its_thread() -> None:
    """One notification, with the user's plain name, so that it notifies nobody by a mention."""
    async with running_bot() as bot:
        reply = await answer(bot, f"notify <#{CREW}|crew> all")
        assert f"<#{CREW}>" in reply
        await bot.type("a lake at dawn")
        await bot.until(lambda: notifications(bot, CREW))
        await bot.until_delivered()
        (message,) = bot.messages()
        (posted,) = notifications(bot, CREW)
    assert f"/archives/{GENERAL}/p{message.ts.replace('.', '')}|“a lake at dawn”>" in posted.text
    assert "*ana*" in posted.text
    assert "<@" not in posted.text + json.dumps(posted.blocks)
    assert "cost 0.0756 as billed by MindVideo" in json.dumps(posted.blocks)


async def test_the_subscriptions_are_shown() -> None:
    """For each subscribed channel, with hour and time zone of its digest."""
    async with running_bot() as bot:
        assert "No channel is told anything" in await answer(bot, "notify")
        await answer(bot, "notify here failures")
        reply = await answer(bot, "notify here digest weekly at 17:30", channel=CREW)
        assert "every Monday at 17:30 (Europe/Berlin)" in reply
        shown = await answer(bot, "notify")
        assert f"• <#{GENERAL}>: failures, jobs on hold" in shown
        assert f"• <#{CREW}>: a digest every Monday at 17:30" in shown
        assert "no longer told" in await answer(bot, "notify here off")
        assert "no more digests" in await answer(bot, "notify here digest off", channel=CREW)
        assert "No channel is told anything" in await answer(bot, "notify")
        assert bot.sandbox.video.requests == []


async def test_only_members_and_admins_may_subscribe_a_channel() -> None:
    """Mia, who is not in the channel, is refused until she is an admin."""
    async with running_bot() as bot:
        refused = await answer(bot, f"notify <#{CREW}|crew> all", user=MIA)
        assert f"Only members of <#{CREW}>" in refused
        assert "No channel" in await answer(bot, "notify")
        assert "hears of" in await answer(bot, f"notify <#{CREW}|crew> all", user=BEN)
    async with running_bot(ADMINS=MIA) as bot:
        assert "hears of" in await answer(bot, f"notify <#{CREW}|crew> all", user=MIA)


async def test_a_public_channel_is_joined_at_once() -> None:
    async with running_bot() as bot:
        await answer(bot, f"notify <#{OPEN}|open-studio> all")
        assert bot.sandbox.slack.world.count("conversations.join") == 1


@pytest.mark.parametrize("text", ["notify here all", "notify here digest daily"])
async def test_a_private_channel_without_the_bot_is_asked_to_invite_it(text: str) -> None:
    """Nothing is set; after the invitation the same command works."""
    async with running_bot() as bot:
        assert "/invite" in await answer(bot, text, channel=VAULT)
        assert "/invite" in await answer(bot, f"notify <#{VAULT}|vault> all")
        assert "No channel" in await answer(bot, "notify")
        bot.sandbox.slack.invite_bot(VAULT)
        assert f"<#{VAULT}>" in await answer(bot, text, channel=VAULT)
        assert f"<#{VAULT}>" in await answer(bot, "notify")


async def test_a_direct_conversation_can_be_subscribed() -> None:
    async with running_bot() as bot:
        direct = bot.sandbox.slack.world.workspace.direct(ANA).id
        await answer(bot, "notify here failures", channel=direct)
        assert f"<#{direct}>" in await answer(bot, "notify")


async def test_an_error_of_slack_changes_nothing_and_is_answered() -> None:
    async with running_bot() as bot:
        bot.sandbox.slack.world.faults.add(
            "conversations.members", SlackFault(kind=SlackFaultKind.RATE_LIMITED)
        )
        reply = await answer(bot, f"notify <#{CREW}|crew> all")
        assert "Try again" in reply
        assert "No channel" in await answer(bot, "notify")


async def test_a_wrong_api_key_is_reported_to_admins_directly() -> None:
    async with running_bot(ADMINS=MIA) as bot:
        direct = bot.sandbox.slack.world.workspace.direct(MIA).id
        bot.sandbox.video.fail(
            Fault(call=Call.SUBMIT, kind=FaultKind.ANSWER_BEFORE, status=401, code="unauthorized")
        )
        await bot.type("a lake")
        await bot.until(lambda: bot.messages(direct))
        (message,) = bot.messages(direct)
        assert "Somebody must act" in message.text
