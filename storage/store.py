"""The contract of every store, independent of its database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeAlias, TypeVar, assert_never

from storage.approval import ApprovalRule, MayNotDecide
from storage.budget import (
    Alert,
    AskFirst,
    AuditEntry,
    Booking,
    Cap,
    CapUse,
    CreditBook,
    Mismatch,
    NotAdmitted,
    Period,
    Policy,
    Raise,
    Rules,
    Scope,
    Settlement,
    Stop,
    UncheckedRestore,
    Use,
    Window,
)
from storage.costs import AlikeJobs, CostFilter, CostGroup, Render
from storage.feedback import FeedbackStore
from storage.find import Finder
from storage.home import HomeView
from storage.job import Event, Film, Instant, Job, Json, Outcome, Price, ReviewKind, Stage
from storage.made_file import MadeFile
from storage.notification import Notification
from storage.pace import EARLY_SECONDS, Pacing, Permit
from storage.price_drift import PriceCheck, PriceChecks
from storage.review import Notes
from storage.saved import SavedStore

MOST_AHEAD = 100
"""Bound of `ahead_of`: the exact number of more jobs than this is of no use to a user."""

MOST_IN_THREAD = 100
"""Of the jobs of one thread, as they are looked through for the newest result."""

Row = TypeVar("Row", Job, Notification, HomeView)
"""A row of a queue: it has `id`, `due_at`, `lease_until`, `fence`, `attempts` and `step`."""


def with_permit(row: Row, at: Instant | None) -> Row:
    """Return the row with the permit for its next call, or with none; a Home tab needs none.

    A row that is released is due `EARLY_SECONDS` before its permit is valid.
    """
    match row:
        case Job() | Notification():
            paced = row if row.paced_at == at else replace(row, paced_at=at)
            if at is None or not is_due_by_permit(row):
                return paced
            return replace(paced, due_at=max(row.due_at or 0.0, at - EARLY_SECONDS))
        case HomeView():
            return row
        case _:
            assert_never(row)


def is_due_by_permit(row: Row) -> bool:
    """Return whether a permit decides when a row is due: no step holds it, and one is to follow."""
    return row.due_at is not None and row.lease_until is None


def due_by_signals(before: Row, written: Row) -> Instant | None:
    """Return when a released row is due because a signal came after `before` was written.

    `None`: none came, or its holder goes on with it.
    """
    if written.lease_until is not None or written.signals == before.signals:
        return None
    return written.due_again(max(filter(None, written.signals)))


LEASE_SECONDS = 12.0
"""How long a row is its holder's from the claim, or from the last renewal, on."""

FRESH_SECONDS = LEASE_SECONDS / 2
"""How old a lease may be when its holder does what cannot be undone.

The call that it then makes, and the clocks of two processes, have the other half.
"""

SUSPECT_CRASHES = 2
"""A row that was in flight at this many deaths of the process may be their cause."""

MOST_CRASHES = 3
"""A step of a row that was in flight at this many deaths is not run again."""


@dataclass(frozen=True, slots=True)
class ClaimLimit:
    """The most rows that a claim takes for these steps together; no step is in two of them."""

    rows: int
    steps: tuple[str, ...]
    suspects: bool = False
    """Whether it takes only rows with `SUSPECT_CRASHES`, of any step; else it takes none of them.
    """


ANSWER_SECONDS = 20.0
"""For how long an answer counts as being sent by the process that has begun to. Slack repeats a
request that nobody acknowledged at once and after a minute."""


class StoreError(Exception):
    """The operation failed; the subclass determines how to react."""


class StoreFullError(StoreError):
    """No space (or a read-only file): nothing was written; try again when that is corrected."""


class StoreUnsureError(StoreError):
    """This one write may or may not be done: read the row again. Later writes work."""


class StoreBrokenError(StoreError):
    """A write may or may not be on disk: stop the process, and open the file again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A row whose columns cannot be read: it is set aside, and the others go on."""

    table: str
    id: str
    """Its ID; of a setting, the scope and the name."""
    columns: tuple[str, ...]
    team: str = ""
    """Its workspace, whose operators are notified; empty: unknown, or told already."""
    seq: int = 0
    """Its number in the table, if it is a row of a queue."""


class UnreadableRowError(StoreError):
    """The columns of the one row that was wanted cannot be read; others can."""

    def __init__(self, row: Unreadable) -> None:
        # Without the values, which are a user's text.
        super().__init__(f"a row of {row.table} cannot be read: {', '.join(row.columns)}")
        self.row = row


class StoreUnusableError(StoreError):
    """There can be no store at this path; the message gives the reason: configure another path."""


class StoreInUseError(StoreError):
    """Another process owns this store; the message names the file and the remedy."""


class StaleFenceError(StoreError):
    """The claim was taken over or the row is gone: discard this holder's copy of the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Conditions on the jobs to list; a field that is `None` matches every job."""

    team: str | None = None
    channel: str | None = None
    user: str | None = None
    stages: frozenset[Stage] | None = None
    outcome: Outcome | None = None
    since: Instant | None = None
    until: Instant | None = None
    kept: bool = False
    """Only jobs that somebody keeps."""
    review: ReviewKind | None = None
    """What was last said of their results."""
    limit: int = 50


class Queue(Protocol[Row]):
    """Rows that become due, are claimed with a lease, and are written under a fence."""

    async def claim(
        self, now: Instant, lease_seconds: float, limits: Sequence[ClaimLimit]
    ) -> list[Row]:
        """Claim rows that are due and not leased, within `limits`.

        The longest due first. Each gets a lease until `now + lease_seconds` and a fence one higher
        than before. Two callers never hold the same fence of a row. A row that cannot be read is
        set aside.
        """

    async def renew(self, rows: Sequence[Row], until: Instant) -> frozenset[str]:
        """Extend the leases of `rows` whose fence still holds; return the IDs of those."""

    async def apply(
        self, before: Row, after: Row, event: Event | None, permit: Permit | None = None
    ) -> Row:
        """Write the fields in which `after` differs from `before`, if the fence still holds.

        One commit has the row, the event (jobs only) and the notifications that the event causes.
        Fields that are equal in both are not written, so concurrent changes to them survive; the
        returned row has them. A notification or a Home tab that is released is due again if a
        signal of it came since `before` was written. With a `permit` the same commit reserves one,
        and `paced_at` of the returned job or notification says when it is valid; a row that is
        released is due `EARLY_SECONDS` before that at the earliest. Raises
        `StaleFenceError` (nothing written) for a claim that was taken over, and
        `IllegalTransitionError` for a transition that is not allowed.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Inserted:
    """A job that is in the store; `is_new`: this call inserted it."""

    job: Job
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertTerms:
    """What is looked at beside the rules of budgets before a job is inserted."""

    equal_since: Instant | None = None
    """Since when an equal request is a duplicate; `None`: nothing is searched for."""
    most_active: int | None = None
    """How many jobs of a person may be under way; `None`: any number."""
    may_ask: bool = False
    """Whether a request that caps alone refuse waits: its asker may have an approver asked."""
    is_price_agreed: bool = False
    """Whether the asker was told the price before, and agreed to it."""


NO_TERMS = InsertTerms()


class JobStore(Queue[Job], Protocol):
    """Jobs and their timelines.

    Every method that writes returns only after its commit is on disk. A method that raises
    `StoreFullError` wrote nothing.
    """

    async def insert(
        self,
        job: Job,
        event: Event,
        terms: InsertTerms = NO_TERMS,
    ) -> Inserted | NotAdmitted:
        """Insert `job`, or return the row that has its `dedup_key` already.

        Idempotent by `dedup_key`. If the store has an equal request (same user, channel, model and
        input), made or confirmed at or after `terms.equal_since`, the job is inserted as `waiting`
        for a confirmation, and so it is if the rules of budgets want it asked about. Unless it
        waits it begins to count: with what it holds and its day, as `storage.budget.admit` decides,
        or it is refused. If `terms.may_ask`, a request that caps alone refuse is kept as
        `NotAdmitted.waiting`, if approvers may let it go beyond them; otherwise nothing is written
        of a refused one. A price to which the asker agreed before is not asked about, but may have
        to be approved. A job that is planned counts nothing yet: of budgets, only its price may be
        asked about. All of this is one transaction, so of two equal requests at one instant one
        waits, and of two for which a cap has room for one, one is refused.
        """

    async def insert_set(
        self,
        asks: Sequence[tuple[Job, Event]],
        terms: InsertTerms = NO_TERMS,
        message: Notification | None = None,
    ) -> tuple[Inserted, ...] | NotAdmitted:
        """Insert the jobs of one person as `insert` does, all of them or none.

        Jobs of one set are no duplicates of each other. The row of the set's `message` is inserted
        in the same commit; while the jobs wait for their asker, it is not due.
        """

    async def confirm(
        self,
        job_id: str,
        by: str,
        now: Instant,
        *,
        most_active: int | None = None,
        asks_approvers: bool = False,
    ) -> Job | NotAdmitted | None:
        """Accept a job that waits for its asker, due now; return the row as it is then.

        A job with a time to start at is planned; another begins to count as after `insert`, or is
        refused and waits on. Its price is not asked
        about again, but it waits for an approver if the rules want that; with `asks_approvers` also
        if hard caps alone refuse it. With a part of a set all parts are accepted, or none, and the
        set's message is due; no approver is asked about a set. Idempotent: a job that was accepted
        already is returned unchanged, and so is one that waits for an approver, or whose question
        has expired. Raises the fence. Returns `None` if there is no such job.
        """

    async def begin(
        self, planned: Job, priced: Job, now: Instant, terms: InsertTerms = NO_TERMS
    ) -> Job | AskFirst | NotAdmitted:
        """Let a job whose time has come begin to count; return the row as it is then.

        `planned` is the row as its claim has it, and `priced` the same with its price of now. It is
        accepted, or waits for an approver, under the same fence and lease. What its asker would be
        asked about is returned, as a refusal is: then nothing is written. Raises `StaleFenceError`
        (nothing written) for a claim that was taken over.
        """

    async def approve(
        self,
        job_id: str,
        by: str,
        now: Instant,
        *,
        most_active: int | None = None,
        beyond_caps: bool = False,
    ) -> Job | NotAdmitted | MayNotDecide | None:
        """Accept a job that waits for an approver, due now; return the row as it is then.

        It begins to count, or is refused and waits on; with `beyond_caps` hard caps do not count.
        Who may decide is looked at in this commit, which the audit records. The first decision
        stands: a job about which another has decided, or whose time is over, is returned unchanged.
        Raises the fence. Returns `None` if there is no such job.
        """

    async def deny(
        self, job_id: str, by: str, because: str, now: Instant
    ) -> Job | MayNotDecide | None:
        """End a job that waits for an approver; otherwise as `approve`."""

    async def settle(self, job_id: str, settlement: Settlement) -> Job | None:
        """Record the amount of a job that MindVideo never named, as an operator decided.

        In place of an earlier amount, too. The audit records it. Needs no fence: a step that reads
        another amount meanwhile writes that one. Idempotent. Returns `None` if there is no such
        job. Raises `IllegalTransitionError` for one that was never sent or is not `SETTLEABLE`.
        """

    async def get(self, job_id: str) -> Job | None:
        """Return the job, or `None`. The ID of a resent delivery returns the job of its files."""

    async def find_by_dedup_key(self, dedup_key: str) -> Job | None:
        """Return the job with this dedup key, or `None`."""

    async def find_by_message(self, team: str, channel: str, ts: str) -> Job | None:
        """Return the newest job that a message is of, or `None`.

        Its own message, one that has files of its result, or the root of its thread.
        """

    async def in_thread(self, team: str, channel: str, ts: str) -> list[Job]:
        """Return the last `MOST_IN_THREAD` jobs whose own message or thread root is `ts`.

        The newest first, those that wait for an answer too.
        """

    async def jobs(self, wanted: JobFilter) -> list[Job]:
        """Return the jobs that match, newest first; without `stages`, those that were accepted.

        Rows that cannot be read are left out, and set aside.
        """

    async def events(self, job_id: str) -> list[Event]:
        """Return the job's timeline, oldest first, without events that cannot be read."""

    async def render_seconds(self, kind: str, limit: int) -> list[float]:
        """Return the durations of the last successes of this kind, submit to finish, in seconds."""

    async def ahead_of(self, job: Job) -> int:
        """Return how many jobs were submitted before this one and still wait at the provider.

        Neither a job that was given up counts, nor one that is on hold. 0 for a job that was not
        submitted. Counted up to `MOST_AHEAD`, so that a long backlog does not slow down its work.
        """

    async def costs(self, wanted: CostFilter) -> list[CostGroup]:
        """Return the accepted jobs that match, counted by all that a cost report tells apart."""

    async def cost_sums(self, wanted: CostFilter) -> list[AlikeJobs]:
        """Return the accepted jobs that match, counted by what they cost: enough for their sum."""

    async def renders(self, team: str, since: Instant, until: Instant) -> list[Render]:
        """Return the renders requested at or after `since` and before `until`, oldest first."""

    async def made_files(self, since: Instant, until: Instant) -> list[MadeFile]:
        """Return the files that were made for the jobs requested in this time, oldest first."""

    async def request_cancel(self, job_id: str, by: str, now: Instant) -> Job | None:
        """Record that `by` requests the cancel of a job, if MindVideo certainly does not have it.

        In the returned row, `cancel_requested_at` is set if the cancel is free and certain; else
        the render may have been sent or the job is over. Makes the job due now; the first request
        is kept. Of the fields that a step writes it changes only `due_at`, so it needs no fence.
        Returns `None` if there is no such job. Idempotent.
        """

    async def parts(self, set_id: str) -> list[Job]:
        """Return the parts of a set in their order, without those that cannot be read."""

    async def takes(self, places: Collection[str], limit: int) -> list[Job]:
        """Return the takes of places, oldest first, without those that cannot be read.

        Of each place, which `Job.take_of` names, the first take and the last `limit` others.
        """

    async def request_cancel_of_set(self, set_id: str, by: str, now: Instant) -> list[Job]:
        """Request the cancel of all parts of a set, each as `request_cancel` does, in one commit.

        Returns the parts in their order, as they are then. Idempotent.
        """

    async def wake_parts(self, set_id: str, now: Instant) -> None:
        """Make the parts of a set due that wait for the set's message. Idempotent.

        A part that is not woken looks for the message by itself, after `PART_WAIT_SECONDS`.
        """

    async def give_up(self, job_id: str, by: str, now: Instant) -> Job | None:
        """Record that `by` gives up a render that MindVideo has. Idempotent, as `request_cancel`.

        No effect on a job that is not at MindVideo. Returns `None` if there is no such job.
        """

    async def note_press(self, job_id: str, action_id: str, by: str) -> Job | None:
        """Record that `by` pressed a button under a job; the first press is kept.

        No step writes this field and the job does not become due, so it needs no fence. Returns
        `None` if there is no such job. Idempotent.
        """

    async def note_film(self, job_id: str, film: Film, now: Instant) -> Job | None:
        """Record what a delivered job's video shows of itself, and its poster.

        The job's message is to show it, so the job becomes due and `shown` is emptied. A step that
        runs meanwhile keeps its fence; the job is due again once it is released. No effect on a job
        that is not delivered. Returns `None` if there is no such job. Idempotent.
        """

    async def keep(self, job_id: str, by: str | None, now: Instant) -> Job | None:
        """Record that `by` keeps a job, or if it is `None` that nobody does any more.

        The first one who keeps it is recorded. No step writes this field and the job does not
        become due, so it needs no fence; the Home tab of the job's user does. Returns `None` if
        there is no such job. Idempotent.
        """

    async def delete_result(self, job_id: str, by: str, now: Instant) -> Job | None:
        """Record that `by` deletes the result of a delivered job; the first one stays.

        The same commit inserts the row that takes the result back, and makes those due again that
        bring something of it (`OF_RESULT`); a repeat makes them due once more, because one may have
        given up. The job becomes due, to show it in its message. The fence stays, for a step that
        reads its cost. No effect on a job that is not delivered. Returns `None` if there is no such
        job.
        """

    async def resume(
        self,
        job_id: str,
        now: Instant,
        task_id: str | None = None,
        confirmed_absent_at: Instant | None = None,
    ) -> Job | None:
        """Return a parked job to the stage it left, due now; `None` if there is no such job.

        `task_id` is the task that an operator found at MindVideo: a job that was parked before its
        submit then continues as a submitted one. It also replaces a mistyped `task_id` of an
        earlier call. `confirmed_absent_at` is when an operator confirmed that MindVideo has no task
        for the job. The fence is raised, so that no older claim stays valid.

        Raises `IllegalTransitionError` for a job that is not parked, for a task that another job
        has, and, with a `task_id`, for a job that is not announced yet or whose task ID came from
        MindVideo itself.
        """

    async def last_event_at(self) -> Instant:
        """Return the time of the newest event or notification, or 0 if there is none.

        The clock must continue from it: the machine's clock may have been set back since.
        """

    async def stage_counts(self) -> dict[Stage, int]:
        """Return the number of jobs in each stage, for the metrics."""

    async def oldest_due(self, now: Instant) -> dict[Stage, Instant]:
        """Return, for each stage with a due job that nobody holds, since when the oldest is due."""


class Added(StrEnum):
    """What became of a notification that was to be inserted within a limit."""

    NEW = "new"
    KNOWN = "known"
    """It was inserted before."""
    TOO_MANY = "too many"
    """Not inserted: the limit was reached."""


class Outbox(Queue[Notification], Protocol):
    """Notifications. Those about a job are inserted in the commit of the event that causes them.

    For each channel and each limit, one notification at a time is claimed, the oldest first, so
    that a channel gets notifications in the order of the events; a limit whose kinds may all come
    in any order (`IN_ANY_ORDER`) has no such bound.
    """

    async def add(self, notification: Notification) -> bool:
        """Insert a notification; return whether it is new. Idempotent by its `id`."""

    async def add_within(self, notification: Notification, *, most: int, since: Instant) -> Added:
        """Insert a notification, unless its job has `most` of its kind that happened after `since`.

        Those in the notification's own channel count. The count and the insert are one
        transaction. Idempotent by the notification's `id`.
        """

    async def find(self, notification_id: str) -> Notification | None:
        """Return the notification, or `None`."""


class HomeViews(Queue[HomeView], Protocol):
    """Home tabs that are open. The commit of an event makes the tab of the job's user due."""

    async def open(
        self, team: str, user: str, now: Instant, *, pages: int = 1, kept_only: bool = False
    ) -> HomeView:
        """Record that a user opened their tab, or wants it to show something else; make it due.

        Idempotent. It is due at once, or when `REDRAW_SECONDS` or the pause after a failed try
        have passed.
        """


class Budgets(Protocol):
    """The rules of budgets, and what is used of them.

    What is used changes with the jobs, in the commits of their own writes. Each change of a rule,
    its entry in the audit and the notifications of it are one commit. Idempotent by `dedup_key`,
    unless that is empty; what changes nothing is no decision.
    """

    async def rules(self, team: str, now: Instant) -> Rules:
        """Return all rules of a workspace, with the raises that have not ended at `now`."""

    async def set_cap(
        self, cap: Cap, by: str, now: Instant, *, because: str = "", dedup_key: str = ""
    ) -> None:
        """Set a cap, in place of an earlier one of the same scope and window."""

    async def remove_cap(
        self, scope: Scope, window: Window, by: str, now: Instant, *, dedup_key: str = ""
    ) -> bool:
        """Remove a cap; return whether there was one."""

    async def add_raise(self, one: Raise, *, dedup_key: str = "") -> None:
        """Raise the caps of a scope until the raise ends by itself, which is told then."""

    async def end_raises(self, scope: Scope, by: str, now: Instant, *, dedup_key: str = "") -> int:
        """End the raises of a scope before their time; return how many there were."""

    async def stop(self, stop: Stop, *, dedup_key: str = "") -> bool:
        """Let a workspace or a channel take no new requests; return whether it did until now."""

    async def go_on(self, scope: Scope, by: str, now: Instant, *, dedup_key: str = "") -> bool:
        """Let a workspace or a channel take requests again; return whether it was stopped."""

    async def set_policy(
        self, team: str, policy: Policy, by: str, now: Instant, *, dedup_key: str = ""
    ) -> None:
        """Set the rules of a workspace beside its caps."""

    async def book_credit(self, team: str, booking: Booking, *, dedup_key: str = "") -> None:
        """Append a booking to the workspace's book of credit, which is a part of the audit."""

    async def credit(self, team: str) -> CreditBook | None:
        """Return the workspace's book of credit; `None`: nothing was ever booked."""

    async def managers(self, team: str) -> tuple[str, ...]:
        """Return the users who may change budgets beside the admins."""

    async def set_managers(
        self, team: str, users: Sequence[str], by: str, now: Instant, *, dedup_key: str = ""
    ) -> None:
        """Set the users who may change budgets beside the admins."""

    async def set_approval_rule(
        self, rule: ApprovalRule, by: str, now: Instant, *, dedup_key: str = ""
    ) -> None:
        """Set what a workspace or a channel says of approvals, in place of what it said.

        A rule that says nothing is removed.
        """

    async def cap_uses(self, job: Job, now: Instant) -> list[CapUse]:
        """Return the caps that would apply to such a job now, and what is used of them."""

    async def shared_cap_uses(self, team: str, now: Instant) -> list[CapUse]:
        """Return the caps that several people share, and what is used of them now."""

    async def use(self, scope: Scope, period: Period) -> Use:
        """Return what is held and spent in a scope within a period."""

    async def prices(
        self, price: Price, since: Instant, limit: int
    ) -> list[tuple[Decimal | None, Decimal]]:
        """Return size and amount of the last renders with the key of `price`, the newest first.

        Of its size; if there are none, of others. The amount is the actual one, else the estimate.
        """

    async def price_checks(self, team: str, since: Instant) -> PriceChecks:
        """Return what the last renders of each price since then cost, and were forecast to cost.

        With the drifts that stand. Takes a few queries for each price.
        """

    async def note_drift(
        self, team: str, check: PriceCheck, notices: Sequence[Notification], now: Instant
    ) -> None:
        """Note that a drift stands and insert what tells it, in one commit. Idempotent."""

    async def end_drifts(self, team: str, price_keys: Sequence[str]) -> None:
        """Forget drifts that do not stand any more. Idempotent."""

    async def alerts(self) -> list[Alert]:
        """Return the alerts, the oldest first."""

    async def audit(self, since: Instant) -> list[AuditEntry]:
        """Return the decisions about money at or after `since`, the oldest first."""

    async def confirm_counts(
        self, team: str, by: str, now: Instant, *, because: str = "", dedup_key: str = ""
    ) -> Instant | None:
        """Confirm that somebody checked what budgets count since a backup was restored.

        Returns since when it was in doubt; `None`: it was not, and nothing is written.
        """

    async def unchecked_restores(self) -> list[UncheckedRestore]:
        """Return the workspaces whose budgets count too little since a restore. Cheap."""

    async def mismatches(self) -> list[Mismatch]:
        """Return the counters that differ from the sum over the jobs: none, unless by a fault."""

    async def recompute(self, by: str, now: Instant) -> list[Mismatch]:
        """Set the counters to the sum over the jobs; return those that were wrong."""


class SettingStore(Protocol):
    """Settings made in Slack. A scope is a workspace or a channel, such as `channel:T1:C1`."""

    async def get(self, scope: str, name: str) -> Json:
        """Return a setting, or `None`; one that cannot be read counts as none."""

    async def some(
        self, scopes: Collection[str], names: Collection[str]
    ) -> Mapping[tuple[str, str], Json]:
        """Return the settings of these scopes and names, by both, in one read."""

    async def within(self, scopes: str, name: str) -> Mapping[str, Json]:
        """Return the values of a setting by scope, for the scopes that begin with `scopes`."""

    async def set(
        self, scope: str, name: str, value: Json, *, told: Notification | None = None
    ) -> None:
        """Store a setting durably; `None` deletes it. Idempotent.

        In the same commit the notification `told` is inserted. If its ID exists, the change was
        made before, and nothing is written: another one may have come since.
        """


WithoutTexts: TypeAlias = Callable[[str, Mapping[str, Json]], Mapping[str, Json]]
"""Returns the part of a job's input, given with its model, that holds no words of a user.

Called in the writer's thread.
"""


class Retention(Protocol):
    """Erases what is not kept any longer.

    Each method changes at most `limit` rows in one short write, and returns how many it changed;
    there may be more if these are `limit`. Idempotent. Rows themselves stay.
    """

    async def erase_response_urls(self, before: Instant, limit: int) -> int:
        """Erase the URLs for ephemeral messages of requests that were made before this time."""

    async def erase_request_bodies(self, limit: int) -> int:
        """Erase the bytes of requests of which no repeat can come any more."""

    async def erase_details(self, before: Instant, limit: int) -> int:
        """Erase the details of events that happened before this time."""

    async def erase_texts(
        self, before: Instant, limit: int, *, now: Instant, without_texts: WithoutTexts
    ) -> int:
        """Erase what users wrote, wherever it stands, of jobs requested before this time.

        Of jobs that are over and not due any more. They keep what `without_texts` returns of their
        input; what services said of them may quote a prompt, and is erased with it.
        """


class Notice(StrEnum):
    """What one process tells the others that share its store."""

    DUE = "due"
    """A row became due."""
    HELD = "held"
    """A service asked for a pause."""


AroundWrite: TypeAlias = Callable[[], AbstractContextManager[object]]
"""Makes the context in which a store does one write, its commit included."""


class Store(Protocol):
    """All durable data."""

    @property
    def jobs(self) -> JobStore:
        """Jobs and their timelines."""

    @property
    def outbox(self) -> Outbox:
        """Notifications, posted or not yet posted."""

    @property
    def homes(self) -> HomeViews:
        """Home tabs that are open."""

    @property
    def budgets(self) -> Budgets:
        """The rules of budgets, and what is used of them."""

    @property
    def settings(self) -> SettingStore:
        """Settings made in Slack."""

    @property
    def saved(self) -> SavedStore:
        """What people saved under a name."""

    @property
    def notes(self) -> Notes:
        """Notes about results."""

    @property
    def feedback(self) -> FeedbackStore:
        """What people think of results by one press."""

    @property
    def finder(self) -> Finder:
        """The index of the words of jobs."""

    async def now(self) -> Instant | None:
        """Return the database's time, by which all its processes go; `None`: a file has none."""

    @property
    def pacing(self) -> Pacing:
        """Permits for calls of which services take only so many."""

    async def begin_chore(self, name: str, moment: Instant) -> bool:
        """Record that a chore is begun for a moment; return whether this call is the first.

        Of several processes one is. It may die during the chore, so that a chore has to be such
        that the one of the next moment makes up for it.
        """

    async def send_notice(self, notice: Notice) -> None:
        """Tell the other processes. Best effort, and outside of every other write."""

    async def listen(self, url: str | None, hear: Callable[[Notice], Awaitable[None]]) -> None:
        """Call `hear` for each notice of another process.

        Returns at once where there is no other process, else ends with `StoreError` when the
        connection does. `url` is the address for it; `None`: that of the store.
        """

    async def may_answer(self, key: str, now: Instant) -> bool:
        """Return whether this process is to answer the request with this dedup key.

        It is not if another one has begun to within `ANSWER_SECONDS`. For messages to one user,
        which nothing else in the store tells of. A process remembers its own answers itself.
        """

    async def move_back(self, now: Instant, ahead: float) -> None:
        """Correct the times that a clock wrote which was `ahead` seconds too early, as of `now`.

        Nothing lies after `now` then but what is planned, and a search for what may have been
        posted begins before that clock was wrong. Digests that were due in the meantime become due
        again when they really are. Idempotent. Call it before the first claim.
        """

    @property
    def retention(self) -> Retention:
        """The erasure of what is not kept any longer."""

    async def backup(self, path: str) -> None:
        """Write a consistent copy to `path` while reads and writes continue."""

    async def unreadable(self) -> list[Unreadable]:
        """Return the rows that are set aside because they cannot be read. Cheap.

        A row of a queue is not due any more; a job is parked if its stage allows it. The operators
        are notified once of each. A row that was mended is forgotten at the next start.
        """

    async def restores(self) -> list[Instant]:
        """Return when the last event was that each restored backup knew, in order. Cheap.

        What happened between that and the start after the restore is not in the store.
        """

    async def note_stop(self, now: Instant) -> None:
        """Record that this process stops in order: rows that it leaves leased did not kill it.

        Without it, the next owner of the store adds one to the `crashes` of each row that was in
        flight. Idempotent.
        """

    async def ping(self) -> None:
        """Raise `StoreError` unless a write would work now."""

    async def close(self) -> None:
        """Finish the queued writes and close the store."""
