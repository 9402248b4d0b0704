"""Mentions, direct messages and what people do to them, over real HTTP with signed deliveries."""

from __future__ import annotations

import asyncio
import json

import pytest

from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA, BEN, BOT, CREW, GENERAL, TEAM, Payload, Said
from sandbox.slack.faults import Fault, FaultKind
from tests.support.running_bot import RunningBot, running_bot


async def say(
    bot: RunningBot,
    text: str,
    *,
    user: str = ANA,
    channel: str = GENERAL,
    thread: Said | None = None,
) -> Said:
    """Write a message as a person, and wait until Slack has heard "ok" for all its events."""
    thread_ts = thread.ts if thread else None
    typed = await bot.sandbox.slack.people.message(user, channel, text, thread_ts=thread_ts)
    assert [each.ack.problem for each in typed.deliveries if each.ack.problem] == []
    return typed.said


def direct(bot: RunningBot, user: str = ANA) -> str:
    """Return the channel in which a person and the bot are alone."""
    return bot.sandbox.slack.world.workspace.direct(user).id


async def until_done(bot: RunningBot, jobs: int, channel: str = GENERAL) -> list[Said]:
    """Wait until so many jobs in threads of the channel are done; return their messages."""

    def ended() -> list[Said]:
        said = [one for one in bot.replies(channel) if one.user == BOT]
        return [one for one in said if "Done in" in one.text and "cost" in one.text]

    await bot.until(lambda: len(ended()) >= jobs)
    return ended()


async def until_ephemeral(bot: RunningBot, count: int = 1, channel: str = GENERAL) -> Said:
    """Wait for so many private words; return the last one."""
    await bot.until(lambda: len(bot.ephemerals(channel)) >= count)
    return bot.ephemerals(channel)[-1]


def button_of(said: Said) -> tuple[object, object]:
    """Return the action ID and the value of the one button under a message."""
    elements = said.blocks[-1]["elements"]
    assert isinstance(elements, list)
    (button,) = elements
    return button["action_id"], button["value"]


async def left_alone(bot: RunningBot) -> None:
    """Check that nothing was made of what was said before: the next ask is the first."""
    await bot.type("a marker")
    await bot.until_delivered()
    (message,) = [said for said in bot.messages() if said.user == BOT]
    assert message.text.startswith("a marker")
    assert bot.ephemerals() == []
    assert len(bot.sandbox.video.charges) == 1


@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket mode"])
async def test_a_mention_is_one_job_in_the_thread_of_the_message(*, socket_mode: bool) -> None:
    """Slack tells of it twice, as a mention and as a message; the mention is not in the prompt."""
    async with running_bot(socket_mode=socket_mode) as bot:
        said = await say(bot, f"<@{BOT}> a lake at dawn --duration 8")
        (message,) = await until_done(bot, 1)
        await bot.until(lambda: len(bot.replies()) == 2)
        (charge,) = bot.sandbox.video.charges
        (submit,) = bot.sandbox.video.requests[:1]
    assert message.thread_ts == said.ts
    assert charge.key == f"slack:{TEAM}:{GENERAL}:{message.ts}"
    assert json.loads(submit.body)["input"] == {"prompt": "a lake at dawn", "duration": 8}
    assert bot.ephemerals() == []


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        (f"a lake <@{BOT}> at dawn", "a lake at dawn"),
        (f"a lake at dawn <@{BOT}|video>", "a lake at dawn"),
        (f"<@{BOT}>: a lake", "a lake"),
        (f"<@{BOT}> <@{BEN}> in a car &amp; a dog", f"<@{BEN}> in a car & a dog"),
        (f"<@{BOT}> a dog by <https://a.example|a dog>", "a dog by https://a.example"),
    ],
)
async def test_the_bots_mention_is_taken_out_and_all_else_stays(text: str, prompt: str) -> None:
    """Wherever it stands; a mention of somebody else is text."""
    async with running_bot() as bot:
        await say(bot, text)
        await until_done(bot, 1)
        assert json.loads(bot.sandbox.video.requests[0].body)["input"]["prompt"] == prompt


async def test_a_direct_message_needs_no_mention() -> None:
    """What is written there is a prompt, and is answered in its thread."""
    async with running_bot() as bot:
        said = await say(bot, "a lake at dawn", channel=direct(bot))
        (message,) = await until_done(bot, 1, direct(bot))
        assert message.thread_ts == said.ts


async def test_one_message_is_one_job_however_often_it_is_delivered() -> None:
    """At once, again, under another event ID, and as a repeated mention."""
    async with running_bot() as bot:
        typed = await bot.sandbox.slack.people.message(ANA, GENERAL, f"<@{BOT}> a lake")
        courier = bot.sandbox.slack.courier
        await asyncio.gather(*(courier.deliver_again(each) for each in typed.deliveries * 3))
        await until_done(bot, 1)
        for each in typed.deliveries:
            ack = await courier.deliver_again(each, same_id=False)
            assert ack.problem is None
        await bot.type("a marker")
        await bot.until_delivered()
        assert len(bot.sandbox.video.charges) == 2
        assert bot.ephemerals() == []


async def test_a_refusal_is_private_and_said_once() -> None:
    """A mention comes as two events, and one answer is enough; nothing is charged."""
    async with running_bot() as bot:
        await say(bot, f"<@{BOT}> a lake --duration 40")
        refusal = await until_ephemeral(bot)
        await bot.sandbox.slack.settled()
        assert refusal.ephemeral_for == ANA
        assert "15" in refusal.text
        # Slack shows a private word in a thread only where the thread has replies.
        assert refusal.thread_ts is None
        assert len(bot.ephemerals()) == 1
        assert bot.sandbox.video.requests == []


async def test_a_refusal_in_a_thread_stands_in_the_thread() -> None:
    """There it has replies already: the message itself."""
    async with running_bot() as bot:
        root = await say(bot, "what shall we make?")
        await say(bot, f"<@{BOT}> a lake --colour red", thread=root, user=BEN)
        refusal = await until_ephemeral(bot)
        assert refusal.ephemeral_for == BEN
        assert refusal.thread_ts == root.ts


async def test_a_private_word_is_said_although_slack_stumbles() -> None:
    """It is tried again: the person waits for an answer."""
    async with running_bot() as bot:
        bot.sandbox.slack.faults.add(
            "chat.postEphemeral", Fault(kind=FaultKind.RATE_LIMITED, retry_after="1")
        )
        await say(bot, f"<@{BOT}> a lake --duration 40")
        assert "15" in (await until_ephemeral(bot)).text


async def test_a_mention_in_a_thread_of_people_starts_a_job_there() -> None:
    """Not every thread is a job's."""
    async with running_bot() as bot:
        root = await say(bot, "what shall we make?")
        await say(bot, f"<@{BOT}> a lake", thread=root)
        (message,) = await until_done(bot, 1)
        assert message.thread_ts == root.ts


async def test_talk_among_people_is_left_alone() -> None:
    """Without a mention nothing is meant for the bot, in a job's thread neither."""
    async with running_bot() as bot:
        root = await say(bot, f"<@{BEN}> look at this")
        await say(bot, "again", thread=root, user=BEN)
        await say(bot, "cancel", channel=CREW)
        await left_alone(bot)


@pytest.mark.parametrize(
    "event",
    [
        {"bot_id": "B0OTHER", "user": "U0OTHER"},
        {"bot_id": "B0OTHER", "subtype": "bot_message"},
        {"user": BOT},
        {"user": "USLACKBOT"},
        {"user": ANA, "subtype": "channel_topic"},
        {"user": ANA, "subtype": "thread_not_yet_invented"},
        {"user": ANA, "type": "app_mention", "edited": {"user": ANA, "ts": "1.2"}},
        {"user": ANA, "channel_type": "mpim", "text": "a lake"},
    ],
    ids=["bot", "bot_message", "own", "slackbot", "note", "unknown", "edited", "group"],
)
async def test_what_no_person_sends_the_bot_is_left_alone(event: Payload) -> None:
    """Bots never make the bot work, or two of them would talk for ever."""
    async with running_bot() as bot:
        usual: Payload = {"type": "message", "channel": GENERAL, "text": f"<@{BOT}> a lake"}
        stamp = bot.sandbox.slack.world.workspace.new_ts()
        payload = bot.sandbox.slack.courier.wrap({**usual, "ts": stamp, "event_ts": stamp, **event})
        delivery = await bot.sandbox.slack.courier.deliver(DeliveryKind.EVENT, payload)
        assert delivery.ack.problem is None
        await left_alone(bot)


async def test_an_edit_makes_no_second_job_and_says_so() -> None:
    """The job goes by what the message said first."""
    async with running_bot() as bot:
        said = await say(bot, f"<@{BOT}> a lake")
        (message,) = await until_done(bot, 1)
        await bot.sandbox.slack.people.edit(said, f"<@{BOT}> a sea")
        word = await until_ephemeral(bot)
        assert message.job_id is not None
        assert message.job_id in word.text
        assert len(bot.sandbox.video.charges) == 1


async def test_an_edit_of_a_message_without_a_job_starts_none() -> None:
    """The person learns that the message must be sent anew."""
    async with running_bot() as bot:
        said = await say(bot, "a lake", user=BEN)
        await bot.sandbox.slack.people.edit(said, f"<@{BOT}> a lake")
        word = await until_ephemeral(bot)
        assert word.ephemeral_for == BEN
        assert "new message" in word.text
        assert bot.sandbox.video.requests == []


async def test_a_preview_that_slack_adds_is_no_edit() -> None:
    """Slack tells of it as of a change, with the same words."""
    async with running_bot() as bot:
        said = await say(bot, "look at https://example.com", user=BEN)
        await bot.sandbox.slack.people.edit(said, said.text)
        await left_alone(bot)


async def test_a_deleted_message_leaves_its_job_and_says_how_to_cancel() -> None:
    """Its thread stands, and the render may be paid for already."""
    async with running_bot(render_seconds=3) as bot:
        said = await say(bot, f"<@{BOT}> a lake")
        await bot.until(bot.replies)
        await bot.sandbox.slack.people.delete(said)
        word = await until_ephemeral(bot)
        assert "/video cancel" in word.text
        await bot.until(lambda: len(bot.sandbox.video.charges) == 1)


async def test_a_deleted_message_with_replies_leaves_its_job_too() -> None:
    """Slack puts a tombstone in its place and tells of a change."""
    async with running_bot(render_seconds=3) as bot:
        said = await say(bot, f"<@{BOT}> a lake")
        await bot.until(bot.replies)
        stone = {"subtype": "tombstone", "user": "USLACKBOT", "ts": said.ts, "text": "Deleted."}
        event = {"type": "message", "subtype": "message_changed", "message": stone, "ts": "9.9"}
        payload = bot.sandbox.slack.courier.wrap({**event, "channel": GENERAL})
        await bot.sandbox.slack.courier.deliver(DeliveryKind.EVENT, payload)
        assert "/video cancel" in (await until_ephemeral(bot)).text


async def test_a_message_that_is_deleted_afterwards_is_nobodys_business() -> None:
    """The job is over, and so is what there was to say."""
    async with running_bot() as bot:
        said = await say(bot, f"<@{BOT}> a lake")
        await until_done(bot, 1)
        await bot.sandbox.slack.people.delete(said)
        await bot.type("a marker")
        await bot.until_delivered()
        assert bot.ephemerals() == []


async def test_a_thread_that_is_gone_costs_nothing_and_is_told() -> None:
    """The bot answers in the thread of the message; without it there is no message, no charge."""
    async with running_bot() as bot:
        bot.sandbox.slack.faults.add(
            "chat.postMessage", Fault(kind=FaultKind.ERROR_BEFORE, code="thread_not_found")
        )
        await say(bot, f"<@{BOT}> a lake")
        word = await until_ephemeral(bot)
        assert "The thread is gone" in word.text
        assert "Nothing was charged" in word.text
        assert word.thread_ts is None
        assert bot.sandbox.video.requests == []


async def test_the_same_words_within_a_minute_are_a_question_with_a_button() -> None:
    """Another message, the same ask: the person decides."""
    async with running_bot() as bot:
        await say(bot, f"<@{BOT}> a lake")
        await say(bot, f"<@{BOT}> a lake")
        question = await until_ephemeral(bot)
        (message,) = await until_done(bot, 1)
        assert button_of(question) == ("job_again", message.job_id)
        assert len(bot.sandbox.video.charges) == 1


async def test_a_message_that_was_a_question_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack may deliver it again when the minute is over; the person was told that it was left."""
    async with running_bot() as bot:
        await say(bot, f"<@{BOT}> a lake")
        typed = await bot.sandbox.slack.people.message(ANA, GENERAL, f"<@{BOT}> a lake")
        await until_ephemeral(bot)
        monkeypatch.setattr("bot.jobs.accept.DUPLICATE_SECONDS", -60.0)
        await bot.sandbox.slack.courier.deliver_again(typed.deliveries[0])
        await bot.type("a marker")
        await bot.until_delivered()
        await until_done(bot, 1)
        assert len(bot.sandbox.video.charges) == 2


async def test_a_mention_without_words_is_told_what_to_say() -> None:
    """A person who only calls the bot is shown how to ask."""
    async with running_bot() as bot:
        await say(bot, f"<@{BOT}>")
        assert "what to show" in (await until_ephemeral(bot)).text


async def test_subcommands_work_in_messages() -> None:
    """`@bot help` and a plain `list` in a direct message are no prompts."""
    async with running_bot() as bot:
        await say(bot, f"<@{BOT}> help")
        assert "How to ask" in (await until_ephemeral(bot)).text
        await say(bot, "list", channel=direct(bot))
        assert "not asked" in (await until_ephemeral(bot, channel=direct(bot))).text
        assert bot.sandbox.video.requests == []
