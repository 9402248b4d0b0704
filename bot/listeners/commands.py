"""The slash command: `/video …` becomes a job, or a private word of why not."""

from __future__ import annotations

from pydantic import BaseModel
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.ports import Message
from bot.jobs.accept import Asker
from bot.listeners import modals
from bot.listeners.context import Desk
from bot.listeners.subcommands.router import respond
from bot.slack.manifest import COMMAND


class TypedCommand(BaseModel):
    """A slash command as Slack delivers it.

    https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling
    """

    team_id: str
    channel_id: str
    user_id: str
    trigger_id: str
    text: str = ""
    response_url: str | None = None


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to `/video`."""

    async def video_typed(ack: AsyncAck, body: dict[str, object]) -> None:
        reply = await answer(TypedCommand.model_validate(body), desk)
        if reply is None:
            # An empty acknowledgement: what there is to see is the job's message, or the form.
            await ack()
        else:
            shown = [dict(block) for block in reply.blocks]
            await ack(text=reply.text, blocks=shown, response_type="ephemeral")

    app.command(COMMAND)(video_typed)


async def answer(typed: TypedCommand, desk: Desk) -> Message | None:
    """Take the command; return a private answer, or `None` when there is something else to see.

    Idempotent by the command's trigger: a repeated delivery finds the row of the first.
    """
    asker = Asker(
        team=typed.team_id,
        channel=typed.channel_id,
        user=typed.user_id,
        surface="command",
        ask_key=f"command:{typed.team_id}:{typed.trigger_id}",
        response_url=typed.response_url,
    )
    if typed.text.strip():
        return await desk.politely(respond(typed.text, asker, desk), asker)
    opening = modals.open_new(desk, typed.trigger_id, typed.team_id, typed.channel_id)
    return await desk.politely(opening, asker, silent="opened")
