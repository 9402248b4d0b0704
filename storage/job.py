"""The job: its fields, its stages, and the table of allowed transitions between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from typing_extensions import TypeAliasType

Json = TypeAliasType(
    "Json", "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
)
"""A JSON value. It is never changed in place."""

Instant: TypeAlias = float
"""A point in time: seconds since 1970-01-01 UTC, as `time.time()` returns."""


class Stage(StrEnum):
    """The state of a job. It determines the step that runs next."""

    WAITING = "waiting"
    PLANNED = "planned"
    ACCEPTED = "accepted"
    ANNOUNCED = "announced"
    RENDERING = "rendering"
    FINISHED = "finished"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    PARKED = "parked"
    UNCONFIRMED = "unconfirmed"


class Outcome(StrEnum):
    """How the work ended; the stage shows whether the user has been notified."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class QuestionKind(StrEnum):
    """Why a request waits for its asker or an approver. The values are stored and never change."""

    DUPLICATE = "duplicate"
    """The asker made an equal request a moment ago; `about` is the ID of its job."""
    LATE_EVENT = "late event"
    """The message reached the bot long after it was sent."""
    SMALL_TALK = "small talk"
    """The words may be no prompt; `about` is what they look like instead."""
    MISTYPED = "mistyped"
    """The words may be a mistyped command; `about` is the command that was probably meant."""
    UNKNOWN_OPTION = "unknown option"
    """A word looks like an option that the model does not have; `about` is the word."""
    REPEAT = "repeat"
    """It goes on by itself; `about` is what else is in doubt, as a sentence, or empty."""
    DOUBT = "unpublished"
    """It may become another video than is meant; `about` has a sentence for each thing that is in
    doubt. Stored by a name of when only what others publish of a model was asked about."""
    PRICE = "price"
    """The forecast is above the limit `about`, or where `about` is empty the price is unknown."""
    SOFT_CAP = "soft cap"
    """A soft cap has no room for it; `about` is the cap's window, a space, and its scope's key.

    For the asker: there is nobody else who may approve it.
    """
    BEYOND_HARD_CAP = "beyond a hard cap"
    """A hard cap has no room for it; the asker may ask an approver. `about` as of `SOFT_CAP`."""
    APPROVE_PRICE = "approve the price"
    """The forecast is above the approval limit `about`, or unknown. For approvers."""
    APPROVE_SOFT_CAP = "approve beyond a soft cap"
    """For approvers; `about` as of `SOFT_CAP`."""
    APPROVE_HARD_CAP = "approve beyond a hard cap"
    """For approvers, whom its asker asked; `about` as of `SOFT_CAP`."""


FOR_APPROVERS = frozenset(
    {
        QuestionKind.APPROVE_PRICE,
        QuestionKind.APPROVE_SOFT_CAP,
        QuestionKind.APPROVE_HARD_CAP,
    }
)
"""Questions that somebody else than the asker answers."""


class Failure(StrEnum):
    """Why a render failed, or why its submit waits: it determines the advice and the buttons."""

    WORDS = "refused words"
    """The prompt breaks the service's rules: the same words will be refused again."""
    IMAGE = "unfit image"
    LIMIT = "limit of the service"
    """Too many renders at once, or too many requests."""
    CREDIT = "no credit"
    ACCESS = "no access"
    """The service does not let the bot in: its key, its rights or its address is wrong."""
    FAULT = "fault of the service"


class Media(StrEnum):
    """The kind of file that an output is."""

    VIDEO = "video"
    IMAGE = "image"


TRANSITIONS: Mapping[Stage, frozenset[Stage]] = MappingProxyType(
    {
        Stage.WAITING: frozenset({Stage.ACCEPTED, Stage.PLANNED, Stage.UNCONFIRMED}),
        Stage.PLANNED: frozenset({Stage.ACCEPTED, Stage.WAITING, Stage.REJECTED, Stage.PARKED}),
        Stage.ACCEPTED: frozenset({Stage.ANNOUNCED, Stage.REJECTED, Stage.PARKED}),
        Stage.ANNOUNCED: frozenset({Stage.RENDERING, Stage.REJECTED, Stage.PARKED}),
        Stage.RENDERING: frozenset({Stage.RENDERING, Stage.FINISHED, Stage.PARKED}),
        Stage.FINISHED: frozenset({Stage.DELIVERED, Stage.PARKED}),
        Stage.PARKED: frozenset(
            {
                Stage.PLANNED,
                Stage.ACCEPTED,
                Stage.ANNOUNCED,
                Stage.RENDERING,
                Stage.FINISHED,
            },
        ),
        Stage.DELIVERED: frozenset(),
        Stage.REJECTED: frozenset(),
        Stage.UNCONFIRMED: frozenset(),
    },
)
"""Every allowed transition. A change within a stage (an intent, a counter) is always allowed."""

TERMINAL = frozenset(stage for stage, targets in TRANSITIONS.items() if not targets)
"""Stages that a job never leaves; its row may still be due, to post a refusal or a cost."""

NOT_REQUESTED = frozenset({Stage.WAITING, Stage.UNCONFIRMED})
"""Stages of requests that were not accepted. They count nowhere: not in lists, reports, digests,
queues, or among duplicates."""

REQUESTED = frozenset(Stage) - NOT_REQUESTED
"""Stages of jobs that were accepted."""

UNDER_WAY = REQUESTED - TERMINAL
"""Stages of accepted jobs that are not over."""

NOT_ACTIVE = frozenset({Stage.PLANNED, Stage.PARKED})
"""Stages of jobs under way that do not count among the active ones of their user: their time has
not come, or their user cannot make room for them."""

OVER = REQUESTED & TERMINAL
"""Stages of accepted jobs that are over."""

RESUMABLE = TRANSITIONS[Stage.PARKED]
"""Stages to which a parked job can go back."""

RENDER_PENDING = frozenset({Stage.PLANNED, Stage.ACCEPTED, Stage.ANNOUNCED, Stage.RENDERING})
"""Stages of jobs whose render has not ended."""

RENDER_AWAITED = RENDER_PENDING | {Stage.PARKED}
"""Stages of jobs that may not have a result yet. Asking for such a job again may be a slip; people
may see the result of a row that is not yet `DELIVERED`."""

ANSWERED = frozenset({Stage.RENDERING, Stage.FINISHED})
"""Stages behind the provider's answer to the submit, to which no step goes back."""

CANCELLABLE = frozenset({Stage.PLANNED, Stage.ACCEPTED, Stage.ANNOUNCED})
"""Stages in which a cancel is free, as long as nothing was sent to the provider."""

ABANDONABLE = frozenset({Stage.ANNOUNCED, Stage.RENDERING})
"""Stages in which a render that was sent to the provider can be given up."""


SETTLEABLE = frozenset({Stage.DELIVERED, Stage.PARKED})
"""Stages in which an operator may name the amount that MindVideo never named."""


class EventName(StrEnum):
    """The kinds of event in a timeline. The values are stored and must never change."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    APPROVAL_ASKED = "approval asked"
    APPROVAL_REMINDED = "approval reminded"
    APPROVED = "approved"
    DENIED = "denied"
    ACCEPTED = "accepted"
    PLANNED = "planned"
    STARTED = "started"
    """The time of a planned job has come, and it began to count."""
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
    NO_RECIPIENT = "nobody to tell"
    DELIVERED = "delivered"
    ESTIMATE = "estimate"
    COST = "cost"
    COST_CORRECTED = "cost corrected"
    POSTER = "poster"
    DELETED = "deleted"
    """A user deleted the result: the bot takes back what it brought of it."""
    PARKED = "parked"
    REJECTED = "rejected"
    NOT_ADMITTED = "not admitted"
    """Rejected, because its user may not use the bot: nobody else is told."""
    RETRY = "retry"
    HELD = "held"


UNSEEN = frozenset({EventName.POSTING, EventName.UPLOADING, EventName.UPLOADED, EventName.SHARING})
"""Events that change nothing which a Home tab shows: another one follows each of them at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One file that MindVideo made. The URL may expire within minutes."""

    media: Media
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file at Slack, whose ID is known before its bytes are sent.

    `sent` is true once Slack has confirmed the bytes; while it is false, they may have arrived.
    """

    file_id: str
    sent: bool = False
    sha256: str | None = None
    """The digest of the bytes as they were sent, in hexadecimal digits.

    `None`: they are not sent yet, or the process ended before it could note that they were.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTo:
    """Where replies to a user's request are sent."""

    thread_ts: str | None = None
    """The thread of the request; `None` for a request in the channel itself."""
    response_url: str | None = None
    """Slack's URL for ephemeral messages to the user, valid for 30 minutes and 5 uses.

    Erased after an hour.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message that must be posted once: its files at Slack, its intent, and its `ts`."""

    channel: str | None = None
    """The direct conversation used instead, if the intended place accepts no messages."""
    uploads: tuple[Upload, ...] = ()
    link_only: bool = False
    """The files cannot be downloaded or uploaded: the message is posted without them."""
    failing_since: Instant | None = None
    """When the first of the tries to bring the files failed; the files may come later.

    `None`: none has failed yet, or the files are refused for good.
    """
    intent_at: Instant | None = None
    """The message may have been posted at or after this time: search before posting."""
    ts: str | None = None
    """Slack's ID of the message; `None` until the post is confirmed."""


QUESTION_SECONDS = 3600.0
"""How long a question to the asker can be answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that the asker or an approver must answer before a request is accepted."""

    kind: QuestionKind
    about: str = ""
    """The subject, whose meaning depends on the kind."""
    expires_at: Instant
    """From then on it cannot be answered: the request ends without having been accepted."""
    asked_at: Instant | None = None
    """When approvers were asked; `None`: the asker was."""
    approvers: tuple[str, ...] = ()
    """The approvers who were asked. Who may answer is looked at again at the answer."""
    fallback: tuple[str, ...] = ()
    """Those who were asked because the first ones did not answer."""
    place: str | None = None
    """The channel in which approvers were asked; `None`: in direct messages."""
    reminders: int = 0
    """How often the approvers were reminded."""

    @property
    def is_for_approvers(self) -> bool:
        """Whether somebody else than the asker answers."""
        return self.kind in FOR_APPROVERS


class DecisionKind(StrEnum):
    """What an approver decided. The values are stored and never change."""

    APPROVED = "approved"
    APPROVED_BEYOND_CAPS = "approved beyond caps"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision of an approver about a request. There is one at most, and it stays."""

    kind: DecisionKind
    by: str
    at: Instant
    because: str = ""
    """The reason of a denial, in the approver's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What decides the price of a render: renders of one price cost the same."""

    key: str
    """The model with the options that move its price, those that are not given as their defaults.

    Without the option by which it is charged.
    """
    size: Decimal | None = None
    """The value of the option by which it is charged, such as seconds; `None`: there is none."""


class ForecastKind(StrEnum):
    """How a price is known before MindVideo names one. The values are stored and never change."""

    OBSERVED = "observed"
    """From renders of the same price."""
    SCALED = "scaled"
    """From renders of the same key and other sizes."""
    LISTED = "listed"
    """From the model file."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a render will probably cost, as known when it was requested."""

    kind: ForecastKind
    amount: Decimal | None = None
    """`None` if it is unknown, which is not zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedStyle:
    """The style of a request as it was then: a style that is changed later changes no job."""

    name: str
    words: str
    """The words of the style; empty: it has options alone."""
    prompt: str
    """The prompt as it was asked for: the input has what the words of the style made of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """The properties of a finished video, as its file has them."""

    width: int
    height: int
    """In pixels."""
    seconds: float | None = None
    """`None` if the file does not tell."""
    has_sound: bool = False
    poster: str | None = None
    """Slack's ID of the file of a picture from it; `None`: Slack took none."""


class RepeatEvery(StrEnum):
    """How often a planned render is repeated. The values are stored and never change."""

    DAY = "day"
    WEEKDAY = "weekday"
    """From Monday to Friday."""
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """The rule by which a planned job is followed by another one, which has the same rule."""

    id: str
    """The ID of its first job."""
    every: RepeatEvery
    first: str
    """When the first job was to start, by the clocks of the zone: `2026-11-30T09:00`."""
    zone: str
    """The name of the zone of its asker when it was asked for."""


class ReviewKind(StrEnum):
    """What a reviewer said of a result. The values are stored and never change."""

    APPROVED = "approved"
    CHANGES = "changes asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The last word of a reviewer about a result. No budget has to do with it."""

    kind: ReviewKind
    by: str
    at: Instant


NOT_DELIVERED = Delivery()
IN_CHANNEL = ReplyTo()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One request for one render: a row. Times are `Instant`s, money is exact, `None`: unknown."""

    id: str
    """Short and unguessable; users type it: `/video status ID`."""
    dedup_key: str
    """Equal for every copy of one request that Slack sends, and unique in the store."""
    team: str
    channel: str
    user: str
    """Slack's ID of the user who made the request."""
    surface: str
    """The surface of the request, for the timeline: `command`, `mention`, `button`, …"""
    model: str
    input: Mapping[str, Json]
    """The user's options, validated by the model's schema; defaults are left to MindVideo."""
    kind: str
    """The model with the options that affect duration: renders of one kind take about as long."""
    created_at: Instant
    starts_at: Instant | None = None
    """When it is to start, by Slack's clock; `None`: at once."""
    repeat: Repeat | None = None
    """How it is repeated; `None`: it is not."""
    traceparent: str | None = None
    """The span of the request, for the spans of the steps; `None`: nobody traces it.

    https://www.w3.org/TR/trace-context/#traceparent-header
    """
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of the people, channels and groups that the input mentions, by their IDs."""
    reply_to: ReplyTo = IN_CHANNEL
    channel_defaults: tuple[str, ...] = ()
    """The options in `input` whose values were the channel's defaults."""
    parent_id: str | None = None
    """The job that this one re-renders."""
    take_of: str | None = None
    """The place of which it is a take: `after:` and the ID of the job that it continues, else the
    ID of the first take; `None`: it is that one, or an earlier version inserted it."""
    set_id: str | None = None
    """The set of which it is a part: the ID of the set's message in the outbox."""
    part: int | None = None
    """Its number in the set, from 1 on."""
    question: Question | None = None
    """The question that was asked before the request was accepted; kept after the answer."""
    decision: Decision | None = None
    """What an approver answered; `None`: none was asked, or none has answered."""

    style: UsedStyle | None = None
    """The style in which its prompt was composed; `None`: its input has the prompt as asked for."""
    project: str | None = None
    """The project whose budget it counts in."""
    price: Price | None = None
    forecast: Forecast | None = None
    reserved: Decimal | None = None
    """What it holds of budgets until MindVideo names an amount; `None`: its price is unknown."""
    counted_on: str | None = None
    """The day on which it counts in budgets, by the workspace's calendar when it was accepted.

    `2026-11-26`; `None` until it is accepted.
    """

    stage: Stage = Stage.ACCEPTED
    due_at: Instant | None = None
    """When the engine must process the row next; `None`: never."""
    lease_until: Instant | None = None
    fence: int = 0
    """Raised by one with each claim; a write with an older fence is refused."""
    attempts: int = 0
    """Failed tries of the current step in a row."""
    crashes: int = 0
    """How many processes died during a step of this row, since the last result of a step."""
    paced_at: Instant | None = None
    """When the permit is valid that it has for its next call of a service; `None`: it has none."""
    parked_from: Stage | None = None
    problem: str | None = None
    """The error, as text for the user."""
    failure: Failure | None = None
    """The class of the problem; before the submit, why it waits. `None`: unknown, or none."""

    post_intent_at: Instant | None = None
    """The job's own message may have been posted at or after this time: search before posting."""
    message_ts: str | None = None
    posted_at: Instant | None = None
    """When the message was posted, by Slack's clock."""
    shown: str | None = None
    """Digest of the message as last sent to Slack, so that an equal edit is not sent."""
    shown_at: Instant | None = None

    idempotency_key: str | None = None
    request_body: bytes | None = field(default=None, repr=False)
    """The exact bytes of the submit request, committed before the first of them is sent.

    `None` before that, and again once MindVideo has answered: no repeat comes after an answer.
    """
    first_sent_at: Instant | None = None
    """When the key was first used; MindVideo is assumed to remember it for 24 h."""
    chargeable_since: Instant | None = None
    """Since when MindVideo may have the request; `None`: each send, if any, certainly failed."""
    confirmed_absent_at: Instant | None = None
    """When an operator last confirmed that MindVideo has no render under the key: safe to send."""
    request_id: str | None = None
    task_id: str | None = None
    submitted_at: Instant | None = None

    provider_state: str | None = None
    """The provider's own name for the task's state, as last read."""
    provider_memo: Mapping[str, Json] = field(default_factory=dict)
    """Values that the provider's client needs at its next call; opaque to all other code."""
    started_at: Instant | None = None
    """When a poll first found the task rendering."""
    missing_since: Instant | None = None
    """Since when every poll has found the task, or a file of it, missing at MindVideo."""
    missing_at: Instant | None = None
    """When a poll last found it missing."""
    late_notified_at: Instant | None = None
    """When the user was notified that this takes longer than usual."""
    cost_estimate: Decimal | None = None
    cost_actual: Decimal | None = None
    outputs: tuple[Output, ...] = ()
    outcome: Outcome | None = None
    finished_at: Instant | None = None

    delivery: Delivery = NOT_DELIVERED
    """The result message, in the thread of the job's message."""
    cost_shown: Decimal | None = None
    """The cost in the messages as last shown to the user."""
    delivered_at: Instant | None = None
    cost_checks: int = 0
    """Number of reads for the final cost since the delivery."""
    film: Film | None = None
    """`None`: it was not read from the video, or cannot be."""

    cancel_requested_at: Instant | None = None
    """Set only while nothing was sent to MindVideo, so a recorded cancel is free."""
    cancel_requested_by: str | None = None
    given_up_at: Instant | None = None
    """When the user gave up a render that MindVideo continues and bills."""
    given_up_by: str | None = None

    pressed: Mapping[str, str] = field(default_factory=dict)
    """The buttons under the job that were pressed to effect: action ID → who was first."""
    kept_by: str | None = None
    """The user who keeps the result; `None`: nobody does."""
    deleted_at: Instant | None = None
    """When the result was deleted: the bot takes its messages and files back, the bill stays."""
    deleted_by: str | None = None
    review: Review | None = None
    """What was last said of the result; `None`: nobody has said anything."""
    notes: int = 0
    """How many notes there are about the result."""
    erased_at: Instant | None = None
    """When the words of users were erased from the row; `None`: they were not."""

    @property
    def has_result(self) -> bool:
        """Whether it has ended with something to show, which nobody has deleted."""
        is_made = self.outcome is Outcome.SUCCEEDED and bool(self.outputs)
        return is_made and self.deleted_at is None

    @property
    def is_shown(self) -> bool:
        """Whether people have its result before them, so that they can say something of it."""
        return self.stage is Stage.DELIVERED and self.has_result

    @property
    def thread_root(self) -> str | None:
        """The `ts` of the thread for this job's replies; `None` until the job has a message."""
        return self.reply_to.thread_ts or self.message_ts

    @property
    def is_later_of_repeat(self) -> bool:
        """Whether another job of its repeat came before: it has no message before its time."""
        return self.repeat is not None and self.repeat.id != self.id

    @property
    def signals(self) -> tuple[Instant | None, ...]:
        """The fields that users may change while a step runs; a change makes the job due again."""
        return self.cancel_requested_at, self.given_up_at

    @property
    def step(self) -> Stage:
        """The step that the job is due for."""
        return self.stage

    def due_again(self, now: Instant) -> Instant:
        """Return when the row is due after one of its signals changed."""
        return now


def waiting(job: Job, kind: QuestionKind, about: str) -> Job:
    """Return a new job that waits until its asker confirms it, at most `QUESTION_SECONDS`."""
    expires_at = job.created_at + QUESTION_SECONDS
    question = Question(kind=kind, about=about, expires_at=expires_at)
    return replace(job, stage=Stage.WAITING, question=question, due_at=expires_at)


PART_WAIT_SECONDS = 30.0
"""After how long a part of a set looks for the message of its set, if nobody wakes it before."""


def first_due(job: Job, now: Instant) -> Instant:
    """Return when a job that is accepted now is due: a part of a set waits for the set's message.

    It is woken once that stands.
    """
    return now if job.set_id is None else now + PART_WAIT_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry in a job's timeline."""

    at: Instant
    name: EventName
    detail: str = ""
    """A short plain addition, without secrets and without the prompt."""


def film_event(film: Film, at: Instant) -> Event:
    """Return the event of a film that is noted."""
    return Event(at=at, name=EventName.POSTER, detail=film.poster or "")


def is_direct(channel: str) -> bool:
    """Tell whether a channel is a direct conversation, which one user and the bot alone are in.

    The ID of one begins with `D`: https://docs.slack.dev/reference/objects/conversation-object
    """
    return channel.startswith("D")


class IllegalTransitionError(Exception):
    """A change that `TRANSITIONS` does not allow; nothing was written."""

    def __init__(self, job_id: str, before: Stage, after: Stage) -> None:
        super().__init__(f"job {job_id} cannot go from {before} to {after}")


def check_transition(before: Job, after: Job) -> None:
    """Raise `IllegalTransitionError` unless `before` may become `after`.

    A parked job returns only to the stage that it left, or to rendering if its task was found.
    """
    if before.stage is after.stage:
        return
    allowed = TRANSITIONS[before.stage]
    if before.stage is Stage.PARKED:
        was_found = before.parked_from is Stage.ANNOUNCED and after.task_id is not None
        allowed &= {Stage.RENDERING if was_found else before.parked_from}
    if after.stage not in allowed:
        raise IllegalTransitionError(before.id, before.stage, after.stage)
