"""The part of the simulated Slack that one person sees, as JSON for the demo page."""

from dataclasses import dataclass

from sandbox.slack.entities import (
    BOT,
    TEAM,
    Channel,
    Kind,
    Payload,
    RefusalError,
    StoredMessage,
    User,
)
from sandbox.slack.files import FileStatus, StoredFile
from sandbox.slack.people import People
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class PageQuery:
    """Whose view of Slack to return, with which channel (`None`: the first) and thread open."""

    user: str
    channel: str | None = None
    thread_ts: str | None = None


def state_for(people: People, query: PageQuery) -> Payload:
    """Return the state that the page shows to one person. Raises `RefusalError`."""
    workspace = people.world.workspace
    me = _user(workspace, query.user)
    channels = [channel for channel in workspace.channels.values() if me.id in channel.members]
    channel = next((each for each in channels if query.channel in {None, each.id}), None)
    if channel is None:
        raise RefusalError("channel_not_found")
    replies = workspace.reply_counts(channel.id)
    home = people.world.views.homes.get(me.id)
    modal = people.world.views.top(me.id)
    return {
        "version": workspace.version,
        "me": _user_json(me),
        "bot": _user_json(workspace.users[BOT]),
        "users": [_user_json(user) for user in workspace.users.values() if not user.is_bot],
        "channels": [_channel_json(workspace, each, me) for each in channels],
        "channel": _channel_json(workspace, channel, me),
        "messages": [
            message_for_page(people, message, replies=replies[message.ts])
            for message in _visible(workspace, channel, me)
            if message.thread_ts is None
        ],
        "thread": _thread_json(people, channel, me, query.thread_ts),
        "prompts": [each.model_dump() for each in people.world.prompts.get(channel.id, [])],
        "views": {
            "modal": None if modal is None else _view_json(modal),
            "home": None if home is None else _view_json(home),
        },
        "shortcuts": [each.model_dump() for each in people.world.app.shortcuts],
        "error": people.errors_shown.get(me.id),
    }


def message_for_page(people: People, message: StoredMessage, *, replies: int = 0) -> Payload:
    """Return a message in the form that the page reads."""
    files = [people.world.files.files[file_id] for file_id in message.files]
    return {
        "ts": message.ts,
        "user": message.user,
        "bot": message.user == BOT,
        "text": message.text,
        "blocks": message.blocks,
        "edited": message.edited_ts is not None,
        "thread_ts": message.thread_ts,
        "reply_count": replies,
        "files": [_file_json(file) for file in files if file.status is FileStatus.COMPLETED],
        "ephemeral_for": message.ephemeral_for,
    }


def _visible(workspace: Workspace, channel: Channel, me: User) -> list[StoredMessage]:
    messages = workspace.all_in(channel.id)
    return [message for message in messages if message.ephemeral_for in {None, me.id}]


def _thread_json(
    people: People, channel: Channel, me: User, thread_ts: str | None
) -> Payload | None:
    workspace = people.world.workspace
    if thread_ts is None or workspace.find(channel.id, thread_ts) is None:
        return None
    visible = _visible(workspace, channel, me)
    shown = [message for message in visible if thread_ts in {message.ts, message.thread_ts}]
    replies = workspace.reply_counts(channel.id)
    messages = [message_for_page(people, message, replies=replies[message.ts]) for message in shown]
    status = people.world.status(channel.id, thread_ts)
    return {"ts": thread_ts, "messages": messages, "status": status}


def _user(workspace: Workspace, user: str) -> User:
    if user not in workspace.users:
        raise RefusalError("user_not_found")
    return workspace.users[user]


def _user_json(user: User) -> Payload:
    return {
        "id": user.id,
        "name": user.name,
        "real_name": user.real_name,
        "is_bot": user.is_bot,
        "is_admin": user.is_admin,
        "is_external": user.team != TEAM,
    }


def _channel_json(workspace: Workspace, channel: Channel, me: User) -> Payload:
    name = channel.name
    if channel.kind is Kind.DIRECT:
        (other,) = channel.members - {me.id}
        name = workspace.users[other].name
    return {
        "id": channel.id,
        "name": name,
        "kind": channel.kind,
        "bot_is_member": BOT in channel.members,
        "archived": channel.archived,
    }


def _file_json(file: StoredFile) -> Payload:
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "size": file.size,
        "url": f"/demo/files/{file.id}",
        "alt": file.alt,
    }


def _view_json(view: View) -> Payload:
    return {
        "id": view.id,
        "previous_id": view.previous_id,
        "type": view.kind,
        "title": _plain(view.data.get("title")) or "",
        "submit": _plain(view.data.get("submit")),
        "close": _plain(view.data.get("close")),
        "blocks": view.data["blocks"],
        "errors": view.errors,
    }


def _plain(text: object) -> str | None:
    return str(text["text"]) if isinstance(text, dict) else None
