"""Answers of Slack's Web API, with the fields that the bot reads: one model for each kind."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

TOMBSTONE = "tombstone"
"""The mode of a file that was deleted."""


class OkAnswer(BaseModel):
    """An answer of which only `ok` is read."""

    ok: bool


class PostAnswer(BaseModel):
    """Of `chat.postMessage`: the ID of the new message."""

    ts: str


class LinkAnswer(BaseModel):
    """Of `chat.getPermalink`."""

    permalink: str


class IdentityAnswer(BaseModel):
    """Of `auth.test`: the bot's IDs."""

    team_id: str
    user_id: str
    bot_id: str = ""


class SocketAnswer(BaseModel):
    """Of `apps.connections.open`: the address of a websocket."""

    url: str


class CursorAnswer(BaseModel):
    """The cursor of the next page; empty on the last page."""

    next_cursor: str = ""


class ChannelObject(BaseModel):
    """A conversation: https://docs.slack.dev/reference/objects/conversation-object ."""

    id: str = ""
    name: str = ""
    is_private: bool = True
    is_im: bool = False
    is_mpim: bool = False
    is_ext_shared: bool = False
    is_member: bool = False


class ChannelAnswer(BaseModel):
    """Of `conversations.info` and `conversations.open`."""

    channel: ChannelObject


class MembersAnswer(BaseModel):
    """Of `conversations.members`: a page of user IDs."""

    members: list[str]
    response_metadata: CursorAnswer = CursorAnswer()


class GroupObject(BaseModel):
    """A group of people: https://docs.slack.dev/reference/objects/usergroup-object ."""

    id: str
    handle: str = ""


class GroupsAnswer(BaseModel):
    """Of `usergroups.list`."""

    usergroups: list[GroupObject]


class ProfileObject(BaseModel):
    """The names in a person's profile."""

    display_name: str = ""
    real_name: str = ""


class EnterpriseUserObject(BaseModel):
    """A person in an organisation of several workspaces."""

    teams: list[str] = []


class UserObject(BaseModel):
    """A person: https://docs.slack.dev/reference/objects/user-object ."""

    name: str = ""
    tz: str | None = None
    profile: ProfileObject = ProfileObject()
    team_id: str = ""
    enterprise_user: EnterpriseUserObject = EnterpriseUserObject()
    is_restricted: bool = False
    """A guest in several channels."""
    is_ultra_restricted: bool = False
    """A guest in one channel."""
    is_stranger: bool = False
    """Of another organisation, in no channel that the bot sees."""
    is_bot: bool = False


class UserAnswer(BaseModel):
    """Of `users.info`."""

    user: UserObject


class ShareObject(BaseModel):
    """A message that shares a file."""

    ts: str


class FileObject(BaseModel):
    """A file: https://docs.slack.dev/reference/objects/file-object ."""

    name: str = ""
    mimetype: str = ""
    size: int = 0
    mode: str = ""
    url_private_download: str = ""
    shares: dict[Literal["public", "private"], dict[str, list[ShareObject]]] = {}


class FileAnswer(BaseModel):
    """Of `files.info`."""

    file: FileObject


class UploadAnswer(BaseModel):
    """Of `files.getUploadURLExternal`."""

    file_id: str
    upload_url: str


class MetadataObject(BaseModel):
    """The metadata that an app attached to its message."""

    event_type: str = ""
    event_payload: dict[str, object] = {}


class BlockObject(BaseModel):
    """A block of a message."""

    block_id: str = ""


class MessageObject(BaseModel):
    """A message: https://docs.slack.dev/reference/events/message ."""

    ts: str
    user: str = ""
    bot_id: str = ""
    metadata: MetadataObject = MetadataObject()
    blocks: list[BlockObject] = []
    files: list[FileObject] = []


class MessagesAnswer(BaseModel):
    """Of `conversations.history` and `conversations.replies`: a page."""

    messages: list[MessageObject]
    response_metadata: CursorAnswer | None = None
