"""Ways to break the bot on purpose: the simulation must notice every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import chain, count
from math import inf
from types import MappingProxyType, ModuleType

from sqlite_utils import Database

from bot.base.errors import BotError, OperatorMustActError, OutcomeUnknownError, RetryLaterError
from bot.base.ports import Chat, Place, Posted, Snapshot
from bot.jobs import actions, view
from bot.jobs.chains import load_chain
from bot.jobs.services import Services
from bot.listeners import workspaces
from bot.listeners.workspaces import Fields, installed_team
from bot.notifications import (
    NOTIFICATION_STEPS,
    deletion,
    follow,
    picture,
    poster,
    sets,
    stitch,
)
from bot.options.continuation import Link
from bot.steps import STEPS, announce, deliver, own_message, plan, poll, submit
from bot.worker import outbox, removal, retry
from bot.worker.context import Claim
from bot.worker.engine import Step
from bot.worker.outbox import PostRow, Slot, find_posted
from bot.worker.result import Advance, Done, Reject, Result
from bot.worker.snapshot import with_snapshot
from bot.worker.upload import OutgoingFile, upload_once
from storage import budget
from storage.budget import NotAdmitted
from storage.job import (
    NOT_DELIVERED,
    Delivery,
    Event,
    EventName,
    Instant,
    Job,
    Outcome,
    QuestionKind,
    Stage,
    waiting,
)
from storage.notification import Notification, NotificationKind, notification_id
from storage.pace import Limit, NextPermit
from storage.rows import Table
from storage.sqlite import admissions, budget_use, job_feedback, notifications, queue
from storage.store import NO_TERMS, Inserted, InsertTerms, Row
from tests.simulation import life, money_mutants
from tests.simulation.replaced import replaced
from tests.simulation.runner import simulate
from tests.simulation.video import VideoLine
from tests.simulation.watched import WatchedJobs

Patch = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken bot: `patch` breaks it for as long as its block runs."""

    name: str
    patch: Patch
    tried_first: int | None = None
    """A seed that noticed it once, tried before the others, of which hundreds may overlook it."""

    def in_order(self, seeds: Iterable[int]) -> Iterator[int]:
        """Return the seed to try first, and then the others."""
        first = () if self.tried_first is None else (self.tried_first,)
        return chain(first, seeds)


def _step(stage: Stage, step: Step[Job]) -> Patch:
    """Put another step in the place of a stage's own."""
    return lambda: replaced(life, "STEPS", MappingProxyType({**STEPS, stage: step}))


def _value(owner: ModuleType | type, name: str, value: object) -> Patch:
    """Put another constant or function in the place of one of a module or a class."""
    return lambda: replaced(owner, name, value)


async def _delete_message_alone(chat: Chat, delivery: Delivery, channel: str) -> None:
    await removal.delete_delivery(chat, replace(delivery, uploads=()), channel)


@contextmanager
def _drop_fence() -> Iterator[None]:
    real = queue.apply

    def apply(db: Database, table: Table[Row], before: Row, after: Row) -> Row:
        query = f"SELECT * FROM {table.name} WHERE id = :id"  # noqa: S608 - our names
        [row] = queue.changed(db, table, query, {"id": before.id})
        held = {name: getattr(row, name) for name in ("fence", *table.guards)}
        return real(db, table, replace(before, **held), replace(after, fence=row.fence))

    with replaced(queue, "apply", apply):
        yield


@contextmanager
def _acknowledge_before_commit() -> Iterator[None]:
    real = WatchedJobs.insert

    async def insert(
        jobs: WatchedJobs,
        job: Job,
        event: Event,
        terms: InsertTerms = NO_TERMS,
    ) -> Inserted | NotAdmitted:
        del terms
        jobs.process.spawn(_later(jobs, job, event))
        return Inserted(job=job, is_new=True)

    async def _later(jobs: WatchedJobs, job: Job, event: Event) -> None:
        await jobs.process.world.sleep(0.5)
        await real(jobs, job, event)

    with replaced(WatchedJobs, "insert", insert):
        yield


@contextmanager
def _body_anew() -> Iterator[None]:
    real = VideoLine.submit

    async def submit_anew(line: VideoLine, body: bytes, key: str) -> Snapshot:
        stamp = f', "at": {line.world.now()}}}'.encode()
        return await real(line, body.removesuffix(b"}") + stamp, key)

    with replaced(VideoLine, "submit", submit_anew):
        yield


@contextmanager
def _key_anew() -> Iterator[None]:
    real = VideoLine.submit

    async def submit_anew(line: VideoLine, body: bytes, key: str) -> Snapshot:
        return await real(line, body, f"{key}:{line.world.now()}")

    with replaced(VideoLine, "submit", submit_anew):
        yield


def _not_recorded(*names: EventName) -> Patch:
    """Leave out the commits with these events: the bot goes on as if they were on disk."""

    @contextmanager
    def patch() -> Iterator[None]:
        real = Claim.record

        async def record(
            claim: Claim[Row],
            after: Row,
            name: EventName,
            detail: str = "",
            *,
            limit: Limit | None = None,
        ) -> Row:
            if name in names:
                return after
            return await real(claim, after, name, detail, limit=limit)

        with replaced(Claim, "record", record):
            yield

    return patch


def _never_search_for(kind: type[Job | Notification]) -> Patch:
    """Find no message that was posted for such a row."""

    @contextmanager
    def patch() -> Iterator[None]:
        async def find(claim: Claim[PostRow], slot: Slot[PostRow], place: Place) -> Posted | None:
            return None if isinstance(claim.row, kind) else await find_posted(claim, slot, place)

        with replaced(outbox, "find_posted", find), replaced(own_message, "find_posted", find):
            yield

    return patch


@contextmanager
def _tell_no_parking() -> Iterator[None]:
    real = notifications.insert_for_event

    def insert_for_event(db: Database, job: Job, event: Event) -> None:
        if event.name is not EventName.PARKED:
            real(db, job, event)

    with replaced(notifications, "insert_for_event", insert_for_event):
        yield


@contextmanager
def _ignore_cancels() -> Iterator[None]:
    real = Claim.write

    async def write(
        claim: Claim[Row], after: Row, event: Event | None, *, permit: NextPermit = None
    ) -> Row:
        await real(claim, after, event, permit=permit)
        match claim.row:
            case Job():
                claim.row = replace(claim.row, cancel_requested_at=None)
        return claim.row

    async def submit_anyhow(claim: Claim[Job]) -> Result[Job]:
        claim.row = replace(claim.row, cancel_requested_at=None)
        return await submit.submit(claim)

    with replaced(Claim, "write", write), _step(Stage.ANNOUNCED, submit_anyhow)():
        yield


async def _share_without_search(claim: Claim[Job]) -> Result[Job]:
    anew = replace(claim.row.delivery, intent_at=None, uploads=())
    claim.row = replace(claim.row, delivery=anew)
    return await deliver.deliver(claim)


def _without_search(kind: NotificationKind) -> Patch:
    """Break the step of a kind of notification: it forgets what an earlier try has done."""
    step = NOTIFICATION_STEPS[kind]

    async def anew(claim: Claim[Notification]) -> Result[Notification]:
        claim.row = replace(claim.row, delivery=NOT_DELIVERED)
        return await step(claim)

    steps = MappingProxyType({**NOTIFICATION_STEPS, kind: anew})
    return lambda: replaced(life, "NOTIFICATION_STEPS", steps)


@contextmanager
def _film_of_each_press() -> Iterator[None]:
    presses = count()

    def id_of_press(kind: NotificationKind, channel: str, about: str) -> str:
        press = next(presses) if kind is NotificationKind.STITCHED else ""
        return notification_id(kind, channel, f"{about}{press}")

    with replaced(actions, "notification_id", id_of_press):
        yield


async def _whole_chain(job: Job, services: Services) -> tuple[Link, ...]:
    """Return a chain whose clips are never cut."""
    return tuple(replace(link, until=None) for link in await load_chain(job, services))


@contextmanager
def _follow_without_search() -> Iterator[None]:
    async def follow_anew(claim: Claim[Notification]) -> Result[Notification]:
        claim.row = replace(claim.row, delivery=NOT_DELIVERED)
        return await follow.follow(claim)

    steps = {**NOTIFICATION_STEPS, NotificationKind.FOLLOWED: follow_anew}
    with replaced(life, "NOTIFICATION_STEPS", MappingProxyType(steps)):
        yield


async def _doubtful_post_failed(claim: Claim[Job]) -> Result[Job]:
    try:
        return await announce.announce(claim)
    except OutcomeUnknownError:
        await claim.record(replace(claim.row, post_intent_at=None), EventName.NOT_POSTED)
        raise


async def _doubtful_submit_failed(claim: Claim[Job]) -> Result[Job]:
    try:
        return await submit.submit(claim)
    except OutcomeUnknownError as error:
        return Reject(row=claim.row, problem=str(error), outcome=Outcome.FAILED)


async def _refused_for_operator(claim: Claim[Job]) -> Result[Job]:
    try:
        return await submit.submit(claim)
    except OperatorMustActError as error:
        return Reject(row=claim.row, problem=str(error), outcome=Outcome.FAILED)


async def _delivered_anew(claim: Claim[Job]) -> Result[Job]:
    try:
        return await deliver.deliver(claim)
    except RetryLaterError:
        anew = replace(claim.row.delivery, ts=None, intent_at=None, uploads=())
        await claim.record(replace(claim.row, delivery=anew), EventName.SHARE_LOST)
        raise


async def _delivered_untold(claim: Claim[Job]) -> Result[Job]:
    try:
        return await deliver.deliver(claim)
    except BotError:
        delivered = replace(claim.row, stage=Stage.DELIVERED)
        return Advance(row=delivered, note=EventName.DELIVERED)


@contextmanager
def _upload_poster_anew() -> Iterator[None]:
    async def upload_anew(
        claim: Claim[PostRow], slot: Slot[PostRow], index: int, file: OutgoingFile, channel: str
    ) -> None:
        claim.row = slot.write(claim.row, NOT_DELIVERED)
        await upload_once(claim, slot, index, file, channel)

    with replaced(poster, "upload_once", upload_anew):
        yield


async def _always_a_picture(_claim: Claim[Notification], _file_id: str) -> bool:
    return True


@contextmanager
def _no_row_for_posters() -> Iterator[None]:
    with replaced(deliver, "is_poster_wanted", lambda _job, _services: False):
        yield


async def _told_nobody(claim: Claim[Job]) -> Result[Job]:
    return Done(row=claim.row)


def _estimate_is_cost(job: Job, snapshot: Snapshot, now: Instant) -> Job:
    seen = with_snapshot(job, snapshot, now)
    return replace(seen, cost_actual=seen.cost_actual or seen.cost_estimate)


async def _believe_ok(claim: Claim[PostRow], slot: Slot[PostRow], _place: Place) -> str | None:
    """Believe Slack's ok."""
    known = slot.read(claim.row)
    if known.intent_at is None:
        return None
    await claim.record(slot.write(claim.row, replace(known, ts="1.0")), EventName.SHARED)
    return "1.0"


async def _age_by_own_clock(claim: Claim[Job]) -> float:
    sent = claim.row.first_sent_at
    return 0.0 if sent is None else claim.services.now() - sent


def _trust_the_row(_claim: Claim[Row], _since: Instant) -> bool:
    return False


def _hours(_attempts: int, chance: float) -> float:
    return 4 * 3600 * (1 + chance)


@contextmanager
def _search_outside_insert() -> Iterator[None]:
    real = WatchedJobs.insert

    async def insert(
        jobs: WatchedJobs,
        job: Job,
        event: Event,
        terms: InsertTerms = NO_TERMS,
    ) -> Inserted | NotAdmitted:
        found = None
        if terms.equal_since is not None:
            found = jobs.equal_of(job, terms.equal_since)
        if found is not None:
            job = waiting(job, QuestionKind.DUPLICATE, found.id)
        return await real(jobs, job, event, replace(terms, equal_since=None))

    with replaced(WatchedJobs, "insert", insert):
        yield


@contextmanager
def _forget_questions() -> Iterator[None]:
    real = WatchedJobs.insert

    async def insert(
        jobs: WatchedJobs,
        job: Job,
        event: Event,
        terms: InsertTerms = NO_TERMS,
    ) -> Inserted | NotAdmitted:
        since = terms.equal_since
        found = None if since is None else jobs.equal_of(job, since)
        if job.stage is Stage.WAITING:
            return Inserted(job=job, is_new=True)
        if found is not None:
            return Inserted(job=waiting(job, QuestionKind.DUPLICATE, found.id), is_new=True)
        return await real(jobs, job, event, replace(terms, equal_since=None))

    with replaced(WatchedJobs, "insert", insert):
        yield


async def _accept_unanswered(claim: Claim[Job]) -> Result[Job]:
    accepted = replace(claim.row, stage=Stage.ACCEPTED)
    return Advance(row=accepted, note=EventName.CONFIRMED)


async def _no_delay(_job: Job, _services: Services) -> float:
    return 0.0


def _outer_team(payload: Fields) -> str | None:
    team = payload.get("team_id")
    return team if isinstance(team, str) else installed_team(payload)


async def _late_by_own_clock(job: Job, services: Services) -> float:
    return services.now() - (job.starts_at or 0.0)


async def _everybody_is_admitted(_user: str, _team: str, _services: Services) -> bool:
    return True


async def _nothing_found(_claim: Claim[Row], _slot: object, _place: Place) -> None:
    return None


async def _no_wait_for_set(_claim: Claim[Job]) -> None:
    return None


def _this_part_alone(_db: Database, job: Job) -> list[Job]:
    return [job]


async def _cancel_nothing(jobs: WatchedJobs, set_id: str, _by: str, now: Instant) -> Sequence[Job]:
    return [replace(part, cancel_requested_at=now) for part in await jobs.parts(set_id)]


def _no_edit_of_set(_db: Database, _job: Job, _at: Instant) -> None:
    """Leave the message of a set as it was posted."""


_PRESS_ALWAYS = "INSERT OR REPLACE INTO feedback VALUES (:job_id, :by_user, :is_good, :at)"

MUTANTS = (
    Mutant("takes the envelope's workspace", _value(workspaces, "installed_team", _outer_team)),
    Mutant(
        "lets guests in", _value(own_message, "is_admitted", _everybody_is_admitted), tried_first=42
    ),
    Mutant("writes without its fence", _drop_fence, tried_first=95),
    Mutant("acknowledges before the commit", _acknowledge_before_commit),
    Mutant("builds the body anew for each try", _body_anew),
    Mutant("mints a new key for each try", _key_anew),
    Mutant("sends again after 23 hours", _value(VideoLine, "key_lifetime", inf), tried_first=31),
    Mutant(
        "tells a key's age by its own clock",
        _value(submit, "_key_age", _age_by_own_clock),
        tried_first=284,
    ),
    Mutant(
        "takes a doubtful submit for a failed one", _step(Stage.ANNOUNCED, _doubtful_submit_failed)
    ),
    Mutant(
        "refuses what an operator must mend",
        _step(Stage.ANNOUNCED, _refused_for_operator),
        tried_first=77,
    ),
    Mutant("ignores a cancel that was in time", _ignore_cancels),
    Mutant("posts before the intent is on disk", _not_recorded(EventName.POSTING), tried_first=25),
    Mutant(
        "takes a doubtful post for a failed one",
        _step(Stage.ACCEPTED, _doubtful_post_failed),
        tried_first=24,
    ),
    Mutant("repeats a post without looking", _never_search_for(Job)),
    Mutant(
        "takes a backup for all that was said",
        _value(Claim, "may_be_restored", _trust_the_row),
        tried_first=52,
    ),
    Mutant("repeats a notification without looking", _never_search_for(Notification)),
    Mutant(
        "tells the result before the intent is on disk", _not_recorded(EventName.RESULT_POSTING)
    ),
    Mutant(
        "shares again without looking", _step(Stage.FINISHED, _share_without_search), tried_first=42
    ),
    Mutant(
        "resends again without looking", _without_search(NotificationKind.RESENT), tried_first=42
    ),
    Mutant("joins a film with each press", _film_of_each_press, tried_first=75),
    Mutant(
        "joins clips whole that were continued in their midst",
        _value(stitch, "load_chain", _whole_chain),
        tried_first=355,
    ),
    Mutant(
        "forgets the file that follows a link",
        _value(deliver, "follows_later", lambda _: False),
        tried_first=38,
    ),
    Mutant("brings again without looking", _follow_without_search, tried_first=67),
    Mutant(
        "leaves what was brought beside the result",
        _value(notifications, "_TAKE_BACK", "SELECT :job_id, :at"),
        tried_first=268,
    ),
    Mutant(
        "lets a late repeat of a press undo a later one",
        _value(job_feedback, "_GIVE", _PRESS_ALWAYS),
        tried_first=45,
    ),
    Mutant(
        "deletes a message and leaves its files",
        _value(deletion, "delete_delivery", _delete_message_alone),
        tried_first=16,
    ),
    Mutant("believes an ok that shared nothing", _value(outbox, "_find_shared", _believe_ok)),
    Mutant(
        "delivers again after a lost edit", _step(Stage.FINISHED, _delivered_anew), tried_first=42
    ),
    Mutant(
        "calls delivered what nobody was told",
        _step(Stage.FINISHED, _delivered_untold),
        tried_first=9,
    ),
    Mutant("uploads a poster again after a death", _upload_poster_anew, tried_first=11),
    Mutant(
        "shows a poster before Slack knows it",
        _value(picture, "_is_picture", _always_a_picture),
        tried_first=11,
    ),
    Mutant("delivers without a row for the poster", _no_row_for_posters, tried_first=11),
    Mutant("parks in silence", _step(Stage.PARKED, _told_nobody), tried_first=158),
    Mutant("tells operators of no parked job", _tell_no_parking, tried_first=336),
    Mutant("gives up at the first 404", _value(poll, "PATIENCE_SECONDS", -1.0), tried_first=76),
    Mutant("tells the estimate as the cost", _value(poll, "with_snapshot", _estimate_is_cost)),
    Mutant("waits for hours between two tries", _value(retry, "backoff", _hours)),
    Mutant("looks for duplicates outside the insert", _search_outside_insert, tried_first=16),
    Mutant("forgets what it asked about", _forget_questions, tried_first=14),
    Mutant("sends before the delay ends", _value(view, "submit_delay", _no_delay)),
    Mutant(
        "starts what is planned by its own clock",
        _value(plan, "_lateness", _late_by_own_clock),
        tried_first=3752,
    ),
    Mutant("starts what was missed", _value(plan, "MISSED_SECONDS", inf), tried_first=1886),
    Mutant("bills what waits", _step(Stage.WAITING, _accept_unanswered)),
    Mutant("looks at caps outside the insert", money_mutants.admit_outside_insert, tried_first=10),
    Mutant("frees a hold at failure", money_mutants.free_at_failure, tried_first=29),
    Mutant(
        "frees an unknown amount in time",
        _step(Stage.DELIVERED, money_mutants.freed_by_timer),
        tried_first=29,
    ),
    Mutant(
        "writes an estimate as the amount",
        _step(Stage.DELIVERED, money_mutants.estimate_written_as_amount),
        tried_first=29,
    ),
    Mutant("counts an estimate as spent", money_mutants.spend_estimates, tried_first=29),
    Mutant("counts a settlement twice", money_mutants.settle_twice, tried_first=22),
    Mutant("takes a part of a set", money_mutants.insert_parts, tried_first=52),
    Mutant(
        "confirms a part of a set",
        _value(admissions, "in_one_set", _this_part_alone),
        tried_first=23,
    ),
    Mutant(
        "posts the message of a set without looking",
        _value(sets, "find_posted", _nothing_found),
        tried_first=63,
    ),
    Mutant(
        "announces a part before its set",
        _value(announce, "_enter_thread_of_set", _no_wait_for_set),
        tried_first=53,
    ),
    Mutant(
        "calls the cancel of each part free",
        _value(WatchedJobs, "request_cancel_of_set", _cancel_nothing),
        tried_first=18,
    ),
    Mutant(
        "never edits the message of a set",
        _value(notifications, "touch_set", _no_edit_of_set),
        tried_first=53,
    ),
    Mutant(
        "takes requests where they are stopped",
        _value(budget, "_stopped", money_mutants.no_stop),
        tried_first=132,
    ),
    Mutant("lets a raise last a day longer", money_mutants.raise_for_longer, tried_first=10),
    Mutant(
        "begins days at midnight in London",
        _value(budget, "day_at", money_mutants.day_in_utc),
        tried_first=22,
    ),
    Mutant(
        "begins weeks on Monday everywhere", money_mutants.begin_weeks_on_monday, tried_first=137
    ),
    Mutant(
        "overlooks a level",
        _value(budget_use, "levels_reached", money_mutants.no_level),
        tried_first=22,
    ),
    Mutant("counts an amount on its own day", money_mutants.count_on_day_of_amount, tried_first=29),
    Mutant("counts an amount twice", money_mutants.count_twice),
    Mutant("adds binary fractions", money_mutants.add_floats),
    Mutant("holds nothing for an unknown price", money_mutants.hold_nothing_unknown),
    Mutant("forgets a person's cap in private", money_mutants.forget_person_in_direct),
    Mutant("confirms what has expired", money_mutants.confirm_after_expiry, tried_first=85),
    Mutant("lets anybody approve", money_mutants.let_anybody_decide, tried_first=5),
    Mutant(
        "lets the last decision stand", money_mutants.let_the_last_decision_stand, tried_first=3
    ),
    Mutant(
        "takes a confirmation for an approval",
        money_mutants.confirm_what_needs_approval,
        tried_first=94,
    ),
)


@dataclass(frozen=True, slots=True)
class Catch:
    """A seed that noticed a mutant, and the promise that it saw broken."""

    seed: int
    invariant: str


def catch(mutant: Mutant, seeds: Iterable[int]) -> Catch | None:
    """Run seeds on the broken bot until one notices; the one to try first is run before them."""
    with mutant.patch():
        for seed in mutant.in_order(seeds):
            violations = simulate(seed).violations
            if violations:
                return Catch(seed, violations[0].invariant)
    return None
