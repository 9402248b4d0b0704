"""Messages of people: mentions, direct messages, and replies in a job's thread.

Slack is answered "ok" when the listener has ended, so what a message asks for is on disk by then;
an exception here answers 500, and Slack sends the event again. One message may come under two kinds
of event, and each of them more than once: https://docs.slack.dev/apis/events-api
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from slack_bolt.async_app import AsyncApp

from bot.base.ports import Message, Place
from bot.jobs.accept import Interaction
from bot.jobs.services import Services
from bot.listeners.context import Handler, answer
from bot.listeners.payloads import (
    SLACKBOT,
    TOMBSTONE,
    MessageEvent,
    MessagePayload,
    SlackMessage,
)
from bot.listeners.subcommands import router, thread
from bot.messages import replies
from bot.options.attachments import Attached, attached_files
from bot.slack.markup import without_mention
from storage.job import RENDER_PENDING, Job


def register(app: AsyncApp, services: Services) -> None:
    """Listen to messages and mentions."""

    async def message_received(body: dict[str, object]) -> None:
        await receive(MessagePayload.model_validate(body), services)

    app.event("message")(message_received)
    app.event("app_mention")(message_received)


async def receive(payload: MessagePayload, services: Services) -> None:
    """Do what a message asks for. Idempotent by the message: its team, channel and `ts`."""
    event = payload.event
    match event.subtype:
        case None | "file_share" | "thread_broadcast":
            await _sent(payload, services)
        case "message_changed" if event.message and event.message.subtype == TOMBSTONE:
            await _deleted(payload, event.message.ts, services)
        case "message_changed" if event.message:
            await _changed(payload, event.message, services)
        case "message_deleted" if event.deleted_ts:
            await _deleted(payload, event.deleted_ts, services)
        case _:
            # All else are notes of Slack's own: https://docs.slack.dev/reference/events/message
            return


async def _sent(payload: MessagePayload, services: Services) -> None:
    event = payload.event
    text = _addressed(event, event, services.bot_user)
    # A mention that was added later comes as an event of its own, beside that of the change.
    if text is None or event.user is None or event.edited is not None:
        return
    dedup_key = payload.dedup_key(event.ts)
    # A question or a refusal holds, although the same message might be taken a minute later.
    if services.ephemeral.has_sent(dedup_key):
        return
    if await services.store.jobs.find_by_dedup_key(dedup_key) is not None:
        return
    job = await _job_of_thread(payload, services)
    interaction = payload.interaction(event.user, in_thread_of_job=job is not None)
    reply = await answer(_handler(text, event, job), interaction, services)
    if reply is not None:
        services.ephemeral.send(dedup_key, event.place(event), event.user, reply)


def _handler(text: str, event: MessageEvent, job: Job | None) -> Handler:
    files = attached_files(event.files)
    if job is None:
        return partial(router.respond, text, files=files)
    return partial(_respond_in_thread, text, job, files)


async def _respond_in_thread(
    text: str,
    job: Job,
    files: Sequence[Attached],
    interaction: Interaction,
    services: Services,
) -> Message | None:
    """Take a word of the thread, a subcommand, or what to render differently."""
    handler = thread.match(text, job, files)
    if handler is not None:
        return await handler(interaction, services)
    found = router.match(text, services)
    if found is not None:
        return await found.run(interaction, services)
    return await thread.change(text, job, files, interaction, services)


async def _changed(payload: MessagePayload, message: SlackMessage, services: Services) -> None:
    event, before = payload.event, payload.event.previous_message
    # Slack also tells of a change when it adds the preview of a link.
    if message.user is None or (before is not None and message.text == before.text):
        return
    is_meant = _addressed(event, message, services.bot_user) is not None
    if message.edited is not None and is_meant:
        job = await services.store.jobs.find_by_dedup_key(payload.dedup_key(message.ts))
        services.ephemeral.send(
            f"change:{event.ts}", event.place(message), message.user, replies.edited(job)
        )


async def _deleted(payload: MessagePayload, ts: str, services: Services) -> None:
    job = await services.store.jobs.find_by_dedup_key(payload.dedup_key(ts))
    if job is not None and job.stage in RENDER_PENDING:
        # Not in the thread, which may have gone with its first message.
        place = Place(channel=job.channel)
        services.ephemeral.send(f"deletion:{job.id}", place, job.user, replies.deleted(job))


def _addressed(event: MessageEvent, message: SlackMessage, bot_user: str) -> str | None:
    """Return what a person tells the bot; `None`: not meant for it, or written by a bot."""
    if message.bot_id is not None or message.user in {None, bot_user, SLACKBOT}:
        return None
    text = message.text or ""
    rest = without_mention(text, bot_user)
    return text.strip() if rest is None and event.is_direct else rest


async def _job_of_thread(payload: MessagePayload, services: Services) -> Job | None:
    """Return the newest job of the thread in which a message is."""
    event = payload.event
    if event.thread_ts is None or not event.is_reply:
        return None
    return await services.store.jobs.find_by_message(
        payload.team_id, event.channel, event.thread_ts
    )
