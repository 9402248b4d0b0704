"""Where jobs begin to count in budgets: their insert, and the confirmation of those that waited.

Each function runs inside the writer's transaction, which decides and writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from storage.budget import (
    NO_USE,
    Active,
    Admitted,
    AskFirst,
    AuditAction,
    AuditEntry,
    Consent,
    NotAdmitted,
    Rules,
    admit,
)
from storage.job import Event, EventName, Instant, Job, QuestionKind, Stage, waiting
from storage.sqlite import budget_rules, budget_use, queue
from storage.sqlite.job_reads import (
    active_jobs,
    find_by_dedup_key,
    find_duplicate,
    is_known,
    job_by_id,
)
from storage.sqlite.job_writes import record
from storage.sqlite.rows import JOBS
from storage.store import Inserted

# The columns that an admission sets.
_ADMITTED = ("reserved", "counted_on")

_CONFIRM = f"""
    UPDATE jobs SET
        stage = '{Stage.ACCEPTED.value}', due_at = :now, attempts = 0, crashes = 0,
        lease_until = NULL, fence = fence + 1, reserved = :reserved,
        counted_on = :counted_on
    WHERE id = :id AND stage = '{Stage.WAITING.value}'
    RETURNING *
"""  # noqa: S608 - only constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an insert or a confirmation looks for before it admits jobs."""

    equal_since: Instant | None = None
    """Since when an equal request is a duplicate; `None`: nothing is searched for."""
    most_active: int | None = None
    """How many jobs of a person may be under way; `None`: any number."""
    consent: Consent = Consent.NONE


def insert_set(
    db: Database, asks: Sequence[tuple[Job, Event]], terms: Terms
) -> tuple[Inserted, ...] | NotAdmitted:
    """Insert new jobs, each with its first event, all or none; or return the existing rows.

    All wait for their asker if one is equal to an earlier job, or if the rules of budgets say so.
    The jobs are of one person, and their dedup keys are in the store all together or not at all.
    """
    jobs = tuple(job for job, _ in asks)
    if is_known(db, jobs[0].dedup_key):
        known = (find_by_dedup_key(db, job.dedup_key) for job in jobs)
        return tuple(Inserted(job=job, is_new=False) for job in known if job is not None)
    rules = budget_rules.rules(db, jobs[0].team, jobs[0].created_at)
    match _duplicate_question(db, jobs, terms) or _begun(db, jobs, rules, terms):
        case NotAdmitted() as refused:
            return refused
        case AskFirst() as question:
            return tuple(_insert_asked(db, job, event, question) for job, event in asks)
        case Admitted(jobs=admitted):
            events = (event for _, event in asks)
            return tuple(
                _insert(db, job, event, rules) for job, event in zip(admitted, events, strict=True)
            )


def _begun(
    db: Database, jobs: Sequence[Job], rules: Rules, terms: Terms
) -> Admitted | AskFirst | NotAdmitted:
    """Decide whether new jobs begin to count; those that wait begin when they are confirmed."""
    if jobs[0].stage is Stage.WAITING:
        return Admitted(jobs=tuple(jobs))
    return _decided(db, jobs, rules, jobs[0].created_at, terms)


def _insert(db: Database, job: Job, event: Event, rules: Rules) -> Inserted:
    made = queue.insert(db, JOBS, job)
    budget_use.count(db, NO_USE, made, event.at, rules)
    record(db, made, event)
    return Inserted(job=made, is_new=True)


def _insert_asked(db: Database, job: Job, event: Event, question: AskFirst) -> Inserted:
    made = queue.insert(db, JOBS, waiting(job, question.kind, question.about))
    record(db, made, Event(at=event.at, name=EventName.ASKED, detail=question.kind))
    return Inserted(job=made, is_new=True)


def _duplicate_question(db: Database, jobs: Sequence[Job], terms: Terms) -> AskFirst | None:
    """Return the question about an earlier equal request; parts of one set are no duplicates."""
    if terms.equal_since is None:
        return None
    for job in jobs:
        earlier = find_duplicate(db, job, terms.equal_since)
        if earlier is not None:
            return AskFirst(kind=QuestionKind.DUPLICATE, about=earlier.id)
    return None


def confirm(
    db: Database, job_id: str, by: str, now: Instant, terms: Terms
) -> Job | NotAdmitted | None:
    """Accept a waiting job whose question has not expired; return the row as it is then."""
    job = job_by_id(db, job_id)
    if job is None or not _can_be_confirmed(job, now):
        return job
    rules = budget_rules.rules(db, job.team, now)
    match _decided(db, [job], rules, now, terms):
        case Admitted(jobs=(admitted,)):
            return _accept(db, admitted, by, now, rules=rules, terms=terms)
        case NotAdmitted() as refused:
            return refused
        case decided:
            raise ValueError(f"a confirmed request is not asked about: {decided}")


def _can_be_confirmed(job: Job, now: Instant) -> bool:
    question = job.question
    return job.stage is Stage.WAITING and question is not None and question.expires_at > now


def _accept(db: Database, job: Job, by: str, now: Instant, *, rules: Rules, terms: Terms) -> Job:
    columns = JOBS.to_row(job)
    values = {name: columns[name] for name in ("id", *_ADMITTED)} | {"now": now}
    [row] = queue.changed(db, JOBS, _CONFIRM, values)
    budget_use.count(db, NO_USE, row, now, rules)
    record(db, row, Event(at=now, name=EventName.CONFIRMED, detail=by))
    if terms.consent is Consent.BEYOND_CAPS:
        entry = AuditEntry(
            at=now,
            team=job.team,
            by=by,
            action=AuditAction.ADMITTED_BEYOND_CAPS,
            subject=job.id,
            after="" if row.reserved is None else str(row.reserved),
        )
        budget_rules.add_audit(db, entry)
    return row


def _decided(
    db: Database, jobs: Sequence[Job], rules: Rules, now: Instant, terms: Terms
) -> Admitted | AskFirst | NotAdmitted:
    """Decide about jobs by the counters as they are in this transaction."""
    first, active = jobs[0], Active()
    if terms.most_active is not None:
        found = active_jobs(db, first.team, first.user, terms.most_active)
        active = Active(jobs=found, most=terms.most_active)
    return admit(
        jobs,
        rules,
        lambda scope, period: budget_use.use_of(db, scope.key, period),
        now,
        consent=terms.consent,
        active=active,
    )
