"""What people asked for outlives the process that heard it: images, forms, buttons."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.messages import buttons
from sandbox.mindvideo import faults
from sandbox.mindvideo.faults import Call
from sandbox.slack.faults import Fault, FaultKind
from sandbox.town import Town
from tests.forms import entries, submit, switch
from tests.house import RENDER_SECONDS, bot_in
from tests.onlooker import PATIENCE_SECONDS
from tests.pictures import image_bytes, put_file
from tests.test_actions import press
from tests.test_media import PUBLIC, ask, data_of, sent, until_done
from tests.test_replies import started
from tests.town import town

DOWN = faults.Fault(call=Call.SUBMIT, kind=faults.FaultKind.LOST_BEFORE, times=None)
HELD = Fault(kind=FaultKind.RATE_LIMITED, retry_after="1")
"""Keeps a job from being announced, so that nothing of it is sent."""


async def until_called(condition: Callable[[], object]) -> None:
    """Wait for a call that leaves no trace in Slack."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - the services tell nobody of a call
            await asyncio.sleep(0.01)


async def until_held(place: Town) -> None:
    """Wait until Slack turned the job's message away."""
    await until_called(lambda: not place.slack.world.faults.waiting)


async def test_a_request_with_an_image_is_the_same_bytes_after_a_restart() -> None:
    """A link carries its end, so one made anew would differ: what was written down is sent."""
    async with town(render_seconds=RENDER_SECONDS) as place:
        place.video.fail(DOWN)
        async with bot_in(place, PUBLIC_URL=PUBLIC) as home:
            await ask(home, "a lake", await put_file(home, image_bytes()))
            await until_called(lambda: place.video.calls(Call.SUBMIT))
        place.video.faults.clear()
        async with bot_in(place, PUBLIC_URL=PUBLIC) as home:
            await until_done(home)
        first, *others = place.video.calls(Call.SUBMIT)
        assert {(one.key, one.body) for one in others} == {(first.key, first.body)}
        assert len(place.video.charges) == 1


async def test_a_mention_with_an_image_that_was_only_heard_is_rendered_after_a_restart() -> None:
    """Slack heard "ok" once it was on disk, with its file; one message, one charge."""
    data = image_bytes()
    async with town(render_seconds=RENDER_SECONDS) as place:
        place.slack.faults.add("chat.postMessage", HELD)
        async with bot_in(place) as home:
            await ask(home, "a lake --first-frame-image 1", await put_file(home, data))
            await until_held(place)
        assert place.video.requests == []
        async with bot_in(place) as home:
            await until_done(home)
            assert data_of(sent(home)["first_frame_image"]) == data
        assert len(place.video.charges) == 1


async def test_a_form_with_an_image_that_was_only_taken_is_rendered_after_a_restart() -> None:
    """The person saw the form close, so what was in it is on disk."""
    data = image_bytes()
    async with town(render_seconds=RENDER_SECONDS) as place:
        place.slack.faults.add("chat.postMessage", HELD)
        async with bot_in(place) as home:
            await home.type("")
            await switch(home, "more", ["on"])
            file_id = await put_file(home, data)
            await submit(home, values=entries(prompt="a lake", last_frame_image=[file_id]))
            await until_held(place)
        assert place.video.requests == []
        async with bot_in(place) as home:
            await home.until_delivered()
            assert data_of(sent(home)["last_frame_image"]) == data
        assert len(place.video.charges) == 1


async def test_a_form_that_stands_open_is_taken_by_the_next_process() -> None:
    """It knows by itself where it was opened, and what its fields mean."""
    async with town(render_seconds=RENDER_SECONDS) as place:
        async with bot_in(place) as home:
            await home.type("")
        async with bot_in(place) as home:
            await submit(home, values=entries(prompt="a lake", mode="pro"))
            await home.until_delivered()
            assert sent(home) == {"prompt": "a lake", "mode": "pro"}


async def test_buttons_work_in_the_next_process_however_old_they_are() -> None:
    """All that a button needs stands in its value and in the store."""
    async with town(render_seconds=RENDER_SECONDS) as place:
        async with bot_in(place) as home:
            parent = await started(home)
        place.slack.world.expire_answer_urls()
        async with bot_in(place) as home:
            await press(home, parent, buttons.DETAILS)
            await home.until(home.whispers)
            await press(home, parent, f"{buttons.UPGRADE}_0")
            await home.until_delivered(2)
            assert sent(home)["mode"] == "4k"
