"""What every store promises, whichever database is behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from storage.costs import Render, Spend
from storage.home import HomeView
from storage.job import Event, Instant, Job, Json, Outcome, Stage
from storage.notification import Notification

MOST_AHEAD = 100
"""Nobody who waits behind more jobs than this needs their exact number."""

Row = TypeVar("Row", Job, Notification, HomeView)
"""What a queue holds: rows with `id`, `due_at`, `lease_until`, `fence`, `attempts` and `step`."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many rows a claim takes at most that are due for some steps; no step is in two rooms."""

    limit: int
    steps: tuple[str, ...]


class StoreError(Exception):
    """The store could not do what was asked; the name of the subclass says what to do."""


class StoreFullError(StoreError):
    """No space (or a read-only file): nothing was written; try again when that is mended."""


class StoreBrokenError(StoreError):
    """A write may or may not be on disk: stop the process, and read the file anew."""


class StoreUnusableError(StoreError):
    """No store can be where it was looked for; the message says why: name another place."""


class StoreInUseError(StoreError):
    """Another process owns this store; the message says which file and what to do."""


class StaleFenceError(StoreError):
    """The claim was taken over or the row is gone: whatever this holder knows is void."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs to list; a field left `None` does not narrow."""

    team: str | None = None
    channel: str | None = None
    user: str | None = None
    stages: frozenset[Stage] | None = None
    outcome: Outcome | None = None
    since: Instant | None = None
    until: Instant | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendFilter:
    """Whose spend, of jobs made from `since` until before `until`; `None` does not narrow."""

    team: str
    since: Instant
    until: Instant
    user: str | None = None
    channel: str | None = None


class Queue(Protocol[Row]):
    """Rows that become due, are claimed under a lease, and are written under a fence."""

    async def claim(self, now: Instant, lease_seconds: float, rooms: Sequence[Room]) -> list[Row]:
        """Take as many rows as there is room for that are due and not leased.

        The longest due first. Each gets a lease until `now + lease_seconds` and a fence one higher
        than before. Two callers never hold the same fence of a row.
        """

    async def renew(self, rows: Sequence[Row], until: Instant) -> frozenset[str]:
        """Extend the leases of `rows` that still have their fence; return the IDs of those."""

    async def apply(self, before: Row, after: Row, event: Event | None) -> Row:
        """Write the fields in which `after` differs from `before`, if the fence still holds.

        One commit with the event, which only jobs have, and with the notifications that it causes.
        Fields that are equal in both are not written, so what others changed meanwhile survives;
        the returned row is as it now stands. Raises `StaleFenceError` (nothing written) for a claim
        that was taken over, and `IllegalTransitionError` for a move that a job may not make.
        """


class JobStore(Queue[Job], Protocol):
    """Jobs and their timelines.

    Every method that writes returns only after its commit is on disk. A method that raises
    `StoreFullError` wrote nothing.
    """

    async def insert(self, job: Job, event: Event) -> tuple[Job, bool]:
        """Insert `job`, or return the row that has its `dedup_key` already.

        Idempotent by `dedup_key`: the second value says whether this call made the row.
        """

    async def get(self, job_id: str) -> Job | None:
        """Return the job, or `None`. The ID of a delivery that was resent names its job."""

    async def find_by_dedup_key(self, dedup_key: str) -> Job | None:
        """Return the job that was made of this ask, or `None`."""

    async def find_by_message(self, team: str, channel: str, ts: str) -> Job | None:
        """Return the newest job whose own message, result or thread root is `ts`, or `None`."""

    async def find_duplicate(self, job: Job, since: Instant) -> Job | None:
        """Return the newest job of the same person, channel, model and input made after `since`.

        One that was rejected cost nothing and does not count.
        """

    async def jobs(self, wanted: JobFilter) -> list[Job]:
        """Return the jobs that match, newest first."""

    async def events(self, job_id: str) -> list[Event]:
        """Return the job's timeline, oldest first."""

    async def render_seconds(self, kind: str, limit: int) -> list[float]:
        """Return how long the last successes of this kind took, submit to finish, in seconds."""

    async def ahead_of(self, job: Job) -> int:
        """Return how many jobs were made before this one and do not render yet; parked ones aside.

        Counted up to `MOST_AHEAD`, so that a backlog does not slow its own progress down.
        """

    async def spend(self, wanted: SpendFilter) -> Spend:
        """Return what the jobs that match cost, by the rule of `storage.costs`."""

    async def renders(self, team: str, since: Instant, until: Instant) -> list[Render]:
        """Return what was asked for from `since` until before `until`, oldest first."""

    async def request_cancel(self, job_id: str, by: str, now: Instant) -> Job | None:
        """Note that `by` wants the job cancelled, if nothing was sent to MindVideo yet.

        The returned row tells: with `cancel_requested_at` the cancel is free and certain, without
        it the render was sent, or the job is over. Makes the job due now; the first request
        stands. Writes no field that a step writes but `due_at`, so it needs no fence. `None`:
        there is no such job. Idempotent.
        """

    async def unfollow(self, job_id: str, by: str, now: Instant) -> Job | None:
        """Note that `by` gives up a render that MindVideo has; as idempotent as `request_cancel`.

        Without effect on a job that is not at MindVideo.
        """

    async def resume(
        self,
        job_id: str,
        now: Instant,
        task_id: str | None = None,
        vouched_at: Instant | None = None,
    ) -> Job | None:
        """Send a parked job back to the stage it left, due now; `None` if there is none.

        With the `task_id` that a person found at MindVideo, a job that was to be submitted goes on
        as one that was, also if they had mistyped it before; `vouched_at` is when they saw that
        there is none. Raises the fence, so that nobody's older claim survives. Raises
        `IllegalTransitionError` for a job that is not parked, for a task that another job has, and
        for a job that is not announced yet or whose task MindVideo itself named.
        """

    async def last_event_at(self) -> Instant:
        """Return the moment of the newest line of any timeline, or 0 if there is none.

        Time must go on from there: the machine's clock may have been set back since.
        """

    async def stage_counts(self) -> dict[Stage, int]:
        """Return how many jobs stand in each stage, for the metrics."""


class Outbox(Queue[Notification], Protocol):
    """Notifications. Those about a job are put in by the commit of what happened to it.

    One of a channel and a room is given out at a time, the oldest first: what happened first is
    told first.
    """

    async def add(self, notification: Notification) -> bool:
        """Put a notification in; tell whether it is new. Idempotent by its `id`."""

    async def find(self, notification_id: str) -> Notification | None:
        """Return the notification, or `None`."""


class HomeViews(Queue[HomeView], Protocol):
    """Home tabs that are open. The commit of what happens to a person's job makes theirs due."""

    async def open(self, team: str, user: str, now: Instant) -> HomeView:
        """Note that somebody opened their tab, which is then due at once. Idempotent."""


class SettingStore(Protocol):
    """Settings made in Slack. A scope is whom they are for, such as `channel:T1:C1`."""

    async def get(self, scope: str, name: str) -> Json:
        """Return a setting, or `None`."""

    async def within(self, scopes: str, name: str) -> Mapping[str, Json]:
        """Return the setting of this name in each scope that begins with `scopes`."""

    async def set(self, scope: str, name: str, value: Json) -> None:
        """Set it, durably; `None` takes it away. Idempotent."""


class Store(Protocol):
    """Everything that is durable."""

    @property
    def jobs(self) -> JobStore:
        """Jobs and their timelines."""

    @property
    def outbox(self) -> Outbox:
        """Notifications that are to be posted, or were."""

    @property
    def homes(self) -> HomeViews:
        """Home tabs that are open."""

    @property
    def settings(self) -> SettingStore:
        """Settings made in Slack."""

    async def backup(self, path: str) -> None:
        """Write a consistent copy to `path` while everything goes on."""

    async def ping(self) -> None:
        """Raise `StoreError` unless a write would work now."""

    async def close(self) -> None:
        """Finish what is queued and let go of the store."""
