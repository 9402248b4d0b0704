"""The simulated Web API's methods about conversations and users."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel

from sandbox.slack.entities import BOT, GROUPS, Kind, Payload, RefusalError, StoredMessage
from sandbox.slack.methods.method import Method, method, require_scope_to_read
from sandbox.slack.payloads import channel_json, message_json, user_json
from sandbox.slack.world import World

_KINDS = MappingProxyType({"public_channel": Kind.PUBLIC, "private_channel": Kind.PRIVATE})

LARGEST_PAGE = 999
"""https://docs.slack.dev/reference/methods/conversations.history"""


class _Read(BaseModel):
    channel: str
    ts: str | None = None
    oldest: str = "0"
    latest: str | None = None
    inclusive: bool = False
    limit: int = 100
    cursor: str = ""
    include_all_metadata: bool = False


class _OneChannel(BaseModel):
    channel: str


class _Joined(BaseModel):
    user: str | None = None
    types: str = "public_channel"
    limit: int = 100
    cursor: str = ""


class _Open(BaseModel):
    users: str


class _Nothing(BaseModel):
    pass


class _OneUser(BaseModel):
    user: str


def _history(world: World, args: _Read) -> Payload:
    _check_reading(world, args.channel)
    # Slack returns the newest message first here, and the oldest first in a thread.
    return _page(world, args, world.workspace.history(args.channel)[::-1])


def _replies(world: World, args: _Read) -> Payload:
    _check_reading(world, args.channel)
    if args.ts is None or world.workspace.find(args.channel, args.ts) is None:
        raise RefusalError("thread_not_found")
    first, *replies = world.workspace.thread(args.channel, args.ts)
    page = _page(world, args, replies)
    messages = page["messages"]
    if isinstance(messages, list) and not args.cursor:
        messages.insert(0, _shown(world, first, args, replies=len(replies)))
    return page


def _info(world: World, args: _OneChannel) -> Payload:
    channel = world.workspace.channel(args.channel)
    require_scope_to_read(world, channel, permission="read")
    return {"channel": channel_json(channel)}


def _members(world: World, args: _OneChannel) -> Payload:
    channel = world.workspace.channel(args.channel)
    require_scope_to_read(world, channel, permission="read")
    return {"members": sorted(channel.members), "response_metadata": {"next_cursor": ""}}


def _join(world: World, args: _OneChannel) -> Payload:
    channel = world.workspace.channel(args.channel)
    if channel.kind is not Kind.PUBLIC:
        raise RefusalError("method_not_supported_for_channel_type")
    if channel.archived:
        raise RefusalError("is_archived")
    channel.members.add(BOT)
    world.workspace.touch()
    return {"channel": channel_json(channel)}


def _open(world: World, args: _Open) -> Payload:
    return {"channel": {"id": world.workspace.direct(args.users).id}}


def _user(world: World, args: _OneUser) -> Payload:
    if args.user not in world.workspace.users:
        raise RefusalError("user_not_found")
    return {"user": user_json(world.workspace.users[args.user])}


def _joined(world: World, args: _Joined) -> Payload:
    """List the channels of a user, private ones as far as the bot is in them, too."""
    user = args.user or BOT
    kinds = {_KINDS[name] for name in args.types.split(",") if name in _KINDS}
    found = [
        channel
        for channel in world.workspace.channels.values()
        if channel.kind in kinds
        and user in channel.members
        and (channel.kind is Kind.PUBLIC or BOT in channel.members)
    ]
    for channel in found:
        require_scope_to_read(world, channel, permission="read")
    start = int(args.cursor or 0)
    end = start + args.limit
    cursor = str(end) if end < len(found) else ""
    shown = [channel_json(channel) for channel in found[start:end]]
    return {"channels": shown, "response_metadata": {"next_cursor": cursor}}


def _groups(_world: World, _args: _Nothing) -> Payload:
    listed = [{"id": group, "handle": handle} for group, handle in GROUPS.items()]
    return {"usergroups": listed}


CONVERSATION_METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "conversations.history": method(_Read, _history, takes_json=False),
        "conversations.replies": method(_Read, _replies, takes_json=False),
        "conversations.info": method(_OneChannel, _info, takes_json=False),
        "conversations.members": method(_OneChannel, _members, takes_json=False),
        "conversations.join": method(_OneChannel, _join, "channels:join"),
        "conversations.open": method(_Open, _open, "im:write"),
        "usergroups.list": method(_Nothing, _groups, "usergroups:read", takes_json=False),
        "users.conversations": method(_Joined, _joined, takes_json=False),
        "users.info": method(_OneUser, _user, "users:read", takes_json=False),
    }
)


def _check_reading(world: World, channel_id: str) -> None:
    channel = world.workspace.channel(channel_id)
    require_scope_to_read(world, channel, permission="history")
    if BOT not in channel.members:
        raise RefusalError("not_in_channel")


def _page(world: World, args: _Read, messages: list[StoredMessage]) -> Payload:
    if not 1 <= args.limit <= LARGEST_PAGE:
        raise RefusalError("invalid_limit")
    since, until = float(args.oldest), float(args.latest or "inf")
    within = [
        each
        for each in messages
        if since < float(each.ts) < until or (args.inclusive and float(each.ts) in {since, until})
    ]
    start = int(args.cursor or 0)
    end = start + args.limit
    more = end < len(within)
    counts = world.workspace.reply_counts(args.channel)
    return {
        "messages": [
            _shown(world, each, args, replies=counts[each.ts]) for each in within[start:end]
        ],
        "has_more": more,
        "response_metadata": {"next_cursor": str(end) if more else ""},
    }


def _shown(world: World, message: StoredMessage, args: _Read, *, replies: int) -> Payload:
    shown = message_json(world, message, with_metadata=args.include_all_metadata)
    return {**shown, "thread_ts": message.ts, "reply_count": replies} if replies else shown
