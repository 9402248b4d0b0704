"""Bolt listener for *Checked*: somebody in charge confirms what budgets count since a restore."""

from __future__ import annotations

import math

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.access import require_member
from bot.jobs.budget_change import ConfirmCounts
from bot.jobs.services import Services
from bot.listeners.context import answer_click
from bot.listeners.payloads import ButtonPayload
from bot.listeners.slack_object import UnreadableRequestError
from bot.listeners.subcommands.budget import apply_change
from bot.messages.budget_table import CHECKED
from storage.job import Instant


def register(app: AsyncApp, services: Services) -> None:
    """Listen to the button, in messages and in the Home tab."""

    async def pressed(ack: AsyncAck, body: dict[str, object]) -> None:
        await check(ButtonPayload.read(body), services)
        await ack()

    app.action(CHECKED)(pressed)


async def check(payload: ButtonPayload, services: Services) -> None:
    """Confirm the doubt that the button is about. Idempotent by the dedup key of the click."""
    since = _instant_of(payload.action.value)

    async def handle(interaction: Interaction, services: Services) -> Message:
        await require_member(interaction, services)
        return await apply_change(ConfirmCounts(since=since), interaction, services)

    interaction = payload.interaction()
    await answer_click(payload, handle, interaction, services)
    if payload.channel is None:
        await services.store.homes.open(interaction.team, interaction.user, services.now())
        services.wake()


def _instant_of(value: str) -> Instant:
    try:
        since = float(value)
    except ValueError:
        raise UnreadableRequestError("actions.0.value") from None
    if not math.isfinite(since):
        raise UnreadableRequestError("actions.0.value")
    return since
