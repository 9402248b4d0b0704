"""The slash command: `/video …` becomes a job, or an ephemeral message."""

from __future__ import annotations

from functools import partial

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.jobs.services import Services
from bot.listeners import modals
from bot.listeners.context import answer
from bot.listeners.payloads import CommandPayload
from bot.listeners.subcommands import router
from bot.slack.manifest import COMMAND


def register(app: AsyncApp, services: Services) -> None:
    """Listen to `/video`."""

    async def command_typed(ack: AsyncAck, body: dict[str, object]) -> None:
        payload = CommandPayload.model_validate(body)
        interaction, text = payload.interaction(), payload.text
        if text.strip():
            reply = await answer(partial(router.respond, text), interaction, services)
        else:
            opening = partial(modals.open_new, payload.trigger_id)
            reply = await answer(opening, interaction, services, silent="opened")
        if reply is None:
            # An empty acknowledgement: what there is to see is the job's message, or the form.
            await ack()
        else:
            shown = [dict(block) for block in reply.blocks]
            await ack(text=reply.text, blocks=shown, response_type="ephemeral")

    app.command(COMMAND)(command_typed)
