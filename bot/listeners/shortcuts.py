"""Ways to the form: two shortcuts, the button in Home, and a job's button to edit it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.ports import Message, Place
from bot.jobs.accept import Asker
from bot.listeners import modals
from bot.listeners.context import Desk
from bot.messages import buttons, form, replies
from bot.options.attachments import Attached, attached_files
from bot.options.schema import PROMPT
from bot.slack.manifest import CREATE_VIDEO, VIDEO_FROM_MESSAGE
from bot.slack.markup import plain, without_mention


class _Named(BaseModel):
    id: str


class _Said(BaseModel):
    ts: str
    thread_ts: str | None = None
    text: str | None = None
    files: list[JsonValue] = []


class _Action(BaseModel):
    value: str = ""


class Wish(BaseModel):
    """A shortcut or a button that shall open a form; all but the first three may be missing.

    https://docs.slack.dev/reference/interaction-payloads/shortcuts-interactions-payload
    """

    team: _Named
    user: _Named
    trigger_id: str
    channel: _Named | None = None
    response_url: str | None = None

    @property
    def asker(self) -> Asker:
        """Who wishes; the trigger serves once, so a repeated delivery opens no second form."""
        return Asker(
            team=self.team.id,
            channel=self.channel.id if self.channel else "",
            user=self.user.id,
            surface=modals.SURFACE,
            ask_key=f"open:{self.team.id}:{self.trigger_id}",
        )


class MessageWish(Wish):
    """A message's shortcut."""

    channel: _Named
    message: _Said


class ButtonWish(Wish):
    """A button."""

    actions: Annotated[list[_Action], Field(min_length=1)]


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to what opens a form, except the command without words."""

    async def create_wished(ack: AsyncAck, body: dict[str, object]) -> None:
        wish = Wish.model_validate(body)
        await _try(modals.open_new(desk, wish.trigger_id, wish.team.id, None), wish, desk)
        await ack()

    async def message_chosen(ack: AsyncAck, body: dict[str, object]) -> None:
        wish = MessageWish.model_validate(body)
        await _try(_open_of_message(wish, desk), wish, desk)
        await ack()

    async def edit_wished(ack: AsyncAck, body: dict[str, object]) -> None:
        wish = ButtonWish.model_validate(body)
        await _try(_open_of_job(wish, desk), wish, desk)
        await ack()

    app.shortcut(CREATE_VIDEO)(create_wished)
    app.action(CREATE_VIDEO)(create_wished)
    app.shortcut(VIDEO_FROM_MESSAGE)(message_chosen)
    app.action(buttons.EDIT)(edit_wished)


async def _try(opening: Awaitable[Message | None], wish: Wish, desk: Desk) -> None:
    """Open a form, or say privately why not."""
    problem = await desk.politely(opening, wish.asker, silent="opened")
    if problem is not None:
        place = Place(channel=wish.channel.id) if wish.channel else None
        desk.aside.say(wish.asker.ask_key, place, wish.user.id, problem, wish.response_url)


async def _open_of_message(wish: MessageWish, desk: Desk) -> None:
    """Open a form with a message's words as the prompt and its images as references."""
    said = wish.message
    text = said.text or ""
    addressed = without_mention(text, desk.bot_user)
    files = attached_files(said.files)
    usable = [file for file in files if file.problem is None]
    await modals.open_new(
        desk,
        wish.trigger_id,
        wish.team.id,
        wish.channel.id,
        thread_ts=said.thread_ts or said.ts,
        prompt={PROMPT: plain(text if addressed is None else addressed)},
        images=usable,
        note=_left_out([file for file in files if file.problem is not None]),
    )


async def _open_of_job(wish: ButtonWish, desk: Desk) -> Message | None:
    """Open the form filled with a job's ask, unless the job is gone."""
    pressed = buttons.read_value(wish.actions[0].value)
    job = await desk.store.get(pressed.job_id) if pressed else None
    if job is None or job.team != wish.team.id:
        return replies.gone()
    channel = wish.channel.id if wish.channel else job.channel
    await modals.open_edit(desk, wish.trigger_id, job, channel)
    return None


def _left_out(files: list[Attached]) -> str:
    return form.left_out([file.name for file in files]) if files else ""
