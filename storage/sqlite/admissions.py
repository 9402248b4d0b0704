"""Where jobs begin to count in budgets: their insert, and the confirmation of those that waited.

Each function runs inside the writer's transaction, which decides and writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import assert_never

from sqlite_utils import Database

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
)
from storage.job import (
    Decision,
    DecisionKind,
    Event,
    EventName,
    Instant,
    Job,
    QuestionKind,
    Stage,
)
from storage.notification import Notification
from storage.rows import JOBS
from storage.sqlite import budget_rules, budget_use, find, notifications, queue
from storage.sqlite.budget_use import Uses
from storage.sqlite.job_reads import (
    active_jobs,
    find_by_dedup_key,
    find_duplicate,
    in_one_set,
    is_known,
    job_by_id,
)
from storage.sqlite.job_writes import record
from storage.store import Inserted, InsertTerms


def insert_set(
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
    if is_known(db, jobs[0].dedup_key):
        known = (find_by_dedup_key(db, job.dedup_key) for job in jobs)
        return tuple(Inserted(job=job, is_new=False) for job in known if job is not None)
    rules, uses = budget_rules.rules(db, jobs[0].team, jobs[0].created_at), Uses(db)
    decided = _duplicate_question(db, jobs, terms) or _begun(db, jobs, rules, uses, terms)
    match decided:
        case NotAdmitted() as refused:
            return _insert_refused(db, asks, refused, rules) if terms.may_ask else refused
        case AskFirst() as question:
            made = tuple(_insert_asked(db, job, event, question) for job, event in asks)
        case Admitted(jobs=admitted):
            events = (event for _, event in asks)
            made = tuple(
                _insert(db, job, event, rules, uses)
                for job, event in zip(admitted, events, strict=True)
            )
        case _:
            assert_never(decided)
    if message is not None:
        is_asked = made[0].job.stage is Stage.WAITING
        notifications.add(db, replace(message, due_at=None) if is_asked else message)
    return made


def _begun(
    db: Database, jobs: Sequence[Job], rules: Rules, uses: Uses, terms: InsertTerms
) -> Admitted | AskFirst | NotAdmitted:
    """Decide whether new jobs begin to count; those that wait begin when they are confirmed."""
    now = jobs[0].created_at
    uncounted = admit_uncounted(jobs, rules, now, is_price_agreed=terms.is_price_agreed)
    return uncounted or _decided_on_terms(db, jobs, rules, now, uses=uses, terms=terms)


def _decided_on_terms(
    db: Database,
    jobs: Sequence[Job],
    rules: Rules,
    now: Instant,
    *,
    uses: Uses,
    terms: InsertTerms,
) -> Admitted | AskFirst | NotAdmitted:
    """Decide about jobs whose asker may have agreed to their price."""
    decide = partial(_decided, db, jobs, rules, now, uses=uses, most_active=terms.most_active)
    decided = decide(consent=Consent.NONE)
    is_about_price = isinstance(decided, AskFirst) and decided.kind is QuestionKind.PRICE
    if terms.is_price_agreed and is_about_price:
        return decide(consent=Consent.CONFIRMED)
    return decided


def _insert(db: Database, job: Job, event: Event, rules: Rules, uses: Uses) -> Inserted:
    queue.insert(db, JOBS, job)
    find.put_words(db, job)
    budget_use.count(db, NO_USE, job, event.at, rules, uses=uses)
    record(db, job, event)
    return Inserted(job=job, is_new=True)


def _insert_refused(
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
    return replace(refused, waiting=_insert_asked(db, job, event, question).job)


def _insert_asked(db: Database, job: Job, event: Event, question: AskFirst) -> Inserted:
    waiting = asked(job, question, event.at)
    queue.insert(db, JOBS, waiting)
    find.put_words(db, waiting)
    record(db, waiting, event_of(question, event.at))
    return Inserted(job=waiting, is_new=True)


def _duplicate_question(db: Database, jobs: Sequence[Job], terms: InsertTerms) -> AskFirst | None:
    """Return the question about an earlier equal request; parts of one set are no duplicates."""
    if terms.equal_since is None:
        return None
    for job in jobs:
        earlier = find_duplicate(db, job, terms.equal_since)
        if earlier is not None:
            return AskFirst(kind=QuestionKind.DUPLICATE, about=earlier.id)
    return None


def confirm(
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
    job = job_by_id(db, job_id)
    parts = [] if job is None else in_one_set(db, job)
    if job is None or not all(is_open(part, now, for_approvers=False) for part in parts):
        return job
    rules = budget_rules.rules(db, job.team, now)
    if job.starts_at is not None:
        event = Event(at=now, name=EventName.CONFIRMED, detail=by)
        return _accept(db, job, as_planned(job), event, rules)
    decided = _decided(
        db, parts, rules, now, uses=Uses(db), most_active=most_active, consent=Consent.CONFIRMED
    )
    match decided:
        case Admitted(jobs=admitted):
            event = Event(at=now, name=EventName.CONFIRMED, detail=by)
            pairs = zip(parts, admitted, strict=True)
            rows = {part.id: _accept(db, part, one, event, rules) for part, one in pairs}
            notifications.post_set(db, job, now)
            return rows[job.id]
        case AskFirst() as question:
            return _ask(db, job, question, now)
        case NotAdmitted() as refused:
            beyond = None if job.set_id else ask_beyond_caps(refused, rules, job)
            if beyond is None:
                return refused
            return _ask(db, job, beyond, now) if asks_approvers else replace(refused, waiting=job)


def begin(
    db: Database, planned: Job, priced: Job, now: Instant, terms: InsertTerms
) -> Job | AskFirst | NotAdmitted:
    """Let a planned job begin to count under its claim, or wait for an approver."""
    rules, uses = budget_rules.rules(db, planned.team, now), Uses(db)
    wanted = replace(priced, stage=Stage.ACCEPTED)
    match _decided_on_terms(db, [wanted], rules, now, uses=uses, terms=terms):
        case Admitted(jobs=(admitted,)):
            row = queue.apply(db, JOBS, planned, accepted(admitted, now))
            budget_use.count(db, NO_USE, row, now, rules, uses=uses)
            record(db, row, Event(at=now, name=EventName.STARTED))
            return row
        case AskFirst(approvers=approvers) as question if approvers is not None:
            row = queue.apply(db, JOBS, planned, asked(priced, question, now))
            record(db, row, event_of(question, now))
            return row
        case AskFirst() | NotAdmitted() as refused:
            return refused
        case decided:
            raise ValueError(f"one job is admitted as one: {decided}")


def approve(
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
    job = job_by_id(db, job_id)
    if job is None or not is_open(job, now, for_approvers=True):
        return job
    rules = budget_rules.rules(db, job.team, now)
    refusal = refuse_decision(job, rules, by, now)
    if refusal is not None:
        return refusal
    consent = Consent.BEYOND_CAPS if beyond_caps else Consent.APPROVED
    decided = _decided(
        db, [job], rules, now, uses=Uses(db), most_active=most_active, consent=consent
    )
    match decided:
        case Admitted(jobs=(admitted,)):
            pass
        case NotAdmitted() as refused:
            return refused
        case _:
            raise ValueError(f"an approved request is not asked about: {decided}")
    kind = DecisionKind.APPROVED_BEYOND_CAPS if beyond_caps else DecisionKind.APPROVED
    decided_job = replace(admitted, decision=Decision(kind=kind, by=by, at=now))
    row = _accept(db, job, decided_job, Event(at=now, name=EventName.APPROVED, detail=by), rules)
    action = AuditAction.ADMITTED_BEYOND_CAPS if beyond_caps else AuditAction.APPROVED
    budget_rules.add_audit(db, decision_entry(row, by, now, action))
    return row


def deny(
    db: Database, job_id: str, by: str, because: str, now: Instant
) -> Job | MayNotDecide | None:
    """End a request that waits for an approver; return the row as it is then, as `approve` does."""
    job = job_by_id(db, job_id)
    if job is None or not is_open(job, now, for_approvers=True):
        return job
    refusal = refuse_decision(job, budget_rules.rules(db, job.team, now), by, now)
    if refusal is not None:
        return refusal
    decision = Decision(kind=DecisionKind.DENIED, by=by, at=now, because=because)
    row = _changed(db, job, denied(job, decision, now))
    record(db, row, Event(at=now, name=EventName.DENIED, detail=by))
    budget_rules.add_audit(db, decision_entry(row, by, now, AuditAction.DENIED))
    return row


def _ask(db: Database, job: Job, question: AskFirst, now: Instant) -> Job:
    """Let a request that waited for its asker wait for what is to be asked now."""
    row = _changed(db, job, asked(job, question, now))
    record(db, row, event_of(question, now))
    return row


def _accept(db: Database, before: Job, admitted: Job, event: Event, rules: Rules) -> Job:
    row = _changed(db, before, accepted(admitted, event.at))
    budget_use.count(db, NO_USE, row, event.at, rules)
    record(db, row, event)
    return row


def _changed(db: Database, before: Job, after: Job) -> Job:
    """Write the changes, and raise the fence, so that no older claim stays valid."""
    changes = JOBS.changes(before, replace(after, lease_until=None))
    assignments = ", ".join(["fence = fence + 1", *(f"{name} = :{name}" for name in changes)])
    statement = f"UPDATE jobs SET {assignments} WHERE id = :id RETURNING *"  # noqa: S608 - our names
    [row] = queue.changed(db, JOBS, statement, {**changes, "id": before.id})
    return row


def _decided(
    db: Database,
    jobs: Sequence[Job],
    rules: Rules,
    now: Instant,
    *,
    uses: Uses,
    most_active: int | None,
    consent: Consent,
) -> Admitted | AskFirst | NotAdmitted:
    """Decide about jobs by the counters as they are in this transaction."""
    first, active = jobs[0], Active()
    if most_active is not None:
        found = active_jobs(db, first.team, first.user, most_active)
        active = Active(jobs=found, most=most_active)
    return admit(jobs, rules, uses.of, now, consent=consent, active=active)
