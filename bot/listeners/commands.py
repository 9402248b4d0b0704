"""Bolt listener for the slash command: `/video …` starts a job or is answered ephemerally."""

from __future__ import annotations

from functools import partial

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.ports import Place
from bot.jobs.services import Services
from bot.listeners import cast_form, modals
from bot.listeners.context import answer
from bot.listeners.payloads import CommandPayload
from bot.listeners.subcommands import router
from bot.messages.blocks import shows_picture
from bot.slack.manifest import COMMAND


def register(app: AsyncApp, services: Services) -> None:
    """Listen to `/video`."""

    async def command_received(ack: AsyncAck, body: dict[str, object]) -> None:
        payload = CommandPayload.read(body)
        interaction, text = payload.interaction(), payload.text
        opener = cast_form.opener(text, payload.trigger_id)
        if opener is not None:
            reply = await answer(opener, interaction, services, silent="opened")
        elif text.strip():
            reply = await answer(partial(router.respond, text), interaction, services)
        else:
            handler = partial(modals.open_new, payload.trigger_id)
            reply = await answer(handler, interaction, services, silent="opened")
        if reply is None:
            # An empty acknowledgement: the user sees the job's message, or the form.
            await ack()
        elif shows_picture(reply.blocks):
            # Should Slack refuse a picture, it would refuse an acknowledgement with all its words.
            place, url = Place(channel=interaction.channel), interaction.reply_to.response_url
            services.ephemeral.send(interaction.dedup_key, place, interaction.user, reply, url)
            await ack()
        else:
            blocks = [dict(block) for block in reply.blocks]
            await ack(text=reply.text, blocks=blocks, response_type="ephemeral")

    app.command(COMMAND)(command_received)
