"""The bot's interfaces to the outside world; each method documents its guarantees and errors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from storage.job import Film, Instant, Json, Output


class TaskState(StrEnum):
    """MindVideo's five states, and `UNKNOWN` for any other."""

    QUEUED = "queued"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_terminal(self) -> bool:
        """Whether a task never leaves this state."""
        return self in {TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED}


MOST_FILES = 10
"""Files of one render that are put into Slack; a message with more is no result any more."""

MOST_OUTPUTS = MOST_FILES + 1
"""Outputs of one render that are read: the one behind the files is told as a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The state of a task in one response of MindVideo; a missing value is `None` or empty."""

    state: TaskState
    state_text: str
    """MindVideo's own name for the state, shown to operators."""
    task_id: str | None = None
    request_id: str | None = None
    cost_estimate: Decimal | None = None
    cost_actual: Decimal | None = None
    outputs: tuple[Output, ...] = ()
    """At most `MOST_OUTPUTS`."""
    problem: str | None = None
    """MindVideo's message about the failure, cleaned, at most 300 characters."""
    problem_code: str | None = None
    """MindVideo's own code for the failure."""
    memo: Mapping[str, Json] = field(default_factory=dict)
    """The `memo` for the next `get_task` of this task; opaque outside the client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file as a stream: its length in bytes if the sender declared it, and its bytes."""

    length: int | None
    content_type: str | None
    chunks: AsyncIterator[bytes]


class VideoService(Protocol):
    """MindVideo.

    Every method may raise `RetryLaterError` (429, 425, no connection) and
    `OperatorMustActError` (401, 402, 403).
    """

    @property
    def key_lifetime(self) -> float:
        """For how many seconds after its creation an idempotency key can be sent safely."""

    def request_body(self, model: str, options: Mapping[str, Json]) -> bytes:
        """Return the exact bytes of a submit; the same arguments give the same bytes."""

    async def submit(self, body: bytes, idempotency_key: str) -> Snapshot:
        """Start a task, or return the one that this key has started before.

        Idempotent while MindVideo remembers the key (`key_lifetime`) and the bytes are the same.
        Raises `OutcomeUnknownError` when the task may have started, `KeyConflictError` when the
        key belongs to another input, `RefusedError` when MindVideo refuses it. The snapshot
        always has a `task_id`.
        """

    async def get_task(
        self, task_id: str, memo: Mapping[str, Json], *, fresh_urls: bool = False
    ) -> Snapshot:
        """Return the state of a task. A read: repeat freely.

        `memo` is that of the last snapshot; `fresh_urls` requests new URLs of the files. Raises
        `NotFoundError` when MindVideo does not know the task, `RetryLaterError` for any failure
        that may be temporary.
        """

    def download(self, url: str) -> AbstractAsyncContextManager[Download]:
        """Open an output's bytes as a stream. A read: repeat freely, with a fresh URL if need be.

        Entering and reading raise `NotFoundError` when the URL has expired (403, 404, 410),
        `RefusedError` when it leads to an address that is not public or the file is too large, and
        `RetryLaterError` when the connection broke or fewer bytes came than were declared.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFile:
    """A file that a user put into Slack. `size` is in bytes, `mimetype` is Slack's guess."""

    id: str
    name: str
    mimetype: str
    size: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedFile:
    """A file in a message. `size` is in bytes; what Slack does not tell is empty or 0."""

    message_ts: str
    id: str
    name: str
    mimetype: str
    size: int


class PersonFiles(Protocol):
    """Files at Slack, attached by users or the bot's own. All methods are reads: repeat freely."""

    async def describe(self, file_id: str) -> PersonFile:
        """Describe a file. Raises `NotFoundError` when it is gone or not visible to the bot."""

    def open(self, file: PersonFile) -> AbstractAsyncContextManager[Download]:
        """Open a file's bytes as a stream.

        Entering and reading raise `NotFoundError`, `OperatorMustActError`, `RefusedError` (it is
        not stored at Slack) and `RetryLaterError`.
        """

    async def in_thread(self, channel: str, root_ts: str) -> Sequence[PostedFile]:
        """Return the files of a thread's first message and of its first replies, in order.

        Raises `UnreachablePlaceError` where the bot may not read, `RetryLaterError` and
        `OperatorMustActError`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBytes:
    """An image whose bytes were looked at: with the type and the extension of its real format."""

    data: bytes | bytearray
    content_type: str
    suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A picture from a video, as the bytes of a JPEG, and the properties of the video."""

    picture: bytes
    film: Film


MOST_CLIPS = 40
"""Of one film: each is a file on the disk while it is joined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipToJoin:
    """One clip of a film."""

    open: Callable[[], AbstractAsyncContextManager[Download]]
    """Opens its bytes as a stream."""
    until: float | None = None
    """The second at which it ends in the film; `None`: at its own end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedFilm:
    """A film that was joined: its bytes as a stream, and its properties."""

    download: Download
    film: Film


class UnfitFilmError(Exception):
    """Clips cannot be joined. `position`, from 0, is that of the one at fault, if one is."""

    def __init__(self, problem: str, position: int | None = None) -> None:
        super().__init__(problem)
        self.position = position


class Films(Protocol):
    """Finished videos, read in a process for each task.

    All methods are reads: repeat freely. They raise `RetryLaterError`, and what reading a download
    raises.
    """

    async def still(self, download: Download) -> Still | None:
        """Return a picture from a video; `None`: it cannot be read, or costs too much to read."""

    async def frame(self, download: Download, seconds: float | None) -> Still | None:
        """Return the frame at a time, in the video's full size; with `None` the last one.

        Behind the end it is the last one as well. Returns `None` as `still` does.
        """

    def join(
        self, clips: Sequence[ClipToJoin], comment: str
    ) -> AbstractAsyncContextManager[JoinedFilm]:
        """Open the MP4 that clips make one behind the other, with a comment in its metadata.

        At most `MOST_CLIPS`. Entering raises `UnfitFilmError` if one of them cannot be read, or
        they are too long.
        """


class ContactSheets(Protocol):
    """Pictures side by side, drawn in a process of its own."""

    async def draw(self, pictures: Sequence[bytes | None]) -> bytes | None:
        """Return a JPEG of at most 12 pictures, each with its number; `None`: none can be read.

        A picture that is `None`, or cannot be read, is an empty tile. Repeat freely. Raises
        `RetryLaterError`.
        """


class ReferenceImages(Protocol):
    """The images that users attached, which an input refers to by `bot.options.references`."""

    async def resolve(self, model: str, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return a model's input with links that MindVideo can read in place of the files.

        Images in a format that the model does not take are converted.

        A read: repeat freely, but each call may return other links. Raises `RefusedError` for a
        file that is gone, too large, of a shape that the model does not take or not an image,
        `RetryLaterError` and `OperatorMustActError`.
        """

    async def names(self, file_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the names of files by ID, as far as Slack tells them. A read; raises nothing."""

    async def copied(self, file_id: str) -> ImageBytes:
        """Return a file as an image that can be kept: one that the default model takes.

        Converted if need be. A read; raises what `resolve` does.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message for Slack: `text` for notifications and screen readers, `blocks` to show."""

    text: str
    blocks: Sequence[Mapping[str, Json]] = ()
    replaces: bool = False
    """Whether it comes in place of the ephemeral message whose button was pressed, if Slack still
    lets that be replaced."""

    @property
    def digest(self) -> str:
        """A digest of its content: rows keep that of a message as it was last sent."""
        content = json.dumps([self.text, list(self.blocks)], sort_keys=True)
        return hashlib.blake2b(content.encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in Slack a message is posted: a channel, and a thread in it or `None`."""

    channel: str
    thread_ts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message of the bot: its `ts`, Slack's ID, and the time of the post by Slack's clock."""

    ts: str
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadTarget:
    """Slack's response to an announced upload: the file's ID, and the URL for its bytes."""

    file_id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """The state at Slack of a file that the bot uploaded."""

    uploaded: bool
    """Slack has its bytes."""
    shared_ts: str | None
    """The `ts` of the message that shares it in the given channel, or `None`."""
    is_picture: bool = False
    """Slack has found out that it is a picture: blocks of a message may show it."""


class Chat(Protocol):
    """Slack.

    Every method may raise `RetryLaterError` (429 with its `Retry-After`; nothing was done),
    `OperatorMustActError` (token revoked, scope missing) and, unless it says that it is safe to
    repeat, `OutcomeUnknownError` (response lost, `internal_error`, `fatal_error`).
    """

    def known_clock(self) -> Instant | None:
        """Return the time by Slack's clock, if an answer of the last seconds tells it.

        It is too early if the machine was stopped since, for a time that it does not count.
        """

    async def read_clock(self) -> Instant:
        """Return the time by Slack's clock, which also gives the times of messages. A read.

        Raises `RetryLaterError` if Slack's response has no time.
        """

    async def join(self, channel: str) -> None:
        """Join a public channel. Safe to repeat. Raises `UnreachablePlaceError` if that fails."""

    async def post(self, place: Place, message: Message, row_id: str) -> Posted:
        """Post a message with a row's ID as metadata.

        Not idempotent, because Slack takes no idempotency key. After `OutcomeUnknownError` call
        `find_posts`. Raises `UnreachablePlaceError`.
        """

    async def find_posts(
        self, place: Place, row_id: str, since: Instant, *, marked: bool = False
    ) -> list[Posted]:
        """Return the bot's messages in `place` that carry a row's ID, the oldest first. A read.

        `since` bounds how far back to search; `marked` leaves out messages that carry the ID only
        as metadata, as a job's own message does and its result does not.
        """

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace the content of one of the bot's messages. Safe to repeat.

        Raises `UnreachablePlaceError` when the message is gone.
        """

    async def send_ephemeral(
        self, place: Place, user: str, message: Message, response_url: str | None
    ) -> None:
        """Send a message to one user: by `response_url`, else as ephemeral, else as direct message.

        Safe to repeat: the user sees it twice at worst.
        """

    async def open_direct(self, user: str) -> str:
        """Return the channel of the bot's direct conversation with `user`. Safe to repeat."""

    async def reserve_upload(self, filename: str, length: int, alt_text: str) -> UploadTarget:
        """Announce a file of `length` bytes. Harmless to repeat: an unused reservation expires.

        Raises `CannotShareFileError`.
        """

    async def send_upload(self, target_url: str, length: int, chunks: AsyncIterator[bytes]) -> None:
        """Send a reserved file's bytes, as a stream.

        Raises `OutcomeUnknownError` if Slack may have the bytes (`file_state` shows it). Errors of
        `chunks` are passed on.
        """

    async def share(self, files: Sequence[tuple[str, str]], place: Place, message: Message) -> None:
        """Share uploaded files, `(file_id, title)` each, as one message.

        Slack allows this once for a file and may respond ok without sharing: see `file_state`.
        Raises `CannotShareFileError`, `UnreachablePlaceError`.
        """

    async def complete_upload(self, file_id: str, title: str) -> None:
        """Complete an upload without sharing the file, which blocks of messages can show then.

        Slack allows this once for a file: after an unknown outcome, and at a repeat, `file_state`
        shows whether it was done. Raises `NotFoundError` at a repeat, and `CannotShareFileError`.
        """

    async def file_state(self, file_id: str, channel: str) -> FileState:
        """Return whether the file's bytes are there and where it is shared. A read.

        Raises `NotFoundError` when Slack does not know the file.
        """

    async def delete_file(self, file_id: str) -> None:
        """Delete an uploaded file that must not be shared any more. Safe to repeat.

        Raises `RefusedError` for one that the bot may not delete.
        """

    async def delete_message(self, channel: str, ts: str) -> None:
        """Delete a message of the bot. Safe to repeat: one that is gone stays so.

        Raises `RefusedError` if the bot may not delete it.
        """


class EphemeralMessages(Protocol):
    """Messages to one user, sent in the background after an acknowledgement. Best effort."""

    def send(
        self,
        key: str,
        place: Place | None,
        user: str,
        message: Message,
        response_url: str | None = None,
    ) -> None:
        """Send a message to `user`, once for each `key` that is remembered.

        By `response_url` while that is valid, else as ephemeral message in `place`, or as direct
        message if there is none.
        """

    def has_sent(self, key: str) -> bool:
        """Return whether a message was sent, or is being sent, under this key."""


class MessageEdits(Protocol):
    """Edits of the bot's messages, made in the background after an acknowledgement. Best effort."""

    def draw(self, key: str, draw: Callable[[], Awaitable[None]]) -> None:
        """Draw the message with this key; once more, with the last `draw`, if it is being drawn.

        `draw` reads what the message is to show whenever it is called: it is called again after a
        passing failure.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedPrompt:
    """A message that a user can send by one press: its label, and its text."""

    title: str
    message: str


class AgentView(Protocol):
    """Hints in the bot's direct conversations, sent in the background.

    Nothing depends on one: a hint that fails, or for which there is no room, is dropped.
    """

    def suggest(
        self,
        channel: str,
        prompts: Sequence[SuggestedPrompt],
        *,
        may: Callable[[], Awaitable[bool]],
    ) -> None:
        """Show prompts in a direct conversation, unless `may` returns false."""

    def show_status(self, place: Place, status: str) -> None:
        """Show in a thread what the bot does, until its next message there."""


class Views(Protocol):
    """Forms and Home tabs at Slack.

    Every method is safe to repeat: a trigger is valid once, so a repeated `open` is refused and
    opens no second form. Each may raise `RefusedError` when the trigger has expired (3 s) or was
    used, `NotFoundError` when the form is closed, `RetryLaterError` and `OperatorMustActError`.
    """

    async def open(self, trigger_id: str, view: Mapping[str, Json]) -> None:
        """Open a form for the user whose click or command has this trigger.

        If an earlier copy of the same request used the trigger, the form is open: no error.
        """

    async def push(self, trigger_id: str, view: Mapping[str, Json]) -> None:
        """Put a modal on top of the form in which the user's click has this trigger.

        The form keeps what was entered, and shows again once the modal is closed. No error if an
        earlier copy of the same request, or another click, has put one there.
        """

    async def update(
        self, view_id: str, view: Mapping[str, Json], *, if_hash: str | None = None
    ) -> str:
        """Update an open form; with `if_hash` only if it has not changed since.

        Returns the hash that it has then; empty if Slack does not tell it.
        """

    async def publish_home(self, user: str, view: Mapping[str, Json]) -> None:
        """Publish a user's Home tab."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person, as Slack describes them."""

    name: str
    """Plain text and not a mention, so that it notifies nobody."""
    zone: str
    """The time zone's name, such as `Europe/Berlin`."""
    teams: frozenset[str] = frozenset()
    """The workspaces of which they are a member; empty if Slack does not tell."""
    is_guest: bool = False
    """They may see some channels only."""
    is_stranger: bool = False
    """They belong to another organisation, or Slack does not know them."""
    is_bot: bool = False

    def is_member_of(self, team: str) -> bool:
        """Return whether they are a full member of a workspace, and no app."""
        is_elsewhere = bool(self.teams) and team not in self.teams
        return not (self.is_guest or self.is_stranger or self.is_bot or is_elsewhere)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A channel, or a direct or group conversation, as the bot sees it."""

    is_public: bool
    """All members of the workspace may read it."""
    has_bot: bool
    """The bot is a member."""
    name: str = ""
    """Without `#`; empty if the bot cannot see it."""
    is_shared: bool = False
    """People of another organisation may read it."""


class Directory(Protocol):
    """Members, conversations and links to messages. Every method is a read.

    Each may raise `RetryLaterError` and `OperatorMustActError`.
    """

    async def person(self, user: str) -> Person:
        """Return a person; one that the bot may not look up has no name and the zone UTC.

        One that Slack does not know is a stranger. Raises no `OperatorMustActError`.
        """

    async def identify(self, user: str) -> Person:
        """Return a person, for a decision: raises `OperatorMustActError` if the bot may not ask."""

    def known(self, user: str) -> Person | None:
        """Return a person that was looked up a moment ago, without a call; else `None`."""

    async def conversation(self, channel: str) -> Conversation:
        """Return the kind of a conversation; one that the bot cannot see is not public."""

    async def group(self, group: str) -> str | None:
        """Return the handle of a group of people, without `@`; `None`: it is not known."""

    async def public_channels(self) -> frozenset[str]:
        """Return the public channels that the bot is in."""

    async def common_channels(self, user: str) -> frozenset[str]:
        """Return the channels, public and private, that a user and the bot are both in."""

    async def is_member(self, channel: str, user: str) -> bool:
        """Return whether a user is a member. Raises `UnreachablePlaceError`."""

    async def permalink(self, channel: str, ts: str) -> str | None:
        """Return the link to a message, or `None` if it is gone."""


class Observer(Protocol):
    """Counts what the bot does, for metrics."""

    def ask_answered(self, surface: str, answer: str, seconds: float) -> None:
        """Count an answer.

        It is `accepted`, `answered` by a text, `refused`, a form `opened`, or `failed`: the store
        refused, or nobody foresaw what happened.
        """

    def request_unserved(self, kind: str, reason: str) -> None:
        """Count a request of Slack's that is `unknown` or `unreadable`.

        `kind`: `event`, `command` or `interaction`.
        """

    def step_done(self, step: str, result: str, seconds: float) -> None:
        """Count a step; `result` is its kind in lower case, or the kind of its error.

        `crashed`: it was not run, because the process died in it before.
        """
