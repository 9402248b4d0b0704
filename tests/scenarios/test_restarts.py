"""What people asked for outlives the process that heard it: images, forms, buttons."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.messages import buttons
from sandbox.mindvideo import faults
from sandbox.mindvideo.faults import Call
from sandbox.sandbox import Sandbox
from sandbox.slack.faults import Fault, FaultKind
from tests.support.conversation import (
    last_input,
    make_video,
    mention,
    press,
    result_of,
    until_reply_done,
)
from tests.support.forms import entries, form_of, submit, switch
from tests.support.images import data_of, image_bytes, put_file
from tests.support.running_bot import RENDER_SECONDS, bot_in
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import WAIT_SECONDS

PUBLIC = "https://bot.example"
DOWN = faults.Fault(call=Call.SUBMIT, kind=faults.FaultKind.LOST_BEFORE, times=None)
HELD = Fault(kind=FaultKind.RATE_LIMITED, retry_after="1")
"""Keeps a job from being announced, so that nothing of it is sent."""


async def until_called(condition: Callable[[], object]) -> None:
    """Wait for a call that leaves no trace in Slack."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110 - the services tell nobody of a call
            await asyncio.sleep(0.01)


async def until_held(sandbox: Sandbox) -> None:
    """Wait until Slack turned the job's message away."""
    await until_called(lambda: not sandbox.slack.world.faults.waiting)


async def test_a_request_with_an_image_is_the_same_bytes_after_a_restart() -> None:
    """A link carries its end, so one made anew would differ: what was written down is sent."""
    async with running_sandbox(render_seconds=RENDER_SECONDS) as sandbox:
        sandbox.video.fail(DOWN)
        async with bot_in(sandbox, PUBLIC_URL=PUBLIC) as bot:
            await mention(bot, "a lake", await put_file(bot, image_bytes()))
            await until_called(lambda: sandbox.video.calls(Call.SUBMIT))
        sandbox.video.faults.clear()
        async with bot_in(sandbox, PUBLIC_URL=PUBLIC) as bot:
            await until_reply_done(bot)
        first, *others = sandbox.video.calls(Call.SUBMIT)
        assert {(one.key, one.body) for one in others} == {(first.key, first.body)}
        assert len(sandbox.video.charges) == 1


async def test_a_mention_with_an_image_that_was_only_heard_is_rendered_after_a_restart() -> None:
    """Slack heard "ok" once it was on disk, with its file; one message, one charge."""
    data = image_bytes()
    async with running_sandbox(render_seconds=RENDER_SECONDS) as sandbox:
        sandbox.slack.faults.add("chat.postMessage", HELD)
        async with bot_in(sandbox) as bot:
            await mention(bot, "a lake --first-frame-image 1", await put_file(bot, data))
            await until_held(sandbox)
        assert sandbox.video.requests == []
        async with bot_in(sandbox) as bot:
            await until_reply_done(bot)
            assert data_of(last_input(bot)["first_frame_image"]) == data
        assert len(sandbox.video.charges) == 1


async def test_a_form_with_an_image_that_was_only_taken_is_rendered_after_a_restart() -> None:
    """The person saw the form close, so what was in it is on disk."""
    data = image_bytes()
    async with running_sandbox(render_seconds=RENDER_SECONDS) as sandbox:
        sandbox.slack.faults.add("chat.postMessage", HELD)
        async with bot_in(sandbox) as bot:
            await bot.type("")
            await switch(bot, "more", ["on"])
            file_id = await put_file(bot, data)
            await submit(bot, values=entries(prompt="a lake", last_frame_image=[file_id]))
            await until_held(sandbox)
        assert sandbox.video.requests == []
        async with bot_in(sandbox) as bot:
            await bot.until_delivered()
            assert data_of(last_input(bot)["last_frame_image"]) == data
        assert len(sandbox.video.charges) == 1


async def test_a_form_that_stands_open_is_taken_by_the_next_process() -> None:
    """It knows by itself where it was opened, and what its fields mean."""
    async with running_sandbox(render_seconds=RENDER_SECONDS) as sandbox:
        async with bot_in(sandbox) as bot:
            await bot.type("")
        async with bot_in(sandbox) as bot:
            await submit(bot, values=entries(prompt="a lake", mode="pro"))
            await bot.until_delivered()
            assert last_input(bot) == {"prompt": "a lake", "mode": "pro"}


async def test_buttons_work_in_the_next_process_however_old_they_are() -> None:
    """All that a button needs stands in its value and in the store."""
    async with running_sandbox(render_seconds=RENDER_SECONDS) as sandbox:
        async with bot_in(sandbox) as bot:
            parent = await make_video(bot)
        sandbox.slack.world.expire_response_urls()
        async with bot_in(sandbox) as bot:
            result = result_of(bot, parent)
            await press(bot, result, buttons.DETAILS)
            assert "Details" in str(form_of(bot).data)
            await press(bot, result, f"{buttons.UPGRADE}_0")
            await bot.until_delivered(2)
            assert last_input(bot)["mode"] == "4k"
