"""The store in one SQLite file: jobs, outbox, Home tabs and settings over one session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import chain
from sqlite3 import Row as SqlRow
from typing import Generic, Self

from sqlite_utils import Database

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
from storage.feedback import Feedback, GivenFeedback, Rating
from storage.find import FoundJob, Page, Viewer, Wanted
from storage.home import HomeView
from storage.job import Event, Film, Instant, Job, Json, Price, Stage, check_transition
from storage.made_file import MadeFile
from storage.notification import Notification
from storage.pace import Permit
from storage.price_drift import PriceCheck, PriceChecks
from storage.review import Note, Noted
from storage.rows import HOME_VIEWS, JOBS, NOTIFICATIONS, Table
from storage.saved import Editor, Saved, SavedKey, SavedKind, Written
from storage.sqlite import (
    admissions,
    budget_rules,
    budget_use,
    credit,
    find,
    homes,
    job_feedback,
    job_notes,
    job_reads,
    job_writes,
    notifications,
    price_drifts,
    queue,
    reports,
    restores,
    retention,
    saved,
    settings,
    times,
    unreadable,
)
from storage.sqlite.claim_turns import ClaimTurns
from storage.sqlite.connection import touch
from storage.sqlite.queue import FindDue, longest_due_first
from storage.sqlite.retention import Erasure
from storage.sqlite.session import Session, open_session
from storage.store import (
    NO_TERMS,
    Added,
    AroundWrite,
    ClaimLimit,
    Inserted,
    InsertTerms,
    JobFilter,
    Notice,
    Row,
    Unreadable,
    WithoutTexts,
)


class SqliteQueue(Generic[Row]):
    """Implements `Queue` over one table."""

    def __init__(self, session: Session, table: Table[Row], find_due: FindDue) -> None:
        self._session = session
        self._table: Table[Row] = table
        self._find_due = find_due

    async def claim(
        self, now: Instant, lease_seconds: float, limits: Sequence[ClaimLimit]
    ) -> list[Row]:
        """Claim rows that are due and not leased, within `limits`."""
        # Raised here too, so that an idle process also stops once the file is in doubt.
        self._session.refuse_if_broken()
        # Usually no row is due, and a read finds that out without the writer's thread.
        if not self._session.read_inline(partial(self._is_any_due, now, limits)):
            return []

        def claim(db: Database) -> tuple[list[Row], list[Unreadable]]:
            due = self._due(now, limits, db)
            leased, broken = queue.lease(db, self._table, due, now + lease_seconds)
            return leased, unreadable.quarantine(db, broken)

        leased, broken = await self._session.write(claim)
        self._session.report(broken)
        return leased

    async def renew(self, rows: Sequence[Row], until: Instant) -> frozenset[str]:
        """Extend the leases of `rows` that are still held; return the IDs of those."""
        return await self._session.write(lambda db: queue.renew(db, self._table, rows, until))

    async def apply(
        self, before: Row, after: Row, event: Event | None, permit: Permit | None = None
    ) -> Row:
        """Write the fields in which `after` differs, if the fence still holds."""
        if event is not None:
            raise ValueError("only jobs have a timeline")
        paced = self._session.paced(after, permit)
        return await self._session.write(lambda db: queue.release(db, self._table, before, paced))

    def _is_any_due(self, now: Instant, limits: Sequence[ClaimLimit], db: Database) -> bool:
        return any(self._find(db, now, limit) for limit in limits)

    def _due(self, now: Instant, limits: Sequence[ClaimLimit], db: Database) -> Sequence[SqlRow]:
        return longest_due_first(row for limit in limits for row in self._find(db, now, limit))

    def _find(self, db: Database, now: Instant, limit: ClaimLimit) -> Sequence[SqlRow]:
        if limit.suspects:
            return queue.find_suspects(db, self._table, now, limit)
        return self._find_due(db, now, limit)


class SqliteJobs(SqliteQueue[Job]):
    """Implements `JobStore`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, JOBS, job_writes.find_due)
        self._turns = ClaimTurns()

    def _due(self, now: Instant, limits: Sequence[ClaimLimit], db: Database) -> Sequence[SqlRow]:
        found = (
            self._find(db, now, limit) if limit.suspects else self._turns.find_due(db, now, limit)
            for limit in limits
        )
        return longest_due_first(chain.from_iterable(found))

    async def insert(
        self,
        job: Job,
        event: Event,
        terms: InsertTerms = NO_TERMS,
    ) -> Inserted | NotAdmitted:
        """Insert `job`, as waiting if it is asked about; or return the row with its `dedup_key`."""
        made = await self.insert_set([(job, event)], terms)
        return made if isinstance(made, NotAdmitted) else made[0]

    async def insert_set(
        self,
        asks: Sequence[tuple[Job, Event]],
        terms: InsertTerms = NO_TERMS,
        message: Notification | None = None,
    ) -> tuple[Inserted, ...] | NotAdmitted:
        """Insert the jobs of one person, all of them or none, with their set's message."""
        return await self._session.write(lambda db: admissions.insert_set(db, asks, terms, message))

    async def confirm(
        self,
        job_id: str,
        by: str,
        now: Instant,
        *,
        most_active: int | None = None,
        asks_approvers: bool = False,
    ) -> Job | NotAdmitted | None:
        """Accept a waiting job whose question has not expired, or let an approver be asked."""
        confirm = partial(
            admissions.confirm, most_active=most_active, asks_approvers=asks_approvers
        )
        return await self._session.write(lambda db: confirm(db, job_id, by, now))

    async def begin(
        self, planned: Job, priced: Job, now: Instant, terms: InsertTerms = NO_TERMS
    ) -> Job | AskFirst | NotAdmitted:
        """Let a planned job begin to count under its claim, or wait for an approver."""
        return await self._session.write(
            lambda db: admissions.begin(db, planned, priced, now, terms)
        )

    async def approve(
        self,
        job_id: str,
        by: str,
        now: Instant,
        *,
        most_active: int | None = None,
        beyond_caps: bool = False,
    ) -> Job | NotAdmitted | MayNotDecide | None:
        """Accept a job that waits for an approver, if budgets have room or it goes beyond them."""
        approve = partial(admissions.approve, most_active=most_active, beyond_caps=beyond_caps)
        return await self._session.write(lambda db: approve(db, job_id, by, now))

    async def deny(
        self, job_id: str, by: str, because: str, now: Instant
    ) -> Job | MayNotDecide | None:
        """End a job that waits for an approver, who denied it."""
        return await self._session.write(lambda db: admissions.deny(db, job_id, by, because, now))

    async def settle(self, job_id: str, settlement: Settlement) -> Job | None:
        """Record the amount of a job that MindVideo never named."""
        return await self._session.write(lambda db: job_writes.settle(db, job_id, settlement))

    async def apply(
        self, before: Job, after: Job, event: Event | None, permit: Permit | None = None
    ) -> Job:
        """Write the fields in which `after` differs, with the event, if the fence still holds."""
        check_transition(before, after)
        paced = self._session.paced(after, permit)
        return await self._session.write(lambda db: job_writes.apply(db, before, paced, event))

    async def get(self, job_id: str) -> Job | None:
        """Return the job, or `None`."""
        return await self._session.read_one(lambda db: job_reads.job_by_id(db, job_id))

    async def find_by_dedup_key(self, dedup_key: str) -> Job | None:
        """Return the job with this dedup key, or `None`."""
        return await self._session.read_one(lambda db: job_reads.find_by_dedup_key(db, dedup_key))

    async def find_by_message(self, team: str, channel: str, ts: str) -> Job | None:
        """Return the newest job whose own message, result or thread root is `ts`, or `None`."""
        return await self._session.read_one(
            lambda db: job_reads.find_by_message(db, team, channel, ts)
        )

    async def in_thread(self, team: str, channel: str, ts: str) -> list[Job]:
        """Return the last jobs of a thread, newest first."""
        return await self._session.readable(lambda db: job_reads.in_thread(db, team, channel, ts))

    async def jobs(self, wanted: JobFilter) -> list[Job]:
        """Return the jobs that match, newest first."""
        return await self._session.readable(lambda db: job_reads.jobs(db, wanted))

    async def events(self, job_id: str) -> list[Event]:
        """Return the job's timeline, oldest first."""
        return await self._session.readable(lambda db: job_reads.events(db, job_id))

    async def render_seconds(self, kind: str, limit: int) -> list[float]:
        """Return the durations of the last successes of this kind, in seconds, newest first."""
        return self._session.read_inline(lambda db: job_reads.render_seconds(db, kind, limit))

    async def ahead_of(self, job: Job) -> int:
        """Return how many earlier jobs do not render yet, up to `MOST_AHEAD`."""
        return self._session.read_inline(lambda db: job_reads.ahead_of(db, job))

    async def costs(self, wanted: CostFilter) -> list[CostGroup]:
        """Return the accepted jobs that match, counted by all that a report tells apart."""
        return await self._session.read(lambda db: reports.costs(db, wanted))

    async def cost_sums(self, wanted: CostFilter) -> list[AlikeJobs]:
        """Return the accepted jobs that match, counted by what they cost."""
        return await self._session.read(lambda db: reports.cost_sums(db, wanted))

    async def renders(self, team: str, since: Instant, until: Instant) -> list[Render]:
        """Return the renders requested in this time, oldest first."""
        return await self._session.read(lambda db: reports.renders(db, team, since, until))

    async def made_files(self, since: Instant, until: Instant) -> list[MadeFile]:
        """Return the files that were made for the jobs requested in this time, oldest first."""
        return await self._session.read(lambda db: reports.made_files(db, since, until))

    async def request_cancel(self, job_id: str, by: str, now: Instant) -> Job | None:
        """Record the first request to cancel and make the job due, if nothing was sent yet."""
        return await self._session.write(lambda db: job_writes.request_cancel(db, job_id, by, now))

    async def parts(self, set_id: str) -> list[Job]:
        """Return the parts of a set in their order."""
        return await self._session.readable(lambda db: job_reads.parts(db, set_id))

    async def takes(self, places: Collection[str], limit: int) -> list[Job]:
        """Return the takes of places, oldest first."""
        return await self._session.readable(lambda db: job_reads.takes(db, places, limit))

    async def request_cancel_of_set(self, set_id: str, by: str, now: Instant) -> list[Job]:
        """Record the first request to cancel each part of a set, if nothing was sent of it yet."""
        found, broken = await self._session.write(
            lambda db: job_writes.request_cancel_of_set(db, set_id, by, now)
        )
        await self._session.quarantine(broken)
        return found

    async def wake_parts(self, set_id: str, now: Instant) -> None:
        """Make the parts of a set due that wait for the set's message."""
        await self._session.write(lambda db: job_writes.wake_parts(db, set_id, now))

    async def give_up(self, job_id: str, by: str, now: Instant) -> Job | None:
        """Record that a render at MindVideo is given up, and make the job due."""
        return await self._session.write(lambda db: job_writes.give_up(db, job_id, by, now))

    async def note_press(self, job_id: str, action_id: str, by: str) -> Job | None:
        """Record who pressed a button under a job first."""
        return await self._session.write(
            lambda db: job_writes.note_press(db, job_id, action_id, by)
        )

    async def note_film(self, job_id: str, film: Film, now: Instant) -> Job | None:
        """Record what a delivered job's video shows of itself, and make the job due to show it."""
        return await self._session.write(lambda db: job_writes.note_film(db, job_id, film, now))

    async def keep(self, job_id: str, by: str | None, now: Instant) -> Job | None:
        """Record who keeps a job, or that nobody does."""
        return await self._session.write(lambda db: job_writes.keep(db, job_id, by, now))

    async def delete_result(self, job_id: str, by: str, now: Instant) -> Job | None:
        """Record who deletes the result of a delivered job, and have it taken back."""
        return await self._session.write(lambda db: job_writes.delete_result(db, job_id, by, now))

    async def resume(
        self,
        job_id: str,
        now: Instant,
        task_id: str | None = None,
        confirmed_absent_at: Instant | None = None,
    ) -> Job | None:
        """Return a parked job to the stage it left, due now; `None` if there is no such job."""
        return await self._session.write(
            lambda db: job_writes.resume(db, job_id, now, task_id, confirmed_absent_at)
        )

    async def last_event_at(self) -> Instant:
        """Return the time of the newest event or notification, or 0 if there is none."""
        return await self._session.read(job_reads.last_event_at)

    async def stage_counts(self) -> dict[Stage, int]:
        """Return the number of jobs in each stage."""
        return await self._session.read(job_reads.stage_counts)

    async def oldest_due(self, now: Instant) -> dict[Stage, Instant]:
        """Return since when the oldest due job of each stage is due."""
        return await self._session.read(lambda db: job_reads.oldest_due(db, now))


class SqliteOutbox(SqliteQueue[Notification]):
    """Implements `Outbox`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, NOTIFICATIONS, notifications.find_due)

    async def add(self, notification: Notification) -> bool:
        """Insert a notification unless its ID exists; return whether it was inserted."""
        return await self._session.write(lambda db: notifications.add(db, notification))

    async def add_within(self, notification: Notification, *, most: int, since: Instant) -> Added:
        """Insert a notification, unless its job has `most` of its kind since then."""
        return await self._session.write(
            lambda db: notifications.add_within(db, notification, most, since)
        )

    async def find(self, notification_id: str) -> Notification | None:
        """Return the notification, or `None`."""
        return await self._session.read_one(lambda db: notifications.find(db, notification_id))


class SqliteHomeViews(SqliteQueue[HomeView]):
    """Implements `HomeViews`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, HOME_VIEWS, homes.find_due)

    async def open(
        self, team: str, user: str, now: Instant, *, pages: int = 1, kept_only: bool = False
    ) -> HomeView:
        """Record that a user opened their tab, and make it due."""
        return await self._session.write(
            lambda db: homes.open_view(db, team, user, now, pages, kept_only=kept_only)
        )


class SqliteBudgets:
    """Implements `Budgets`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def rules(self, team: str, now: Instant) -> Rules:
        """Return all rules of a workspace."""
        return self._session.read_inline(lambda db: budget_rules.rules(db, team, now))

    async def set_cap(
        self, cap: Cap, by: str, now: Instant, *, because: str = "", dedup_key: str = ""
    ) -> None:
        """Set a cap, in place of an earlier one of the same scope and window."""
        await self._session.write(
            lambda db: budget_rules.put_cap(db, cap, by, now, because=because, dedup_key=dedup_key)
        )

    async def remove_cap(
        self, scope: Scope, window: Window, by: str, now: Instant, *, dedup_key: str = ""
    ) -> bool:
        """Remove a cap; return whether there was one."""
        return await self._session.write(
            lambda db: budget_rules.remove_cap(db, scope, window, by, now, dedup_key=dedup_key)
        )

    async def add_raise(self, one: Raise, *, dedup_key: str = "") -> None:
        """Raise the caps of a scope until the raise ends."""
        await self._session.write(lambda db: budget_rules.add_raise(db, one, dedup_key=dedup_key))

    async def end_raises(self, scope: Scope, by: str, now: Instant, *, dedup_key: str = "") -> int:
        """End the raises of a scope before their time; return how many there were."""
        return await self._session.write(
            lambda db: budget_rules.end_raises(db, scope, by, now, dedup_key=dedup_key)
        )

    async def stop(self, stop: Stop, *, dedup_key: str = "") -> bool:
        """Let a workspace or a channel take no new requests."""
        return await self._session.write(
            lambda db: budget_rules.put_stop(db, stop, dedup_key=dedup_key)
        )

    async def go_on(self, scope: Scope, by: str, now: Instant, *, dedup_key: str = "") -> bool:
        """Let a workspace or a channel take requests again."""
        return await self._session.write(
            lambda db: budget_rules.remove_stop(db, scope, by, now, dedup_key=dedup_key)
        )

    async def set_policy(
        self, team: str, policy: Policy, by: str, now: Instant, *, dedup_key: str = ""
    ) -> None:
        """Set the rules of a workspace beside its caps."""
        await self._session.write(
            lambda db: budget_rules.put_policy(db, team, policy, by, now, dedup_key=dedup_key)
        )

    async def managers(self, team: str) -> tuple[str, ...]:
        """Return the users who may change budgets beside the admins."""
        return self._session.read_inline(lambda db: budget_rules.managers(db, team))

    async def book_credit(self, team: str, booking: Booking, *, dedup_key: str = "") -> None:
        """Append a booking to the book of credit."""
        await self._session.write(lambda db: credit.book(db, team, booking, dedup_key=dedup_key))

    async def credit(self, team: str) -> CreditBook | None:
        """Return the book of credit; `None`: nothing was ever booked."""
        return await self._session.read(lambda db: credit.read(db, team))

    async def set_managers(
        self, team: str, users: Sequence[str], by: str, now: Instant, *, dedup_key: str = ""
    ) -> None:
        """Set the users who may change budgets beside the admins."""
        await self._session.write(
            lambda db: budget_rules.put_managers(db, team, users, by, now, dedup_key=dedup_key)
        )

    async def set_approval_rule(
        self, rule: ApprovalRule, by: str, now: Instant, *, dedup_key: str = ""
    ) -> None:
        """Set what a workspace or a channel says of approvals."""
        await self._session.write(
            lambda db: budget_rules.put_approval_rule(db, rule, by, now, dedup_key=dedup_key)
        )

    async def cap_uses(self, job: Job, now: Instant) -> list[CapUse]:
        """Return the caps that would apply to such a job now, and what is used of them."""
        return self._session.read_inline(lambda db: budget_use.cap_uses(db, job, now))

    async def shared_cap_uses(self, team: str, now: Instant) -> list[CapUse]:
        """Return the caps that several people share, and what is used of them now."""
        return await self._session.read(lambda db: budget_use.shared_cap_uses(db, team, now))

    async def use(self, scope: Scope, period: Period) -> Use:
        """Return what is held and spent in a scope within a period."""
        return self._session.read_inline(lambda db: budget_use.use_of(db, scope.key, period))

    async def prices(
        self, price: Price, since: Instant, limit: int
    ) -> list[tuple[Decimal | None, Decimal]]:
        """Return size and amount of the last renders of a price."""
        return self._session.read_inline(lambda db: budget_use.prices(db, price, since, limit))

    async def price_checks(self, team: str, since: Instant) -> PriceChecks:
        """Return what the last renders of each price cost, and the drifts that stand."""
        return await self._session.read(lambda db: price_drifts.read(db, team, since))

    async def note_drift(
        self, team: str, check: PriceCheck, notices: Sequence[Notification], now: Instant
    ) -> None:
        """Note that a drift stands and insert what tells it."""
        await self._session.write(lambda db: price_drifts.note(db, team, check, notices, now))

    async def end_drifts(self, team: str, price_keys: Sequence[str]) -> None:
        """Forget drifts that do not stand any more."""
        await self._session.write(lambda db: price_drifts.end(db, team, price_keys))

    async def alerts(self) -> list[Alert]:
        """Return the alerts, the oldest first."""
        return await self._session.read(budget_use.alerts)

    async def audit(self, since: Instant) -> list[AuditEntry]:
        """Return the decisions about money at or after `since`."""
        return await self._session.read(lambda db: budget_rules.audit(db, since))

    async def confirm_counts(
        self, team: str, by: str, now: Instant, *, because: str = "", dedup_key: str = ""
    ) -> Instant | None:
        """Confirm what is counted since a restore; return since when it was in doubt."""
        return await self._session.write(
            lambda db: budget_rules.confirm_counts(
                db, team, by, now, because=because, dedup_key=dedup_key
            )
        )

    async def unchecked_restores(self) -> list[UncheckedRestore]:
        """Return the workspaces with budgets that count too little."""
        return self._session.read_inline(restores.unchecked)

    async def mismatches(self) -> list[Mismatch]:
        """Return the counters that differ from the sum over the jobs."""
        return await self._session.read(budget_use.mismatches)

    async def recompute(self, by: str, now: Instant) -> list[Mismatch]:
        """Set the counters to the sum over the jobs; return those that were wrong."""
        return await self._session.write(lambda db: budget_use.recompute(db, by, now))


class SqliteSettings:
    """Implements `SettingStore`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, scope: str, name: str) -> Json:
        """Return a setting, or `None`."""
        found, broken = self._session.read_inline(lambda db: settings.setting(db, scope, name))
        await self._session.quarantine(broken)
        return found

    async def some(
        self, scopes: Collection[str], names: Collection[str]
    ) -> Mapping[tuple[str, str], Json]:
        """Return the settings of these scopes and names, by both."""
        found, broken = self._session.read_inline(lambda db: settings.some(db, scopes, names))
        await self._session.quarantine(broken)
        return found

    async def within(self, scopes: str, name: str) -> Mapping[str, Json]:
        """Return the values of a setting by scope, for the scopes that begin with `scopes`."""
        found, broken = self._session.read_inline(lambda db: settings.settings(db, scopes, name))
        await self._session.quarantine(broken)
        return found

    async def set(
        self, scope: str, name: str, value: Json, *, told: Notification | None = None
    ) -> None:
        """Store a setting, or delete it if `value` is `None`, and insert a notification of it.

        Nothing is written for a notification whose ID exists.
        """

        def put(db: Database) -> None:
            if told is None or notifications.add(db, told):
                settings.put(db, scope, name, value)

        await self._session.write(put)


class SqliteSaved:
    """Implements `SavedStore`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def within(self, kinds: Collection[SavedKind], scopes: Collection[str]) -> list[Saved]:
        """Return what is saved of these kinds in these scopes, ordered by name and scope."""
        return await self._session.readable(lambda db: saved.within(db, kinds, scopes))

    async def save(
        self,
        key: SavedKey,
        value: Mapping[str, Json],
        by: Editor,
        now: Instant,
        *,
        told: Notification | None = None,
    ) -> Written:
        """Save a value under a name, if that is free or its maker's."""
        return await self._session.write(lambda db: saved.save(db, key, value, by, now, told))

    async def replace_value(
        self,
        kind: SavedKind,
        scope: str,
        before: Mapping[str, Json],
        after: Mapping[str, Json] | None,
    ) -> bool:
        """Put `after` in the place of exactly the value `before`; `None` deletes what has it."""
        return await self._session.write(
            lambda db: saved.replace_value(db, kind, scope, before, after)
        )

    async def rename(self, key: SavedKey, name: str, by: Editor, now: Instant) -> Written:
        """Give something another name in its scope, if that is free."""
        return await self._session.write(lambda db: saved.rename(db, key, name, by, now))

    async def delete(self, key: SavedKey, by: Editor) -> Written:
        """Delete something."""
        return await self._session.write(lambda db: saved.delete(db, key, by))


class SqliteNotes:
    """Implements `Notes`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(
        self, job_id: str, notes: Sequence[Note], dedup_key: str, now: Instant
    ) -> Noted | None:
        """Insert the notes of one interaction, unless they are there."""
        return await self._session.write(
            lambda db: job_notes.add(db, job_id, notes, dedup_key, now)
        )

    async def of_job(self, job_id: str) -> list[Note]:
        """Return the notes about a job, in the order in which they were made."""
        return self._session.read_inline(lambda db: job_notes.of_job(db, job_id))


class SqliteFeedback:
    """Implements `FeedbackStore`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def give(self, job_id: str, feedback: Feedback) -> GivenFeedback | None:
        """Keep what a person thinks of a result, unless a later press of theirs is there."""
        return await self._session.write(lambda db: job_feedback.give(db, job_id, feedback))

    async def ratings(self, team: str, since: Instant, until: Instant) -> list[Rating]:
        """Return the feedback at or after `since` and before `until`, as it stands now."""
        return await self._session.read(lambda db: job_feedback.ratings(db, team, since, until))


class SqliteFinder:
    """Implements `Finder`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, viewer: Viewer, wanted: Wanted, page: Page) -> list[FoundJob]:
        """Return jobs that match and that the viewer may see, the newest first."""
        return await self._session.readable(lambda db: find.find(db, viewer, wanted, page))

    async def index_earlier(self, limit: int) -> int:
        """Index jobs that were inserted without words."""
        # Usually there is none.
        if await self.is_complete():
            return 0
        return await self._session.write(lambda db: find.index_earlier(db, limit))

    async def is_complete(self) -> bool:
        """Return whether all jobs are indexed."""
        return await self._session.read(find.is_complete)


class SqliteRetention:
    """Implements `Retention`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def erase_response_urls(self, before: Instant, limit: int) -> int:
        """Erase the URLs of requests that were made before this time."""
        return await self._erase(retention.RESPONSE_URLS, before, limit)

    async def erase_request_bodies(self, limit: int) -> int:
        """Erase the bytes of requests of which no repeat can come any more."""
        return await self._erase(retention.REQUEST_BODIES, None, limit)

    async def erase_details(self, before: Instant, limit: int) -> int:
        """Erase the details of events that happened before this time."""
        return await self._erase(retention.DETAILS, before, limit)

    async def erase_texts(
        self, before: Instant, limit: int, *, now: Instant, without_texts: WithoutTexts
    ) -> int:
        """Erase what users wrote, of jobs that are over and were requested before this time."""
        texts = retention.texts(now, without_texts)
        return await self._erase(texts, before, limit)

    async def _erase(self, erasure: Erasure, before: Instant | None, limit: int) -> int:
        find = partial(retention.find, erasure=erasure, before=before, limit=limit)
        # Usually nothing is old enough, and a read finds that out without the writer's thread.
        if not self._session.read_inline(find):
            return 0
        return await self._session.write(lambda db: erasure.erase(db, find(db)))


class SqliteStore:
    """Implements `Store` in one file. Make one with `open`, end it with `close`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.pacing = session.pacing
        self._chores: dict[str, Instant] = {}
        self.jobs = SqliteJobs(session)
        self.outbox = SqliteOutbox(session)
        self.homes = SqliteHomeViews(session)
        self.budgets = SqliteBudgets(session)
        self.settings = SqliteSettings(session)
        self.saved = SqliteSaved(session)
        self.notes = SqliteNotes(session)
        self.feedback = SqliteFeedback(session)
        self.finder = SqliteFinder(session)
        self.retention = SqliteRetention(session)

    @classmethod
    async def open(
        cls,
        path: str,
        *,
        owner: bool = True,
        on_unreadable: Callable[[Unreadable], None] = lambda _: None,
        around_write: AroundWrite | None = None,
    ) -> Self:
        """Open the store at `path`; raises what `open_session` raises.

        `on_unreadable` is called once for each row that is found to be unreadable and set aside;
        each write of the running store happens in a context that `around_write` makes.
        """
        session = await open_session(
            path, owner=owner, on_unreadable=on_unreadable, around_write=around_write
        )
        return cls(session)

    async def now(self) -> Instant | None:
        """Return `None`: a file has no time, and one process."""
        return None

    async def begin_chore(self, name: str, moment: Instant) -> bool:
        """Record that a chore is begun for a moment: no other process has this store."""
        is_new = moment > self._chores.get(name, 0.0)
        self._chores[name] = max(moment, self._chores.get(name, 0.0))
        return is_new

    async def send_notice(self, notice: Notice) -> None:
        """Do nothing: no other process has this store."""

    async def listen(self, url: str | None, hear: Callable[[Notice], Awaitable[None]]) -> None:
        """Return: no other process has this store."""

    async def may_answer(self, key: str, now: Instant) -> bool:  # noqa: ARG002 - the contract's
        """Return `True`: there is one process."""
        return True

    async def move_back(self, now: Instant, ahead: float) -> None:
        """Correct the times that a clock wrote which was `ahead` seconds too early."""
        await self._session.write(lambda db: times.move_back(db, now, ahead))

    async def backup(self, path: str) -> None:
        """Write a consistent copy to the new file `path` while reads and writes continue.

        Raises `StoreError` when `path` exists or cannot be written.
        """
        await self._session.copy_to(path)

    async def unreadable(self) -> list[Unreadable]:
        """Return the rows that are set aside because they cannot be read."""
        return self._session.read_inline(unreadable.unreadable)

    async def restores(self) -> list[Instant]:
        """Return when the last event was that each restored backup knew, in order."""
        return self._session.read_inline(restores.known_until)

    async def note_stop(self, now: Instant) -> None:
        """Record that this process stops in order."""
        await self._session.write(lambda db: queue.note_stop(db, now))

    async def ping(self) -> None:
        """Raise `StoreError` unless a write works now. It writes one page."""
        await self._session.write(touch)

    async def close(self) -> None:
        """Finish the queued writes and close the file. Idempotent."""
        await self._session.close()
