"""Messages of people: mentions, direct messages, and replies in a job's thread.

Slack hears "ok" when the listener has ended, so what a message asks for is on disk by then; an
exception here answers 500, and Slack sends the event again. One message may come under two kinds of
event, and each of them more than once: https://docs.slack.dev/apis/events-api
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, JsonValue
from slack_bolt.async_app import AsyncApp

from bot.base.ports import Message, Place
from bot.jobs.accept import Asker
from bot.listeners import job_replies
from bot.listeners.context import Desk
from bot.listeners.subcommands import router, thread
from bot.messages import replies
from bot.options.attachments import Attached, attached_files
from bot.slack.markup import without_mention
from storage.job import Job, Stage

# Slack's own voice, which has no `bot_id`: reminders, and words about the workspace.
SLACKBOT = "USLACKBOT"

TOMBSTONE = "tombstone"
"""What stands in the place of a deleted message that has replies; the event is one of a change."""

CANCELLABLE = frozenset({Stage.ACCEPTED, Stage.ANNOUNCED, Stage.RENDERING})
"""Stages in which somebody who deleted their message may want to do something about the job."""


class Said(BaseModel):
    """A message, as far as it counts here.

    https://docs.slack.dev/reference/events/message and …/app_mention
    """

    ts: str
    subtype: str | None = None
    user: str | None = None
    bot_id: str | None = None
    text: str | None = None
    thread_ts: str | None = None
    edited: object = None
    files: list[JsonValue] = []

    @property
    def is_reply(self) -> bool:
        """Whether it stands in a thread; a thread's first message names its own."""
        return self.thread_ts not in {None, self.ts}


class Event(Said):
    """A message event; one about a change has the message inside.

    https://docs.slack.dev/reference/events/message/message_changed and …/message_deleted
    """

    channel: str
    channel_type: str = ""
    message: Said | None = None
    previous_message: Said | None = None
    deleted_ts: str | None = None

    @property
    def is_direct(self) -> bool:
        """Whether person and bot are alone, so that no mention is needed."""
        return self.channel_type == "im"


class Delivery(BaseModel):
    """An event in its envelope.

    https://docs.slack.dev/apis/events-api#event-type-structure
    """

    team_id: str
    event: Event


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to messages and mentions."""

    async def something_said(body: dict[str, object]) -> None:
        await hear(Delivery.model_validate(body), desk)

    app.event("message")(something_said)
    app.event("app_mention")(something_said)


async def hear(delivery: Delivery, desk: Desk) -> None:
    """Do what a message asks for. Idempotent by the message: its team, channel and `ts`."""
    event = delivery.event
    match event.subtype:
        case None | "file_share" | "thread_broadcast":
            await _sent(delivery, desk)
        case "message_changed" if event.message and event.message.subtype == TOMBSTONE:
            await _deleted(delivery, event.message.ts, desk)
        case "message_changed" if event.message:
            await _changed(delivery, event.message, desk)
        case "message_deleted" if event.deleted_ts:
            await _deleted(delivery, event.deleted_ts, desk)
        case _:
            # All else are notes of Slack's own: https://docs.slack.dev/reference/events/message
            return


async def _sent(delivery: Delivery, desk: Desk) -> None:
    said = delivery.event
    text = _addressed(said, said, desk.bot_user)
    # A mention that was added later comes as an event of its own, beside that of the change.
    if text is None or said.user is None or said.edited is not None:
        return
    ask_key = _ask_key(delivery, said.ts)
    # A question or a refusal stands, although the same message might be taken a minute later.
    if desk.aside.has_said(ask_key) or await desk.store.find_ask(ask_key) is not None:
        return
    job = await _job_of_thread(delivery, desk)
    asker = Asker(
        team=delivery.team_id,
        channel=said.channel,
        user=said.user,
        surface="reply" if job else "message" if said.is_direct else "mention",
        ask_key=ask_key,
        thread_ts=said.thread_ts or said.ts,
    )
    files = attached_files(said.files)
    if job is None:
        taking = router.respond(text, asker, desk, files)
    else:
        taking = _reply(text, files, job, asker, desk)
    answer = await desk.politely(taking, asker)
    if answer is not None:
        desk.aside.say(ask_key, _place(said, said), said.user, answer)


async def _reply(
    text: str, files: Sequence[Attached], job: Job, asker: Asker, desk: Desk
) -> Message | None:
    """Take a reply in the thread of `job`: a word, a subcommand, or what to render differently."""
    done = await thread.perform(text, job, asker, desk, files)
    done = done or await router.perform(text, asker, desk)
    return done.reply if done else await job_replies.again(desk, job, asker, text, files)


async def _changed(delivery: Delivery, said: Said, desk: Desk) -> None:
    event, before = delivery.event, delivery.event.previous_message
    # Slack also tells of a change when it adds the preview of a link.
    if said.user is None or (before is not None and said.text == before.text):
        return
    if said.edited is not None and _addressed(event, said, desk.bot_user) is not None:
        job = await desk.store.find_ask(_ask_key(delivery, said.ts))
        desk.aside.say(f"change:{event.ts}", _place(event, said), said.user, replies.edited(job))


async def _deleted(delivery: Delivery, ts: str, desk: Desk) -> None:
    job = await desk.store.find_ask(_ask_key(delivery, ts))
    if job is not None and job.stage in CANCELLABLE:
        # Not in the thread, which may have gone with its first message.
        place = Place(channel=job.channel)
        desk.aside.say(f"deletion:{job.id}", place, job.user, replies.deleted(job))


def _addressed(event: Event, said: Said, bot_user: str) -> str | None:
    """Return what a person tells the bot; `None`: not meant for it, or said by a bot."""
    if said.bot_id is not None or said.user in {None, bot_user, SLACKBOT}:
        return None
    text = said.text or ""
    rest = without_mention(text, bot_user)
    return text.strip() if rest is None and event.is_direct else rest


async def _job_of_thread(delivery: Delivery, desk: Desk) -> Job | None:
    """Return the newest job of the thread in which a message stands."""
    said = delivery.event
    if said.thread_ts is None or not said.is_reply:
        return None
    return await desk.store.find_by_message(delivery.team_id, said.channel, said.thread_ts)


def _ask_key(delivery: Delivery, ts: str) -> str:
    return f"message:{delivery.team_id}:{delivery.event.channel}:{ts}"


def _place(event: Event, said: Said) -> Place:
    """Return where the person who wrote a message sees a private answer.

    Slack shows one in a thread only if the thread has replies:
    https://docs.slack.dev/reference/methods/chat.postEphemeral
    """
    return Place(channel=event.channel, thread_ts=said.thread_ts if said.is_reply else None)
