"""Answers of Slack's Web API, with the fields that the bot reads: one model for each kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from bot.base.lenient import LenientObject

Ts = Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,9})?$")]
"""The ID of a message, which is the time at which it was posted, in seconds."""

Restriction = Annotated[bool, BeforeValidator(lambda value: value is not False)]
"""A flag that forbids something: any value but false forbids it. Absent, it does not."""

TOMBSTONE = "tombstone"
"""The mode of a file that was deleted."""


class OkAnswer(LenientObject):
    """An answer of which only `ok` is read."""

    ok: bool


class HashedView(LenientObject):
    """A view as Slack returns it: its hash changes with each update."""

    hash: str = ""


class ViewAnswer(LenientObject):
    """Of `views.update`: the view as it is now."""

    ok: bool
    view: HashedView | None = None


class PostAnswer(LenientObject):
    """Of `chat.postMessage`: the ID of the new message."""

    ts: Ts


class LinkAnswer(LenientObject):
    """Of `chat.getPermalink`."""

    permalink: str


class IdentityAnswer(LenientObject):
    """Of `auth.test`: the bot's IDs."""

    team_id: str
    user_id: str
    bot_id: str = ""


class SocketAnswer(LenientObject):
    """Of `apps.connections.open`: the address of a websocket."""

    url: str


class CursorAnswer(LenientObject):
    """The cursor of the next page; empty on the last page."""

    next_cursor: str = ""


class ChannelObject(LenientObject):
    """A conversation: https://docs.slack.dev/reference/objects/conversation-object ."""

    id: str = ""
    name: str = ""
    is_private: Restriction = True
    is_im: Restriction = False
    is_mpim: Restriction = False
    is_ext_shared: Restriction = False
    is_member: bool = False


class ChannelAnswer(LenientObject):
    """Of `conversations.info` and `conversations.open`."""

    channel: ChannelObject


class ChannelsAnswer(LenientObject):
    """Of `users.conversations`: a page."""

    channels: list[ChannelObject]
    response_metadata: CursorAnswer = Field(default_factory=CursorAnswer)


class MembersAnswer(LenientObject):
    """Of `conversations.members`: a page of user IDs."""

    members: list[str]
    response_metadata: CursorAnswer = Field(default_factory=CursorAnswer)


class GroupObject(LenientObject):
    """A group of people: https://docs.slack.dev/reference/objects/usergroup-object ."""

    id: str
    handle: str = ""


class GroupsAnswer(LenientObject):
    """Of `usergroups.list`."""

    usergroups: list[GroupObject]


class ProfileObject(LenientObject):
    """The names in a person's profile."""

    display_name: str = ""
    real_name: str = ""


class EnterpriseUserObject(LenientObject):
    """A person in an organisation of several workspaces."""

    teams: list[str] = Field(default_factory=list)


class UserObject(LenientObject):
    """A person: https://docs.slack.dev/reference/objects/user-object ."""

    name: str = ""
    tz: str | None = None
    profile: ProfileObject = Field(default_factory=ProfileObject)
    team_id: str = ""
    enterprise_user: EnterpriseUserObject = Field(default_factory=EnterpriseUserObject)
    is_restricted: Restriction = False
    """A guest in several channels."""
    is_ultra_restricted: Restriction = False
    """A guest in one channel."""
    is_stranger: Restriction = False
    """Of another organisation, in no channel that the bot sees."""
    is_bot: bool = False


class UserAnswer(LenientObject):
    """Of `users.info`."""

    user: UserObject


class ShareObject(LenientObject):
    """A message that shares a file."""

    ts: Ts


class FileObject(LenientObject):
    """A file: https://docs.slack.dev/reference/objects/file-object ."""

    id: str = ""
    name: str = ""
    mimetype: str = ""
    size: int = 0
    mode: str = ""
    url_private_download: str = ""
    shares: dict[Literal["public", "private"], dict[str, list[ShareObject]]] = Field(
        default_factory=dict
    )


class FileAnswer(LenientObject):
    """Of `files.info`."""

    file: FileObject


class UploadAnswer(LenientObject):
    """Of `files.getUploadURLExternal`."""

    file_id: str
    upload_url: str


class MetadataObject(LenientObject):
    """The metadata that an app attached to its message."""

    event_type: str = ""
    event_payload: dict[str, object] = Field(default_factory=dict)


class BlockObject(LenientObject):
    """A block of a message."""

    block_id: str = ""


class MessageObject(LenientObject):
    """A message: https://docs.slack.dev/reference/events/message ."""

    ts: Ts
    user: str = ""
    bot_id: str = ""
    metadata: MetadataObject = Field(default_factory=MetadataObject)
    blocks: list[BlockObject] = Field(default_factory=list)
    files: list[FileObject] = Field(default_factory=list)


class MessagesAnswer(LenientObject):
    """Of `conversations.history` and `conversations.replies`: a page."""

    messages: list[MessageObject]
    response_metadata: CursorAnswer | None = None
