"""Bolt listener for the buttons of a job; each click is answered by an ephemeral message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.access import find_job
from bot.jobs.actions import ActionName, ActionRequest, perform
from bot.jobs.services import Services
from bot.listeners.context import answer
from bot.listeners.job_replies import reply_to
from bot.listeners.payloads import ButtonPayload
from bot.messages import buttons, replies

BUTTONS: Mapping[str, ActionName] = MappingProxyType(
    {
        buttons.AGAIN: ActionName.AGAIN,
        rf"{buttons.UPGRADE}_\d+": ActionName.AGAIN,
        buttons.CANCEL: ActionName.CANCEL,
        buttons.GIVE_UP: ActionName.GIVE_UP,
        buttons.SHARE: ActionName.SHARE,
        buttons.BRING: ActionName.BRING,
        buttons.DETAILS: ActionName.DETAILS,
        buttons.CONFIRM: ActionName.CONFIRM,
    }
)
"""The action of each button, by a regular expression that matches its whole action ID."""


def register(app: AsyncApp, services: Services) -> None:
    """Listen to every button of a job, except *Edit and re-run*, which opens a form."""

    async def button_clicked(ack: AsyncAck, body: dict[str, object]) -> None:
        await press(ButtonPayload.model_validate(body), services)
        await ack()

    app.action(re.compile(f"^({'|'.join(BUTTONS)})$"))(button_clicked)


async def press(payload: ButtonPayload, services: Services) -> None:
    """Run the action of a clicked button; its effect is committed when this returns.

    Idempotent by the dedup key of the interaction. The ephemeral answer is sent in the background,
    because Slack waits for the acknowledgement only.
    """
    interaction = payload.interaction()
    reply = await answer(partial(_do, payload), interaction, services)
    if reply is not None:
        services.ephemeral.send(
            interaction.dedup_key, payload.place, payload.user.id, reply, payload.response_url
        )


async def _do(
    payload: ButtonPayload, interaction: Interaction, services: Services
) -> Message | None:
    value = buttons.read_value(payload.action.value)
    job = await find_job(value.job_id, interaction, services) if value else None
    if value is None or job is None:
        return replies.gone()
    name = _action_of(payload.action.action_id)
    request = ActionRequest(job=job, interaction=payload.interaction(job), options=value.changes)
    return reply_to(await perform(name, request, services), services.now())


def _action_of(action_id: str) -> ActionName:
    return next(name for pattern, name in BUTTONS.items() if re.fullmatch(pattern, action_id))
