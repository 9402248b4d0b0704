"""What the steps need of the outside world; every method states its promise and its errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from storage.job import Instant, Json, LookBy, Output


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
    look_by: LookBy = LookBy.EVENTS
    """Which call to use next time for this task."""


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

    def request_body(self, model: str, options: Mapping[str, Json]) -> bytes:
        """Return the exact bytes of a submit; the same arguments give the same bytes."""

    async def submit(self, body: bytes, idempotency_key: str) -> Snapshot:
        """Start a task, or get the one that this key started before.

        Idempotent while MindVideo remembers the key (assume 24 h) and the bytes are the same.
        Raises `OutcomeUnknownError` when the task may have started, `KeyConflictError` when the
        key stands for another input, `RefusedError` when MindVideo will not do it. The snapshot
        always has a `task_id`.
        """

    async def look(self, task_id: str, by: LookBy) -> Snapshot:
        """Tell how the task goes. A read: repeat freely.

        Raises `NotFoundError` when MindVideo does not know the task, `RetryLaterError` for any
        passing trouble.
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
        """Tell what a file is. Raises `NotFoundError` when it is gone or not for our eyes."""

    def open(self, file: PersonFile) -> AbstractAsyncContextManager[Download]:
        """Open a file's bytes as a stream.

        Entering and reading raise `NotFoundError`, `OperatorMustActError`, `RefusedError` (it is
        not at Slack) and `RetryLaterError`.
        """


class Pictures(Protocol):
    """The images that people attached, which an input names by `bot.options.references`."""

    async def resolve(self, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return an input in which links that MindVideo can read stand for the files.

        Reads alone: repeat freely, but each time may give other links. Raises `RefusedError` for
        a file that is gone, too large or no image, `RetryLaterError` and `OperatorMustActError`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What stands in Slack: `text` for notifications and screen readers, `blocks` for the eye."""

    text: str
    blocks: Sequence[Mapping[str, Json]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in Slack something is said: a channel, and a thread in it or `None`."""

    channel: str
    thread_ts: str | None = None


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

    async def post(self, place: Place, message: Message, job_id: str) -> str:
        """Post, with the job's ID as metadata, and return the message's `ts`.

        Not idempotent: Slack has no key for it. After `OutcomeUnknownError` call `find_posts`.
        Raises `UnreachablePlaceError`.
        """

    async def find_posts(
        self, place: Place, job_id: str, since: float, *, marked: bool = False
    ) -> list[str]:
        """Return the `ts` of our messages in `place` that carry `job_id`, oldest first. A read.

        `since` (seconds since 1970) bounds how far back to look; `marked` leaves out what carries
        it as metadata alone, as a job's own message does and its result does not.
        """

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace what a message of ours says. Safe to repeat.

        Raises `UnreachablePlaceError` when the message is gone.
        """

    async def whisper(
        self, place: Place, user: str, message: Message, response_url: str | None
    ) -> None:
        """Tell one person privately: by `response_url`, else ephemerally, else directly.

        Safe to repeat in that the person is told twice at worst.
        """

    async def open_direct(self, user: str) -> str:
        """Return the channel of our direct conversation with `user`. Safe to repeat."""

    async def reserve_upload(self, filename: str, length: int, alt_text: str) -> UploadTarget:
        """Announce a file of `length` bytes. Harmless to repeat: an unused reservation expires.

        Raises `CannotShareFileError`.
        """

    async def send_upload(self, target_url: str, length: int, chunks: AsyncIterator[bytes]) -> None:
        """Send a reserved file's bytes, as a stream.

        Raises `OutcomeUnknownError` after any doubt (`look_at_file` tells), and lets errors of
        `chunks` pass through.
        """

    async def share(self, files: Sequence[tuple[str, str]], place: Place, message: Message) -> None:
        """Share uploaded files, `(file_id, title)` each, as one message.

        Slack takes this once a file and may answer ok without having shared: `look_at_file`
        tells. Raises `CannotShareFileError`, `UnreachablePlaceError`.
        """

    async def look_at_file(self, file_id: str, channel: str) -> FileState:
        """Tell whether the file's bytes are there and where it is shared. A read.

        Raises `NotFoundError` when Slack does not know the file.
        """

    async def discard_file(self, file_id: str) -> None:
        """Delete a file of ours that must not be shared any more. Safe to repeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of the workspace."""

    name: str
    """As plain text: naming somebody so rings no bell."""
    zone: str
    """The time zone's name, such as `Europe/Berlin`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A conversation as the bot sees it."""

    is_public: bool
    """Everybody in the workspace may read it."""
    has_us: bool
    """The bot is a member."""


class Directory(Protocol):
    """Slack, asked and never changed: every method is a read.

    Each may raise `RetryLaterError` and `OperatorMustActError`.
    """

    async def person(self, user: str) -> Person:
        """Return who this is; somebody whom Slack does not know has no name and lives in UTC."""

    async def room(self, channel: str) -> Room:
        """Return what kind of conversation this is; one that the bot cannot see is not public."""

    async def is_in(self, channel: str, user: str) -> bool:
        """Tell whether somebody is a member. Raises `UnreachablePlaceError`."""

    async def permalink(self, channel: str, ts: str) -> str | None:
        """Return the link to a message; `None`: it is gone."""
