"""Bolt listener for the form's button that shows the request without making a job."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.errors import BotError, UsageError
from bot.jobs.services import Services
from bot.listeners.context import counted
from bot.listeners.form_request import accept_form, form_errors
from bot.listeners.job_replies import reply_to
from bot.listeners.payloads import FORM_SURFACE, FormButtonPayload
from bot.messages import dry_run
from bot.options.form_fields import DRY_RUN, PRICE_BLOCK
from storage.store import StoreError


def register(app: AsyncApp, services: Services) -> None:
    """Listen to the button beside the form's price."""

    async def pressed(ack: AsyncAck, body: dict[str, object]) -> None:
        # A trigger expires after 3 s, so the modal is opened before the acknowledgement.
        await show(FormButtonPayload.read(body), services)
        await ack()

    app.action({"block_id": PRICE_BLOCK, "action_id": DRY_RUN})(pressed)


async def show(payload: FormButtonPayload, services: Services) -> None:
    """Open a view on top of the form: the request and its price, or the fields that are missing.

    The form keeps what was entered. Nothing is written, so a repeated delivery does no harm.
    """
    with counted(FORM_SURFACE, services) as count:
        try:
            answer = await accept_form(payload, services, is_dry=True)
            told = reply_to(answer.acceptance, services.now())
            count.kind = "answered"
        except (UsageError, StoreError) as error:
            count.refuse(error)
            told = dry_run.missing(list(form_errors(error, payload.view.first_field).values()))
    if told is None:
        return
    try:
        await services.views.push(payload.trigger_id, dry_run.view(told))
    except BotError:
        key = f"dry:{payload.installed_team}:{payload.trigger_id}"
        services.ephemeral.send(key, None, payload.user.id, told)
