"""What a job is, and the one table of the moves it may make between its stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
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


class LookBy(StrEnum):
    """Which of MindVideo's two calls tells how this task goes."""

    EVENTS = "events"
    TASK = "task"


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
class Job:
    """One ask for one render: a row. Moments are `Instant`s, money is exact, unknown is `None`."""

    id: str
    """Short, unguessable, typed by people: `/video status ID`."""
    ask_key: str
    """Recognises a repeated delivery of the same ask; unique in the store."""
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
    thread_ts: str | None = None
    """The thread that the ask came from; `None` for one made in the channel itself."""
    response_url: str | None = None
    """A private way back to the person, good for 30 minutes and 5 uses."""
    parent_id: str | None = None
    """The job that this one re-renders or resends."""

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

    look_by: LookBy = LookBy.EVENTS
    provider_state: str | None = None
    """MindVideo's own word for the task's state, as last read."""
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

    link_only: bool = False
    """The files cannot be had or put here: the person gets links instead."""
    uploads: tuple[Upload, ...] = ()
    result_intent_at: Instant | None = None
    """The result may have been posted at or after this moment: look before posting."""
    result_ts: str | None = None
    result_channel: str | None = None
    """Where the result stands, if not in the job's own channel."""
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
        return self.thread_ts or self.message_ts


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a job: a line of its timeline."""

    at: Instant
    name: str
    """A stable word: `accepted`, `posted`, `submitted`, `state`, `retry`, `parked`, …"""
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
