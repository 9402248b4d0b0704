"""Bolt listener for users' messages: mentions, direct messages and replies in a job's thread.

An event is acknowledged when the listener returns, so the request is committed by then. An
exception is answered with status 500, and Slack delivers the event again. One message may be
delivered as two kinds of event (`message` and `app_mention`), and each of them more than once:
https://docs.slack.dev/apis/events-api
"""

from __future__ import annotations

from functools import partial

from slack_bolt.async_app import AsyncApp

from bot.base.ports import Place
from bot.jobs.services import Services
from bot.listeners.context import answer
from bot.listeners.payloads import (
    SLACKBOT,
    TOMBSTONE,
    MessageEvent,
    MessagePayload,
    SlackMessage,
)
from bot.listeners.subcommands import router, thread
from bot.messages import replies
from storage.job import RENDER_PENDING, REQUESTED, Job, Stage


def register(app: AsyncApp, services: Services) -> None:
    """Listen to messages and mentions."""

    async def message_received(body: dict[str, object]) -> None:
        await receive(MessagePayload.read(body), services)

    app.event("message")(message_received)
    app.event("app_mention")(message_received)


async def receive(payload: MessagePayload, services: Services) -> None:
    """Handle a message event. Idempotent by the message's team, channel and `ts`."""
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
            # No other subtype is a user's request: https://docs.slack.dev/reference/events/message
            return


async def _sent(payload: MessagePayload, services: Services) -> None:
    event = payload.event
    text = _addressed(event, event, services.bot_user)
    # A mention added by an edit comes as `app_mention` too, beside `message_changed`.
    if text is None or event.user is None or event.edited is not None:
        return
    dedup_key = payload.dedup_key(event.ts)
    # The message was answered by a question or a refusal. A later delivery must not be accepted,
    # although the reason for that answer may be gone by then.
    if services.ephemeral.has_sent(dedup_key):
        return
    known = await services.store.jobs.find_by_dedup_key(dedup_key)
    # A question is asked again if the process stopped before it was sent.
    if known is not None and known.stage is not Stage.WAITING:
        return
    job = await _job_of_thread(payload, services)
    is_elsewhere = job is not None and not event.is_direct and job.channel != event.channel
    job = None if is_elsewhere else job
    interaction = payload.interaction(event.user, in_thread_of_job=job is not None)
    respond = partial(
        router.respond,
        text,
        files=event.attached,
        job=job,
        is_conversation=True,
        is_under_shared=is_elsewhere,
    )
    elsewhere = thread.of_no_job(text) if job is None and event.is_reply else None
    reply = await answer(elsewhere or respond, interaction, services)
    if reply is not None:
        services.ephemeral.send(dedup_key, event.place(event), event.user, reply)


async def _changed(payload: MessagePayload, message: SlackMessage, services: Services) -> None:
    event, before = payload.event, payload.event.previous_message
    # Slack sends `message_changed` also when it adds the preview of a link.
    if message.user is None or (before is not None and message.text == before.text):
        return
    is_addressed = _addressed(event, message, services.bot_user) is not None
    if message.edited is not None and is_addressed:
        job = await services.store.jobs.find_by_dedup_key(payload.dedup_key(message.ts))
        job = job if job is not None and job.stage in REQUESTED else None
        services.ephemeral.send(
            f"change:{event.ts}", event.place(message), message.user, replies.edited(job)
        )


async def _deleted(payload: MessagePayload, ts: str, services: Services) -> None:
    job = await services.store.jobs.find_by_dedup_key(payload.dedup_key(ts))
    if job is not None and job.stage in RENDER_PENDING:
        # Not in the thread, which may have been deleted with its first message.
        place = Place(channel=job.channel)
        services.ephemeral.send(f"deletion:{job.id}", place, job.user, replies.deleted(job))


def _addressed(event: MessageEvent, message: SlackMessage, bot_user: str) -> str | None:
    """Return the text addressed to the bot, without the mention; `None`: none, or by a bot."""
    if message.bot_id is not None or message.user in {None, bot_user, SLACKBOT}:
        return None
    return message.addressed(bot_user, is_direct=event.is_direct)


async def _job_of_thread(payload: MessagePayload, services: Services) -> Job | None:
    """Return the newest job of the thread that a message replies in, if any."""
    event = payload.event
    if event.thread_ts is None or not event.is_reply:
        return None
    return await services.store.jobs.find_by_message(
        payload.installed_team, event.channel, event.thread_ts
    )
