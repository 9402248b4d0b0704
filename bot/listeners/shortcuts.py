"""Bolt listeners that open the form: shortcuts, Home's button, *Edit and re-run*, refused texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.ports import Message, Place
from bot.jobs.accept import Interaction
from bot.jobs.access import find_job, is_in_charge, require_member
from bot.jobs.names import read_in_names_of_people
from bot.jobs.services import Services
from bot.listeners import modals
from bot.listeners.context import Handler, answer
from bot.listeners.payloads import ButtonPayload, MessageShortcutPayload, ShortcutPayload
from bot.messages import buttons, form, home, replies
from bot.options.attachments import Attached
from bot.options.catalog import Model
from bot.options.draft import Draft
from bot.options.schema import PROMPT
from bot.slack.manifest import CREATE_VIDEO, VIDEO_FROM_MESSAGE
from bot.slack.markup import mentioned_names, plain


def register(app: AsyncApp, services: Services) -> None:
    """Listen to everything that opens a form, except `/video` alone."""

    async def create_chosen(ack: AsyncAck, body: dict[str, object]) -> None:
        payload = ShortcutPayload.read(body)
        handler = partial(modals.open_anywhere, payload.trigger_id)
        await _open(handler, payload.interaction(), payload.response_url, services)
        await ack()

    async def message_chosen(ack: AsyncAck, body: dict[str, object]) -> None:
        payload = MessageShortcutPayload.read(body)
        handler = partial(_open_from_message, payload)
        await _open(handler, payload.interaction(), payload.response_url, services)
        await ack()

    async def edit_clicked(ack: AsyncAck, body: dict[str, object]) -> None:
        payload = ButtonPayload.read(body)
        handler = partial(_open_from_job, payload)
        await _open(handler, payload.opening(), payload.response_url, services)
        await ack()

    async def draft_clicked(ack: AsyncAck, body: dict[str, object]) -> None:
        payload = ButtonPayload.read(body)
        handler = partial(_open_from_draft, payload)
        await _open(handler, payload.opening(), payload.response_url, services)
        await ack()

    app.shortcut(CREATE_VIDEO)(create_chosen)
    app.action(home.CREATE_VIDEO)(create_chosen)
    app.shortcut(VIDEO_FROM_MESSAGE)(message_chosen)
    app.action(buttons.EDIT)(edit_clicked)
    app.action(buttons.OPEN_DRAFT)(draft_clicked)


async def _open(
    handler: Handler, interaction: Interaction, response_url: str | None, services: Services
) -> None:
    """Open a form, or send an ephemeral message that says why it could not be opened."""
    reply = await answer(handler, interaction, services, silent="opened")
    if reply is not None:
        place = Place(channel=interaction.channel) if interaction.channel else None
        services.ephemeral.send(interaction.dedup_key, place, interaction.user, reply, response_url)


async def _open_from_message(
    payload: MessageShortcutPayload, interaction: Interaction, services: Services
) -> None:
    """Open a form with a message's text as the prompt and its files as references."""
    message = payload.message
    words = message.words(services.bot_user)
    text, people = await read_in_names_of_people(plain(words), services.directory)
    files = message.attached
    model = services.catalog.default
    await modals.open_new(
        payload.trigger_id,
        interaction,
        services,
        thread_ts=message.thread_ts or message.ts,
        prompt={PROMPT: text},
        files=[file for file in files if file.problem(model) is None],
        note=_note_of_unusable(files, model),
        people=mentioned_names(words) | people,
    )


async def _open_from_job(
    payload: ButtonPayload, interaction: Interaction, services: Services
) -> Message | None:
    """Open the form filled with a job's input, or return a message if the job is gone."""
    value = buttons.read_value(payload.action.value)
    job = await find_job(value.job_id, interaction, services) if value else None
    if job is None:
        return replies.gone()
    if not is_in_charge(job, interaction.user, services):
        await require_member(interaction, services)
    await modals.open_edit(payload.trigger_id, job, interaction, services)
    return None


async def _open_from_draft(
    payload: ButtonPayload, interaction: Interaction, services: Services
) -> Message | None:
    """Open the form with a refused text, or return a message if the button is not readable."""
    draft = Draft.of_value(payload.action.value)
    if draft is None:
        return replies.gone()
    await modals.open_draft(payload.trigger_id, draft, interaction, services)
    return None


def _note_of_unusable(files: Sequence[Attached], model: Model) -> str:
    names = [file.name for file in files if file.problem(model) is not None]
    return form.left_out(names, model) if names else ""
