"""Tests of the shortcuts and buttons that open the form with initial values."""

from __future__ import annotations

import json

from bot.messages.buttons import EDIT
from bot.slack.manifest import CREATE_VIDEO, VIDEO_FROM_MESSAGE
from sandbox.mindvideo.faults import Call
from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA, BEN, BOT, CREW, GENERAL, StoredMessage
from sandbox.slack.faults import Fault, FaultKind
from tests.support.conversation import last_input, names_cost, press, texts
from tests.support.forms import KLING, blocks_of, chosen, element_of, entries, form_of, submit
from tests.support.images import image_bytes, put_file
from tests.support.running_bot import RunningBot, running_bot


async def from_message(bot: RunningBot, message: StoredMessage, user: str = ANA) -> None:
    """Choose "Make a video from this" in a message's menu."""
    people = bot.sandbox.slack.people
    delivery = await people.message_shortcut(user, message.ts, VIDEO_FROM_MESSAGE)
    assert delivery.error is None


async def until_done_in_thread(bot: RunningBot, ts: str) -> StoredMessage:
    """Wait until the job in a message's thread is done; return the job's message."""

    def done() -> list[StoredMessage]:
        there = [one for one in bot.replies() if one.thread_ts == ts and "Done in" in one.text]
        return [one for one in there if names_cost(one)]

    await bot.until(done)
    return done()[0]


async def test_the_global_shortcut_asks_for_a_channel() -> None:
    """The job's message is in the channel that was chosen in the form."""
    async with running_bot() as bot:
        delivery = await bot.sandbox.slack.people.shortcut(ANA, CREATE_VIDEO)
        assert delivery.error is None
        where = blocks_of(form_of(bot))["channel"]
        assert element_of(form_of(bot), "channel")["type"] == "conversations_select"
        where["optional"] = True
        await submit(bot, values=entries(prompt="a lake"))
        assert "Choose where" in form_of(bot).errors["channel"]
        await submit(bot, values=entries(KLING, CREW, prompt="a lake"))
        await bot.until_delivered(channel=CREW)
        assert bot.messages() == []
        assert len(bot.sandbox.video.charges) == 1


async def test_a_message_fills_the_form_with_its_text_and_images() -> None:
    """The job is in that message's thread; other files are named and left out."""
    data = image_bytes()
    async with running_bot() as bot:
        files = [await put_file(bot, data, user=BEN)]
        files.append(await put_file(bot, b"words", "notes.pdf", user=BEN))
        people = bot.sandbox.slack.people
        source = (await people.message(BEN, GENERAL, "boats &amp; birds", files=files)).message
        await from_message(bot, source)
        view = form_of(bot)
        assert element_of(view, "option:prompt")["initial_value"] == "boats & birds"
        assert f"slack-file:{files[0]}" in str(element_of(view, "kept:image_urls"))
        assert "notes.pdf" in str(view.data["blocks"])
        await submit(bot)
        await until_done_in_thread(bot, source.ts)
        sent = last_input(bot)
    assert sent["prompt"] == "boats & birds"
    images = texts(sent["image_urls"])
    assert [image.partition(",")[0] for image in images] == ["data:image/png;base64"]


async def test_a_mention_of_the_bot_is_not_part_of_the_prompt() -> None:
    """Other users are named as people see them."""
    async with running_bot() as bot:
        people = bot.sandbox.slack.people
        source = (await people.message(ANA, GENERAL, f"<@{BOT}> a lake for <@{BEN}>")).message
        await people.message_shortcut(BEN, source.ts, VIDEO_FROM_MESSAGE)
        assert element_of(form_of(bot, BEN), "option:prompt")["initial_value"] == "a lake for @ben"


async def test_an_image_of_the_message_can_be_left_out() -> None:
    """The user takes its name out of the menu."""
    async with running_bot() as bot:
        people = bot.sandbox.slack.people
        picture = await put_file(bot, image_bytes())
        source = (await people.message(ANA, GENERAL, "a lake", files=[picture])).message
        await from_message(bot, source)
        await submit(bot, values={"kept:image_urls": {KLING: []}})
        await until_done_in_thread(bot, source.ts)
        assert last_input(bot) == {"prompt": "a lake"}


async def test_a_message_in_a_thread_keeps_the_video_in_that_thread() -> None:
    """Nothing is posted in the channel."""
    async with running_bot() as bot:
        people = bot.sandbox.slack.people
        first = (await people.message(ANA, GENERAL, "look")).message
        reply = (await people.message(BEN, GENERAL, "a lake", thread_ts=first.ts)).message
        await from_message(bot, reply)
        await submit(bot)
        await until_done_in_thread(bot, first.ts)
        assert [posted for posted in bot.messages() if posted.user == BOT] == []


async def test_a_job_can_be_edited_and_rendered_again() -> None:
    """The form shows the job's input; the new job records its parent."""
    async with running_bot() as bot:
        await bot.type("a lake --mode pro --no people --duration 8")
        await bot.until_delivered()
        (message,) = bot.messages()
        await press(bot, message, EDIT, user=BEN)
        view = form_of(bot, BEN)
        assert element_of(view, "option:prompt")["initial_value"] == "a lake"
        assert element_of(view, "option:negative_prompt")["initial_value"] == "people"
        assert chosen(view, "option:mode") == "pro"
        await submit(bot, BEN, entries(mode="std", prompt="a lake at night"))
        await bot.until_delivered(jobs=2)
        assert last_input(bot) == {
            "prompt": "a lake at night",
            "duration": 8,
            "negative_prompt": "people",
        }
        again = next(posted for posted in bot.messages() if posted.ts != message.ts)
        assert f"<@{BEN}>" in str(again.blocks)


async def test_an_edited_job_keeps_its_images_and_may_stay_unchanged() -> None:
    """The click confirms the request, so it is no duplicate."""
    data = image_bytes()
    async with running_bot() as bot:
        people = bot.sandbox.slack.people
        picture = await put_file(bot, data)
        source = (await people.message(ANA, GENERAL, f"<@{BOT}> a lake", files=[picture])).message
        message = await until_done_in_thread(bot, source.ts)
        first = last_input(bot)
        await press(bot, message, EDIT)
        await submit(bot)
        await bot.until(lambda: len(bot.sandbox.video.calls(Call.SUBMIT)) == 2)
        assert last_input(bot) == first
        await bot.until(lambda: sum("Done in" in one.text for one in bot.replies()) == 2)


async def test_the_home_tab_opens_an_empty_form_and_the_form_of_a_video() -> None:
    """By its buttons *Create a video* and *Edit and re-run*."""
    async with running_bot() as bot:
        await bot.type("a lake --mode pro")
        await bot.until_delivered()
        await bot.sandbox.slack.people.open_home(ANA)
        homes = bot.sandbox.slack.world.views.homes
        await bot.until(lambda: EDIT in str(homes.get(ANA)))
        people = bot.sandbox.slack.people
        await people.view_action(ANA, homes[ANA].id, CREATE_VIDEO)
        assert "channel" in blocks_of(form_of(bot))
        await people.view_action(ANA, homes[ANA].id, EDIT)
        assert chosen(form_of(bot), "option:mode") == "pro"
        await submit(bot, values=entries(mode="std"))
        await bot.until_delivered(jobs=2)
        assert last_input(bot) == {"prompt": "a lake"}


async def test_an_unknown_job_is_reported_ephemerally() -> None:
    """A button never expires, but its job may be deleted."""
    async with running_bot() as bot:
        await bot.type("a lake")
        await bot.until_delivered()
        (message,) = bot.messages()
        delivery = await press(bot, message, EDIT)
        payload = json.loads(json.dumps(delivery.payload))
        payload["actions"][0]["value"] = "nosuchjob0"
        payload["trigger_id"] = "1.2"
        await bot.sandbox.slack.dispatcher.deliver(DeliveryKind.INTERACTION, payload)
        await bot.until(lambda: "no record of this video" in str(bot.ephemerals()))


async def test_a_form_that_does_not_open_is_reported_ephemerally() -> None:
    """In the channel of the shortcut, or directly where it has none."""
    async with running_bot() as bot:
        people = bot.sandbox.slack.people
        source = (await people.message(ANA, GENERAL, "a lake")).message
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="internal_error")
        bot.sandbox.slack.world.faults.add("views.open", fault, times=2)
        await from_message(bot, source)
        await bot.until(bot.ephemerals)
        assert bot.ephemerals()[-1].ephemeral_for == ANA
        await people.shortcut(ANA, CREATE_VIDEO)
        await bot.until(lambda: direct(bot))
        assert bot.sandbox.slack.world.views.top(ANA) is None


async def test_a_shortcut_that_is_delivered_twice_opens_one_form() -> None:
    """Slack refuses the second use of the trigger, which means that the form is open."""
    async with running_bot() as bot:
        delivery = await bot.sandbox.slack.people.shortcut(ANA, CREATE_VIDEO)
        view = form_of(bot)
        deliver = bot.sandbox.slack.dispatcher.deliver
        repeated = await deliver(DeliveryKind.INTERACTION, delivery.payload)
        assert repeated.error is None
        assert form_of(bot) is view
        await bot.type("a lake")
        await bot.until_delivered()
        assert direct(bot) == []


def direct(bot: RunningBot, user: str = ANA) -> list[StoredMessage]:
    """Return the bot's direct messages to a user."""
    workspace = bot.sandbox.slack.world.workspace
    return list(workspace.all_in(workspace.direct(user).id))
