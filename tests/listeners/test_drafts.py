"""Tests of refused texts: everything wrong in one answer, and the form filled with the rest."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.messages.buttons import CONFIRM, OPEN_DRAFT
from sandbox.slack.entities import ANA, GENERAL, StoredMessage
from storage.job import Json
from tests.support.conversation import (
    button_labels,
    job_of,
    last_input,
    make_video,
    mention,
    press,
    until_ephemeral,
    until_reply_done,
)
from tests.support.forms import blocks_of, chosen, element_of, entries, form_of, submit, switch
from tests.support.images import image_bytes, put_file
from tests.support.running_bot import RunningBot, running_bot

WRONG = "a red car --mode best --duration 40s --ar vertical --zoom 3 --image http://a.b/c.png"


async def refused(bot: RunningBot, text: str) -> StoredMessage:
    """Type a command that is refused; return the answer."""
    await bot.type(text)
    answer = await until_ephemeral(bot)
    assert answer.ephemeral_for == ANA
    return answer


async def test_one_answer_tells_everything_that_is_wrong_and_what_is_allowed() -> None:
    async with running_bot() as bot:
        answer = await refused(bot, WRONG)
        assert bot.messages() == []
    for part in (
        "4 things need a change",
        "Kling V3 has no option `--zoom`",
        "`--mode` must be one of `std`, `pro`, `4k`; you gave `best`.",
        "`--duration` must be a whole number from 3 to 15; you gave `40`.",
        "`--image-urls`, item 1 must be a link that begins with `https://`, or an attached",
        "Nothing was started or charged.",
    ):
        assert part in answer.text
    assert button_labels(answer) == ["Open in the form"]


async def test_the_form_opens_with_what_was_typed_and_says_what_is_to_change() -> None:
    async with running_bot() as bot:
        await press(bot, await refused(bot, WRONG), OPEN_DRAFT)
        view = form_of(bot)
        assert element_of(view, "option:prompt")["initial_value"] == "a red car"
        assert chosen(view, "option:aspect_ratio") == "9:16"
        assert "you gave `best`" in str(blocks_of(view))
        await submit(bot)
        await bot.until_delivered()
        assert last_input(bot) == {"prompt": "a red car", "aspect_ratio": "9:16"}
        assert len(bot.sandbox.video.charges) == 1


async def test_a_draft_of_a_message_keeps_its_thread_and_its_image() -> None:
    async with running_bot() as bot:
        file_id = await put_file(bot, image_bytes())
        message = await mention(bot, "a lake --mode best", file_id)
        await press(bot, await until_ephemeral(bot), OPEN_DRAFT)
        assert f"slack-file:{file_id}" in str(element_of(form_of(bot), "kept:image_urls"))
        await submit(bot)
        done = await until_reply_done(bot)
        assert done.thread_ts == message.ts
        assert "image_urls" in last_input(bot)


async def test_a_draft_in_a_jobs_thread_is_filled_with_the_job() -> None:
    async with running_bot() as bot:
        message = await make_video(bot, "a lake --mode pro")
        await mention(bot, "a sea --duration 99", thread=message)
        await press(bot, await until_ephemeral(bot), OPEN_DRAFT)
        assert chosen(form_of(bot), "option:mode") == "pro"
        await submit(bot)
        done = await until_reply_done(bot)
        assert last_input(bot) == {"mode": "pro", "prompt": "a lake. a sea"}
        assert (await job_of(bot, done)).parent_id == message.job_id


async def test_what_may_not_be_meant_is_corrected_in_the_form() -> None:
    """Of a set, and in a job's thread, too."""
    async with running_bot() as bot:
        message = await make_video(bot, "a lake --mode pro")
        asked = [(await bot.type(f"{text} --no people, text")).shown for text in LAKES]
        await mention(bot, "at night --no people, text", thread=message)
        in_thread = await until_ephemeral(bot, len(LAKES) + 1)
        for question in (*asked, in_thread):
            assert question is not None
            assert "Open in the form" in button_labels(question)
        await press(bot, in_thread, OPEN_DRAFT)
        view = form_of(bot)
        assert element_of(view, "option:negative_prompt")["initial_value"] == "people,"
        assert chosen(view, "option:mode") == "pro"
        assert len(bot.sandbox.video.charges) == 1


LAKES = ("a lake", "a {blue|red} lake")


async def test_a_text_too_long_for_a_button_is_shown_to_be_copied() -> None:
    text = "a " * 1100 + "lake"
    async with running_bot() as bot:
        answer = await refused(bot, f"{text} --mode best")
        assert button_labels(answer) == []
        assert text in str(answer.blocks)


async def test_a_button_that_is_none_of_this_bots_drafts_opens_nothing() -> None:
    async with running_bot() as bot:
        answer = await refused(bot, "a --mode best")
        elements = answer.blocks[-1]["elements"]
        assert isinstance(elements, list)
        elements[0]["value"] = "{}"
        await press(bot, answer, OPEN_DRAFT)
        await until_ephemeral(bot, 2)
        assert bot.sandbox.slack.world.views.top(ANA) is None
        assert bot.messages(GENERAL) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("text", "about", "sent"),
    [
        ("a lake --4k", "--4k", {"prompt": "a lake --4k"}),
        ("a -calm lake", "-calm", {"prompt": "a -calm lake"}),
        (
            'a lake --element-list {"element_id":1}',
            "Elements are said to belong",
            {"prompt": "a lake", "element_list": [{"element_id": 1}]},
        ),
    ],
)
async def test_what_is_in_doubt_is_billed_once_its_asker_has_confirmed_it(
    text: str, about: str, sent: Mapping[str, Json]
) -> None:
    async with running_bot() as bot:
        question = await refused(bot, text)
        assert about in question.text
        assert bot.sandbox.video.charges == []
        await press(bot, question, CONFIRM)
        await bot.until_delivered()
        assert last_input(bot) == sent
        assert len(bot.sandbox.video.charges) == 1


async def test_a_form_with_a_doubtful_value_is_asked_about() -> None:
    """A form shows no question, so it comes as an ephemeral message."""
    async with running_bot() as bot:
        await bot.type("")
        await switch(bot, "more", ["on"], entries(prompt="a lake"))
        await submit(bot, values=entries(prompt="a lake", element_list='{"element_id": 1}'))
        assert "Elements are said to belong" in (await until_ephemeral(bot)).text
        assert bot.sandbox.video.charges == []


async def test_all_behind_a_lone_pair_of_hyphens_is_the_prompt_without_a_question() -> None:
    async with running_bot() as bot:
        await bot.type("-- a -calm lake --mode pro")
        await bot.until_delivered()
        assert last_input(bot) == {"prompt": "a -calm lake --mode pro"}
