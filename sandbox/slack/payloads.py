"""The JSON of the simulated Slack's messages, files, views, channels and users."""

import json

from sandbox.slack.entities import (
    BOT,
    BOT_ID,
    TEAM,
    TEAM_NAME,
    Channel,
    Kind,
    Payload,
    StoredMessage,
    User,
)
from sandbox.slack.files import FileStatus, StoredFile
from sandbox.slack.views import View
from sandbox.slack.world import World


def message_json(world: World, message: StoredMessage, *, with_metadata: bool = False) -> Payload:
    """Return a message in the form of `conversations.history` and the events."""
    author = world.workspace.users.get(message.user)
    payload: Payload = {
        "type": "message",
        "ts": message.ts,
        "user": message.user,
        "text": message.text,
        "team": author.team if author else TEAM,
    }
    if author is not None and world.workspace.channels[message.channel].shared_with is not None:
        payload |= {"user_team": author.team, "source_team": author.team}
    if message.blocks:
        payload["blocks"] = message.blocks
    if message.user == BOT:
        payload |= {"bot_id": BOT_ID, "app_id": world.app_id}
    if message.thread_ts is not None:
        payload["thread_ts"] = message.thread_ts
    if message.files:
        shown = [world.files.files[file_id] for file_id in message.files]
        payload["files"] = [file_json(world, file) for file in shown]
    if message.edited_ts is not None:
        payload["edited"] = {"user": message.user, "ts": message.edited_ts}
    if with_metadata and message.metadata is not None:
        payload["metadata"] = message.metadata
    return payload


def file_json(world: World, file: StoredFile) -> Payload:
    """Return a file object.

    https://docs.slack.dev/reference/objects/file-object
    """
    if file.status is FileStatus.DELETED:
        return {"id": file.id, "mode": "tombstone"}
    if file.status is FileStatus.HIDDEN:
        # https://docs.slack.dev/changelog/2019-03-wild-west-for-files-no-more
        return {"id": file.id, "mode": "hidden_by_limit"}
    kinds = world.workspace.channels
    shares: dict[str, dict[str, list[Payload]]] = {}
    for channel, stamps in file.shares.items():
        kind = "public" if kinds[channel].kind is Kind.PUBLIC else "private"
        shares.setdefault(kind, {})[channel] = [{"ts": ts} for ts in stamps]
    private = world.url(f"/files-pri/{TEAM}-{file.id}")
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype if world.files.is_processed(file) else "",
        "size": file.size,
        "mode": "hosted",
        "user": file.owner,
        "alt_txt": file.alt,
        "shares": shares,
        "url_private": f"{private}/{file.id}",
        "url_private_download": f"{private}/download/{file.id}",
    }


def view_json(world: World, view: View, state: Payload | None = None) -> Payload:
    """Return a view with the fields that Slack adds."""
    return {
        **view.data,
        "id": view.id,
        "team_id": TEAM,
        "app_id": world.app_id,
        "app_installed_team_id": TEAM,
        "bot_id": BOT_ID,
        "hash": view.hash,
        "root_view_id": view.root_id,
        "previous_view_id": view.previous_id,
        "private_metadata": view.data.get("private_metadata", ""),
        "callback_id": view.data.get("callback_id", ""),
        "state": {"values": state or {}},
    }


def channel_json(channel: Channel) -> Payload:
    """Return a conversation object."""
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.kind is Kind.PUBLIC,
        "is_group": channel.kind is Kind.PRIVATE,
        "is_private": channel.kind is not Kind.PUBLIC,
        "is_im": channel.kind is Kind.DIRECT,
        "is_archived": channel.archived,
        "is_ext_shared": channel.shared_with is not None,
        "is_member": BOT in channel.members,
    }


def user_json(user: User) -> Payload:
    """Return a user object."""
    return {
        "id": user.id,
        "team_id": user.team,
        "name": user.name,
        "real_name": user.real_name,
        "is_bot": user.is_bot,
        "is_admin": user.is_admin,
        "is_owner": False,
        "is_restricted": user.is_guest,
        "is_ultra_restricted": False,
        "deleted": user.is_deactivated,
        "tz": user.tz,
        "tz_offset": user.tz_offset,
        "profile": {"display_name": user.name, "real_name": user.real_name},
    }


def person_in_payload(user: User) -> Payload:
    """Return a user in the form of interaction payloads."""
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team}


def team_in_payload(user: User) -> Payload:
    """Return the workspace in which a person acts, in the form of interaction payloads."""
    return {"id": user.team, "domain": TEAM_NAME if user.team == TEAM else user.team.lower()}


def channel_in_payload(channel: Channel) -> Payload:
    """Return a channel in the form of commands and interaction payloads."""
    names = {Kind.DIRECT: "directmessage", Kind.PRIVATE: "privategroup"}
    return {"id": channel.id, "name": names.get(channel.kind, channel.name)}


def as_form(payload: Payload) -> dict[str, str]:
    """Return an interaction payload as the form in which Slack sends it."""
    return {"payload": json.dumps(payload)}
