"""Chains over real HTTP: a video is continued twice, and its clips are joined to one film."""

from __future__ import annotations

import io
import re
from pathlib import Path

import av
import pytest

from bot.messages import buttons
from bot.messages.buttons import MORE
from sandbox.mindvideo.files import PACKAGED_MEDIA
from sandbox.slack.entities import ANA, BEN, BOT, CREW, StoredMessage
from tests.support.conversation import (
    answer,
    last_input,
    mention,
    submitted_inputs,
    until_ephemeral,
    until_over,
    until_reply_done,
)
from tests.support.forms import KLING, blocks_of, element_of, entries, form_of, submit
from tests.support.images import data_of
from tests.support.running_bot import RunningBot, bot_in
from tests.support.sandbox import running_sandbox


def films(bot: RunningBot) -> list[StoredMessage]:
    """Return the messages that bring a film."""
    return [one for one in bot.replies() if "is the film of" in str(one.blocks)]


def length_of(path: Path) -> float:
    """Return how long a video plays, in seconds."""
    with av.open(io.BytesIO(path.read_bytes()), "r") as container:
        ends = [(frame.time or 0.0) for frame in container.decode(video=0)]
        rate = container.streams.video[0].average_rate
    return max(ends) + float(1 / (rate or 24))


async def continued(bot: RunningBot, text: str, thread: StoredMessage, jobs: int) -> StoredMessage:
    """Reply in a thread, and return the message of the job that this makes, once it is done."""
    await mention(bot, text, thread=thread)
    return await until_job_over(bot, jobs)


async def until_job_over(bot: RunningBot, jobs: int = 1) -> StoredMessage:
    """Wait for so many jobs in the thread, and for the row of the last; return its message."""
    message = await until_reply_done(bot, jobs)
    await until_over(bot, message)
    return message


async def test_a_video_is_continued_twice_and_its_clips_are_joined() -> None:
    """Each clip is charged once, and the film not at all; whoever asks again gets no second one."""
    async with (
        running_sandbox(render_seconds=0.05, media_dir=PACKAGED_MEDIA) as sandbox,
        bot_in(sandbox) as bot,
    ):
        root = await mention(bot, "a boat at a pier")
        first = await until_job_over(bot)
        await continued(bot, "continue the boat leaves --mode pro", root, 2)
        begin = last_input(bot)
        assert begin["prompt"] == "the boat leaves"
        assert begin["mode"] == "pro"
        assert data_of(begin["first_frame_image"]).startswith(b"\xff\xd8\xff")
        second = await continued(bot, "continue at 2.5: it is night", root, 3)
        assert last_input(bot)["mode"] == "pro"
        assert f"frame of {first.job_id}" not in str(second.blocks)
        assert "First frame: frame of" in str(second.blocks)

        await mention(bot, "stitch", thread=root)
        await mention(bot, "stitch", thread=root)
        await bot.until(lambda: films(bot))
        await bot.until(lambda: len(bot.ephemerals()) == 2)
        (film,) = films(bot)
        (file_id,) = film.files
        path = bot.sandbox.slack.world.files.file(file_id).path
        # The second clip ends where the third goes on.
        assert length_of(path) == pytest.approx(5.0 + 2.5 + 5.0, abs=0.1)
        assert len(submitted_inputs(bot)) == 3
        assert "joined before" in bot.ephemerals()[-1].text


async def test_details_show_the_takes_of_each_place_beside_each_other() -> None:
    """Each with the link to its message; what others make of it elsewhere, they alone see."""
    async with (
        running_sandbox(render_seconds=0.05, media_dir=PACKAGED_MEDIA) as sandbox,
        bot_in(sandbox) as bot,
    ):
        root = await mention(bot, "a boat at a pier")
        first = await until_job_over(bot)
        one = await continued(bot, "continue the boat leaves", root, 2)
        assert await shown_in_details(bot, one) == chain_of(first, one)
        two = await continued(bot, "again", root, 3)
        await mention(bot, "approve", thread=root)
        await until_ephemeral(bot)
        await bot.type(f"again {two.job_id}", user=BEN, channel=CREW)
        await bot.until_delivered(channel=CREW)
        (elsewhere,) = [said for said in bot.messages(CREW) if said.user == BOT]

        takes = f"{linked(one, 'take 1')} · *take 2 (this one)* :heavy_check_mark: approved"
        of_ana = await shown_in_details(bot, two)
        assert of_ana == [*chain_of(first, two), f"    ◦ {takes}"]
        of_ben = await shown_in_details(bot, two, BEN)
        assert of_ben == [*of_ana[:-1], f"{of_ana[-1]} · {linked(elsewhere, 'take 3')}"]

        assert "deleted" in await answer(bot, f"delete {one.job_id}")
        assert await shown_in_details(bot, two) == chain_of(first, two)


def linked(message: StoredMessage, name: str) -> str:
    """Return the link to a job's message, up to its thread."""
    return f"/{message.channel}/p{message.ts.replace('.', '')}|{name}"


def chain_of(*messages: StoredMessage) -> list[str]:
    """Return the lines of a chain of jobs without other takes."""
    clips = enumerate(messages, start=1)
    lines = [f"• Clip {number}: {linked(one, one.job_id or '')}" for number, one in clips]
    return ["*Chain*", *lines]


async def shown_in_details(bot: RunningBot, message: StoredMessage, user: str = ANA) -> list[str]:
    """Open the details of a job in its thread; return the lines about its chain and its takes."""
    value = str(message.job_id)
    (result,) = [one for one in bot.replies() if one.files and value in str(one.blocks)]
    done = await bot.sandbox.slack.people.click(user, result.ts, buttons.DETAILS)
    assert done.error is None
    sections = (block.get("text") for block in blocks_of(form_of(bot, user)).values())
    told = [str(text["text"]) for text in sections if isinstance(text, dict)]
    (lines,) = [text for text in told if text.startswith(("*Chain*", "*Takes*"))]
    return re.sub(r"<[^|>]*(/C0\w+/p\d+)[^|>]*\|([^>]*)>", r"\1|\2", lines).split("\n")


async def test_a_loop_ends_as_it_begins() -> None:
    async with (
        running_sandbox(render_seconds=0.05, media_dir=PACKAGED_MEDIA) as sandbox,
        bot_in(sandbox) as bot,
    ):
        root = await mention(bot, "a wheel turns")
        await until_job_over(bot)
        await continued(bot, "loop", root, 2)
        sent = last_input(bot)
        assert sent["prompt"] == "a wheel turns"
        assert sent["first_frame_image"] == sent["last_frame_image"]
        # A loop continues nothing.
        await mention(bot, "stitch", thread=root)
        await bot.until(bot.ephemerals)
        assert "continues no other video" in bot.ephemerals()[-1].text


async def test_the_form_of_a_continuation_begins_with_the_frame_unless_it_is_taken_out() -> None:
    """Without it the clip is a request as any other, and no reference can be typed in its place."""
    async with (
        running_sandbox(render_seconds=0.05, media_dir=PACKAGED_MEDIA) as sandbox,
        bot_in(sandbox) as bot,
    ):
        await mention(bot, "a boat at a pier --mode pro")
        first = await until_job_over(bot)
        (result,) = [one for one in bot.replies() if one.files]

        async def open_form() -> None:
            value = f"continue {first.job_id}"
            done = await bot.sandbox.slack.people.click(ANA, result.ts, MORE, value=value)
            assert done.error is None

        await open_form()
        assert f"last frame of {first.job_id}" in str(element_of(form_of(bot), KEPT))
        await submit(bot, values=entries(prompt="the boat leaves"))
        await until_job_over(bot, 2)
        assert last_input(bot)["mode"] == "pro"
        assert data_of(last_input(bot)["first_frame_image"]).startswith(b"\xff\xd8\xff")

        await open_form()
        forged = f"slack-file:F1@last~{first.job_id}"
        typed = entries(prompt="a bird", links_first_frame_image=forged)
        refused = await submit(bot, values={**typed, KEPT: {KLING: []}})
        assert "first_frame_image" in str(refused.ack.body)
        await submit(
            bot, values={**entries(prompt="a bird", links_first_frame_image=""), KEPT: {KLING: []}}
        )
        await until_job_over(bot, 3)
        assert "first_frame_image" not in last_input(bot)


KEPT = "kept:first_frame_image"

REFUSED = {
    "continue": "Say what happens next",
    "Continue:": "Say what happens next",
    "continue --mode pro": "Say what to show",
    "continue at 3:": "Say what happens next",
    "continue at 99: the boat sinks": "choose a second in it",
    "stitch": "continues no other video",
    "a bird --first-frame-image slack-file:F1@last~abc": "stands for a file",
}


async def test_what_cannot_be_continued_is_told_and_costs_nothing() -> None:
    async with (
        running_sandbox(render_seconds=0.05, media_dir=PACKAGED_MEDIA) as sandbox,
        bot_in(sandbox, POSTERS="yes") as bot,
    ):
        root = await mention(bot, "a boat at a pier")
        await until_job_over(bot)
        # The length of the video is known from then on.
        await bot.until(lambda: "slack_file" in str(bot.replies()[0].blocks))
        for count, (text, told) in enumerate(REFUSED.items(), start=1):
            await mention(bot, text, thread=root)
            assert told in (await until_ephemeral(bot, count)).text
        await answer(bot, "settings require project on")
        for text in ("continue the boat leaves", "loop"):
            before = len(bot.ephemerals())
            await mention(bot, text, thread=root)
            refused = await until_ephemeral(bot, before + 1)
            assert "Say for which project" in refused.text
            # The form would open with the earlier scene, and make another take of that.
            assert "Open in the form" not in str(refused.blocks)
        assert len(submitted_inputs(bot)) == 1
