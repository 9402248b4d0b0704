"""The simulated Web API's methods about messages."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel

from sandbox.slack.blocks import checked_blocks
from sandbox.slack.entities import BOT, Payload, RefusalError, StoredMessage
from sandbox.slack.methods.method import Blocks, JsonObject, Method, method
from sandbox.slack.payloads import message_json
from sandbox.slack.world import World

LONGEST_TEXT = 40_000
"""https://docs.slack.dev/reference/methods/chat.postMessage, `msg_too_long`"""


class _Post(BaseModel):
    channel: str
    text: str = ""
    blocks: Blocks = None
    thread_ts: str | None = None
    metadata: JsonObject | None = None


class _Ephemeral(BaseModel):
    channel: str
    user: str
    text: str = ""
    blocks: Blocks = None
    thread_ts: str | None = None


class _Update(BaseModel):
    channel: str
    ts: str
    text: str | None = None
    blocks: Blocks = None


class _OneMessage(BaseModel):
    channel: str
    ts: str


class _Permalink(BaseModel):
    channel: str
    message_ts: str


def _post(world: World, args: _Post) -> Payload:
    channel = world.workspace.channel(args.channel)
    if BOT not in channel.members:
        raise RefusalError("not_in_channel")
    message = world.workspace.post(
        channel.id,
        BOT,
        args.text,
        blocks=_content(args.text, args.blocks),
        thread_ts=args.thread_ts,
        metadata=_checked_metadata(args.metadata),
    )
    return {"channel": channel.id, "ts": message.ts, "message": message_json(world, message)}


def _ephemeral(world: World, args: _Ephemeral) -> Payload:
    channel = world.workspace.channel(args.channel)
    if BOT not in channel.members:
        raise RefusalError("not_in_channel")
    if args.user not in channel.members:
        raise RefusalError("user_not_in_channel")
    if args.thread_ts is not None and not world.workspace.reply_counts(channel.id)[args.thread_ts]:
        # "Ephemeral messages in threads are only shown if there is already an active thread":
        # https://docs.slack.dev/reference/methods/chat.postEphemeral
        return {"message_ts": world.workspace.new_ts()}
    message = world.workspace.send_ephemeral(
        channel.id,
        args.user,
        args.text,
        blocks=_content(args.text, args.blocks),
        thread_ts=args.thread_ts,
    )
    return {"message_ts": message.ts}


def _update(world: World, args: _Update) -> Payload:
    message = _bot_message(world, args.channel, args.ts, code="cant_update_message")
    blocks = None if args.blocks is None else checked_blocks(args.blocks)
    text = message.text if args.text is None else args.text
    _content(text, blocks)
    world.workspace.edit(message, text, blocks)
    return {
        "channel": args.channel,
        "ts": message.ts,
        "text": message.text,
        "message": message_json(world, message),
    }


def _delete(world: World, args: _OneMessage) -> Payload:
    world.workspace.delete(_bot_message(world, args.channel, args.ts, code="cant_delete_message"))
    return {"channel": args.channel, "ts": args.ts}


def _permalink(world: World, args: _Permalink) -> Payload:
    channel = world.workspace.channel(args.channel)
    message = world.workspace.message(channel.id, args.message_ts)
    link = f"/archives/{channel.id}/p{message.ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": world.url(link)}


CHAT_METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "chat.postMessage": method(_Post, _post, "chat:write"),
        "chat.postEphemeral": method(_Ephemeral, _ephemeral, "chat:write"),
        "chat.update": method(_Update, _update, "chat:write"),
        "chat.delete": method(_OneMessage, _delete, "chat:write"),
        "chat.getPermalink": method(_Permalink, _permalink, takes_json=False),
    }
)


def _content(text: str, blocks: list[Payload] | None) -> list[Payload]:
    if not text and not blocks:
        raise RefusalError("no_text")
    if len(text) > LONGEST_TEXT:
        raise RefusalError("msg_too_long")
    return checked_blocks(blocks or [])


def _checked_metadata(metadata: Payload | None) -> Payload | None:
    if metadata is None:
        return None
    named = isinstance(metadata.get("event_type"), str)
    if not named or not isinstance(metadata.get("event_payload"), dict):
        raise RefusalError("invalid_metadata_format")
    return metadata


def _bot_message(world: World, channel: str, ts: str, *, code: str) -> StoredMessage:
    message = world.workspace.message(world.workspace.channel(channel).id, ts)
    if message.user != BOT:
        raise RefusalError(code)
    if world.workspace.channels[channel].archived:
        raise RefusalError("is_archived")
    return message
