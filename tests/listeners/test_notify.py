"""`/video notify`, over real HTTP: what channels are told of their own accord, and who decides."""

from __future__ import annotations

import json

import pytest

from bot.app.run import running
from bot.base.settings import load_settings
from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.slack.entities import ANA, BEN, CREW, GENERAL, MIA, OPEN, VAULT, Said
from sandbox.slack.faults import Fault as SlackFault
from sandbox.slack.faults import FaultKind as SlackFaultKind
from tests.support.running_bot import RunningBot, running_bot
from tests.support.sandbox import running_sandbox


async def answer(bot: RunningBot, text: str, *, user: str = ANA, channel: str = GENERAL) -> str:
    """Type a subcommand and return its private answer."""
    delivery = await bot.type(text, user=user, channel=channel)
    assert delivery.error is None
    assert delivery.shown is not None
    assert delivery.shown.ephemeral_for == user
    return delivery.shown.text


def notices(bot: RunningBot, channel: str) -> list[Said]:
    """Return what a channel was told of the bot's own accord."""
    return [said for said in bot.messages(channel) if (said.job_id or "").startswith("notice-")]


async def test_a_finished_video_is_told_with_a_link_to_its_thread() -> None:
    """One notice, with the asker's plain name, so that it rings nobody."""
    async with running_bot() as bot:
        told = await answer(bot, f"notify <#{CREW}|crew> all")
        assert f"<#{CREW}>" in told
        await bot.type("a lake at dawn")
        await bot.until(lambda: notices(bot, CREW))
        await bot.until_delivered()
        (message,) = bot.messages()
        (notice,) = notices(bot, CREW)
    assert f"/archives/{GENERAL}/p{message.ts.replace('.', '')}|“a lake at dawn”>" in notice.text
    assert "*ana*" in notice.text
    assert "<@" not in notice.text + json.dumps(notice.blocks)
    assert "cost 0.0756 as billed by MindVideo" in json.dumps(notice.blocks)


async def test_failures_are_told_and_successes_are_not() -> None:
    async with running_bot() as bot:
        await answer(bot, "notify here failures", channel=CREW)
        await bot.type("a lake")
        await bot.until_delivered()
        bot.sandbox.video.fail(
            Fault(call=Call.SUBMIT, kind=FaultKind.TASK_FAILS, message="unsafe content")
        )
        await bot.type("a storm")
        await bot.until(lambda: notices(bot, CREW))
        await bot.until_delivered(2)
        (notice,) = notices(bot, CREW)
    assert "could not be made" in notice.text
    assert "unsafe content" in notice.text


async def test_what_is_set_is_shown() -> None:
    """Every channel that listens, with the hour and the zone of its digest."""
    async with running_bot() as bot:
        assert "No channel is told anything" in await answer(bot, "notify")
        await answer(bot, "notify here failures")
        told = await answer(bot, "notify here digest weekly at 17:30", channel=CREW)
        assert "every Monday at 17:30 (Europe/Berlin)" in told
        shown = await answer(bot, "notify")
        assert f"• <#{GENERAL}>: failures, jobs on hold" in shown
        assert f"• <#{CREW}>: a digest every Monday at 17:30" in shown
        assert "no longer told" in await answer(bot, "notify here off")
        assert "no more digests" in await answer(bot, "notify here digest off", channel=CREW)
        assert "No channel is told anything" in await answer(bot, "notify")
        assert bot.sandbox.video.requests == []


async def test_settings_outlive_the_process() -> None:
    async with running_sandbox() as sandbox:
        shown = []
        for text in ("notify here all", "notify"):
            async with running(load_settings(sandbox.environment(socket_mode=False))) as service:
                sandbox.deliver_to_port(service.port)
                delivery = await sandbox.slack.people.command(ANA, GENERAL, text)
                assert delivery.shown is not None
                shown.append(delivery.shown.text)
        assert f"• <#{GENERAL}>: each finished video" in shown[1]


async def test_only_members_and_admins_decide_for_a_channel() -> None:
    """Mia is not in the crew's channel: she may not, until the operator names her an admin."""
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
async def test_a_private_channel_without_the_bot_is_told_to_invite_it(text: str) -> None:
    """Nothing is set; after the invitation the same words work at once."""
    async with running_bot() as bot:
        assert "/invite" in await answer(bot, text, channel=VAULT)
        assert "/invite" in await answer(bot, f"notify <#{VAULT}|vault> all")
        assert "No channel" in await answer(bot, "notify")
        bot.sandbox.slack.invite_bot(VAULT)
        assert f"<#{VAULT}>" in await answer(bot, text, channel=VAULT)
        assert f"<#{VAULT}>" in await answer(bot, "notify")


async def test_ones_own_conversation_with_the_bot_may_listen() -> None:
    async with running_bot() as bot:
        direct = bot.sandbox.slack.world.workspace.direct(ANA).id
        await answer(bot, "notify here failures", channel=direct)
        assert f"<#{direct}>" in await answer(bot, "notify")


async def test_slacks_trouble_sets_nothing_and_asks_to_try_again() -> None:
    async with running_bot() as bot:
        bot.sandbox.slack.world.faults.add(
            "conversations.members", SlackFault(kind=SlackFaultKind.RATE_LIMITED)
        )
        told = await answer(bot, f"notify <#{CREW}|crew> all")
        assert "Try again" in told
        assert "No channel" in await answer(bot, "notify")


async def test_trouble_with_the_key_reaches_the_channel() -> None:
    """The operator hears of it while the job waits; then the job goes on by itself."""
    async with running_bot() as bot:
        await answer(bot, "notify here failures", channel=CREW)
        bot.sandbox.video.fail(
            Fault(call=Call.SUBMIT, kind=FaultKind.ANSWER_BEFORE, status=401, code="unauthorized")
        )
        await bot.type("a lake")
        await bot.until(lambda: notices(bot, CREW))
        (notice,) = notices(bot, CREW)
        assert "Somebody must act" in notice.text
        assert "API key" in notice.text


async def test_words_that_go_on_are_a_prompt() -> None:
    async with running_bot() as bot:
        await bot.type("notify the king of his sins")
        await bot.until(bot.messages)
        (message,) = bot.messages()
        assert "notify the king of his sins" in message.text
