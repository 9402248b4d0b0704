"""Actions of a person on the demo page: a model for each, with its effect in the sandbox."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field, TypeAdapter

from sandbox.demo.markup import as_command, as_message
from sandbox.slack.delivery import Delivery
from sandbox.slack.people import People

PlainValues: TypeAlias = dict[str, dict[str, object]]


class Command(BaseModel):
    """A slash command, as typed."""

    type: Literal["command"]
    user: str
    channel: str
    text: str

    async def perform(self, people: People) -> Delivery | None:
        """Deliver it."""
        command, text = as_command(people.world.workspace, self.text)
        return await people.command(self.user, self.channel, text, command=command)


class Message(BaseModel):
    """A message, as typed."""

    type: Literal["message"]
    user: str
    channel: str
    text: str
    thread_ts: str | None = None
    files: list[str] = []

    async def perform(self, people: People) -> Delivery | None:
        """Post it; the bot's answer appears later."""
        text = as_message(people.world.workspace, self.text)
        await people.message(
            self.user, self.channel, text, thread_ts=self.thread_ts, files=self.files
        )
        return None


class Click(BaseModel):
    """A click on an element of a message."""

    type: Literal["click"]
    user: str
    channel: str
    ts: str
    block_id: str
    action_id: str
    value: object = None

    async def perform(self, people: People) -> Delivery | None:
        """Deliver it."""
        return await people.click(
            self.user, self.ts, self.action_id, block_id=self.block_id, value=self.value
        )


class ViewAction(BaseModel):
    """A click on an element of a form or of the Home tab."""

    type: Literal["view_action"]
    user: str
    view_id: str
    block_id: str
    action_id: str
    value: object = None
    values: PlainValues = {}

    async def perform(self, people: People) -> Delivery | None:
        """Deliver it."""
        return await people.view_action(
            self.user,
            self.view_id,
            self.action_id,
            block_id=self.block_id,
            value=self.value,
            values=self.values,
        )


class SubmitView(BaseModel):
    """A submitted form."""

    type: Literal["submit_view"]
    user: str
    view_id: str
    values: PlainValues = {}

    async def perform(self, people: People) -> Delivery | None:
        """Deliver it, unless the form has errors that Slack itself finds."""
        return await people.submit_view(self.user, self.view_id, self.values)


class CloseView(BaseModel):
    """A closed form."""

    type: Literal["close_view"]
    user: str
    view_id: str

    async def perform(self, people: People) -> Delivery | None:
        """Close it, and notify the bot if the form has `notify_on_close`."""
        return await people.close_view(self.user, self.view_id)


class Shortcut(BaseModel):
    """A global shortcut."""

    type: Literal["shortcut"]
    user: str
    callback_id: str

    async def perform(self, people: People) -> Delivery | None:
        """Deliver it."""
        return await people.shortcut(self.user, self.callback_id)


class MessageShortcut(BaseModel):
    """A shortcut in a message's menu."""

    type: Literal["message_shortcut"]
    user: str
    callback_id: str
    channel: str
    ts: str

    async def perform(self, people: People) -> Delivery | None:
        """Deliver it."""
        return await people.message_shortcut(self.user, self.ts, self.callback_id)


class OpenHome(BaseModel):
    """An opened tab of the app."""

    type: Literal["open_home"]
    user: str
    tab: Literal["home", "messages"] = "home"

    async def perform(self, people: People) -> Delivery | None:
        """Deliver it."""
        return await people.open_home(self.user, tab=self.tab)


class Invite(BaseModel):
    """An invitation of the bot to a channel."""

    type: Literal["invite"]
    user: str
    channel: str

    async def perform(self, people: People) -> Delivery | None:
        """Deliver it."""
        return await people.invite(self.user, self.channel)


Action: TypeAlias = (
    Command
    | Message
    | Click
    | ViewAction
    | SubmitView
    | CloseView
    | Shortcut
    | MessageShortcut
    | OpenHome
    | Invite
)

INTERACTIONS: TypeAdapter[Action] = TypeAdapter(Annotated[Action, Field(discriminator="type")])
"""Reads an action from the page's JSON."""
