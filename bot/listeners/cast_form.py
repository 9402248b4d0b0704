"""Bolt listeners for the form that saves a picture: open it, accept its submission.

A slash command carries no file, and works in no thread: `/video cast save NAME` opens the form, as
the shortcut in the menu of a message does, with the pictures of that message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from pydantic import ValidationError
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.errors import BotError, UsageError
from bot.base.ports import Message, Place
from bot.jobs.accept import Interaction
from bot.jobs.access import require_member
from bot.jobs.saved import SavedFor
from bot.jobs.services import Services
from bot.listeners.context import Handler, acknowledge, answer
from bot.listeners.payloads import FormPayload, MessageShortcutPayload
from bot.listeners.slack_object import UnreadableRequestError
from bot.listeners.subcommands.cast import NewMember, checked_name, read_save, save_picture
from bot.listeners.subcommands.router import bot_words
from bot.messages import cast, form
from bot.messages.cast_form import (
    CALLBACK,
    FOR_BLOCK,
    NAME_BLOCK,
    PICTURE_BLOCK,
    CastFormState,
    cast_form,
)
from bot.options.attachments import IMAGE_TYPES, Attached, attached_files
from bot.options.form_elements import FormError, element, plain, selected
from bot.slack.manifest import SAVE_TO_CAST
from storage.job import Json
from storage.store import StoreError

# Names of more files than this may not fit into the `private_metadata` of a view.
_MOST_FILES = 20


def register(app: AsyncApp, services: Services) -> None:
    """Listen to the shortcut and to the form."""

    async def chosen(ack: AsyncAck, body: dict[str, object]) -> None:
        # A trigger expires after 3 s, so the form is opened before the acknowledgement.
        await open_from_message(MessageShortcutPayload.read(body), services)
        await ack()

    async def submitted(ack: AsyncAck, body: dict[str, object]) -> None:
        await acknowledge(ack, await take(FormPayload.read(body), services))

    app.shortcut(SAVE_TO_CAST)(chosen)
    app.view(CALLBACK)(submitted)


def opener(text: str, trigger_id: str) -> Handler | None:
    """Return the handler that opens the form for `cast save NAME`; `None`: it is another text."""

    async def open_form(new: NewMember, interaction: Interaction, services: Services) -> None:
        await require_member(interaction, services)
        state = CastFormState(channel=interaction.channel)
        view = cast_form(state, name=new.name, saved_for=new.saved_for)
        await services.views.open(trigger_id, view)

    async def refuse(error: UsageError, _: Interaction, __: Services) -> None:
        raise error

    try:
        new = read_save(text, bot_words)
    except UsageError as error:
        return partial(refuse, error)
    return None if new is None else partial(open_form, new)


async def open_from_message(payload: MessageShortcutPayload, services: Services) -> None:
    """Open the form with the pictures of a message, or send a message why it cannot be opened."""

    async def handle(interaction: Interaction, services: Services) -> Message | None:
        await require_member(interaction, services)
        message = payload.message
        pictures = [one for one in message.attached if one.mimetype in IMAGE_TYPES]
        state = CastFormState(
            channel=interaction.channel,
            thread_ts=message.thread_ts or message.ts,
            files={one.id: one.name[:40] for one in pictures[:_MOST_FILES]},
        )
        await services.views.open(payload.trigger_id, cast_form(state))
        return None

    interaction = payload.interaction()
    reply = await answer(handle, interaction, services, silent="opened")
    if reply is not None:
        place = Place(channel=interaction.channel)
        services.ephemeral.send(
            interaction.dedup_key, place, interaction.user, reply, payload.response_url
        )


async def take(payload: FormPayload, services: Services) -> Mapping[str, str]:
    """Save the member; return errors by block ID, or none once it is committed.

    Idempotent by the view's ID.
    """
    try:
        state = CastFormState.of_text(payload.view.private_metadata)
    except ValidationError:
        raise UnreadableRequestError("view.private_metadata") from None
    interaction = payload.interaction(state.channel, state.thread_ts)
    try:
        await require_member(interaction, services)
        new, pictures = _read(payload.view.state.values, state)
        told = await save_picture(new, pictures, interaction, services)
    except FormError as error:
        return error.errors
    except UsageError as error:
        return {NAME_BLOCK: plain(error)}
    except BotError as error:
        return {NAME_BLOCK: str(error)}
    except StoreError as error:
        return {NAME_BLOCK: form.store_failed(error)}
    place = Place(channel=state.channel, thread_ts=state.thread_ts)
    services.ephemeral.send(interaction.dedup_key, place, interaction.user, told)
    return {}


def _read(
    entered: Mapping[str, Json], state: CastFormState
) -> tuple[NewMember, Sequence[Attached]]:
    """Return what was entered. Raises `FormError`."""
    name = element(entered, NAME_BLOCK).get("value")
    saved_for = SavedFor(selected(element(entered, FOR_BLOCK)) or SavedFor.PERSON)
    picked = element(entered, PICTURE_BLOCK)
    chosen = selected(picked)
    pictures = attached_files(picked.get("files"))
    if chosen is not None and chosen in state.files:
        pictures = (Attached(id=chosen, name=state.files[chosen]),)
    errors: dict[str, str] = {}
    if not pictures:
        errors[PICTURE_BLOCK] = cast.choose_picture()
    try:
        new = NewMember(
            name=checked_name(name if isinstance(name, str) else "", bot_words),
            saved_for=saved_for,
        )
    except UsageError as error:
        raise FormError({NAME_BLOCK: plain(error), **errors}) from None
    if errors:
        raise FormError(errors)
    return new, pictures
