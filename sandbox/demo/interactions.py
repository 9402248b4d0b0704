"""What a person does on the demo page: one shape for each act, and what it does in the sandbox."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field, TypeAdapter

from sandbox.demo.typed import as_command, as_message
from sandbox.slack.delivery import Delivery
from sandbox.slack.people import People

PlainValues: TypeAlias = dict[str, dict[str, object]]


class Command(BaseModel):
    """A slash command, as typed."""

    type: Literal["command"]
    user: str
    channel: str
    text: str

    async def do(self, people: People) -> Delivery | None:
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

    async def do(self, people: People) -> Delivery | None:
        """Say it; what the bot makes of it is seen later."""
        text = as_message(people.world.workspace, self.text)
        await people.message(
            self.user, self.channel, text, thread_ts=self.thread_ts, files=self.files
        )
        return None


class Click(BaseModel):
    """A touch of an element in a message."""

    type: Literal["click"]
    user: str
    channel: str
    ts: str
    block_id: str
    action_id: str
    value: object = None

    async def do(self, people: People) -> Delivery | None:
        """Deliver it."""
        return await people.click(
            self.user, self.ts, self.action_id, block_id=self.block_id, value=self.value
        )


class ViewAction(BaseModel):
    """A touch of an element in a form or in the Home tab."""

    type: Literal["view_action"]
    user: str
    view_id: str
    block_id: str
    action_id: str
    value: object = None
    values: PlainValues = {}

    async def do(self, people: People) -> Delivery | None:
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
    """A form, sent."""

    type: Literal["submit_view"]
    user: str
    view_id: str
    values: PlainValues = {}

    async def do(self, people: People) -> Delivery | None:
        """Deliver it, unless the form itself complains."""
        return await people.submit_view(self.user, self.view_id, self.values)


class CloseView(BaseModel):
    """A form, closed."""

    type: Literal["close_view"]
    user: str
    view_id: str

    async def do(self, people: People) -> Delivery | None:
        """Close it, and deliver that if the form asks for it."""
        return await people.close_view(self.user, self.view_id)


class Shortcut(BaseModel):
    """A global shortcut."""

    type: Literal["shortcut"]
    user: str
    callback_id: str

    async def do(self, people: People) -> Delivery | None:
        """Deliver it."""
        return await people.shortcut(self.user, self.callback_id)


class MessageShortcut(BaseModel):
    """A shortcut in a message's menu."""

    type: Literal["message_shortcut"]
    user: str
    callback_id: str
    channel: str
    ts: str

    async def do(self, people: People) -> Delivery | None:
        """Deliver it."""
        return await people.message_shortcut(self.user, self.ts, self.callback_id)


class OpenHome(BaseModel):
    """The Home tab, opened."""

    type: Literal["open_home"]
    user: str

    async def do(self, people: People) -> Delivery | None:
        """Deliver it."""
        return await people.open_home(self.user)


Act: TypeAlias = (
    Command
    | Message
    | Click
    | ViewAction
    | SubmitView
    | CloseView
    | Shortcut
    | MessageShortcut
    | OpenHome
)

INTERACTIONS: TypeAdapter[Act] = TypeAdapter(Annotated[Act, Field(discriminator="type")])
"""Reads an act from the page's JSON."""
