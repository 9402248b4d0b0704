"""What a channel wants to hear, and what it is still to be told: settings, notices, figures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from storage.job import Event, Instant, Job, Json, Outcome, Stage


class NoticeKind(StrEnum):
    """What a channel is told about."""

    FINISHED = "finished"
    FAILED = "failed"
    PARKED = "parked"
    TROUBLE = "trouble"
    """A key, a token, a permission or the credit: only the operator can mend it."""
    DIGEST = "digest"
    SHARED = "shared"
    """Somebody shares a result that stands in a thread: `detail` is their ID."""


class Level(StrEnum):
    """How much a channel wants to hear, one by one."""

    ALL = "all"
    FAILURES = "failures"


HEARD: Mapping[str, frozenset[NoticeKind]] = MappingProxyType(
    {
        Level.ALL: frozenset(NoticeKind) - {NoticeKind.DIGEST, NoticeKind.SHARED},
        Level.FAILURES: frozenset({NoticeKind.FAILED, NoticeKind.PARKED, NoticeKind.TROUBLE}),
    },
)
"""What each level hears; a digest comes by its own setting, and sharing is a person's wish."""

NOTIFY = "notify"
"""Name of the setting that holds a channel's `Level`."""

OPERATORS = "operators"
"""Name of a workspace's setting that lists who hears of what needs them if no channel does."""

FOR_OPERATORS = frozenset({NoticeKind.PARKED, NoticeKind.TROUBLE})

TROUBLE_PAUSE_SECONDS = 3600.0
"""The same trouble is told to a channel once in this time: every waiting job meets it."""

RESENT = "resend"
"""Surface of a job that brings old files again: no news for a channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that one channel is told once: a row. Moments are `Instant`s."""

    id: str
    """Made from what happened and where it is told, so that one happening is one notice.

    The message carries it as its metadata's `job_id`, by which a doubtful post is found again.
    """
    team: str
    channel: str
    """Where it is told: a channel, or a person, directly."""
    kind: NoticeKind
    happened_at: Instant
    job_id: str | None = None
    detail: str = ""
    """The trouble in words; for a digest, what it covers."""

    due_at: Instant | None = None
    """When to try; `None`: it was posted or given up."""
    lease_until: Instant | None = None
    fence: int = 0
    """Raised by each claim; a write that names an older fence writes nothing."""
    attempts: int = 0
    file_id: str | None = None
    """The chart at Slack, known before its bytes go."""
    plain: bool = False
    """The chart cannot be had here, so the words go alone."""
    intent_at: Instant | None = None
    """It may have been posted at or after this moment: look before posting."""
    posted_ts: str | None = None
    problem: str | None = None
    """Why it was given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Render:
    """What the figures need of one job."""

    user: str
    model: str
    created_at: Instant
    stage: Stage
    outcome: Outcome | None
    seconds: float | None
    """From submit to finish."""
    estimate: Decimal | None
    actual: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Whose jobs changed, up to line `seq` of all timelines."""

    seq: int
    users: frozenset[str]


class SettingStore(Protocol):
    """Settings made in Slack. A scope is whom they are for, such as `channel:T1:C1`."""

    async def setting(self, scope: str, name: str) -> Json:
        """Return a setting, or `None`."""

    async def settings(self, scopes: str, name: str) -> dict[str, Json]:
        """Return the setting of this name in each scope that begins with `scopes`."""

    async def set(self, scope: str, name: str, value: Json) -> None:
        """Set it, durably; `None` takes it away. Idempotent."""


class NoticeStore(Protocol):
    """The outbox. A job's notices are put in by the commit of what happened to the job."""

    async def add_notice(self, notice: Notice) -> bool:
        """Put a notice in; tell whether it is new. Idempotent by its `id`."""

    async def claim_notices(self, now: Instant, lease_seconds: float, limit: int) -> list[Notice]:
        """Take up to `limit` notices that are due, one a channel, the oldest first.

        Each gets a lease until `now + lease_seconds` and a fence one higher than before. While a
        channel's notice is leased, no other of that channel is given out.
        """

    async def apply_notice(self, before: Notice, after: Notice) -> Notice:
        """Write `after`, if the fence of `before` still holds.

        Raises `StaleFenceError`, with nothing written, if not.
        """

    async def renders(self, team: str, since: Instant, until: Instant) -> list[Render]:
        """Return what was asked for from `since` until before `until`, oldest first."""

    async def changes(self, after_seq: int | None) -> Changes:
        """Tell whose jobs' timelines grew since line `after_seq`. A read.

        `None` asks for the newest line alone.
        """


def notice_id(kind: NoticeKind, channel: str, about: str) -> str:
    """Return the ID of a notice; the same happening told to the same channel gives the same."""
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


def kind_of(job: Job, event: Event) -> NoticeKind | None:
    """Return what an event means to a channel that listens; `None`: nothing."""
    match event.name, job.outcome:
        case "held", _:
            return NoticeKind.TROUBLE
        case "parked", _:
            return NoticeKind.PARKED
        case "delivered", Outcome.SUCCEEDED:
            return None if job.surface == RESENT else NoticeKind.FINISHED
        case "delivered" | "rejected", Outcome.FAILED:
            return NoticeKind.FAILED
        case _:
            return None
