"""Where jobs begin to count in budgets: their insert, and the confirmation of those that waited.

Each function runs inside a transaction, which first locks (the row of an existing job, then the
rules, the person, the scopes of the caps that apply), then reads, decides and writes. Until the
person's row is locked, an equal request at the same instant would not be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import assert_never

from storage.admission import (
    accepted,
    admit_uncounted,
    as_planned,
    asked,
    decision_entry,
    denied,
    event_of,
    is_open,
    refuse_decision,
)
from storage.approval import MayNotDecide
from storage.budget import (
    NO_USE,
    Active,
    Admitted,
    AskFirst,
    AuditAction,
    Consent,
    NotAdmitted,
    Rules,
    admit,
    ask_beyond_caps,
    day_at,
)
from storage.job import Decision, DecisionKind, Event, EventName, Instant, Job, QuestionKind, Stage
from storage.notification import Notification
from storage.postgres import budget_rules, budget_use, notifications, queue
from storage.postgres.budget_use import LockedUses, lock_caps, lock_person
from storage.postgres.database import Database
from storage.postgres.job_reads import (
    ACTIVE,
    MAY_BE_EQUAL,
    active_jobs,
    find_by_dedup_key,
    find_duplicate,
    locked_job,
    locked_set,
)
from storage.postgres.job_writes import insert, record
from storage.rows import JOBS, input_text
from storage.store import Inserted, InsertTerms

# One statement, because every request needs all of it.
_CHECK_INSERT = f"""
    SELECT {budget_rules.RULES},
        EXISTS (SELECT FROM jobs WHERE dedup_key = %(dedup_key)s) AS is_known,
        EXISTS ({MAY_BE_EQUAL}) AS may_be_equal,
        ({ACTIVE}) AS active
"""  # noqa: S608 - only constants


@dataclass(frozen=True, slots=True, kw_only=True)
class _InsertCheck:
    """What decides whether jobs are inserted, and how."""

    rules: Rules
    is_known: bool
    """Whether the jobs are in the store already."""
    may_be_equal: bool
    """Whether an earlier job may be equal to one of them."""
    active: Active


async def insert_set(
    db: Database,
    asks: Sequence[tuple[Job, Event]],
    terms: InsertTerms,
    message: Notification | None = None,
) -> tuple[Inserted, ...] | NotAdmitted:
    """Insert new jobs, each with its first event, all or none; or return the existing rows.

    With them the row of their set's message.

    All wait for their asker if one is equal to an earlier job, or if the rules of budgets say so.
    The jobs are of one person, and their dedup keys are in the store all together or not at all.
    """
    jobs = tuple(job for job, _ in asks)
    await lock_person(db, jobs[0])
    check = await _check_insert(db, jobs, terms)
    if check.is_known:
        known = [await find_by_dedup_key(db, job.dedup_key) for job in jobs]
        return tuple(Inserted(job=job, is_new=False) for job in known if job is not None)
    rules, uses = check.rules, await _locked_uses(db, jobs, check.rules, jobs[0].created_at)
    question = await _duplicate_question(db, jobs, terms) if check.may_be_equal else None
    agreed = terms.is_price_agreed
    decided = question or await _begun(jobs, rules, uses, check.active, is_price_agreed=agreed)
    match decided:
        case NotAdmitted() as refused:
            return await _insert_refused(db, asks, refused, rules) if terms.may_ask else refused
        case AskFirst():
            made = [await _insert_asked(db, job, event, decided) for job, event in asks]
        case Admitted(jobs=admitted):
            events = (event for _, event in asks)
            made = [
                await _insert(db, job, event, rules, uses)
                for job, event in zip(admitted, events, strict=True)
            ]
        case _:
            assert_never(decided)
    if message is not None:
        is_asked = made[0].job.stage is Stage.WAITING
        await notifications.add(db, replace(message, due_at=None) if is_asked else message)
    return tuple(made)


async def _check_insert(db: Database, jobs: Sequence[Job], terms: InsertTerms) -> _InsertCheck:
    """Return what has to be known, once the person is locked, before any job is inserted."""
    first = jobs[0]
    values = {
        **budget_rules.values_of_rules(first.team, first.created_at),
        "dedup_key": first.dedup_key,
        "user": first.user,
        "channel": first.channel,
        "inputs": [input_text(job.input) for job in jobs],
        "since": inf if terms.equal_since is None else terms.equal_since,
        "limit": terms.most_active or 0,
    }
    row = await db.row(_CHECK_INSERT, values)
    if row is None:
        raise ValueError("a query without a table has a row")
    return _InsertCheck(
        rules=budget_rules.rules_in(row),
        is_known=row["is_known"],
        may_be_equal=row["may_be_equal"],
        active=Active(jobs=row["active"], most=terms.most_active),
    )


async def _locked(db: Database, jobs: Sequence[Job], now: Instant) -> tuple[Rules, LockedUses]:
    """Return the rules, and the uses of the caps that apply, which are locked now."""
    rules = await budget_rules.rules(db, jobs[0].team, now)
    return rules, await _locked_uses(db, jobs, rules, now)


async def _locked_uses(db: Database, jobs: Sequence[Job], rules: Rules, now: Instant) -> LockedUses:
    await lock_caps(db, jobs, rules, now)
    return LockedUses(db)


async def _active(db: Database, job: Job, most: int | None) -> Active:
    """Return how many jobs of a job's person are under way, if that has a limit."""
    if most is None:
        return Active()
    return Active(jobs=await active_jobs(db, job.team, job.user, most), most=most)


async def _begun(
    jobs: Sequence[Job],
    rules: Rules,
    uses: LockedUses,
    active: Active,
    *,
    is_price_agreed: bool,
) -> Admitted | AskFirst | NotAdmitted:
    """Decide whether new jobs begin to count; those that wait begin when they are confirmed."""
    now = jobs[0].created_at
    uncounted = admit_uncounted(jobs, rules, now, is_price_agreed=is_price_agreed)
    return uncounted or await _decided_on_terms(
        jobs, rules, now, uses=uses, active=active, is_price_agreed=is_price_agreed
    )


async def _decided_on_terms(
    jobs: Sequence[Job],
    rules: Rules,
    now: Instant,
    *,
    uses: LockedUses,
    active: Active,
    is_price_agreed: bool,
) -> Admitted | AskFirst | NotAdmitted:
    """Decide about jobs whose asker may have agreed to their price."""
    decided = await _decided(jobs, rules, now, uses=uses, active=active, consent=Consent.NONE)
    is_about_price = isinstance(decided, AskFirst) and decided.kind is QuestionKind.PRICE
    if is_price_agreed and is_about_price:
        return await _decided(jobs, rules, now, uses=uses, active=active, consent=Consent.CONFIRMED)
    return decided


async def _insert(db: Database, job: Job, event: Event, rules: Rules, uses: LockedUses) -> Inserted:
    await budget_use.count(db, NO_USE, job, event.at, rules, uses=uses)
    await insert(db, job, event)
    return Inserted(job=job, is_new=True)


async def _insert_refused(
    db: Database, asks: Sequence[tuple[Job, Event]], refused: NotAdmitted, rules: Rules
) -> NotAdmitted:
    """Insert a request that caps refuse, as one whose asker may have an approver asked.

    A set is not kept: an approver decides about one job.
    """
    (job, event), *others = asks
    beyond = ask_beyond_caps(refused, rules, job)
    if others or beyond is None:
        return refused
    question = AskFirst(kind=QuestionKind.BEYOND_HARD_CAP, about=beyond.about)
    return replace(refused, waiting=(await _insert_asked(db, job, event, question)).job)


async def _insert_asked(db: Database, job: Job, event: Event, question: AskFirst) -> Inserted:
    waiting = asked(job, question, event.at)
    await insert(db, waiting, event_of(question, event.at))
    return Inserted(job=waiting, is_new=True)


async def _duplicate_question(
    db: Database, jobs: Sequence[Job], terms: InsertTerms
) -> AskFirst | None:
    """Return the question about an earlier equal request; parts of one set are no duplicates."""
    if terms.equal_since is None:
        return None
    for job in jobs:
        earlier = await find_duplicate(db, job, terms.equal_since)
        if earlier is not None:
            return AskFirst(kind=QuestionKind.DUPLICATE, about=earlier.id)
    return None


async def confirm(  # noqa: PLR0911 - one for each answer
    db: Database,
    job_id: str,
    by: str,
    now: Instant,
    *,
    most_active: int | None,
    asks_approvers: bool,
) -> Job | NotAdmitted | None:
    """Accept a request that waits for its asker, or ask an approver; return the row as it is then.

    A request that cannot be answered any more, or that waits for an approver, stays as it is.
    """
    job = await locked_job(db, job_id)
    parts = [] if job is None else await locked_set(db, job)
    if job is None or not all(is_open(part, now, for_approvers=False) for part in parts):
        return job
    await lock_person(db, job)
    rules, uses = await _locked(db, parts, now)
    if job.starts_at is not None:
        event = Event(at=now, name=EventName.CONFIRMED, detail=by)
        return await _accept(db, job, as_planned(job), event, rules, uses=uses)
    active = await _active(db, job, most_active)
    decided = await _decided(parts, rules, now, uses=uses, active=active, consent=Consent.CONFIRMED)
    match decided:
        case Admitted(jobs=admitted):
            event = Event(at=now, name=EventName.CONFIRMED, detail=by)
            rows = {
                part.id: await _accept(db, part, one, event, rules, uses=uses)
                for part, one in zip(parts, admitted, strict=True)
            }
            notifications.post_set(db, job, now)
            return rows[job.id]
        case AskFirst() as question:
            return await _ask(db, job, question, now)
        case NotAdmitted() as refused:
            beyond = None if job.set_id else ask_beyond_caps(refused, rules, job)
            if beyond is None:
                return refused
            if asks_approvers:
                return await _ask(db, job, beyond, now)
            return replace(refused, waiting=job)


async def begin(
    db: Database, planned: Job, priced: Job, now: Instant, terms: InsertTerms
) -> Job | AskFirst | NotAdmitted:
    """Let a planned job begin to count under its claim, or wait for an approver."""
    # The row before any counter, as everywhere; the claim is compared when it is written.
    await locked_job(db, planned.id)
    await lock_person(db, planned)
    wanted = replace(priced, stage=Stage.ACCEPTED)
    rules, uses = await _locked(db, [wanted], now)
    active = await _active(db, wanted, terms.most_active)
    decided = await _decided_on_terms(
        [wanted], rules, now, uses=uses, active=active, is_price_agreed=terms.is_price_agreed
    )
    match decided:
        case Admitted(jobs=(admitted,)):
            row = await _begun_now(db, planned, accepted(admitted, now))
            await budget_use.count(db, NO_USE, row, now, rules, uses=uses)
            await record(db, row, Event(at=now, name=EventName.STARTED))
            return row
        case AskFirst(approvers=approvers) as question if approvers is not None:
            row = await _begun_now(db, planned, asked(priced, question, now))
            await record(db, row, event_of(question, now))
            return row
        case AskFirst() | NotAdmitted() as refused:
            return refused
        case _:
            raise ValueError(f"one job is admitted as one: {decided}")


async def _begun_now(db: Database, planned: Job, after: Job) -> Job:
    return JOBS.from_row(await queue.apply_columns(db, JOBS, planned, after))


async def approve(
    db: Database,
    job_id: str,
    by: str,
    now: Instant,
    *,
    most_active: int | None,
    beyond_caps: bool,
) -> Job | NotAdmitted | MayNotDecide | None:
    """Accept a request that waits for an approver; return the row as it is then.

    One that cannot be answered any more, because another has decided or its time is over, stays as
    it is. So does one for which hard caps have no room, unless it may go beyond them.
    """
    job = await locked_job(db, job_id)
    if job is None or not is_open(job, now, for_approvers=True):
        return job
    await lock_person(db, job)
    rules, uses = await _locked(db, [job], now)
    refusal = refuse_decision(job, rules, by, now)
    if refusal is not None:
        return refusal
    consent = Consent.BEYOND_CAPS if beyond_caps else Consent.APPROVED
    active = await _active(db, job, most_active)
    decided = await _decided([job], rules, now, uses=uses, active=active, consent=consent)
    match decided:
        case Admitted(jobs=(admitted,)):
            pass
        case NotAdmitted() as refused:
            return refused
        case _:
            raise ValueError(f"an approved request is not asked about: {decided}")
    kind = DecisionKind.APPROVED_BEYOND_CAPS if beyond_caps else DecisionKind.APPROVED
    decided_job = replace(admitted, decision=Decision(kind=kind, by=by, at=now))
    event = Event(at=now, name=EventName.APPROVED, detail=by)
    row = await _accept(db, job, decided_job, event, rules, uses=uses)
    action = AuditAction.ADMITTED_BEYOND_CAPS if beyond_caps else AuditAction.APPROVED
    await budget_rules.add_audit(db, decision_entry(row, by, now, action))
    return row


async def deny(
    db: Database, job_id: str, by: str, because: str, now: Instant
) -> Job | MayNotDecide | None:
    """End a request that waits for an approver; return the row as it is then, as `approve` does."""
    job = await locked_job(db, job_id)
    if job is None or not is_open(job, now, for_approvers=True):
        return job
    refusal = refuse_decision(job, await budget_rules.rules(db, job.team, now), by, now)
    if refusal is not None:
        return refusal
    decision = Decision(kind=DecisionKind.DENIED, by=by, at=now, because=because)
    row = await _changed(db, job, denied(job, decision, now))
    await record(db, row, Event(at=now, name=EventName.DENIED, detail=by))
    await budget_rules.add_audit(db, decision_entry(row, by, now, AuditAction.DENIED))
    return row


async def _ask(db: Database, job: Job, question: AskFirst, now: Instant) -> Job:
    """Let a request that waited for its asker wait for what is to be asked now."""
    row = await _changed(db, job, asked(job, question, now))
    await record(db, row, event_of(question, now))
    return row


async def _accept(
    db: Database, before: Job, admitted: Job, event: Event, rules: Rules, *, uses: LockedUses
) -> Job:
    row = await _changed(db, before, accepted(admitted, event.at))
    await budget_use.count(db, NO_USE, row, event.at, rules, uses=uses)
    await record(db, row, event)
    return row


async def _changed(db: Database, before: Job, after: Job) -> Job:
    """Write the changes, and raise the fence, so that no older claim stays valid."""
    changes = JOBS.changes(before, replace(after, lease_until=None))
    assignments = ", ".join(["fence = fence + 1", *queue.assigned(changes)])
    statement = f"UPDATE jobs SET {assignments} WHERE id = %(id)s RETURNING *"  # noqa: S608 - our names
    [row] = await queue.changed(db, JOBS, statement, {**changes, "id": before.id})
    return row


async def _decided(
    jobs: Sequence[Job],
    rules: Rules,
    now: Instant,
    *,
    uses: LockedUses,
    active: Active,
    consent: Consent,
) -> Admitted | AskFirst | NotAdmitted:
    """Decide about jobs by the counters as they are in this transaction, which has locked them."""
    day = day_at(now, rules.policy.calendar)
    for job in jobs:
        await uses.read_for(job, rules, now, day)
    return admit(jobs, rules, uses.of, now, consent=consent, active=active)
