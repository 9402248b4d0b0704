"""How the simulated Slack writes its things as JSON: messages, files, views, people."""

import json

from sandbox.slack.entities import (
    BOT,
    BOT_ID,
    TEAM,
    TEAM_NAME,
    Channel,
    Kind,
    Payload,
    Said,
    User,
)
from sandbox.slack.files import Progress, StoredFile
from sandbox.slack.views import View
from sandbox.slack.world import World


def message_json(world: World, said: Said, *, with_metadata: bool = False) -> Payload:
    """Return a message as `conversations.history` and the events show it."""
    message: Payload = {
        "type": "message",
        "ts": said.ts,
        "user": said.user,
        "text": said.text,
        "team": TEAM,
    }
    if said.blocks:
        message["blocks"] = said.blocks
    if said.user == BOT:
        message |= {"bot_id": BOT_ID, "app_id": world.app_id}
    if said.thread_ts is not None:
        message["thread_ts"] = said.thread_ts
    if said.files:
        shown = [world.files.files[file_id] for file_id in said.files]
        message["files"] = [file_json(world, file) for file in shown]
    if said.edited_ts is not None:
        message["edited"] = {"user": said.user, "ts": said.edited_ts}
    if with_metadata and said.metadata is not None:
        message["metadata"] = said.metadata
    return message


def file_json(world: World, file: StoredFile) -> Payload:
    """Return a file object.

    https://docs.slack.dev/reference/objects/file-object
    """
    if file.progress is Progress.DELETED:
        return {"id": file.id, "mode": "tombstone"}
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
        "mimetype": file.mimetype,
        "size": file.size,
        "mode": "hosted",
        "user": file.owner,
        "alt_txt": file.alt,
        "shares": shares,
        "url_private": f"{private}/{file.id}",
        "url_private_download": f"{private}/download/{file.id}",
    }


def view_json(world: World, view: View, state: Payload | None = None) -> Payload:
    """Return a view with what Slack adds to it."""
    return {
        **view.data,
        "id": view.id,
        "team_id": TEAM,
        "app_id": world.app_id,
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
        "is_member": BOT in channel.members,
    }


def user_json(user: User) -> Payload:
    """Return a user object."""
    return {
        "id": user.id,
        "team_id": TEAM,
        "name": user.name,
        "real_name": user.real_name,
        "is_bot": user.is_bot,
        "is_admin": user.is_admin,
        "is_owner": False,
        "deleted": False,
        "tz": user.tz,
        "tz_offset": user.tz_offset,
        "profile": {"display_name": user.name, "real_name": user.real_name},
    }


def person_in_payload(user: User) -> Payload:
    """Return a person as interaction payloads name them."""
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": TEAM}


def team_in_payload() -> Payload:
    """Return the workspace as interaction payloads name it."""
    return {"id": TEAM, "domain": TEAM_NAME}


def channel_in_payload(channel: Channel) -> Payload:
    """Return a channel as payloads name it."""
    names = {Kind.DIRECT: "directmessage", Kind.PRIVATE: "privategroup"}
    return {"id": channel.id, "name": names.get(channel.kind, channel.name)}


def as_form(payload: Payload) -> dict[str, str]:
    """Return an interaction as the form field that Slack sends it in."""
    return {"payload": json.dumps(payload)}
