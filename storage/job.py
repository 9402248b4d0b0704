"""What a job is, and the one table of the moves that it may make between its stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from typing_extensions import TypeAliasType

Json = TypeAliasType(
    "Json", "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
)
"""A value that JSON can hold, as this project passes it around: never changed in place."""

Instant: TypeAlias = float
"""A moment: seconds since 1970-01-01 UTC, as `time.time()` gives it."""


class Stage(StrEnum):
    """Where a job stands. The stage names the step that comes next."""

    ACCEPTED = "accepted"
    ANNOUNCED = "announced"
    RENDERING = "rendering"
    FINISHED = "finished"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    PARKED = "parked"


class Outcome(StrEnum):
    """How the work ended; whether the person was told is the stage's business."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Media(StrEnum):
    """What kind of file an output is."""

    VIDEO = "video"
    IMAGE = "image"


TRANSITIONS: Mapping[Stage, frozenset[Stage]] = MappingProxyType(
    {
        Stage.ACCEPTED: frozenset({Stage.ANNOUNCED, Stage.REJECTED, Stage.PARKED}),
        Stage.ANNOUNCED: frozenset({Stage.RENDERING, Stage.REJECTED, Stage.PARKED}),
        Stage.RENDERING: frozenset({Stage.RENDERING, Stage.FINISHED, Stage.PARKED}),
        Stage.FINISHED: frozenset({Stage.DELIVERED, Stage.PARKED}),
        Stage.PARKED: frozenset(
            {Stage.ACCEPTED, Stage.ANNOUNCED, Stage.RENDERING, Stage.FINISHED},
        ),
        Stage.DELIVERED: frozenset(),
        Stage.REJECTED: frozenset(),
    },
)
"""Every move between stages. A change within a stage (an intent, a counter) is always legal."""

TERMINAL = frozenset(stage for stage, targets in TRANSITIONS.items() if not targets)
"""Stages that a job never leaves; its row may still be due, to tell a refusal or a cost."""

UNDER_WAY = frozenset(Stage) - TERMINAL
"""Stages of jobs that are not over."""

RESUMABLE = TRANSITIONS[Stage.PARKED]
"""Stages to which a parked job can go back."""

RENDER_PENDING = frozenset({Stage.ACCEPTED, Stage.ANNOUNCED, Stage.RENDERING})
"""Stages of jobs whose render has not ended."""

CANCELLABLE = frozenset({Stage.ACCEPTED, Stage.ANNOUNCED})
"""Stages in which a cancel is free, as long as nothing was sent to the provider."""

ABANDONABLE = frozenset({Stage.ANNOUNCED, Stage.RENDERING})
"""Stages in which a render that was sent to the provider can be given up."""


class EventName(StrEnum):
    """What can happen to a job. The values stand in stores and are never changed."""

    ACCEPTED = "accepted"
    POSTING = "posting"
    NOT_POSTED = "not posted"
    ANNOUNCED = "announced"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    STATE = "state"
    LATE = "late"
    MISSING = "missing"
    FINISHED = "finished"
    GIVEN_UP = "given up"
    FRESH_LINK = "fresh link"
    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    FILE_GONE = "file gone"
    LINK_ONLY = "link only"
    SHARING = "sharing"
    NOT_SHARED = "not shared"
    SHARE_LOST = "share lost"
    SHARED = "shared"
    RESULT_POSTING = "telling"
    RESULT_NOT_POSTED = "not told"
    TOLD = "told"
    DIRECT = "direct"
    NOBODY_TO_TELL = "nobody to tell"
    DELIVERED = "delivered"
    COST = "cost"
    COST_CORRECTED = "cost corrected"
    PARKED = "parked"
    REJECTED = "rejected"
    RETRY = "retry"
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One file that MindVideo made. The URL may live for minutes only."""

    media: Media
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file at Slack, known by its ID before its bytes go.

    `sent` says that Slack answered for the bytes; without it they may be there all the same.
    """

    file_id: str
    sent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTo:
    """The ways back to the person who asked."""

    thread_ts: str | None = None
    """The thread that the ask came from; `None` for one made in the channel itself."""
    response_url: str | None = None
    """Slack's URL for ephemeral messages to the person, good for 30 minutes and 5 uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message that must reach people once: its files at Slack, its intent, where it stands."""

    channel: str | None = None
    """The direct conversation that took it, where its own place takes nothing."""
    uploads: tuple[Upload, ...] = ()
    link_only: bool = False
    """The files cannot be had or put there: the message goes without them."""
    intent_at: Instant | None = None
    """It may have been posted at or after this moment: look before posting."""
    ts: str | None = None
    """Slack's ID of the message; `None` until it is known to stand."""


NOT_DELIVERED = Delivery()
IN_CHANNEL = ReplyTo()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One ask for one render: a row. Moments are `Instant`s, money is exact, unknown is `None`."""

    id: str
    """Short, unguessable, typed by people: `/video status ID`."""
    dedup_key: str
    """The same for every delivery of one ask, and unique in the store."""
    team: str
    channel: str
    user: str
    """Slack's ID of the person who asked."""
    surface: str
    """Which surface the ask came by, for the timeline: `command`, `mention`, `button`, …"""
    model: str
    input: Mapping[str, Json]
    """What the person gave, validated by the model's schema; defaults are left to MindVideo."""
    kind: str
    """Renders of one kind take about as long: the model with the options that decide it."""
    created_at: Instant
    reply_to: ReplyTo = IN_CHANNEL
    parent_id: str | None = None
    """The job that this one re-renders."""

    stage: Stage = Stage.ACCEPTED
    due_at: Instant | None = None
    """When the engine must look at the row again; `None`: never."""
    lease_until: Instant | None = None
    fence: int = 0
    """Raised by each claim; a write that names an older fence writes nothing."""
    attempts: int = 0
    """Tries of the present step in a row that got nowhere."""
    parked_from: Stage | None = None
    problem: str | None = None
    """What went wrong, in words for the person."""

    post_intent_at: Instant | None = None
    """The job's own message may have been posted at or after this moment: look before posting."""
    message_ts: str | None = None
    posted_at: Instant | None = None
    """When the message was posted, by Slack's clock."""
    shown: str | None = None
    """Digest of the message as Slack was last told, so that an equal edit is not sent."""
    shown_at: Instant | None = None

    idempotency_key: str | None = None
    request_body: bytes | None = field(default=None, repr=False)
    """The exact bytes of the submit, committed before the first of them leaves."""
    first_sent_at: Instant | None = None
    """When the key was first used; MindVideo is assumed to remember it for 24 h."""
    vouched_at: Instant | None = None
    """When a person last saw that MindVideo has no render under the key, which may then be sent."""
    request_id: str | None = None
    task_id: str | None = None
    submitted_at: Instant | None = None

    provider_state: str | None = None
    """The provider's own word for the task's state, as last read."""
    provider_memo: Mapping[str, Json] = field(default_factory=dict)
    """What the provider's client wants to know again at its next call; nobody else reads it."""
    started_at: Instant | None = None
    """When the task was first seen to render."""
    missing_since: Instant | None = None
    """Since when MindVideo has answered each look with no such task, or with no file of it."""
    missing_at: Instant | None = None
    """When it last answered so."""
    late_told_at: Instant | None = None
    """When the person was told that this takes longer than usual."""
    cost_estimate: Decimal | None = None
    cost_actual: Decimal | None = None
    outputs: tuple[Output, ...] = ()
    outcome: Outcome | None = None
    finished_at: Instant | None = None

    delivery: Delivery = NOT_DELIVERED
    """The result, in the thread of the job's message."""
    cost_told: Decimal | None = None
    delivered_at: Instant | None = None
    settle_tries: int = 0
    """Looks for the final cost since the delivery."""

    cancel_requested_at: Instant | None = None
    """Set only while nothing was sent to MindVideo, so a cancel that is noted is free."""
    cancel_requested_by: str | None = None
    unfollowed_at: Instant | None = None
    """When the person gave up a render that MindVideo goes on to make and to bill."""
    unfollowed_by: str | None = None

    @property
    def thread_root(self) -> str | None:
        """The `ts` under which this job's replies stand; `None` until it has a message."""
        return self.reply_to.thread_ts or self.message_ts

    @property
    def signals(self) -> tuple[Instant | None, ...]:
        """What people may change while a step runs; a change makes the job due again."""
        return self.cancel_requested_at, self.unfollowed_at

    @property
    def step(self) -> Stage:
        """Which step the job is due for."""
        return self.stage

    def due_again(self, now: Instant) -> Instant:
        """Return when the row is due after one of its signals changed."""
        return now


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a job: a line of its timeline."""

    at: Instant
    name: EventName
    detail: str = ""
    """A short plain addition, free of secrets and of the prompt."""


class IllegalTransitionError(Exception):
    """A change that `TRANSITIONS` does not allow; nothing was written."""

    def __init__(self, job_id: str, before: Stage, after: Stage) -> None:
        super().__init__(f"job {job_id} cannot go from {before} to {after}")


def check_transition(before: Job, after: Job) -> None:
    """Raise `IllegalTransitionError` unless `before` may become `after`.

    A parked job returns only to the stage that it left, or to its render if that was found.
    """
    if before.stage is after.stage:
        return
    allowed = TRANSITIONS[before.stage]
    if before.stage is Stage.PARKED:
        found = before.parked_from is Stage.ANNOUNCED and after.task_id is not None
        allowed &= {Stage.RENDERING if found else before.parked_from}
    if after.stage not in allowed:
        raise IllegalTransitionError(before.id, before.stage, after.stage)
