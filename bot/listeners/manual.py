"""Bolt listener for the buttons under `/video help`: each opens a page of the manual."""

from __future__ import annotations

import re

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.jobs.accept import Interaction
from bot.jobs.services import Services
from bot.listeners.context import answer_click
from bot.listeners.payloads import ButtonPayload
from bot.listeners.slack_object import UnreadableRequestError
from bot.listeners.subcommands import router, thread
from bot.listeners.subcommands.manual import help_tables
from bot.messages.help import HELP, HelpPage, help_view


def register(app: AsyncApp, services: Services) -> None:
    """Listen to the buttons of the manual."""

    async def page_chosen(ack: AsyncAck, body: dict[str, object]) -> None:
        payload = ButtonPayload.read(body)
        if payload.action.value not in set(HelpPage):
            raise UnreadableRequestError("actions.0.value")

        async def open_page(_: Interaction, services: Services) -> None:
            tables = help_tables(lambda: router.SUBCOMMANDS, thread.usages, services)
            view = help_view(HelpPage(payload.action.value), services.catalog, tables)
            await services.views.open(payload.trigger_id, view)

        await answer_click(payload, open_page, payload.opening(), services, silent="opened")
        await ack()

    app.action(re.compile(f"^{HELP}:"))(page_chosen)
