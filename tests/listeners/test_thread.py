"""Tests of messages in a job's thread, over real HTTP: re-runs with changes, and commands."""

from __future__ import annotations

import json

import pytest

from sandbox.slack.entities import ANA, BEN, BOT, GENERAL
from tests.support.conversation import (
    direct_channel,
    job_of,
    make_video,
    mention,
    send_message,
    submitted_inputs,
    until_done,
    until_ephemeral,
)
from tests.support.running_bot import running_bot


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--duration 8 --mode std", {"prompt": "a lake", "mode": "std", "duration": 8}),
        ("make it night", {"prompt": "a lake. make it night", "mode": "pro", "duration": 5}),
        ("new: a sea at night", {"prompt": "a sea at night", "mode": "pro", "duration": 5}),
        ("again --duration 3", {"prompt": "a lake", "mode": "pro", "duration": 3}),
    ],
)
async def test_a_reply_renders_the_job_again_with_its_changes(
    text: str, expected: dict[str, object]
) -> None:
    """Options are changed, words added to the prompt, or replace it; the parent is recorded."""
    async with running_bot() as bot:
        root = await make_video(bot)
        await mention(bot, text, thread=root, user=BEN)
        (message,) = await until_done(bot, 1)
        assert submitted_inputs(bot)[1] == expected
        job = await job_of(bot, message)
    assert message.thread_ts == root.ts
    assert (job.parent_id, job.user, job.surface) == (root.job_id, BEN, "reply")
    assert bot.ephemerals() == []


async def test_a_reply_changes_the_newest_job_of_the_thread() -> None:
    """Successive changes add up."""
    async with running_bot() as bot:
        root = await make_video(bot)
        await mention(bot, "--duration 8", thread=root)
        (first,) = await until_done(bot, 1)
        await mention(bot, "make it night", thread=root)
        messages = await until_done(bot, 2)
        assert submitted_inputs(bot)[2] == {
            "prompt": "a lake. make it night",
            "mode": "pro",
            "duration": 8,
        }
        assert (await job_of(bot, messages[1])).parent_id == first.job_id


async def test_a_reply_that_is_delivered_ten_times_renders_once() -> None:
    """The newest job of the thread is another one by the later deliveries."""
    async with running_bot() as bot:
        root = await make_video(bot)
        typed = await bot.sandbox.slack.people.message(
            ANA, GENERAL, f"<@{BOT}> --duration 8", thread_ts=root.ts
        )
        await until_done(bot, 1)
        for each in typed.deliveries * 5:
            await bot.sandbox.slack.dispatcher.deliver_again(each, same_id=False)
        await bot.type("a marker")
        await bot.until_delivered(2)
        assert len(bot.sandbox.video.charges) == 3


async def test_a_thread_in_a_direct_message_needs_no_mention() -> None:
    """Every message there is addressed to the bot."""
    async with running_bot() as bot:
        channel = direct_channel(bot)
        root = await send_message(bot, "a lake", channel=channel)
        await until_done(bot, 1, channel)
        await send_message(bot, "make it night", channel=channel, thread=root)
        await until_done(bot, 2, channel)
        assert submitted_inputs(bot) == [{"prompt": "a lake"}, {"prompt": "a lake. make it night"}]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("status", ["*Done* in", "a lake"]),
        ("", ["make it night", "`again`", "`cancel`"]),
        ("list", ["not asked"]),
        ("--duration 40", ["--duration", "15"]),
    ],
    ids=["command", "mention alone", "subcommand", "refusal"],
)
async def test_an_answer_in_a_thread_is_ephemeral_and_stays_in_the_thread(
    text: str, parts: list[str]
) -> None:
    """A mention without text starts no render."""
    async with running_bot() as bot:
        root = await make_video(bot)
        await mention(bot, text, thread=root, user=BEN)
        answer = await until_ephemeral(bot)
        assert answer.ephemeral_for == BEN
        assert answer.thread_ts == root.ts
        shown = answer.text + json.dumps(answer.blocks)
        for part in parts:
            assert part in shown
        assert len(bot.sandbox.video.charges) == 1


async def test_a_subcommand_in_a_thread_may_name_another_job() -> None:
    async with running_bot() as bot:
        root = await make_video(bot)
        await mention(bot, f"status {root.job_id}", thread=root)
        assert f"Job {root.job_id}" in (await until_ephemeral(bot)).text
