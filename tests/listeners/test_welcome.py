"""Meeting the bot in Slack: the welcome, the suggestions, and the status while it works."""

from __future__ import annotations

from functools import partial

from sandbox.slack.delivery import Delivery
from sandbox.slack.entities import ANA, BEN, BOT, GENERAL, MIA, OPEN, TEAM, StoredMessage
from sandbox.slack.faults import Fault, FaultKind
from tests.support.conversation import direct_channel, send_message, until_done
from tests.support.running_bot import RunningBot, bot_in, running_bot
from tests.support.sandbox import running_sandbox

STATUS = "assistant.threads.setStatus"
HELLO = "I make videos from words"


def welcomes(bot: RunningBot, channel: str) -> list[StoredMessage]:
    """Return the welcomes in a channel."""
    return [one for one in bot.messages(channel) if one.user == BOT and HELLO in one.text]


async def open_app(bot: RunningBot, user: str = ANA, tab: str = "messages") -> Delivery:
    """Open a tab of the app, which is acknowledged."""
    delivery = await bot.sandbox.slack.people.open_home(user, tab=tab)
    assert delivery.ack.problem is None
    return delivery


async def enter(bot: RunningBot, user: str, channel: str, **fields: str) -> None:
    """Deliver that a user has entered a channel."""
    event = {"type": "member_joined_channel", "user": user, "channel": channel, **fields}
    dispatcher = bot.sandbox.slack.dispatcher
    dispatcher.deliver_later(dict(event))
    await bot.sandbox.slack.settled()


async def test_who_opens_the_app_is_welcomed_once_and_sees_suggestions() -> None:
    """Also when Slack tells it again, to another process, and when the Home tab is opened."""
    async with running_sandbox() as sandbox:
        async with bot_in(sandbox) as bot:
            direct = direct_channel(bot)
            delivery = await open_app(bot)
            await bot.until(lambda: welcomes(bot, direct))
            await bot.until(lambda: sandbox.slack.world.prompts)
            (welcome,) = welcomes(bot, direct)
            assert str(welcome.blocks).count("> `/video ") == 3
            titles = [one.title for one in sandbox.slack.world.prompts[direct]]
            assert titles[0] == "What can you do?"
            await sandbox.slack.dispatcher.deliver_again(delivery)
            await open_app(bot, tab="home")
            opened = await sandbox.slack.people.click(ANA, welcome.ts, "create_video")
            assert opened.error is None
            assert sandbox.slack.world.views.top(ANA) is not None
        async with bot_in(sandbox) as bot:
            await open_app(bot, tab="home")
            # By the time at which a later one is welcomed, a second welcome would stand there.
            for later in (BEN, MIA):
                await open_app(bot, later)
                await bot.until(partial(welcomes, bot, direct_channel(bot, later)))
            assert welcomes(bot, direct) == [welcome]


async def test_guests_are_neither_welcomed_nor_offered_what_they_may_not_do() -> None:
    async with running_bot() as bot:
        workspace = bot.sandbox.slack.world.workspace
        workspace.users[BEN].is_guest = True
        await open_app(bot, BEN)
        await open_app(bot, MIA)
        await bot.until(lambda: welcomes(bot, direct_channel(bot, MIA)))
        await bot.until(lambda: direct_channel(bot, MIA) in bot.sandbox.slack.world.prompts)
        assert bot.messages(direct_channel(bot, BEN)) == []
        assert direct_channel(bot, BEN) not in bot.sandbox.slack.world.prompts


async def test_a_channel_that_invites_the_bot_is_welcomed_once() -> None:
    """Not when the bot enters by itself, to bring a video, or when others enter."""
    async with running_bot() as bot:
        slack = bot.sandbox.slack
        await enter(bot, BOT, GENERAL, team=TEAM)
        await enter(bot, ANA, GENERAL, team=TEAM, inviter=MIA)
        await slack.people.invite(ANA, OPEN)
        await bot.until(lambda: welcomes(bot, OPEN))
        slack.remove_bot(OPEN)
        again = await slack.people.invite(ANA, OPEN)
        assert again.ack.problem is None
        # The next notification of this engine shows that it had its turn.
        await open_app(bot, BEN)
        await bot.until(lambda: welcomes(bot, direct_channel(bot, BEN)))
        assert len(welcomes(bot, OPEN)) == 1
        assert welcomes(bot, GENERAL) == []


async def test_a_status_stands_in_the_thread_of_a_direct_conversation_while_it_renders() -> None:
    async with running_bot(render_seconds=600.0) as bot:
        direct = direct_channel(bot)
        asked = await send_message(bot, "a lake at dawn with boats", channel=direct)
        world = bot.sandbox.slack.world
        await bot.until(lambda: world.status(direct, asked.ts))
        assert world.status(direct, asked.ts) == "waits for MindVideo to begin…"


async def test_a_status_that_slack_refuses_is_no_matter_of_the_job() -> None:
    async with running_bot() as bot:
        bot.sandbox.slack.faults.add(STATUS, Fault(kind=FaultKind.LOST_BEFORE))
        direct = direct_channel(bot)
        await send_message(bot, "a lake at dawn with boats", channel=direct)
        await until_done(bot, 1, direct)
        # Whoever writes needs no welcome, and an opening of the app brings none any more.
        assert welcomes(bot, direct) == []


async def test_a_video_asked_for_in_a_channel_makes_no_call_for_hints() -> None:
    async with running_bot() as bot:
        await bot.type("a lake")
        await bot.until_delivered()
        calls = {call.method for call in bot.sandbox.slack.world.calls}
        assert not [method for method in calls if method.startswith("assistant.")]
