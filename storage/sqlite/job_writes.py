"""The writes to jobs; each function runs inside the writer's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from sqlite3 import Row as SqlRow

from sqlite_utils import Database

from storage.budget import (
    AuditAction,
    AuditEntry,
    Settlement,
    exposure,
)
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
from storage.rows import (
    JOBS,
    Value,
    encode,
    event_to_row,
    in_list,
)
from storage.sqlite import budget_rules, budget_use, find, homes, notifications, queue
from storage.sqlite.job_reads import job_by_id, parts
from storage.sqlite.queue import longest_due_first
from storage.store import SUSPECT_CRASHES, ClaimLimit, Unreadable

# One query for each stage, so that a claim does not read thousands of jobs of a full stage.
# `+:stage` and `+ 0`, here and elsewhere: if a plan can depend on a bare parameter, SQLite compiles
# the statement anew for each value.
DUE = f"""
    SELECT seq, due_at FROM jobs
    WHERE stage = +:stage AND due_at IS NOT NULL AND due_at <= :now
        AND (lease_until IS NULL OR lease_until <= :now) AND crashes < {SUSPECT_CRASHES}
    ORDER BY due_at, seq LIMIT :limit + 0
"""  # noqa: S608 - only constants

_ADD_EVENT = """
    INSERT INTO job_events (job_id, at, name, detail) VALUES (:job_id, :at, :name, :detail)
"""

_REQUEST_CANCEL = f"""
    UPDATE jobs SET
        cancel_requested_by = iif(cancel_requested_at IS NULL, :by, cancel_requested_by),
        cancel_requested_at = coalesce(cancel_requested_at, :now),
        due_at = min(coalesce(due_at, :now), :now)
    WHERE id = :id AND stage IN ({in_list(CANCELLABLE)}) AND chargeable_since IS NULL
"""  # noqa: S608 - only constants

_GIVE_UP = f"""
    UPDATE jobs SET
        given_up_by = iif(given_up_at IS NULL, :by, given_up_by),
        given_up_at = coalesce(given_up_at, :now),
        due_at = min(coalesce(due_at, :now), :now)
    WHERE id = :id AND stage IN ({in_list(ABANDONABLE)}) AND chargeable_since IS NOT NULL
"""  # noqa: S608 - only constants

# A part that was posted, or may have been, does not wait for anything.
_WAKE_PARTS = f"""
    UPDATE jobs SET due_at = min(due_at, :now)
    WHERE set_id = :set_id AND stage = '{Stage.ACCEPTED.value}'
        AND due_at IS NOT NULL AND post_intent_at IS NULL
"""  # noqa: S608 - only constants

# The fence stays: a step that reads the cost meanwhile goes on, and what it reads is written.
_SETTLE = """
    UPDATE jobs SET
        cost_actual = :amount,
        due_at = iif(stage = 'parked', due_at, min(coalesce(due_at, :now), :now))
    WHERE id = :id RETURNING *
"""

_DUE_AGAIN = """
    UPDATE jobs SET due_at = min(coalesce(due_at, :at), :at) WHERE id = :id RETURNING *
"""

_SHOW_AGAIN = """
    UPDATE jobs SET shown = NULL, due_at = min(coalesce(due_at, :at), :at)
    WHERE id = :id RETURNING *
"""

# `json_insert` keeps the value that is there. https://sqlite.org/json1.html#jins
_NOTE_PRESS = """
    UPDATE jobs SET pressed = json_insert(pressed, '$."' || :action_id || '"', :by) WHERE id = :id
"""

# Of two who keep it the first is named.
_KEEP = """
    UPDATE jobs SET kept_by = iif(:by IS NULL, NULL, coalesce(kept_by, :by))
    WHERE id = :id RETURNING *
"""

# Of two who delete it the first is named.
_DELETE = f"""
    UPDATE jobs SET
        deleted_by = iif(deleted_at IS NULL, :by, deleted_by),
        kept_by = NULL,
        deleted_at = coalesce(deleted_at, :now)
    WHERE id = :id AND stage = '{Stage.DELIVERED.value}' RETURNING *
"""  # noqa: S608 - only constants

_RESUMED = """
    parked_from = NULL, attempts = 0, crashes = 0, problem = NULL, paced_at = NULL,
    due_at = :now, lease_until = NULL, fence = fence + 1
"""

_RESUME = f"""
    UPDATE jobs SET
        stage = parked_from,
        confirmed_absent_at = coalesce(:confirmed_absent_at, confirmed_absent_at),
        {_RESUMED}
    WHERE id = :id AND stage = '{Stage.PARKED.value}' AND parked_from IN ({in_list(RESUMABLE)})
    RETURNING *
"""  # noqa: S608 - only constants

# The idempotency key is derived from the job's message, so it was not sent before `posted_at`. A
# rendering job without `submitted_at` has its task ID from an operator, who may have mistyped it.
_RESUME_WITH_TASK = f"""
    UPDATE jobs SET
        stage = '{Stage.RENDERING.value}', task_id = :task_id,
        first_sent_at = coalesce(first_sent_at, posted_at),
        chargeable_since = coalesce(chargeable_since, posted_at), {_RESUMED}
    WHERE id = :id AND stage = '{Stage.PARKED.value}'
        AND (
            parked_from = '{Stage.ANNOUNCED.value}'
            OR (parked_from = '{Stage.RENDERING.value}' AND submitted_at IS NULL)
        )
        AND NOT EXISTS (
            SELECT 1 FROM jobs AS other WHERE other.task_id = :task_id AND other.id <> :id
        )
    RETURNING *
"""  # noqa: S608 - only constants


def apply(db: Database, before: Job, after: Job, event: Event | None) -> Job:
    """Write the changes and the event, if the row still has the fence and stage of `before`."""
    # What no write but this one changes counts as before: most of them need no look.
    is_counted = any(getattr(before, name) != getattr(after, name) for name in budget_use.EXPOSURE)
    counted = budget_use.exposure_before(db, before.id) if is_counted else None
    row = queue.apply(db, JOBS, before, after)
    if before.names is not after.names:
        find.put_words(db, row)
    if row.cost_actual != after.cost_actual and row.stage is not Stage.PARKED:
        # Settled while the step ran, which has told another amount, or none.
        [row] = queue.changed(db, JOBS, _DUE_AGAIN, {"id": row.id, "at": _time_of(event, row)})
    if (row.film, row.review, row.deleted_at) != (after.film, after.review, after.deleted_at):
        # Changed while the step ran, which has shown the message without it, or not at all.
        [row] = queue.changed(db, JOBS, _SHOW_AGAIN, {"id": row.id, "at": _time_of(event, row)})
    if counted is not None:
        budget_use.count(db, counted, row, _time_of(event, row))
    if event is not None:
        record(db, row, event)
    return row


def _time_of(event: Event | None, row: Job) -> Instant:
    return row.created_at if event is None else event.at


def find_due(db: Database, now: Instant, limit: ClaimLimit) -> Sequence[SqlRow]:
    """Return the due jobs, at most `limit.rows`, the longest due first."""
    # A negative limit would be no limit. https://sqlite.org/lang_select.html#limitoffset
    rows = max(0, limit.rows)
    found = (db.execute(DUE, {"stage": stage, "now": now, "limit": rows}) for stage in limit.steps)
    return longest_due_first(chain.from_iterable(found))[:rows]


def request_cancel(db: Database, job_id: str, by: str, now: Instant) -> Job | None:
    """Record the first request and make the job due, unless something was sent already."""
    return _updated(db, _REQUEST_CANCEL, job_id, by, now)


def request_cancel_of_set(
    db: Database, set_id: str, by: str, now: Instant
) -> tuple[list[Job], list[Unreadable]]:
    """Record the first request to cancel each part; return the parts as they are then."""
    found, broken = parts(db, set_id)
    for part in found:
        db.execute(_REQUEST_CANCEL, {"id": part.id, "by": by, "now": now})
    return parts(db, set_id)[0], broken


def wake_parts(db: Database, set_id: str, now: Instant) -> None:
    """Make the parts of a set due that wait for the set's message."""
    db.execute(_WAKE_PARTS, {"set_id": encode(set_id), "now": now})


def settle(db: Database, job_id: str, settlement: Settlement) -> Job | None:
    """Record the amount of a job that MindVideo never named."""
    job, amount = job_by_id(db, job_id), settlement.amount
    if job is None or job.cost_actual == amount:
        return job
    if job.stage not in SETTLEABLE or job.chargeable_since is None:
        raise IllegalTransitionError(job_id, job.stage, job.stage)
    values: Mapping[str, Value] = {"id": job.id, "amount": str(amount), "now": settlement.at}
    [row] = queue.changed(db, JOBS, _SETTLE, values)
    budget_use.count(db, exposure(job), row, settlement.at)
    record(db, row, Event(at=settlement.at, name=EventName.COST, detail=str(amount)))
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
    budget_rules.add_audit(db, entry)
    return row


def give_up(db: Database, job_id: str, by: str, now: Instant) -> Job | None:
    """Record that a render at MindVideo is given up, and make the job due."""
    return _updated(db, _GIVE_UP, job_id, by, now)


def note_press(db: Database, job_id: str, action_id: str, by: str) -> Job | None:
    """Record who pressed a button first. `action_id` is one of the bot's own."""
    db.execute(_NOTE_PRESS, {"id": encode(job_id), "action_id": action_id, "by": by})
    return job_by_id(db, job_id)


def note_film(db: Database, job_id: str, film: Film, now: Instant) -> Job | None:
    """Record the film of a delivered job, whose message is to show it."""
    job = job_by_id(db, job_id)
    if job is None or job.stage is not Stage.DELIVERED or job.film == film:
        return job
    changes = JOBS.changes(job, replace(job, film=film))
    assigned = ", ".join(f"{name} = :{name}" for name in changes)
    statement = f"UPDATE jobs SET {assigned} WHERE id = :id"  # noqa: S608 - our names
    db.execute(statement, {**changes, "id": job.id})
    [row] = queue.changed(db, JOBS, _SHOW_AGAIN, {"id": job.id, "at": now})
    record(db, row, film_event(film, now))
    return row


def keep(db: Database, job_id: str, by: str | None, now: Instant) -> Job | None:
    """Record who keeps a job, or that nobody does."""
    for row in queue.changed(db, JOBS, _KEEP, {"id": encode(job_id), "by": encode(by)}):
        homes.touch(db, row.team, row.user, now)
        notifications.touch_set(db, row, now)
        return row
    return None


def delete_result(db: Database, job_id: str, by: str, now: Instant) -> Job | None:
    """Record who deletes the result of a delivered job, and have it taken back."""
    before = job_by_id(db, job_id)
    for row in queue.changed(db, JOBS, _DELETE, {"id": encode(job_id), "by": by, "now": now}):
        event = Event(at=now, name=EventName.DELETED, detail=row.deleted_by or "")
        notifications.take_back(db, row, event)
        if before is not None and before.deleted_at is not None:
            return row
        [shown] = queue.changed(db, JOBS, _SHOW_AGAIN, {"id": row.id, "at": now})
        record(db, shown, event)
        return shown
    return before


def resume(
    db: Database,
    job_id: str,
    now: Instant,
    task_id: str | None,
    confirmed_absent_at: Instant | None,
) -> Job | None:
    """Return a parked job to the stage it left, or to rendering if its task was found."""
    statement = _RESUME if task_id is None else _RESUME_WITH_TASK
    values: Mapping[str, Value] = {
        "id": encode(job_id),
        "now": now,
        "task_id": task_id,
        "confirmed_absent_at": confirmed_absent_at,
    }
    counted = budget_use.exposure_before(db, job_id)
    resumed = queue.changed(db, JOBS, statement, values)
    if resumed:
        budget_use.count(db, counted, resumed[0], now)
        return resumed[0]
    job = job_by_id(db, job_id)
    if job is not None:
        raise IllegalTransitionError(job_id, job.stage, job.parked_from or job.stage)
    return None


def record(db: Database, job: Job, event: Event) -> None:
    """Insert an event and its notifications, and make the user's Home tab due if it shows that."""
    db.execute(_ADD_EVENT, event_to_row(job.id, event))
    notifications.insert_for_event(db, job, event)
    if event.name not in UNSEEN:
        homes.touch(db, job.team, job.user, event.at)
        notifications.touch_set(db, job, event.at)


def _updated(db: Database, statement: str, job_id: str, by: str, now: Instant) -> Job | None:
    db.execute(statement, {"id": encode(job_id), "by": by, "now": now})
    return job_by_id(db, job_id)
