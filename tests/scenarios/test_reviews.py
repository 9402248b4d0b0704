"""A review over real HTTP: two takes, with notes, changes asked and an approval."""

from __future__ import annotations

import pytest

from bot.messages import buttons
from sandbox.mindvideo.files import PACKAGED_MEDIA
from sandbox.slack.entities import ANA, BEN, StoredMessage
from storage.job import ReviewKind
from tests.support.conversation import (
    answer,
    button_labels,
    job_of,
    mention,
    press,
    submitted_inputs,
    until_ephemeral,
    until_over,
    until_reply_done,
)
from tests.support.forms import blocks_of, entries, form_of, press_in_form, submit, switch
from tests.support.running_bot import RunningBot, bot_in
from tests.support.sandbox import running_sandbox


def result_of(bot: RunningBot, job: StoredMessage) -> StoredMessage:
    """Return the message of a job's result."""
    marked = f"video_job:{job.job_id}"
    [found] = [one for one in bot.replies() if marked in str(one.blocks) and one.ts != job.ts]
    return found


async def rate(bot: RunningBot, job: StoredMessage, thumb: buttons.Choice) -> None:
    """Press a thumb under a job's message as Ben, and wait for the answer."""
    before, value = len(bot.ephemerals()), f"{thumb} {job.job_id}"
    delivery = await bot.sandbox.slack.people.click(BEN, job.ts, buttons.FEEDBACK, value=value)
    assert delivery.error is None
    assert f"for job `{job.job_id}`" in (await until_ephemeral(bot, before + 1)).text


async def test_two_takes_are_reviewed() -> None:
    """Notes are kept and charge nothing; the form shows them; what was said last counts."""
    async with (
        running_sandbox(render_seconds=0.05, media_dir=PACKAGED_MEDIA) as sandbox,
        bot_in(sandbox, POSTERS="yes") as bot,
    ):
        root = await mention(bot, "a can of soda")
        first = await until_reply_done(bot)
        # The length of the video is known from then on.
        await bot.until(lambda: "slack_file" in str(bot.replies()[0].blocks))
        await until_over(bot, first)
        assert "Edit and re-run" in button_labels(result_of(bot, first))

        text = "0:03 the logo is <b>too</b> small\n0:04.5 more *sky*"
        await mention(bot, text, thread=root, user=BEN)
        noted = await until_ephemeral(bot)
        assert f"Noted 2 notes about job `{first.job_id}`" in noted.text
        assert button_labels(noted) == ["Next take", "Ask for changes"]
        await bot.until(lambda: "Next take" in button_labels(result_of(bot, first)))
        assert "Edit and re-run" not in button_labels(result_of(bot, first))
        for count, (said, told) in enumerate(
            {
                "0:59 too dark": "lasts 5 s, so it has no 0:59",
                "make it night\n0:03 too dark": "cannot tell the notes",
                "next take": "with 2 notes beside it",
                "changes: see the notes": "changes are asked",
            }.items(),
            start=2,
        ):
            await mention(bot, said, thread=root, user=BEN)
            assert told in (await until_ephemeral(bot, count)).text
        await bot.until(lambda: "changes asked by" in str(result_of(bot, first).blocks))
        await bot.until(lambda: f"changes asked by <@{BEN}>" in str(bot.replies()[0].blocks))

        for thumb in (buttons.Choice.GOOD, buttons.Choice.BAD):
            await rate(bot, first, thumb)
        # The edits that showed the review have kept the thumbs.
        assert "feedback_buttons" in str(bot.replies()[0].blocks)

        await press(bot, root, buttons.EDIT)
        await switch(bot, "more", ["on"], entries(prompt="a can of soda"))
        assert form_of(bot).data["title"] == {"type": "plain_text", "text": "Next take"}
        # Also in the form that was drawn anew.
        beside = next(iter(map(str, blocks_of(form_of(bot)).values())))
        assert "`0:03` the logo is &lt;b&gt;too&lt;/b&gt; small" in beside
        assert "*Changes asked* see the notes" in beside
        assert "a can of soda" in str(form_of(bot).data)
        await submit(bot, values=entries(prompt="a can of soda with a large logo"))
        second = await until_reply_done(bot, 2)
        await until_over(bot, second)
        assert len(submitted_inputs(bot)) == 2

        await mention(bot, "Approved! well done", thread=root, user=BEN)
        assert f"`{second.job_id}` is approved" in (await until_ephemeral(bot, 8)).text
        listed = await answer(bot, "list --approved")
        assert second.job_id is not None
        assert second.job_id in listed
        assert "approved" in listed
        assert str(first.job_id) not in listed
        assert len(submitted_inputs(bot)) == 2


async def test_a_review_in_the_details_is_of_that_job() -> None:
    async with running_sandbox(render_seconds=0.05) as sandbox, bot_in(sandbox) as bot:
        await mention(bot, "a can of soda")
        done = await until_reply_done(bot)
        await until_over(bot, done)
        await press(bot, done, buttons.DETAILS, user=BEN)
        await press_in_form(bot, buttons.REVIEW_APPROVED, {}, BEN)
        assert f"*Approved* (<@{BEN}>" in str(form_of(bot, BEN).data)
        job = await job_of(bot, done)
        assert job.review is not None
        assert (job.review.kind, job.review.by) == (ReviewKind.APPROVED, BEN)


@pytest.mark.parametrize("text", ["approve", "0:03 the logo is too small"])
async def test_without_a_result_there_is_nothing_to_review(text: str) -> None:
    async with running_sandbox(render_seconds=30) as sandbox, bot_in(sandbox) as bot:
        root = await mention(bot, "a can of soda", user=ANA)
        await bot.until(lambda: submitted_inputs(bot))
        await mention(bot, text, thread=root)
        assert "has no result here yet" in (await until_ephemeral(bot)).text
        assert len(submitted_inputs(bot)) == 1
