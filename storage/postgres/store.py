"""The store in one PostgreSQL database: jobs, outbox, Home tabs and settings over one session."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Generic, Self

from storage.approval import MayNotDecide
from storage.budget import AskFirst, NotAdmitted, Settlement
from storage.costs import AlikeJobs, CostFilter, CostGroup, Render
from storage.feedback import Feedback, GivenFeedback, Rating
from storage.find import FoundJob, Page, Viewer, Wanted
from storage.home import HomeView
from storage.job import Event, Film, Instant, Job, Json, Stage, check_transition
from storage.made_file import MadeFile
from storage.notification import Notification
from storage.pace import Permit
from storage.postgres import (
    admissions,
    answers,
    chores,
    find,
    homes,
    job_feedback,
    job_notes,
    job_reads,
    job_writes,
    notices,
    notifications,
    queue,
    reports,
    restores,
    retention,
    saved,
    settings,
    times,
    unreadable,
)
from storage.postgres.budgets import PostgresBudgets
from storage.postgres.claim_turns import LockingTurns
from storage.postgres.database import Database, touch
from storage.postgres.pace import PostgresPacing
from storage.postgres.queue import Demand, Due, FindDue, Lease
from storage.postgres.retention import BatchErasure
from storage.postgres.session import PoolSession, open_session
from storage.review import Note, Noted
from storage.rows import HOME_VIEWS, JOBS, NOTIFICATIONS, Table
from storage.saved import Editor, Saved, SavedKey, SavedKind, Written
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
    StoreError,
    Unreadable,
    WithoutTexts,
)


class PostgresQueue(Generic[Row]):
    """Implements `Queue` over one table."""

    def __init__(self, session: PoolSession, table: Table[Row], find_due: FindDue) -> None:
        self._session = session
        self._table: Table[Row] = table
        self._find_due = find_due

    async def claim(
        self, now: Instant, lease_seconds: float, limits: Sequence[ClaimLimit]
    ) -> list[Row]:
        """Claim rows that are due and not leased, within `limits`."""
        wanted = [limit for limit in limits if limit.rows > 0]
        # Usually no row is due, and one statement finds that out.
        demands = await self._session.read(partial(self._demands, now, wanted)) if wanted else []
        if not demands:
            return []
        lease = Lease(until=now + lease_seconds, holder=self._session.holder)

        async def claim(db: Database) -> tuple[list[Row], list[Unreadable]]:
            due = [seq for demand in demands for seq in await self._find(db, now, demand)]
            if not due:
                return [], []
            leased, broken = await queue.lease(db, self._table, due, lease)
            return leased, await unreadable.quarantine(db, broken)

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
        row, written = await self._session.write(
            lambda db: queue.release(db, self._table, before, after, permit)
        )
        self._session.note_permit(permit, written)
        return row

    async def _demands(
        self, now: Instant, limits: Sequence[ClaimLimit], db: Database
    ) -> Sequence[Demand]:
        """Return the limits for which rows may be due, with one read; none if no row is due."""
        if any(limit.suspects for limit in limits):
            is_any_due = await queue.are_suspects_due(db, self._table.name, now)
        else:
            condition = f"SELECT FROM {self._table.name} WHERE {queue.IS_DUE}"
            is_any_due = await queue.exists(db, condition, {"now": now})
        return [Demand(limit=limit) for limit in limits] if is_any_due else []

    async def _find(self, db: Database, now: Instant, demand: Demand) -> Due:
        if demand.limit.suspects:
            return await queue.find_suspects(db, self._table.name, now, demand.limit)
        return await self._find_due(db, now, demand.limit)


class PostgresJobs(PostgresQueue[Job]):
    """Implements `JobStore`."""

    def __init__(self, session: PoolSession) -> None:
        super().__init__(session, JOBS, job_writes.find_due)
        self._turns = LockingTurns()

    async def _demands(
        self, now: Instant, limits: Sequence[ClaimLimit], db: Database
    ) -> Sequence[Demand]:
        if any(limit.suspects for limit in limits):
            return await super()._demands(now, limits, db)
        most = max(limit.rows for limit in limits) + 1
        stages = [stage for limit in limits for stage in limit.steps]
        counts = await job_writes.count_due(db, now, stages, most)
        due = [(limit, sum(counts[stage] for stage in limit.steps)) for limit in limits]
        return [
            Demand(limit=limit, is_exceeded=count > limit.rows) for limit, count in due if count
        ]

    async def _find(self, db: Database, now: Instant, demand: Demand) -> Due:
        if demand.is_exceeded:
            return await self._turns.find_due(db, now, demand.limit)
        return await super()._find(db, now, demand)

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
        row, written = await self._session.write(
            lambda db: job_writes.apply(db, before, after, event, permit)
        )
        self._session.note_permit(permit, written)
        return row

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
        return await self._session.read(lambda db: job_reads.render_seconds(db, kind, limit))

    async def ahead_of(self, job: Job) -> int:
        """Return how many earlier jobs do not render yet, up to `MOST_AHEAD`."""
        return await self._session.read(lambda db: job_reads.ahead_of(db, job))

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
        return await self._session.write(job_reads.stage_counts)

    async def oldest_due(self, now: Instant) -> dict[Stage, Instant]:
        """Return since when the oldest due job of each stage is due."""
        return await self._session.read(lambda db: job_reads.oldest_due(db, now))


class PostgresOutbox(PostgresQueue[Notification]):
    """Implements `Outbox`."""

    def __init__(self, session: PoolSession) -> None:
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


class PostgresHomeViews(PostgresQueue[HomeView]):
    """Implements `HomeViews`."""

    def __init__(self, session: PoolSession) -> None:
        super().__init__(
            session,
            HOME_VIEWS,
            lambda db, now, limit: queue.find_due(db, HOME_VIEWS.name, now, limit),
        )

    async def open(
        self, team: str, user: str, now: Instant, *, pages: int = 1, kept_only: bool = False
    ) -> HomeView:
        """Record that a user opened their tab, and make it due."""
        return await self._session.write(
            lambda db: homes.open_view(db, team, user, now, pages, kept_only=kept_only)
        )


class PostgresSettings:
    """Implements `SettingStore`."""

    def __init__(self, session: PoolSession) -> None:
        self._session = session

    async def get(self, scope: str, name: str) -> Json:
        """Return a setting, or `None`."""
        return await self._session.readable(lambda db: settings.setting(db, scope, name))

    async def some(
        self, scopes: Collection[str], names: Collection[str]
    ) -> Mapping[tuple[str, str], Json]:
        """Return the settings of these scopes and names, by both."""
        return await self._session.readable(lambda db: settings.some(db, scopes, names))

    async def within(self, scopes: str, name: str) -> Mapping[str, Json]:
        """Return the values of a setting by scope, for the scopes that begin with `scopes`."""
        return await self._session.readable(lambda db: settings.settings(db, scopes, name))

    async def set(
        self, scope: str, name: str, value: Json, *, told: Notification | None = None
    ) -> None:
        """Store a setting, or delete it if `value` is `None`, and insert a notification of it.

        Nothing is written for a notification whose ID exists.
        """

        async def put(db: Database) -> None:
            if told is None or await notifications.add(db, told):
                await settings.put(db, scope, name, value)

        await self._session.write(put)


class PostgresSaved:
    """Implements `SavedStore`."""

    def __init__(self, session: PoolSession) -> None:
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


class PostgresNotes:
    """Implements `Notes`."""

    def __init__(self, session: PoolSession) -> None:
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
        return await self._session.read(lambda db: job_notes.of_job(db, job_id))


class PostgresFeedback:
    """Implements `FeedbackStore`."""

    def __init__(self, session: PoolSession) -> None:
        self._session = session

    async def give(self, job_id: str, feedback: Feedback) -> GivenFeedback | None:
        """Keep what a person thinks of a result, unless a later press of theirs is there."""
        return await self._session.write(lambda db: job_feedback.give(db, job_id, feedback))

    async def ratings(self, team: str, since: Instant, until: Instant) -> list[Rating]:
        """Return the feedback at or after `since` and before `until`, as it stands now."""
        return await self._session.read(lambda db: job_feedback.ratings(db, team, since, until))


class PostgresFinder:
    """Implements `Finder`."""

    def __init__(self, session: PoolSession) -> None:
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


class PostgresRetention:
    """Implements `Retention`."""

    def __init__(self, session: PoolSession) -> None:
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

    async def _erase(self, erasure: BatchErasure, before: Instant | None, limit: int) -> int:
        find = partial(retention.find, erasure=erasure, before=before, limit=limit)
        # Usually nothing is old enough.
        if not await self._session.read(find):
            return 0

        async def erase(db: Database) -> int:
            found = await find(db, locked=True)
            await erasure.erase(db, found)
            return len(found)

        return await self._session.write(erase)


class PostgresStore:
    """Implements `Store` in one database. Make one with `open`, end it with `close`."""

    def __init__(self, session: PoolSession) -> None:
        self._session = session
        self.jobs = PostgresJobs(session)
        self.outbox = PostgresOutbox(session)
        self.homes = PostgresHomeViews(session)
        self.budgets = PostgresBudgets(session)
        self.settings = PostgresSettings(session)
        self.saved = PostgresSaved(session)
        self.notes = PostgresNotes(session)
        self.feedback = PostgresFeedback(session)
        self.finder = PostgresFinder(session)
        self.retention = PostgresRetention(session)
        self.pacing = PostgresPacing(session)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        owner: bool = True,
        migrates: bool = True,
        holder: str | None = None,
        on_unreadable: Callable[[Unreadable], None] = lambda _: None,
        around_write: AroundWrite | None = None,
    ) -> Self:
        """Open the store at `url`; raises what `open_session` raises.

        `on_unreadable` is called once for each row that is found to be unreadable and set aside;
        each write of the running store happens in a context that `around_write` makes.
        """
        session = await open_session(
            url,
            owner=owner,
            migrates=migrates,
            holder=holder,
            on_unreadable=on_unreadable,
            around_write=around_write,
        )
        return cls(session)

    async def now(self) -> Instant:
        """Return the database's time, which is that of every process."""
        return await self._session.read(_now)

    async def begin_chore(self, name: str, moment: Instant) -> bool:
        """Record that a chore is begun for a moment; return whether this call is the first."""
        return await self._session.write(lambda db: chores.begin(db, name, moment))

    async def send_notice(self, notice: Notice) -> None:
        """Tell the other processes."""
        await self._session.read(lambda db: notices.send(db, notice))

    async def listen(self, url: str | None, hear: Callable[[Notice], Awaitable[None]]) -> None:
        """Call `hear` for each notice of another process, until the connection ends."""
        await notices.listen(url or self._session.url, hear)

    async def may_answer(self, key: str, now: Instant) -> bool:
        """Return whether no other process has begun to answer this request."""
        return await self._session.write(lambda db: answers.begin(db, key, now))

    async def move_back(self, now: Instant, ahead: float) -> None:
        """Correct the times that a clock wrote which was `ahead` seconds too early."""
        await self._session.write(lambda db: times.move_back(db, now, ahead))

    async def backup(self, path: str) -> None:
        """Raise `StoreError`, which names the program that copies a database of PostgreSQL's."""
        raise StoreError(
            f"a database of PostgreSQL is copied by its own program: pg_dump --format=custom"
            f' --file={shlex.quote(path)} "$DATABASE_URL". Keep beside it what is in no database:'
            " the variables of the bot, with its tokens and keys, and the folder MODELS_DIR."
        )

    async def unreadable(self) -> list[Unreadable]:
        """Return the rows that are set aside because they cannot be read."""
        return await self._session.read(unreadable.unreadable)

    async def restores(self) -> list[Instant]:
        """Return when the last event was that each restored dump knew, in order."""
        return await self._session.read(restores.known_until)

    async def note_stop(self, now: Instant) -> None:
        """Record that this process stops in order; one without a name has nothing to record."""
        holder = self._session.holder
        if holder is not None:
            await self._session.write(lambda db: queue.note_stop(db, holder, now))

    async def ping(self) -> None:
        """Raise `StoreError` unless a write works now. It writes no row."""
        await self._session.write(touch)

    async def close(self) -> None:
        """Finish the writes that were begun, and close the connections. Idempotent."""
        await self._session.close()


async def _now(db: Database) -> Instant:
    row = await db.row("SELECT bot_now() AS now")
    if row is None:
        raise StoreError("the database does not know the time")
    return float(row["now"])
