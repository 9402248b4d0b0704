"""The buttons under a job's messages: each click names its job and is answered privately."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, TypeAlias

from pydantic import BaseModel, Field
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.base.ports import Message, Place
from bot.jobs.accept import Asker
from bot.listeners import job_replies
from bot.listeners.context import Desk
from bot.messages import buttons, replies
from bot.messages.buttons import Pressed
from storage.job import Job


class _Named(BaseModel):
    id: str


class _Container(BaseModel):
    thread_ts: str | None = None


class _Action(BaseModel):
    action_id: str
    action_ts: str
    value: str = ""


class Click(BaseModel):
    """A click on a button as Slack delivers it; one in the Home tab has no channel.

    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """

    team: _Named
    user: _Named
    channel: _Named | None = None
    container: _Container = _Container()
    actions: Annotated[list[_Action], Field(min_length=1)]
    response_url: str | None = None

    @property
    def action(self) -> _Action:
        """The one that was pressed: buttons come one at a time."""
        return self.actions[0]

    @property
    def key(self) -> str:
        """The same for every delivery of one click, and different for any two clicks.

        Slack stamps each click with an `action_ts`, which a repeated delivery carries too; a
        button that is pressed again later, for months, gets another.
        """
        action = self.action
        return f"button:{self.team.id}:{self.user.id}:{action.action_id}:{action.action_ts}"

    @property
    def place(self) -> Place | None:
        """Where the person sees a private answer; `None`: only directly."""
        if self.channel is None:
            return None
        return Place(channel=self.channel.id, thread_ts=self.container.thread_ts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A click, the job that it is about, and what it asks for."""

    job: Job
    asker: Asker
    pressed: Pressed


Handler: TypeAlias = Callable[[Desk, Press], Awaitable[Message | None]]


def register(app: AsyncApp, desk: Desk) -> None:
    """Listen to every button of a job."""

    async def button_pressed(ack: AsyncAck, body: dict[str, object]) -> None:
        await answer(Click.model_validate(body), desk)
        await ack()

    app.action(re.compile(f"^({'|'.join(PRESSES)})$"))(button_pressed)


async def answer(click: Click, desk: Desk) -> None:
    """Do what a click asks for; when this returns it is on disk. Idempotent by `Click.key`.

    The private answer follows in the background: Slack waits for an acknowledgement only.
    """
    pressed = buttons.read_value(click.action.value)
    job = await desk.store.get(pressed.job_id) if pressed else None
    if pressed is None or job is None or job.team != click.team.id:
        reply: Message | None = replies.gone()
    else:
        press = Press(job=job, asker=_asker(click, job), pressed=pressed)
        reply = await desk.politely(_handler(click.action.action_id)(desk, press), press.asker)
    if reply is not None:
        desk.aside.say(click.key, click.place, click.user.id, reply, click.response_url)


def _asker(click: Click, job: Job) -> Asker:
    """Return who asks, and where: a re-run stands where the button does, beside its parent."""
    channel = click.channel.id if click.channel else job.channel
    return Asker(
        team=click.team.id,
        channel=channel,
        user=click.user.id,
        surface="button",
        ask_key=click.key,
        thread_ts=job.thread_ts if channel == job.channel else None,
        response_url=click.response_url,
    )


def _handler(action_id: str) -> Handler:
    return next(handler for form, handler in PRESSES.items() if re.fullmatch(form, action_id))


async def _again(desk: Desk, press: Press) -> Message | None:
    return await job_replies.press_again(desk, press.job, press.asker, press.pressed.changes)


async def _cancel(desk: Desk, press: Press) -> Message:
    return await job_replies.cancel(desk, press.job, press.asker.user)


async def _give_up(desk: Desk, press: Press) -> Message:
    return await job_replies.give_up(desk, press.job, press.asker.user)


async def _share(desk: Desk, press: Press) -> Message:
    return await job_replies.share(desk, press.job, press.asker.user)


async def _details(desk: Desk, press: Press) -> Message:
    return await job_replies.details(desk, press.job)


PRESSES: Mapping[str, Handler] = MappingProxyType(
    {
        buttons.AGAIN: _again,
        rf"{buttons.UPGRADE}_\d+": _again,
        buttons.CANCEL: _cancel,
        buttons.GIVE_UP: _give_up,
        buttons.SHARE: _share,
        buttons.DETAILS: _details,
    }
)
"""What each button does, by the form of its action ID."""
