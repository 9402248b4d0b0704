"""Bolt listeners for *Share elsewhere*: open the form for the channel, accept its submission."""

from __future__ import annotations

from collections.abc import Mapping

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.errors import BotError, UnreachablePlaceError
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.access import find_job, is_in_charge, require_member
from bot.jobs.actions import ActionName, ActionRequest, ShareAnswered, perform
from bot.jobs.services import Services
from bot.listeners.context import acknowledge, answer_click
from bot.listeners.job_replies import reply_to
from bot.listeners.payloads import ButtonPayload, FormPayload
from bot.messages import buttons, replies, share_form
from bot.options.schema import as_mapping
from storage.store import StoreError


def register(app: AsyncApp, services: Services) -> None:
    """Listen to the button and to the form."""

    async def elsewhere_clicked(ack: AsyncAck, body: dict[str, object]) -> None:
        # A trigger expires after 3 s, so the form is opened before the acknowledgement.
        await open_form(ButtonPayload.read(body), services)
        await ack()

    async def channel_chosen(ack: AsyncAck, body: dict[str, object]) -> None:
        await acknowledge(ack, await take(FormPayload.read(body), services))

    app.action(buttons.SHARE_ELSEWHERE)(elsewhere_clicked)
    app.view(share_form.CALLBACK)(channel_chosen)


async def open_form(payload: ButtonPayload, services: Services) -> None:
    """Open the form, or send an ephemeral message that says why it could not be opened."""

    async def handle(interaction: Interaction, services: Services) -> Message | None:
        value = buttons.read_value(payload.action.value)
        job = await find_job(value.job_id, interaction, services) if value else None
        if job is None:
            return replies.gone()
        if not is_in_charge(job, interaction.user, services):
            await require_member(interaction, services)
            return replies.not_allowed(job, replies.SHARE_IT)
        await services.views.open(payload.trigger_id, share_form.share_form(job))
        return None

    await answer_click(payload, handle, payload.opening(), services, silent="opened")


async def take(payload: FormPayload, services: Services) -> Mapping[str, str]:
    """Share the video to the chosen channel; return errors by block ID, or none once committed.

    Idempotent: a job is shared to a channel once. The user must be a member of the channel.
    """
    try:
        problem = await _share(payload, services)
    except UnreachablePlaceError:
        problem = replies.cannot_enter()
    except BotError as error:
        problem = str(error)
    except StoreError as error:
        problem = replies.store_failed(error).text
    return {} if problem is None else {share_form.CHANNEL_BLOCK: problem}


async def _share(payload: FormPayload, services: Services) -> str | None:
    """Share the video; return why it is not shared. Raises `BotError` and `StoreError`."""
    block = share_form.CHANNEL_BLOCK
    chosen = as_mapping(as_mapping(payload.view.state.values.get(block)).get(block))
    channel = chosen.get("selected_conversation")
    job = await services.store.jobs.get(payload.view.private_metadata)
    if not isinstance(channel, str):
        return share_form.no_channel()
    interaction = payload.interaction(channel)
    if job is None or job.team != interaction.team:
        return replies.gone().text
    if not await services.directory.is_member(channel, interaction.user):
        return share_form.not_a_member()
    request = ActionRequest(job=job, interaction=interaction, target=channel)
    outcome = await perform(ActionName.SHARE, request, services)
    reply = reply_to(outcome, services.now())
    is_done = isinstance(outcome, ShareAnswered) and outcome.is_new
    return None if is_done or reply is None else reply.text
