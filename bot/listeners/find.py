"""Bolt listener for the buttons to the pages beside, under what `/video find` has found."""

from __future__ import annotations

import re

from pydantic import ValidationError
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.access import require_member
from bot.jobs.find import load_page
from bot.jobs.found import FindSpec
from bot.jobs.services import Services
from bot.listeners.context import answer_click
from bot.listeners.payloads import ButtonPayload
from bot.messages.find import NEWER, OLDER, found_message, page_gone


def register(app: AsyncApp, services: Services) -> None:
    """Listen to the buttons."""

    async def page_wanted(ack: AsyncAck, body: dict[str, object]) -> None:
        await press(ButtonPayload.read(body), services)
        await ack()

    app.action(re.compile(f"^({NEWER}|{OLDER})$"))(page_wanted)


async def press(payload: ButtonPayload, services: Services) -> None:
    """Show another page in place of the one whose button was pressed.

    What may be seen is looked at anew, for whoever presses.
    """

    async def handle(interaction: Interaction, services: Services) -> Message | None:
        await require_member(interaction, services)
        try:
            spec = FindSpec.model_validate_json(payload.action.value)
        except ValidationError:
            return page_gone()
        page = await load_page(spec, interaction, services)
        return found_message(page, replaces=True)

    await answer_click(payload, handle, payload.interaction(), services)
