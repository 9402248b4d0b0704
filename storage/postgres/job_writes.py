"""The writes to jobs; each function runs inside a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from psycopg.rows import DictRow

from storage.budget import AuditAction, AuditEntry, Settlement, exposure
from storage.find import words_of_job
from storage.job import (
    ABANDONABLE,
    CANCELLABLE,
    RESUMABLE,
    SETTLEABLE,
    UNSEEN,
    Event,
    EventName,
    Film,
    IllegalTransitionError,
    Instant,
    Job,
    Stage,
    film_event,
)
from storage.pace import Permit
from storage.postgres import budget_rules, budget_use, find, homes, notifications, queue
from storage.postgres.database import Database
from storage.postgres.job_reads import job_by_id, locked_job, parts
from storage.postgres.queue import IS_DUE, LOCKED, Due
from storage.rows import JOBS, in_list
from storage.store import ClaimLimit, Unreadable

# A part for each stage, so that a claim does not read thousands of jobs of a full stage.
DUE = f"""
    SELECT due.seq FROM unnest(%(stages)s::text[]) AS wanted (stage) CROSS JOIN LATERAL (
        SELECT seq, due_at FROM jobs WHERE stage = wanted.stage AND {IS_DUE}
        ORDER BY due_at, seq LIMIT %(limit)s {LOCKED}
    ) AS due
    ORDER BY due.due_at, due.seq LIMIT %(limit)s
"""  # noqa: S608 - only constants

# No count needs the order. It keeps a plan that serves all values, and is made as if a third of all
# rows were due, from reading the table in place of the index.
COUNT_DUE = f"""
    SELECT wanted.stage, (
        SELECT count(*) FROM (
            SELECT FROM jobs WHERE stage = wanted.stage AND {IS_DUE}
            ORDER BY due_at, seq LIMIT %(limit)s
        ) AS due
    ) AS jobs
    FROM unnest(%(stages)s::text[]) AS wanted (stage)
"""  # noqa: S608 - only constants

# One statement, because every request needs both.
_INSERT = f"""
    WITH made AS ({queue.insertion(JOBS.name, JOBS.columns)} RETURNING seq) {find.INSERT_WORDS}
"""

# Of two who keep it the first is named.
_KEEP = """
    UPDATE jobs SET
        kept_by = CASE WHEN %(by)s::text IS NULL THEN NULL ELSE coalesce(kept_by, %(by)s) END
    WHERE id = %(id)s RETURNING *
"""

# Of two who delete it the first is named.
_DELETE = f"""
    UPDATE jobs SET
        deleted_by = CASE WHEN deleted_at IS NULL THEN %(by)s ELSE deleted_by END,
        kept_by = NULL,
        deleted_at = coalesce(deleted_at, %(now)s)
    WHERE id = %(id)s AND stage = '{Stage.DELIVERED.value}' RETURNING *
"""  # noqa: S608 - only constants

_REQUEST_CANCEL = f"""
    UPDATE jobs SET
        cancel_requested_by =
            CASE WHEN cancel_requested_at IS NULL THEN %(by)s ELSE cancel_requested_by END,
        cancel_requested_at = coalesce(cancel_requested_at, %(now)s),
        due_at = least(coalesce(due_at, %(now)s), %(now)s)
    WHERE id = %(id)s AND stage IN ({in_list(CANCELLABLE)}) AND chargeable_since IS NULL
"""  # noqa: S608 - only constants

_GIVE_UP = f"""
    UPDATE jobs SET
        given_up_by = CASE WHEN given_up_at IS NULL THEN %(by)s ELSE given_up_by END,
        given_up_at = coalesce(given_up_at, %(now)s),
        due_at = least(coalesce(due_at, %(now)s), %(now)s)
    WHERE id = %(id)s AND stage IN ({in_list(ABANDONABLE)}) AND chargeable_since IS NOT NULL
"""  # noqa: S608 - only constants

_CANCEL_OF_SET = f"""
    UPDATE jobs SET
        cancel_requested_by =
            CASE WHEN cancel_requested_at IS NULL THEN %(by)s ELSE cancel_requested_by END,
        cancel_requested_at = coalesce(cancel_requested_at, %(now)s),
        due_at = least(coalesce(due_at, %(now)s), %(now)s)
    WHERE set_id = %(set_id)s AND stage IN ({in_list(CANCELLABLE)}) AND chargeable_since IS NULL
"""  # noqa: S608 - only constants

# In one order, so that two who lock the parts of one set never wait for each other.
_LOCK_PARTS = "SELECT FROM jobs WHERE set_id = %(set_id)s ORDER BY part FOR NO KEY UPDATE"

# A part that was posted, or may have been, does not wait for anything.
_WAKE_PARTS = f"""
    UPDATE jobs SET due_at = least(due_at, %(now)s)
    WHERE set_id = %(set_id)s AND stage = '{Stage.ACCEPTED.value}'
        AND due_at IS NOT NULL AND post_intent_at IS NULL
"""  # noqa: S608 - only constants

# The fence stays: a step that reads the cost meanwhile goes on, and what it reads is written.
_SETTLE = f"""
    UPDATE jobs SET
        cost_actual = %(amount)s,
        due_at = CASE
            WHEN stage = '{Stage.PARKED.value}' THEN due_at
            ELSE least(coalesce(due_at, %(now)s), %(now)s)
        END
    WHERE id = %(id)s RETURNING *
"""  # noqa: S608 - only constants

_DUE_AGAIN = """
    UPDATE jobs SET due_at = least(coalesce(due_at, %(at)s), %(at)s)
    WHERE id = %(id)s RETURNING *
"""

_SHOW_AGAIN = """
    UPDATE jobs SET shown = NULL, due_at = least(coalesce(due_at, %(at)s), %(at)s)
    WHERE id = %(id)s RETURNING *
"""

_RESUMED = """
    parked_from = NULL, attempts = 0, crashes = 0, problem = NULL, paced_at = NULL,
    due_at = %(now)s, lease_until = NULL, fence = fence + 1
"""

_RESUME = f"""
    UPDATE jobs SET
        stage = parked_from,
        confirmed_absent_at = coalesce(%(confirmed_absent_at)s, confirmed_absent_at),
        {_RESUMED}
    WHERE id = %(id)s AND stage = '{Stage.PARKED.value}' AND parked_from IN ({in_list(RESUMABLE)})
    RETURNING *
"""  # noqa: S608 - only constants

# The idempotency key is derived from the job's message, so it was not sent before `posted_at`. A
# rendering job without `submitted_at` has its task ID from an operator, who may have mistyped it.
_RESUME_WITH_TASK = f"""
    UPDATE jobs SET
        stage = '{Stage.RENDERING.value}', task_id = %(task_id)s,
        first_sent_at = coalesce(first_sent_at, posted_at),
        chargeable_since = coalesce(chargeable_since, posted_at), {_RESUMED}
    WHERE id = %(id)s AND stage = '{Stage.PARKED.value}'
        AND (
            parked_from = '{Stage.ANNOUNCED.value}'
            OR (parked_from = '{Stage.RENDERING.value}' AND submitted_at IS NULL)
        )
        AND NOT EXISTS (
            SELECT FROM jobs AS other WHERE other.task_id = %(task_id)s AND other.id <> %(id)s
        )
    RETURNING *
"""  # noqa: S608 - only constants

# Of two operators who name one task at one instant, the second sees what the first has written.
_LOCK_TASK = "SELECT pg_advisory_xact_lock(hashtextextended(%(task_id)s, 3))"


async def apply(
    db: Database, before: Job, after: Job, event: Event | None, permit: Permit | None = None
) -> tuple[Job, DictRow]:
    """Write the changes and the event, if the row still has the fence and stage of `before`.

    Returns the job, and the columns that the statement returned.
    """
    written = await queue.apply_columns(
        db, JOBS, before, after, held=budget_use.EXPOSURE, permit=permit
    )
    row = JOBS.from_row(written)
    if before.names is not after.names:
        await find.put_words(db, row)
    at = row.created_at if event is None else event.at
    if row.cost_actual != after.cost_actual and row.stage is not Stage.PARKED:
        # Settled while the step ran, which has told another amount, or none.
        [row] = await queue.changed(db, JOBS, _DUE_AGAIN, {"id": row.id, "at": at})
    if (row.film, row.review, row.deleted_at) != (after.film, after.review, after.deleted_at):
        # Changed while the step ran, which has shown the message without it, or not at all.
        [row] = await queue.changed(db, JOBS, _SHOW_AGAIN, {"id": row.id, "at": at})
    await budget_use.count(db, budget_use.exposure_before(written), row, at)
    if event is not None:
        await record(db, row, event)
    return row, written


async def count_due(db: Database, now: Instant, stages: list[str], limit: int) -> Mapping[str, int]:
    """Return how many jobs of each stage are due, each up to `limit`. A read."""
    rows = await db.rows(COUNT_DUE, {"now": now, "stages": stages, "limit": limit})
    return {row["stage"]: int(row["jobs"]) for row in rows}


async def find_due(db: Database, now: Instant, limit: ClaimLimit) -> Due:
    """Lock due jobs, at most `limit.rows`, the longest due first."""
    values = {"now": now, "stages": list(limit.steps), "limit": max(0, limit.rows)}
    return [row["seq"] for row in await db.rows(DUE, values)]


async def request_cancel(db: Database, job_id: str, by: str, now: Instant) -> Job | None:
    """Record the first request and make the job due, unless something was sent already."""
    return await _updated(db, _REQUEST_CANCEL, job_id, by, now)


async def request_cancel_of_set(
    db: Database, set_id: str, by: str, now: Instant
) -> tuple[list[Job], list[Unreadable]]:
    """Record the first request to cancel each part; return the parts as they are then."""
    values = {"set_id": set_id, "by": by, "now": now}
    await db.change(_LOCK_PARTS, {"set_id": set_id})
    await db.change(_CANCEL_OF_SET, values)
    return await parts(db, set_id)


async def wake_parts(db: Database, set_id: str, now: Instant) -> None:
    """Make the parts of a set due that wait for the set's message."""
    await db.change(_LOCK_PARTS, {"set_id": set_id})
    await db.change(_WAKE_PARTS, {"set_id": set_id, "now": now})


async def settle(db: Database, job_id: str, settlement: Settlement) -> Job | None:
    """Record the amount of a job that MindVideo never named."""
    job, amount = await locked_job(db, job_id), settlement.amount
    if job is None or job.cost_actual == amount:
        return job
    if job.stage not in SETTLEABLE or job.chargeable_since is None:
        raise IllegalTransitionError(job_id, job.stage, job.stage)
    values = {"id": job.id, "amount": str(amount), "now": settlement.at}
    [row] = await queue.changed(db, JOBS, _SETTLE, values)
    await budget_use.count(db, exposure(job), row, settlement.at)
    await record(db, row, Event(at=settlement.at, name=EventName.COST, detail=str(amount)))
    entry = AuditEntry(
        at=settlement.at,
        team=job.team,
        by=settlement.by,
        action=AuditAction.SETTLED,
        subject=job.id,
        before="" if job.cost_actual is None else str(job.cost_actual),
        after=str(amount),
        because=settlement.because,
    )
    await budget_rules.add_audit(db, entry)
    return row


async def give_up(db: Database, job_id: str, by: str, now: Instant) -> Job | None:
    """Record that a render at MindVideo is given up, and make the job due."""
    return await _updated(db, _GIVE_UP, job_id, by, now)


async def keep(db: Database, job_id: str, by: str | None, now: Instant) -> Job | None:
    """Record who keeps a job, or that nobody does."""
    for row in await queue.changed(db, JOBS, _KEEP, {"id": job_id, "by": by}):
        homes.touch(db, row.team, row.user, now)
        notifications.touch_set(db, row, now)
        return row
    return None


async def note_press(db: Database, job_id: str, action_id: str, by: str) -> Job | None:
    """Record who pressed a button first. `action_id` is one of the bot's own."""
    job = await locked_job(db, job_id)
    if job is None or action_id in job.pressed:
        return job
    return await _changed(db, job, replace(job, pressed={**job.pressed, action_id: by}))


async def note_film(db: Database, job_id: str, film: Film, now: Instant) -> Job | None:
    """Record the film of a delivered job, whose message is to show it."""
    job = await locked_job(db, job_id)
    if job is None or job.stage is not Stage.DELIVERED or job.film == film:
        return job
    await _changed(db, job, replace(job, film=film))
    [row] = await queue.changed(db, JOBS, _SHOW_AGAIN, {"id": job.id, "at": now})
    await record(db, row, film_event(film, now))
    return row


async def delete_result(db: Database, job_id: str, by: str, now: Instant) -> Job | None:
    """Record who deletes the result of a delivered job, and have it taken back."""
    before = await locked_job(db, job_id)
    for row in await queue.changed(db, JOBS, _DELETE, {"id": job_id, "by": by, "now": now}):
        event = Event(at=now, name=EventName.DELETED, detail=row.deleted_by or "")
        await notifications.take_back(db, row, event)
        if before is not None and before.deleted_at is not None:
            return row
        [shown] = await queue.changed(db, JOBS, _SHOW_AGAIN, {"id": row.id, "at": now})
        await record(db, shown, event)
        return shown
    return before


async def resume(
    db: Database,
    job_id: str,
    now: Instant,
    task_id: str | None,
    confirmed_absent_at: Instant | None,
) -> Job | None:
    """Return a parked job to the stage it left, or to rendering if its task was found."""
    statement = _RESUME if task_id is None else _RESUME_WITH_TASK
    if task_id is not None:
        await db.change(_LOCK_TASK, {"task_id": task_id})
    values = {
        "id": job_id,
        "now": now,
        "task_id": task_id,
        "confirmed_absent_at": confirmed_absent_at,
    }
    job = await locked_job(db, job_id)
    if job is None:
        return None
    resumed = await queue.changed(db, JOBS, statement, values)
    if not resumed:
        raise IllegalTransitionError(job_id, job.stage, job.parked_from or job.stage)
    await budget_use.count(db, exposure(job), resumed[0], now)
    return resumed[0]


async def insert(db: Database, job: Job, event: Event) -> None:
    """Insert a job whose unique values no other has, its words, first event and notifications.

    The user's Home tab becomes due.
    """
    await db.change(_INSERT, {**JOBS.to_row(job), "words": words_of_job(job)})
    await notifications.insert_for_event(db, job, event)
    homes.add_event(db, job.id, job.team, job.user, event)


async def record(db: Database, job: Job, event: Event) -> None:
    """Insert an event and its notifications, and make the user's Home tab due."""
    await notifications.insert_for_event(db, job, event)
    homes.add_event(db, job.id, job.team, job.user, event)
    if event.name not in UNSEEN:
        notifications.touch_set(db, job, event.at)


async def _changed(db: Database, before: Job, after: Job) -> Job:
    """Write the changes to a job that this transaction has locked."""
    changes = JOBS.changes(before, after)
    statement = (
        f"UPDATE jobs SET {', '.join(queue.assigned(changes))} WHERE id = %(id)s RETURNING *"  # noqa: S608 - our names
    )
    [row] = await queue.changed(db, JOBS, statement, {**changes, "id": before.id})
    return row


async def _updated(db: Database, statement: str, job_id: str, by: str, now: Instant) -> Job | None:
    await db.change(statement, {"id": job_id, "by": by, "now": now})
    return await job_by_id(db, job_id)
