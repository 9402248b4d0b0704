"""Messages beside a job's own: notifications, digests, shared and resent results.

Pure functions decide which channels are notified of which event, so that every store inserts the
same rows in the commit of the event.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from storage.job import NOT_DELIVERED, Delivery, Event, EventName, Instant, Job, Outcome


class NotificationKind(StrEnum):
    """The kinds of notification. The values are stored and must never change."""

    FINISHED = "finished"
    FAILED = "failed"
    PARKED = "parked"
    UNREADABLE = "unreadable"
    """A row of the store cannot be read; `detail` is its table and the columns."""
    OPERATOR_NEEDED = "trouble"
    """A key, a token, a permission or the credit: only the operator can correct it."""
    DIGEST = "digest"
    SHARED = "shared"
    """A user shares the result in a thread with the channel; `detail` is their ID."""
    RESENT = "resent"
    """A user or operator requests the files of a job again; `detail` is their ID."""
    FOLLOWED = "followed"
    """Files that come after the job's result message: Slack did not take them before, or the user
    who had given up the render wants it after all; `detail` is their ID or empty."""
    SETTING_CHANGED = "setting changed"
    """A user changed a setting for everybody in the channel; `detail` is a `SettingChange`."""
    BUDGET_ALERT = "budget alert"
    """What is used of a budget reached a level; `detail` is an `AlertDetail`."""
    BUDGET_CHANGED = "budget changed"
    """A budget was set, raised or stopped; `detail` is a `DecisionDetail`."""
    RAISE_ENDED = "raise ended"
    """A raise of a budget ended by itself; `detail` is a `DecisionDetail`."""
    BUDGET_PACE = "budget pace"
    """A budget is used up before its month ends, at this pace; `detail` is a `PaceDetail`."""
    PRICE_DRIFT = "price drift"
    """Renders of a price cost otherwise than forecast; `detail` is a `DriftDetail`."""
    BUDGETS_RESTORED = "budgets restored"
    """Budgets count too little, since a backup was restored; `detail` is the time as text."""
    APPROVAL_CARD = "approval card"
    """A request waits for approvers; `detail` is the name of the event."""
    APPROVAL_STATUS = "approval status"
    """How a request stands that waits for approvers, for its asker; `detail` as above."""
    COST_FILE = "cost file"
    """A user wants a cost report as a file; `detail` is a `CostFile`."""
    CAST_MEMBER = "cast member"
    """A user saved an image under a name, and the bot brings a copy of its own; `detail` is a
    `CastCopy`."""
    POSTER = "poster"
    """A picture of a delivered video is uploaded, to be shown in the job's message."""
    WELCOME = "welcome"
    """A user has opened the app, or a channel has invited it, for the first time."""
    SET = "set"
    """The message of a set, in whose thread its parts are; `detail` is a `SetDetail`, and `job_id`
    the first part."""
    STITCHED = "stitched"
    """A user wants the clips up to a job joined to one film; `detail` is their ID."""
    DELETED = "deleted"
    """A user deleted a result: its message and files are taken back; `detail` is their ID."""


class Level(StrEnum):
    """The notifications about single jobs that a channel is subscribed to."""

    ALL = "all"
    FAILURES = "failures"


KINDS_OF_LEVEL: Mapping[str, frozenset[NotificationKind]] = MappingProxyType(
    {
        Level.ALL: frozenset(
            {
                NotificationKind.FINISHED,
                NotificationKind.FAILED,
                NotificationKind.PARKED,
                NotificationKind.OPERATOR_NEEDED,
                NotificationKind.UNREADABLE,
            }
        ),
        Level.FAILURES: frozenset(
            {
                NotificationKind.FAILED,
                NotificationKind.PARKED,
                NotificationKind.OPERATOR_NEEDED,
                NotificationKind.UNREADABLE,
            }
        ),
    },
)
"""Digests have a setting of their own; users request shared and resent results."""

NOTIFY = "notify"
"""Name of the setting that holds a channel's `Level`."""

OPERATORS = "operators"
"""Name of a workspace's setting: the users notified of `FOR_OPERATORS` if no channel is."""

WITH_EVENT_DETAIL = frozenset(
    {
        NotificationKind.FINISHED,
        NotificationKind.FAILED,
        NotificationKind.PARKED,
        NotificationKind.OPERATOR_NEEDED,
    }
)
"""Kinds whose detail is that of an event of a job."""

FOR_OPERATORS = frozenset(
    {
        NotificationKind.PARKED,
        NotificationKind.OPERATOR_NEEDED,
        NotificationKind.UNREADABLE,
    }
)
"""Kinds that the operators get where no channel is subscribed to them."""

WITH_TEXTS = WITH_EVENT_DETAIL | {NotificationKind.SET}
"""Kinds whose detail holds words of users; it is erased with the texts of the row's job."""

APPROVAL_KINDS = frozenset({NotificationKind.APPROVAL_CARD, NotificationKind.APPROVAL_STATUS})
"""Kinds whose messages are edited whenever something changes about the approval."""

OF_RESULT = frozenset(
    {
        NotificationKind.SHARED,
        NotificationKind.RESENT,
        NotificationKind.FOLLOWED,
        NotificationKind.POSTER,
        NotificationKind.STITCHED,
        NotificationKind.DELETED,
    }
)
"""Kinds that bring something of a result, and take it back once the result is deleted."""

WITH_RESULT_FILES = frozenset(
    {
        NotificationKind.SHARED,
        NotificationKind.RESENT,
        NotificationKind.FOLLOWED,
        NotificationKind.STITCHED,
    }
)
"""Kinds whose messages have files of a result, so that a reply to one is about its job."""

IN_ANY_ORDER = frozenset(
    {
        NotificationKind.SHARED,
        NotificationKind.RESENT,
        NotificationKind.FOLLOWED,
        NotificationKind.RAISE_ENDED,
        NotificationKind.COST_FILE,
        NotificationKind.CAST_MEMBER,
        NotificationKind.POSTER,
        NotificationKind.WELCOME,
        NotificationKind.SET,
        NotificationKind.STITCHED,
        NotificationKind.DELETED,
    }
)
"""Kinds of which one that is not due yet holds up no other.

Those that bring files take minutes, or wait for a render; the end of a raise is planned.
"""

SET_EDIT_SECONDS = 10.0
"""The pause before an edit of a set's message, in seconds: what changes meanwhile is in it, too.

Slack takes about 50 edits a minute in a workspace, and the parts need those.
"""


def set_edit_at(now: Instant) -> Instant:
    """Return when the message of a set is edited that begins to differ now."""
    return now + SET_EDIT_SECONDS


REPEAT_SECONDS = 3600.0
"""One operator problem is posted once within this time, in seconds: every waiting job meets it."""

# A word with a digit: beside the problem, an API's message may give a request ID or a time.
_VARIABLE_WORD = re.compile(r"\S*\d\S*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message that is posted once to one place: a row of the outbox. Times are `Instant`s."""

    id: str
    """The same for one event and one place, so that it is inserted once.

    The message carries it as `job_id` in its metadata: a post whose outcome is unknown is found
    by it.
    """
    team: str
    channel: str
    """Where it is posted: a channel, or a user, in their direct conversation with the bot."""
    kind: NotificationKind
    happened_at: Instant
    thread_ts: str | None = None
    """The thread in which it is posted; `None`: in the channel itself."""
    job_id: str | None = None
    detail: str = ""
    """The problem as text; for a digest, its span; for files, the requester; for a setting, the
    change."""

    traceparent: str | None = None
    """As of a job: it is the job's, or that of the request which causes the notification."""

    due_at: Instant | None = None
    """When to post it; `None`: it was posted or given up."""
    lease_until: Instant | None = None
    fence: int = 0
    """Raised by one with each claim; a write with an older fence is refused."""
    attempts: int = 0
    """Failed tries in a row."""
    crashes: int = 0
    """How many processes died during a step of this row, since the last result of a step."""
    paced_at: Instant | None = None
    """When the permit is valid that it has for its next call of a service; `None`: it has none."""
    delivery: Delivery = NOT_DELIVERED
    problem: str | None = None
    """Why it was given up."""
    changed_at: Instant | None = None
    """When what it tells last changed, so that its message is to be edited; `None`: never."""

    @property
    def step(self) -> NotificationKind:
        """The step that the row is due for."""
        return self.kind

    def due_again(self, now: Instant) -> Instant:
        """Return when the row is due after one of its signals changed.

        The pause after a failed try is kept: it may be Slack's, and a message that is still on its
        way is found only after it.
        """
        if self.attempts and self.due_at is not None:
            return self.due_at
        return set_edit_at(now) if self.kind is NotificationKind.SET else now

    @property
    def is_given_up(self) -> bool:
        """Whether it was not posted and never will be."""
        return self.due_at is None and self.problem is not None and self.delivery.ts is None

    @property
    def signals(self) -> tuple[Instant | None, ...]:
        """The fields that may change while a step runs; a change makes the row due again."""
        return (self.changed_at,)


def notification_id(kind: NotificationKind, channel: str, about: str) -> str:
    """Return the ID of a notification: the same for the same event and the same channel."""
    digest = hashlib.blake2b(f"{kind}:{channel}:{about}".encode(), digest_size=10)
    return f"notice-{digest.hexdigest()}"


def row_about(
    job: Job,
    kind: NotificationKind,
    at: Instant,
    *,
    row_id: str,
    channel: str,
    thread_ts: str | None = None,
    detail: str = "",
) -> Notification:
    """Return a row about a job, which is due when it happens."""
    return Notification(
        id=row_id,
        team=job.team,
        channel=channel,
        thread_ts=thread_ts,
        kind=kind,
        happened_at=at,
        job_id=job.id,
        traceparent=job.traceparent,
        detail=detail,
        due_at=at,
    )


def team_scope(team: str) -> str:
    """Return the scope of a workspace's settings."""
    return f"team:{team}"


def channel_scope(team: str, channel: str) -> str:
    """Return the scope of a channel's settings."""
    return f"{channels_of(team)}{channel}"


def person_scope(team: str, user: str) -> str:
    """Return the scope of a person's own settings."""
    return f"person:{team}:{user}"


def channels_of(team: str) -> str:
    """Return the common prefix of the scopes of a workspace's channels."""
    return f"channel:{team}:"


def kind_of(job: Job, event: Event) -> NotificationKind | None:
    """Return the kind of notification that an event causes; `None`: none."""
    match event.name, job.outcome:
        case EventName.HELD, _:
            return NotificationKind.OPERATOR_NEEDED
        case EventName.PARKED, _:
            return NotificationKind.PARKED
        case EventName.DELIVERED, Outcome.SUCCEEDED:
            return NotificationKind.FINISHED
        case EventName.DELIVERED | EventName.REJECTED, Outcome.FAILED:
            return NotificationKind.FAILED
        case _:
            return None


def notifications_for(
    job: Job,
    event: Event,
    *,
    levels: Mapping[str, str],
    operators: Sequence[str],
    told_since: Callable[[str, NotificationKind, Instant], Iterable[str]],
) -> list[Notification]:
    """Return the rows to insert for an event: one for each subscribed channel, or operator.

    `levels` maps each channel to its level; `operators` are used where no channel is subscribed.
    `told_since` returns the details of a channel's notifications of a kind since a time; it is
    called only for the kind whose repeats are left out. The channel of the job's own message is not
    notified of what that message says.
    """
    kind = kind_of(job, event)
    if kind is None:
        return []
    places = recipients(kind, levels, operators)
    rows = [
        _notification(kind, job, event, place)
        for place in places
        if kind in FOR_OPERATORS or not _shows(place, job)
    ]
    if kind is not NotificationKind.OPERATOR_NEEDED:
        return rows
    since = event.at - REPEAT_SECONDS
    return [row for row in rows if not _repeats(row, told_since(row.channel, kind, since))]


def notifications_of_unreadable(
    table: str,
    row_id: str,
    columns: Sequence[str],
    *,
    team: str,
    levels: Mapping[str, str],
    operators: Sequence[str],
    at: Instant,
) -> list[Notification]:
    """Return the rows to insert for a row that cannot be read; none tells its ID."""
    # A job may be from a private conversation.
    kind = NotificationKind.UNREADABLE
    return [
        Notification(
            id=notification_id(kind, place, f"{table}:{row_id}"),
            team=team,
            channel=place,
            kind=kind,
            happened_at=at,
            detail=f"{table}: {', '.join(columns)}",
            due_at=at,
        )
        for place in recipients(kind, levels, operators)
    ]


_WHILE_ASKED = frozenset({EventName.APPROVAL_ASKED, EventName.APPROVAL_REMINDED})
_AT_THE_END = frozenset({EventName.APPROVED, EventName.DENIED, EventName.EXPIRED})

ABOUT_APPROVAL = _WHILE_ASKED | _AT_THE_END
"""Events that change what is told of a request that waits, or waited, for approvers."""


def approval_notifications(job: Job, event: Event) -> list[Notification]:
    """Return the rows to insert for an event about an approval.

    Approvers get a card where they are asked, and another one with each reminder, because an edit
    notifies nobody. The asker gets a card, and is told the end.
    """
    question = job.question
    if question is None or not question.is_for_approvers or event.name not in ABOUT_APPROVAL:
        return []
    places: list[tuple[NotificationKind, str]] = []
    if event.name in _WHILE_ASKED:
        asked = question.approvers if question.place is None else (question.place,)
        cards = [*asked, *question.fallback]
        places += [(NotificationKind.APPROVAL_CARD, place) for place in cards]
    if event.name is not EventName.APPROVAL_REMINDED:
        places.append((NotificationKind.APPROVAL_STATUS, job.user))
    return [
        row_about(
            job,
            kind,
            event.at,
            row_id=notification_id(kind, place, f"{job.id}:{event.name}:{event.at}"),
            channel=place,
            detail=event.name,
        )
        for kind, place in places
    ]


def deletion_of(job: Job, event: Event) -> Notification:
    """Return the row that takes a result's message back. Its ID is made of the job."""
    kind = NotificationKind.DELETED
    row_id = notification_id(kind, job.channel, job.id)
    return row_about(job, kind, event.at, row_id=row_id, channel=job.channel, detail=event.detail)


def _shows(channel: str, job: Job) -> bool:
    """Return whether the job's own message, which tells its end, is in the channel."""
    return channel == job.channel and job.message_ts is not None


def recipients(
    kind: NotificationKind, levels: Mapping[str, str], operators: Sequence[str]
) -> list[str]:
    """Return the channels whose level has this kind, else the operators for `FOR_OPERATORS`."""
    channels = [
        channel
        for channel, level in levels.items()
        if kind in KINDS_OF_LEVEL.get(level, frozenset())
    ]
    return channels or (list(operators) if kind in FOR_OPERATORS else [])


def _notification(kind: NotificationKind, job: Job, event: Event, place: str) -> Notification:
    # A job can be parked or held more than once; the other events happen once.
    about = f"{job.id}:{event.at}" if kind in FOR_OPERATORS else job.id
    row_id = notification_id(kind, place, about)
    return row_about(job, kind, event.at, row_id=row_id, channel=place, detail=event.detail)


def _repeats(row: Notification, posted: Iterable[str]) -> bool:
    return _constant_part(row.detail) in map(_constant_part, posted)


def _constant_part(detail: str) -> str:
    """Return the part of a problem's text that is the same for every job that meets it."""
    return _VARIABLE_WORD.sub("", detail)
