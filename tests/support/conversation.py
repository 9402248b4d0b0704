"""What users do with the running bot in the simulated Slack, and the answers they get."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from sandbox.mindvideo.faults import Call
from sandbox.slack.delivery import Delivery
from sandbox.slack.entities import ANA, BOT, GENERAL, StoredMessage
from storage.job import OVER, Job, Json
from storage.sqlite.store import SqliteStore
from tests.support.running_bot import RunningBot
from tests.support.slack_user import WAIT_SECONDS


async def send_message(
    bot: RunningBot,
    text: str,
    *,
    user: str = ANA,
    channel: str = GENERAL,
    thread: StoredMessage | None = None,
    files: Sequence[str] = (),
) -> StoredMessage:
    """Post a user's message, and wait until the bot has acknowledged all its events."""
    thread_ts = thread.ts if thread else None
    typed = await bot.sandbox.slack.people.message(
        user, channel, text, thread_ts=thread_ts, files=files
    )
    assert [each.error for each in typed.deliveries if each.error] == []
    return typed.message


async def mention(
    bot: RunningBot, text: str, *files: str, thread: StoredMessage | None = None, user: str = ANA
) -> StoredMessage:
    """Mention the bot in a message with these files."""
    return await send_message(bot, f"<@{BOT}> {text}", thread=thread, user=user, files=files)


async def press(
    bot: RunningBot, message: StoredMessage, action_id: str, *, user: str = ANA
) -> Delivery:
    """Click a button of a job, and check that the bot has acknowledged the click.

    The button is under the message, or under the newest reply in its thread that has it.
    """
    workspace, root = bot.sandbox.slack.world.workspace, message.thread_ts or message.ts
    thread = [one for one in workspace.all_in(message.channel) if one.thread_ts == root]
    places = [message, *reversed(thread)]
    found = next((one for one in places if action_id in str(one.blocks)), message)
    delivery = await bot.sandbox.slack.people.click(user, found.ts, action_id)
    assert delivery.error is None
    return delivery


def names_cost(message: StoredMessage) -> bool:
    """Tell whether a job's message names the cost; "cost pending" names none."""
    return "cost " in message.text and "cost pending" not in message.text


async def make_video(
    bot: RunningBot, text: str = "a lake --mode pro --duration 5"
) -> StoredMessage:
    """Request a video as Ana by command; return the job's message once it shows the cost."""
    await bot.type(text)
    await bot.until(lambda: any(map(names_cost, bot.messages())))
    return bot.messages()[0]


def direct_channel(bot: RunningBot, user: str = ANA) -> str:
    """Return the ID of a user's direct conversation with the bot."""
    return bot.sandbox.slack.world.workspace.direct(user).id


async def until_done(bot: RunningBot, jobs: int, channel: str = GENERAL) -> list[StoredMessage]:
    """Wait until so many jobs in threads of the channel are done; return their messages."""

    def ended() -> list[StoredMessage]:
        own = [message for message in bot.replies(channel) if message.user == BOT]
        return [one for one in own if "Done in" in one.text and names_cost(one)]

    await bot.until(lambda: len(ended()) >= jobs)
    return ended()


async def until_ephemeral(bot: RunningBot, count: int = 1, channel: str = GENERAL) -> StoredMessage:
    """Wait for so many ephemeral messages; return the last one."""
    await bot.until(lambda: len(bot.ephemerals(channel)) >= count)
    return bot.ephemerals(channel)[-1]


def result_of(bot: RunningBot, message: StoredMessage, channel: str = GENERAL) -> StoredMessage:
    """Return the one reply in the thread of a job's message."""
    (result,) = [one for one in bot.replies(channel) if one.thread_ts == message.ts]
    return result


def button_of(message: StoredMessage) -> tuple[object, object]:
    """Return the action ID and the value of the one button under a message."""
    elements = message.blocks[-1]["elements"]
    assert isinstance(elements, list)
    (button,) = elements
    return button["action_id"], button["value"]


def button_labels(message: StoredMessage) -> list[str]:
    """Return the labels of the buttons under a message."""
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    elements = cast("list[list[dict[str, dict[str, str]]]]", rows)
    return [element["text"]["text"] for row in elements for element in row if "text" in element]


async def job_of(bot: RunningBot, message: StoredMessage) -> Job:
    """Return the row of the job whose message this is."""
    path = str(bot.sandbox.folder / "video-bot.db")
    store = await SqliteStore.open(path, owner=False)
    try:
        job = await store.jobs.get(message.job_id or "")
    finally:
        await store.close()
    assert job is not None
    return job


async def until_over(bot: RunningBot, message: StoredMessage) -> Job:
    """Wait until the row of a job is over, which is a moment after its message shows it."""
    return await _until_row(bot, message, lambda job: job.stage in OVER)


async def until_posted(bot: RunningBot, message: StoredMessage) -> Job:
    """Wait until the row of a job knows its message: a reply below it is about the job then."""
    return await _until_row(bot, message, lambda job: job.message_ts is not None)


async def _until_row(
    bot: RunningBot, message: StoredMessage, condition: Callable[[Job], bool]
) -> Job:
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition(job := await job_of(bot, message)):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    return job


def submitted_inputs(bot: RunningBot) -> list[dict[str, Json]]:
    """Return the inputs that were submitted to MindVideo, in order."""
    return [json.loads(submit.body)["input"] for submit in bot.sandbox.video.calls(Call.SUBMIT)]


def last_input(bot: RunningBot) -> Mapping[str, Json]:
    """Return the input that was submitted to MindVideo last."""
    return submitted_inputs(bot)[-1]


def texts(value: Json) -> list[str]:
    """Return a list of texts, such as the value of `image_urls`."""
    assert isinstance(value, list)
    return [str(each) for each in value]


async def answer(bot: RunningBot, text: str, *, user: str = ANA, channel: str = GENERAL) -> str:
    """Type a subcommand and return its ephemeral answer."""
    delivery = await bot.type(text, user=user, channel=channel)
    assert delivery.error is None
    assert delivery.shown is not None
    assert delivery.shown.ephemeral_for == user
    return delivery.shown.text


async def until_reply_done(bot: RunningBot, jobs: int = 1) -> StoredMessage:
    """Wait until so many job messages in threads are done; return the last of them."""

    def done() -> list[StoredMessage]:
        own = [one for one in bot.replies() if one.user == BOT and "Done in" in one.text]
        return [one for one in own if "bringing it" not in one.text]

    await bot.until(lambda: len(done()) == jobs)
    return done()[-1]
