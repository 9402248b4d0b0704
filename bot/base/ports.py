"""What the bot needs of the outside world; every method states its promise and its errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from storage.job import Instant, Json, Output


class TaskState(StrEnum):
    """MindVideo's five states, and ours for a word that is none of them."""

    QUEUED = "queued"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_terminal(self) -> bool:
        """Whether a task stays in this state for ever."""
        return self in {TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What one answer of MindVideo told about a task; what it did not tell is `None` or empty."""

    state: TaskState
    state_text: str
    """MindVideo's own word, shown to operators."""
    task_id: str | None = None
    request_id: str | None = None
    cost_estimate: Decimal | None = None
    cost_actual: Decimal | None = None
    outputs: tuple[Output, ...] = ()
    problem: str | None = None
    """Why it failed, in MindVideo's words, cleaned and at most 300 characters."""
    memo: Mapping[str, Json] = field(default_factory=dict)
    """What to give to the next `get_task` of this task; only the client reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file on its way: its length in bytes if the sender told it, and its bytes."""

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
        """For how many seconds after it was made an idempotency key can be sent safely."""

    def request_body(self, model: str, options: Mapping[str, Json]) -> bytes:
        """Return the exact bytes of a submit; the same arguments give the same bytes."""

    async def submit(self, body: bytes, idempotency_key: str) -> Snapshot:
        """Start a task, or get the one that this key started before.

        Idempotent while MindVideo remembers the key (`key_lifetime`) and the bytes are the same.
        Raises `OutcomeUnknownError` when the task may have started, `KeyConflictError` when the
        key belongs to another input, `RefusedError` when MindVideo will not do it. The snapshot
        always has a `task_id`.
        """

    async def get_task(
        self, task_id: str, memo: Mapping[str, Json], *, fresh_urls: bool = False
    ) -> Snapshot:
        """Return how the task goes. A read: repeat freely.

        `memo` is that of the last snapshot; `fresh_urls` asks for addresses of the files that were
        made now. Raises `NotFoundError` when MindVideo does not know the task, `RetryLaterError`
        for whatever may pass.
        """

    def download(self, url: str) -> AbstractAsyncContextManager[Download]:
        """Open an output's bytes as a stream. A read: repeat freely, with a fresh URL if need be.

        Entering and reading raise `NotFoundError` when the URL has expired (403, 404, 410),
        `RefusedError` when it leads to an address that is not public or is too large, and
        `RetryLaterError` when the connection broke or fewer bytes came than were promised.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFile:
    """A file that a person put into Slack. `size` in bytes; `mimetype` as Slack believes it."""

    id: str
    name: str
    mimetype: str
    size: int
    url: str


class PersonFiles(Protocol):
    """Files that people attached in Slack. Both methods are reads: repeat freely."""

    async def describe(self, file_id: str) -> PersonFile:
        """Return what a file is. Raises `NotFoundError` when it is gone or not for our eyes."""

    def open(self, file: PersonFile) -> AbstractAsyncContextManager[Download]:
        """Open a file's bytes as a stream.

        Entering and reading raise `NotFoundError`, `OperatorMustActError`, `RefusedError` (it is
        not at Slack) and `RetryLaterError`.
        """


class ReferenceImages(Protocol):
    """The images that people attached, which an input names by `bot.options.references`."""

    async def resolve(self, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return an input in which links that MindVideo can read take the place of the files.

        Reads alone: repeat freely, but each time may give other links. Raises `RefusedError` for
        a file that is gone, too large or no image, `RetryLaterError` and `OperatorMustActError`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is posted in Slack: `text` for notifications and screen readers, `blocks` to show."""

    text: str
    blocks: Sequence[Mapping[str, Json]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in Slack a message is posted: a channel, and a thread in it or `None`."""

    channel: str
    thread_ts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message of ours: Slack's ID of it, and when it was posted by Slack's clock."""

    ts: str
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadTarget:
    """Slack's answer to an announced upload: the file's ID, and where its bytes go."""

    file_id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """What Slack knows of one of our files."""

    uploaded: bool
    """Its bytes are there."""
    shared_ts: str | None
    """The message that shares it in the channel asked about, if one does."""


class Chat(Protocol):
    """Slack.

    Every method may raise `RetryLaterError` (429 with its `Retry-After`; nothing was done),
    `OperatorMustActError` (token revoked, scope missing) and, unless it says that it is safe to
    repeat, `OutcomeUnknownError` (reply lost, `internal_error`, `fatal_error`).
    """

    async def read_clock(self) -> Instant:
        """Return the moment by Slack's clock, which stamps its messages. A read.

        Raises `RetryLaterError` where Slack tells none.
        """

    async def join(self, channel: str) -> None:
        """Enter a public channel. Safe to repeat. Raises `UnreachablePlaceError` if that fails."""

    async def post(self, place: Place, message: Message, row_id: str) -> Posted:
        """Post a message with a row's ID as metadata.

        Not idempotent: Slack has no key for it. After `OutcomeUnknownError` call `find_posts`.
        Raises `UnreachablePlaceError`.
        """

    async def find_posts(
        self, place: Place, row_id: str, since: Instant, *, marked: bool = False
    ) -> list[Posted]:
        """Return our messages in `place` that carry a row's ID, the oldest first. A read.

        `since` bounds how far back to look; `marked` leaves out what carries the ID as metadata
        alone, as a job's own message does and its result does not.
        """

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace what a message of ours says. Safe to repeat.

        Raises `UnreachablePlaceError` when the message is gone.
        """

    async def send_ephemeral(
        self, place: Place, user: str, message: Message, response_url: str | None
    ) -> None:
        """Show a message to one person: by `response_url`, else ephemerally, else directly.

        Safe to repeat in that the person sees it twice at worst.
        """

    async def open_direct(self, user: str) -> str:
        """Return the channel of our direct conversation with `user`. Safe to repeat."""

    async def reserve_upload(self, filename: str, length: int, alt_text: str) -> UploadTarget:
        """Announce a file of `length` bytes. Harmless to repeat: an unused reservation expires.

        Raises `CannotShareFileError`.
        """

    async def send_upload(self, target_url: str, length: int, chunks: AsyncIterator[bytes]) -> None:
        """Send a reserved file's bytes, as a stream.

        Raises `OutcomeUnknownError` after any doubt (`file_state` tells), and lets errors of
        `chunks` pass through.
        """

    async def share(self, files: Sequence[tuple[str, str]], place: Place, message: Message) -> None:
        """Share uploaded files, `(file_id, title)` each, as one message.

        Slack takes this once a file and may answer ok without having shared: `file_state` tells.
        Raises `CannotShareFileError`, `UnreachablePlaceError`.
        """

    async def file_state(self, file_id: str, channel: str) -> FileState:
        """Return whether the file's bytes are there and where it is shared. A read.

        Raises `NotFoundError` when Slack does not know the file.
        """

    async def delete_file(self, file_id: str) -> None:
        """Delete a file of ours that must not be shared any more. Safe to repeat."""


class EphemeralMessages(Protocol):
    """Messages to one person that follow an acknowledgement in the background. Best effort."""

    def send(
        self,
        key: str,
        place: Place | None,
        user: str,
        message: Message,
        response_url: str | None = None,
    ) -> None:
        """Show a message to `user`, once for each `key` that is remembered.

        By `response_url` while that is good, else in `place`, or directly if there is none.
        """

    def has_sent(self, key: str) -> bool:
        """Tell whether something was sent, or is being sent, under this key."""


class Views(Protocol):
    """Forms and Home tabs at Slack.

    Every method is safe to repeat: a trigger serves once, so a repeated `open` is refused, not
    doubled. Each may raise `RefusedError` when the trigger has expired (3 s) or was used,
    `NotFoundError` when the form is closed, `RetryLaterError` and `OperatorMustActError`.
    """

    async def open(self, trigger_id: str, view: Mapping[str, Json]) -> None:
        """Open a form for the person whose click or command gave the trigger.

        A trigger that was used by an earlier delivery has opened it already, which is no error.
        """

    async def update(
        self, view_id: str, view: Mapping[str, Json], *, if_hash: str | None = None
    ) -> None:
        """Redraw an open form; with `if_hash` only if it has not changed since."""

    async def publish_home(self, user: str, view: Mapping[str, Json]) -> None:
        """Redraw a person's Home tab."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of the workspace."""

    name: str
    """As plain text: naming somebody so notifies nobody."""
    zone: str
    """The time zone's name, such as `Europe/Berlin`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A channel, or a direct or group conversation, as the bot sees it."""

    is_public: bool
    """Everybody in the workspace may read it."""
    has_bot: bool
    """The bot is a member."""


class Directory(Protocol):
    """Who people are, who may see what, where a message is. Every method is a read.

    Each may raise `RetryLaterError` and `OperatorMustActError`.
    """

    async def person(self, user: str) -> Person:
        """Return who this is; somebody whom Slack does not know has no name and lives in UTC."""

    async def conversation(self, channel: str) -> Conversation:
        """Return what kind of conversation this is; one that the bot cannot see is not public."""

    async def is_member(self, channel: str, user: str) -> bool:
        """Tell whether somebody is a member. Raises `UnreachablePlaceError`."""

    async def permalink(self, channel: str, ts: str) -> str | None:
        """Return the link to a message; `None`: it is gone."""


class ProgressEdits(Protocol):
    """How many edits that only show progress a workspace still takes."""

    def try_take(self, team: str, now: Instant) -> bool:
        """Take one edit for progress if the workspace can spare it."""

    def take(self, team: str, now: Instant) -> None:
        """Count an edit that could not wait."""

    def hold(self, team: str, until: Instant) -> None:
        """Take nothing for progress before this moment: Slack said when to come back."""


class Observer(Protocol):
    """Counts what the bot does, for metrics."""

    def ask_answered(self, surface: str, answer: str, seconds: float) -> None:
        """Count an answer: `accepted`, `answered` in words, `refused`, or a form `opened`."""

    def step_done(self, step: str, result: str, seconds: float) -> None:
        """Count a step; `result` is its kind in lower case, or the kind of its error."""
