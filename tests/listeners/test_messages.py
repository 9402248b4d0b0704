"""Tests of mentions and direct messages, of their edits and deletions, over real HTTP."""

from __future__ import annotations

import asyncio
import json

import pytest

from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA, BEN, BOT, CREW, GENERAL, TEAM
from sandbox.slack.faults import Fault, FaultKind
from tests.support.conversation import (
    button_of,
    direct_channel,
    send_message,
    until_done,
    until_ephemeral,
)
from tests.support.running_bot import RunningBot, running_bot


async def assert_ignored(bot: RunningBot) -> None:
    """Check that all earlier messages were ignored: the next command makes the first job."""
    await bot.type("a marker")
    await bot.until_delivered()
    (message,) = [sent for sent in bot.messages() if sent.user == BOT]
    assert message.text.startswith("a marker")
    assert bot.ephemerals() == []
    assert len(bot.sandbox.video.charges) == 1


async def test_a_mention_is_one_job_in_the_thread_of_the_message() -> None:
    """Slack sends two events for it; the mention is not in the prompt."""
    async with running_bot() as bot:
        sent = await send_message(bot, f"<@{BOT}> a lake at dawn --duration 8")
        (message,) = await until_done(bot, 1)
        await bot.until(lambda: len(bot.replies()) == 2)
        (charge,) = bot.sandbox.video.charges
        (submit,) = bot.sandbox.video.requests[:1]
    assert message.thread_ts == sent.ts
    assert charge.key == f"slack:{TEAM}:{GENERAL}:{message.ts}"
    assert json.loads(submit.body)["input"] == {"prompt": "a lake at dawn", "duration": 8}
    assert bot.ephemerals() == []


async def test_a_direct_message_needs_no_mention() -> None:
    """The job's message is in the thread of the direct message."""
    async with running_bot() as bot:
        sent = await send_message(bot, "a lake at dawn", channel=direct_channel(bot))
        (message,) = await until_done(bot, 1, direct_channel(bot))
        assert message.thread_ts == sent.ts


async def test_one_message_is_one_job_however_often_it_is_delivered() -> None:
    """Delivered concurrently, later, and under another event ID."""
    async with running_bot() as bot:
        typed = await bot.sandbox.slack.people.message(ANA, GENERAL, f"<@{BOT}> a lake")
        dispatcher = bot.sandbox.slack.dispatcher
        await asyncio.gather(*(dispatcher.deliver_again(each) for each in typed.deliveries * 3))
        await until_done(bot, 1)
        for each in typed.deliveries:
            ack = await dispatcher.deliver_again(each, same_id=False)
            assert ack.problem is None
        await bot.type("a marker")
        await bot.until_delivered()
        assert len(bot.sandbox.video.charges) == 2
        assert bot.ephemerals() == []


async def test_a_refusal_is_one_ephemeral_message() -> None:
    """A mention is delivered as two events; only one is answered, and nothing is charged."""
    async with running_bot() as bot:
        await send_message(bot, f"<@{BOT}> a lake --duration 40")
        refusal = await until_ephemeral(bot)
        await bot.sandbox.slack.settled()
        assert refusal.ephemeral_for == ANA
        assert "15" in refusal.text
        # Slack shows an ephemeral message in a thread only if the thread has replies.
        assert refusal.thread_ts is None
        assert len(bot.ephemerals()) == 1
        assert bot.sandbox.video.requests == []


async def test_a_refusal_of_a_mention_in_a_thread_is_posted_there() -> None:
    """The thread has a reply, the mention, so Slack shows it there."""
    async with running_bot() as bot:
        root = await send_message(bot, "what shall we make?")
        await send_message(bot, f"<@{BOT}> a lake --colour red", thread=root, user=BEN)
        refusal = await until_ephemeral(bot)
        assert refusal.ephemeral_for == BEN
        assert refusal.thread_ts == root.ts


async def test_an_ephemeral_message_is_retried_when_slack_limits_the_rate() -> None:
    """The ephemeral message is retried after a rate limit."""
    async with running_bot() as bot:
        bot.sandbox.slack.faults.add(
            "chat.postEphemeral", Fault(kind=FaultKind.RATE_LIMITED, retry_after="1")
        )
        await send_message(bot, f"<@{BOT}> a lake --duration 40")
        assert "15" in (await until_ephemeral(bot)).text


async def test_a_mention_in_any_thread_starts_a_job_there() -> None:
    """The thread belongs to no job."""
    async with running_bot() as bot:
        root = await send_message(bot, "what shall we make?")
        await send_message(bot, f"<@{BOT}> a lake", thread=root)
        (message,) = await until_done(bot, 1)
        assert message.thread_ts == root.ts


async def test_messages_without_a_mention_are_ignored() -> None:
    """Only mentions and direct messages are addressed to the bot."""
    async with running_bot() as bot:
        root = await send_message(bot, f"<@{BEN}> look at this")
        await send_message(bot, "again", thread=root, user=BEN)
        await send_message(bot, "cancel", channel=CREW)
        await assert_ignored(bot)


async def test_an_edit_is_answered_and_starts_no_second_job() -> None:
    """The job keeps the first text; the ephemeral answer names the job."""
    async with running_bot() as bot:
        sent = await send_message(bot, f"<@{BOT}> a lake")
        (message,) = await until_done(bot, 1)
        await bot.sandbox.slack.people.edit(sent, f"<@{BOT}> a sea")
        answer = await until_ephemeral(bot)
        assert message.job_id is not None
        assert message.job_id in answer.text
        assert len(bot.sandbox.video.charges) == 1


async def test_an_edit_of_a_message_without_a_job_starts_no_job() -> None:
    """The ephemeral answer asks for a new message."""
    async with running_bot() as bot:
        sent = await send_message(bot, "a lake", user=BEN)
        await bot.sandbox.slack.people.edit(sent, f"<@{BOT}> a lake")
        answer = await until_ephemeral(bot)
        assert answer.ephemeral_for == BEN
        assert "new message" in answer.text
        assert bot.sandbox.video.requests == []


async def test_a_link_preview_is_not_an_edit() -> None:
    """Slack sends `message_changed` with the same text for a link preview."""
    async with running_bot() as bot:
        sent = await send_message(bot, "look at https://example.com", user=BEN)
        await bot.sandbox.slack.people.edit(sent, sent.text)
        await assert_ignored(bot)


async def test_the_deletion_of_a_message_keeps_its_job_and_is_answered() -> None:
    """The render may be billed already; the ephemeral answer names `/video cancel`."""
    async with running_bot(render_seconds=3) as bot:
        sent = await send_message(bot, f"<@{BOT}> a lake")
        await bot.until(bot.replies)
        await bot.sandbox.slack.people.delete(sent)
        answer = await until_ephemeral(bot)
        assert "/video cancel" in answer.text
        await bot.until(lambda: len(bot.sandbox.video.charges) == 1)


async def test_the_deletion_of_a_message_with_replies_keeps_its_job() -> None:
    """Slack replaces such a message by a tombstone and sends `message_changed`."""
    async with running_bot(render_seconds=3) as bot:
        sent = await send_message(bot, f"<@{BOT}> a lake")
        await bot.until(bot.replies)
        tombstone = {
            "subtype": "tombstone",
            "user": "USLACKBOT",
            "ts": sent.ts,
            "text": "Deleted.",
        }
        event = {"type": "message", "subtype": "message_changed", "message": tombstone, "ts": "9.9"}
        payload = bot.sandbox.slack.dispatcher.wrap({**event, "channel": GENERAL})
        await bot.sandbox.slack.dispatcher.deliver(DeliveryKind.EVENT, payload)
        assert "/video cancel" in (await until_ephemeral(bot)).text


async def test_the_deletion_of_a_message_whose_job_has_ended_is_ignored() -> None:
    """The job has ended, so there is nothing to cancel."""
    async with running_bot() as bot:
        sent = await send_message(bot, f"<@{BOT}> a lake")
        await until_done(bot, 1)
        await bot.sandbox.slack.people.delete(sent)
        await bot.type("a marker")
        await bot.until_delivered()
        assert bot.ephemerals() == []


async def test_a_job_whose_thread_is_deleted_ends_uncharged_and_is_reported() -> None:
    """Without its thread the job has no message, so nothing is submitted."""
    async with running_bot() as bot:
        bot.sandbox.slack.faults.add(
            "chat.postMessage", Fault(kind=FaultKind.ERROR_BEFORE, code="thread_not_found")
        )
        await send_message(bot, f"<@{BOT}> a lake")
        answer = await until_ephemeral(bot)
        assert "The thread is gone" in answer.text
        assert "Nothing was charged" in answer.text
        assert answer.thread_ts is None
        assert bot.sandbox.video.requests == []


async def test_the_same_request_within_a_minute_is_answered_with_a_button() -> None:
    """The button renders it all the same."""
    async with running_bot() as bot:
        await send_message(bot, f"<@{BOT}> a lake")
        await send_message(bot, f"<@{BOT}> a lake")
        question = await until_ephemeral(bot)
        (message,) = await until_done(bot, 1)
        assert f"job `{message.job_id}`" in question.text
        action_id, waiting_id = button_of(question)
        assert action_id == "job_confirm"
        assert waiting_id != message.job_id
        assert len(bot.sandbox.video.charges) == 1


async def test_a_duplicate_stays_one_when_it_is_delivered_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Slack may deliver it again after the minute; it was answered as a duplicate."""
    async with running_bot() as bot:
        await send_message(bot, f"<@{BOT}> a lake")
        typed = await bot.sandbox.slack.people.message(ANA, GENERAL, f"<@{BOT}> a lake")
        await until_ephemeral(bot)
        monkeypatch.setattr("bot.jobs.accept.DUPLICATE_SECONDS", -60.0)
        await bot.sandbox.slack.dispatcher.deliver_again(typed.deliveries[0])
        await bot.type("a marker")
        await bot.until_delivered()
        await until_done(bot, 1)
        assert len(bot.sandbox.video.charges) == 2
