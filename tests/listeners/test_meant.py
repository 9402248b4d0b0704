"""Tests over real HTTP that only what was meant is rendered: small talk and mistyped commands."""

from __future__ import annotations

import json

import pytest

from bot.messages.buttons import CONFIRM
from sandbox.slack.entities import ANA, BEN, GENERAL, StoredMessage
from tests.support.conversation import (
    button_labels,
    direct_channel,
    make_video,
    mention,
    press,
    send_message,
    submitted_inputs,
    until_done,
    until_ephemeral,
)
from tests.support.running_bot import RunningBot, running_bot


async def typed(bot: RunningBot, text: str) -> StoredMessage:
    """Type `/video text`; return the ephemeral answer."""
    delivery = await bot.type(text)
    assert delivery.error is None
    assert delivery.shown is not None
    assert delivery.shown.ephemeral_for == ANA
    return delivery.shown


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hello!", "Hello!"),
        ("thank you! :pray:", "You are welcome!"),
        ("sounds good 👍", "Noted"),
        ("what can you do?", "I make videos from words"),
        ("sunset", "one word"),
    ],
)
async def test_small_talk_in_a_direct_message_is_answered_and_costs_nothing(
    text: str, kind: str
) -> None:
    """Pressing the button beside the answer makes the video all the same, once."""
    async with running_bot() as bot:
        channel = direct_channel(bot)
        await send_message(bot, text, channel=channel)
        answer = await until_ephemeral(bot, channel=channel)
        assert kind in answer.text
        assert bot.sandbox.video.requests == []
        [label] = button_labels(answer)
        assert label.startswith("Make a video of “")
        for _ in range(2):
            await press(bot, answer, CONFIRM)
        await until_done(bot, 1, channel)
        assert submitted_inputs(bot) == [{"prompt": text}]


@pytest.mark.exhaustive
@pytest.mark.parametrize("text", ["hi there 👋", "thanks!", "is it done yet?"])
async def test_small_talk_behind_a_mention_or_in_a_jobs_thread_costs_nothing(text: str) -> None:
    """In the thread, the button would add the words to the scene."""
    async with running_bot() as bot:
        root = await make_video(bot)
        await mention(bot, text)
        first = await until_ephemeral(bot)
        await mention(bot, text, thread=root, user=BEN)
        second = await until_ephemeral(bot, 2)
        assert (first.ephemeral_for, second.ephemeral_for) == (ANA, BEN)
        assert second.thread_ts == root.ts
        assert button_labels(second)[0].startswith("Make a video of “a lake. ")
        assert len(bot.sandbox.video.charges) == 1


async def test_small_talk_is_answered_once_however_often_it_is_delivered() -> None:
    async with running_bot() as bot:
        channel = direct_channel(bot)
        typed = await bot.sandbox.slack.people.message(ANA, channel, "hello")
        await until_ephemeral(bot, channel=channel)
        for each in typed.deliveries * 3:
            await bot.sandbox.slack.dispatcher.deliver_again(each, same_id=False)
        await bot.sandbox.slack.settled()
        assert len(bot.ephemerals(channel)) == 1
        assert bot.sandbox.video.requests == []


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("lsit", "/video list"),
        ("hlep", "/video help"),
        ("list all", "/video list"),
        ("cost you", "/video cost [me|channel|team]"),
        ("agian last `fog`", "/video again last 'fog'`"),
        ("-h", "/video help"),
        ("?", "/video help"),
        ("version", "/video help"),
    ],
)
async def test_a_mistyped_command_is_asked_about_and_rendered_only_if_confirmed(
    text: str, meant: str
) -> None:
    async with running_bot() as bot:
        question = await typed(bot, text)
        assert f"Did you mean `{meant}" in question.text
        assert button_labels(question) == ["Render it anyway"]
        assert bot.sandbox.video.requests == []
        await press(bot, question, CONFIRM)
        await bot.until_delivered()
        assert submitted_inputs(bot) == [{"prompt": text}]


async def test_a_mistyped_command_before_options_is_rendered_with_them_if_confirmed() -> None:
    async with running_bot() as bot:
        question = await typed(bot, "lsit --mode pro")
        assert "Did you mean `/video list`?" in question.text
        await press(bot, question, CONFIRM)
        await bot.until_delivered()
        assert submitted_inputs(bot) == [{"prompt": "lsit", "mode": "pro"}]


async def test_a_mistyped_command_whose_option_no_model_has_is_told_both() -> None:
    async with running_bot() as bot:
        root = await make_video(bot)
        refused = await typed(bot, "lst --aproved")
        await mention(bot, "cancl --now", thread=root)
        in_thread = await until_ephemeral(bot, 2)
        for told, meant, unknown in (
            (refused, "Did you mean `/video list`?", "no option `--aproved`"),
            (in_thread, "Did you mean `cancel`?", "no option `--now`"),
        ):
            assert 0 <= told.text.index(meant) < told.text.index(unknown)
        assert len(bot.sandbox.video.charges) == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("text", ["a lake --no people, text", "a lake --sound off at dawn"])
async def test_a_value_that_may_go_on_is_rendered_only_if_confirmed(text: str) -> None:
    async with running_bot() as bot:
        question = await typed(bot, text)
        assert "If it belongs to the option, " in question.text
        assert button_labels(question) == ["Render it anyway", "Open in the form"]
        assert bot.sandbox.video.requests == []
        await press(bot, question, CONFIRM)
        await bot.until_delivered()
        assert len(bot.sandbox.video.charges) == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("text", ["cost of living in Tokyo", "lake", "-- list", "red car"])
async def test_a_clear_command_is_rendered_without_a_question(text: str) -> None:
    async with running_bot() as bot:
        assert (await bot.type(text)).shown is None
        await bot.until_delivered()
        assert bot.ephemerals() == []


async def test_a_mistyped_word_in_a_thread_suggests_the_word_of_the_thread() -> None:
    async with running_bot() as bot:
        root = await make_video(bot)
        await mention(bot, "stauts", thread=root)
        assert "Did you mean `status`?" in (await until_ephemeral(bot)).text
        assert len(bot.sandbox.video.charges) == 1


@pytest.mark.parametrize("text", ["a red car --help", "--help", "a lake —help --duration 8"])
async def test_help_as_an_option_shows_the_help(text: str) -> None:
    async with running_bot() as bot:
        assert "How to ask" in (await typed(bot, text)).text
        assert bot.sandbox.video.requests == []


@pytest.mark.parametrize("text", ["help notfy", "notify --help", "help Notify"])
async def test_help_finds_the_subcommand(text: str) -> None:
    """Also by a mistyped name."""
    async with running_bot() as bot:
        assert (await typed(bot, text)).text.startswith("`/video notify ")


async def test_words_in_a_thread_are_added_and_both_are_shown_beside_a_new_take() -> None:
    """The earlier words are cut where they are long, the added ones never."""
    async with running_bot() as bot:
        root = await make_video(bot, f"a lake {'with waves ' * 80}and reeds")
        await mention(bot, "make it night", thread=root)
        (message,) = await until_done(bot, 1)
        (_, changed) = submitted_inputs(bot)
        shown = json.dumps(message.blocks, ensure_ascii=False)
    assert str(changed["prompt"]).endswith("and reeds. make it night")
    assert "a lake with waves" in shown
    assert "\\n+ make it night" in shown
    assert "a new take, because the model has no seed" in shown
    assert "a new take" not in json.dumps(root.blocks)


async def test_new_in_a_thread_replaces_the_prompt() -> None:
    async with running_bot() as bot:
        root = await make_video(bot)
        await mention(bot, "new: a sea at dawn", thread=root)
        (message,) = await until_done(bot, 1)
        assert submitted_inputs(bot)[1]["prompt"] == "a sea at dawn"
        assert "a lake" not in json.dumps(message.blocks)


async def test_last_stands_for_the_askers_newest_job() -> None:
    """That of this channel first, and never another person's."""
    async with running_bot() as bot:
        assert "not asked for a video yet" in (await typed(bot, "status last")).text
        root = await make_video(bot, "a lake")
        await bot.type("a hill", user=BEN)
        await send_message(bot, "a sea at dawn", channel=direct_channel(bot))
        await until_done(bot, 1, direct_channel(bot))
        assert f"Job {root.job_id}" in (await typed(bot, "status last")).text
        assert (await bot.type("again last --duration 8", channel=GENERAL)).shown is None
        await bot.until_delivered(3)
        assert {"prompt": "a lake", "duration": 8} in submitted_inputs(bot)


async def test_small_talk_is_no_job_of_its_thread() -> None:
    """What follows changes the video above it, and in an empty thread it is a prompt of its own."""
    async with running_bot() as bot:
        root = await make_video(bot, "a lake")
        await mention(bot, "thanks!", thread=root)
        await mention(bot, "make it night", thread=root)
        await until_done(bot, 1)
        hello = await mention(bot, "hello")
        await mention(bot, "a hill at dawn", thread=hello)
        await until_done(bot, 2)
        assert [one["prompt"] for one in submitted_inputs(bot)] == [
            "a lake",
            "a lake. make it night",
            "a hill at dawn",
        ]
