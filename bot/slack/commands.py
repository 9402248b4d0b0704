"""The slash command: `/video …` becomes a job, or a private word of why not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import structlog
from pydantic import BaseModel
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import BotError, UsageError
from bot.help import model_page, overview
from bot.intake import Asker
from bot.messages import private
from bot.options import parse_ask
from bot.ports import Message
from bot.slack.channel_settings import CHANNEL_SETTINGS
from bot.slack.desk import Desk
from bot.slack.notify import NOTIFICATIONS
from bot.slack.subcommand import Done, Subcommand
from storage.store import StoreError

COMMAND = "/video"

SUBCOMMANDS: Mapping[str, Subcommand] = MappingProxyType(
    {"notify": NOTIFICATIONS, "settings": CHANNEL_SETTINGS}
)


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
            # An empty acknowledgement: what there is to see is the job's own message.
            await ack()
        else:
            shown = [dict(block) for block in reply.blocks]
            await ack(text=reply.text, blocks=shown, response_type="ephemeral")

    app.command(COMMAND)(video_typed)


async def answer(typed: TypedCommand, desk: Desk) -> Message | None:
    """Take the command; return a private answer, or `None` when a job was accepted.

    Idempotent by the command's trigger: a repeated delivery finds the row of the first.
    """
    try:
        done = await _subcommand(typed, desk)
        if done is not None:
            return done.reply
        return manual_page(typed.text, desk) or await _ask(typed, desk)
    except UsageError as error:
        structlog.get_logger("slack").info("command_refused", user=typed.user_id)
        return private.refusal(str(error))
    except BotError as error:
        return private.refusal(f"{error} Try again in a moment.")
    except StoreError:
        return private.store_full()


def manual_page(text: str, desk: Desk) -> Message | None:
    """Return the help that `help` or `help MODEL` asks for; longer texts are prompts."""
    words = text.split()
    match [word.lower() for word in words]:
        case ["help"]:
            return private.words(overview(desk.catalog))
        case ["help", slug] if (model := desk.catalog.find(slug)) is not None:
            return private.words(model_page(model))
        case _:
            return None


async def _subcommand(typed: TypedCommand, desk: Desk) -> Done | None:
    """Do what the first word says, unless the words go on as a prompt."""
    word, _, rest = typed.text.strip().partition(" ")
    subcommand = SUBCOMMANDS.get(word.casefold())
    return await subcommand.run(desk, _asker(typed), rest) if subcommand else None


async def _ask(typed: TypedCommand, desk: Desk) -> Message | None:
    defaults = await desk.defaults(typed.team_id, typed.channel_id)
    ask = parse_ask(typed.text, desk.catalog, defaults=defaults)
    return await desk.take(ask, _asker(typed))


def _asker(typed: TypedCommand) -> Asker:
    return Asker(
        team=typed.team_id,
        channel=typed.channel_id,
        user=typed.user_id,
        surface="command",
        ask_key=f"command:{typed.team_id}:{typed.trigger_id}",
        response_url=typed.response_url,
    )
