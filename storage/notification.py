"""What is posted beside a job's own messages: notifications, digests, shared and resent results.

Who is notified of what is decided here, purely, so that each store puts the same rows in with the
commit of what happened.
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
    """What is posted. The values stand in stores and are never changed."""

    FINISHED = "finished"
    FAILED = "failed"
    PARKED = "parked"
    OPERATOR_NEEDED = "trouble"
    """A key, a token, a permission or the credit: only the operator can mend it."""
    DIGEST = "digest"
    SHARED = "shared"
    """Somebody shares a result that stands in a thread; `detail` is their ID."""
    RESENT = "resent"
    """Somebody wants the files of a job again; `detail` is their ID."""


class Level(StrEnum):
    """Which notifications about single jobs a channel is subscribed to."""

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
            }
        ),
        Level.FAILURES: frozenset(
            {
                NotificationKind.FAILED,
                NotificationKind.PARKED,
                NotificationKind.OPERATOR_NEEDED,
            }
        ),
    },
)
"""A digest comes by a setting of its own; sharing and resending are what a person asks for."""

NOTIFY = "notify"
"""Name of the setting that holds a channel's `Level`."""

OPERATORS = "operators"
"""Name of a workspace's setting that lists who is told what needs an operator if no channel is."""

FOR_OPERATORS = frozenset({NotificationKind.PARKED, NotificationKind.OPERATOR_NEEDED})

REPEAT_SECONDS = 3600.0
"""The same need of an operator is told once in this time: every waiting job meets it."""

# A word with a digit: the other side names the request or the moment beside the problem itself.
_PASSING_WORD = re.compile(r"\S*\d\S*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message that is posted once to one place: a row of the outbox. Moments are `Instant`s."""

    id: str
    """The same for one happening and one place, so that it is put in once.

    The message carries it as its metadata's `job_id`, by which a doubtful post is found again.
    """
    team: str
    channel: str
    """Where it is posted: a channel, or a person, in their direct conversation with the bot."""
    kind: NotificationKind
    happened_at: Instant
    thread_ts: str | None = None
    """The thread in which it is posted; `None`: in the channel itself."""
    job_id: str | None = None
    detail: str = ""
    """The problem in words; for a digest, what it covers; else who asked for it."""

    due_at: Instant | None = None
    """When to try; `None`: it was posted or given up."""
    lease_until: Instant | None = None
    fence: int = 0
    """Raised by each claim; a write that names an older fence writes nothing."""
    attempts: int = 0
    """Tries in a row that got nowhere."""
    delivery: Delivery = NOT_DELIVERED
    problem: str | None = None
    """Why it was given up."""

    @property
    def step(self) -> NotificationKind:
        """Which step the row is due for."""
        return self.kind

    def due_again(self, now: Instant) -> Instant:
        """Return when the row is due after one of its signals changed."""
        return now

    @property
    def is_given_up(self) -> bool:
        """Whether it was not posted and will not be."""
        return self.due_at is None and self.problem is not None and self.delivery.ts is None

    @property
    def signals(self) -> tuple[Instant | None, ...]:
        """What others may change while a step runs: nothing."""
        return ()


def notification_id(kind: NotificationKind, channel: str, about: str) -> str:
    """Return the ID of a notification: the same for the same happening and the same channel."""
    digest = hashlib.blake2b(f"{kind}:{channel}:{about}".encode(), digest_size=10)
    return f"notice-{digest.hexdigest()}"


def team_scope(team: str) -> str:
    """Return the scope of a workspace's settings."""
    return f"team:{team}"


def channel_scope(team: str, channel: str) -> str:
    """Return the scope of a channel's settings."""
    return f"{channels_of(team)}{channel}"


def channels_of(team: str) -> str:
    """Return what the scopes of all channels of a workspace begin with."""
    return f"channel:{team}:"


def kind_of(job: Job, event: Event) -> NotificationKind | None:
    """Return what an event means to a subscribed channel; `None`: nothing."""
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
    """Return the rows to put in for an event: one for each subscribed channel, or operator.

    `levels` are the channels' levels, `operators` are told what needs one where no channel is.
    `told_since` gives the details of a channel's notifications of a kind since a moment; it is
    asked only where a repeat is left out.
    """
    kind = kind_of(job, event)
    if kind is None:
        return []
    rows = [_notification(kind, job, event, place) for place in recipients(kind, levels, operators)]
    if kind is not NotificationKind.OPERATOR_NEEDED:
        return rows
    since = event.at - REPEAT_SECONDS
    return [row for row in rows if not _repeats(row, told_since(row.channel, kind, since))]


def recipients(
    kind: NotificationKind, levels: Mapping[str, str], operators: Sequence[str]
) -> list[str]:
    """Return who is told: the channels whose level has this kind, else the operators if need be."""
    channels = [
        channel
        for channel, level in levels.items()
        if kind in KINDS_OF_LEVEL.get(level, frozenset())
    ]
    return channels or (list(operators) if kind in FOR_OPERATORS else [])


def _notification(kind: NotificationKind, job: Job, event: Event, place: str) -> Notification:
    # A job is parked, and held, more than once; all else happens to it once.
    about = f"{job.id}:{event.at}" if kind in FOR_OPERATORS else job.id
    return Notification(
        id=notification_id(kind, place, about),
        team=job.team,
        channel=place,
        kind=kind,
        happened_at=event.at,
        job_id=job.id,
        detail=event.detail,
        due_at=event.at,
    )


def _repeats(row: Notification, told: Iterable[str]) -> bool:
    return _lasting(row.detail) in map(_lasting, told)


def _lasting(detail: str) -> str:
    """Return the part of a problem's words that is the same for every job that meets it."""
    return _PASSING_WORD.sub("", detail)
