"""The simulated Web API's methods for agents: suggested prompts, and the status of a thread."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, Field

from sandbox.slack.entities import BOT, Kind, Payload, RefusalError
from sandbox.slack.methods.method import Method, method
from sandbox.slack.world import Prompt, World

MOST_PROMPTS = 4
"""https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts"""


class _Prompts(BaseModel):
    channel_id: str
    prompts: Annotated[list[Prompt], Field(min_length=1, max_length=MOST_PROMPTS)]
    thread_ts: str | None = None


class _Status(BaseModel):
    channel_id: str
    thread_ts: str
    status: str


def _suggest(world: World, args: _Prompts) -> Payload:
    channel = world.workspace.channel(args.channel_id)
    if channel.kind is not Kind.DIRECT:
        raise RefusalError("channel_not_found")
    # With a thread the call of an agent fails in silence.
    if args.thread_ts is None:
        world.prompts[channel.id] = list(args.prompts)
        world.workspace.touch()
    return {}


def _set_status(world: World, args: _Status) -> Payload:
    channel = world.workspace.channel(args.channel_id)
    if BOT not in channel.members:
        raise RefusalError("not_in_channel")
    if world.workspace.find(channel.id, args.thread_ts) is None:
        raise RefusalError("invalid_thread_ts")
    world.set_status(channel.id, args.thread_ts, args.status)
    return {}


ASSISTANT_METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "assistant.threads.setSuggestedPrompts": method(_Prompts, _suggest, "assistant:write"),
        "assistant.threads.setStatus": method(_Status, _set_status, "chat:write"),
    }
)
