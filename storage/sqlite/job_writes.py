"""Every change that is made to the tables; each function runs inside the writer's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from sqlite3 import Row

from sqlite_utils import Database

from storage.job import TRANSITIONS, Event, IllegalTransitionError, Instant, Job, Stage
from storage.sqlite import notifications
from storage.sqlite.job_reads import job_by_id
from storage.sqlite.rows import (
    COLUMNS,
    Value,
    changed_columns,
    encode,
    event_to_row,
    job_from_row,
    job_to_row,
    longest_due_first,
)
from storage.store import Room, StaleFenceError

_INSERT_JOB = (
    f"INSERT INTO jobs ({', '.join(COLUMNS)})"  # noqa: S608 - names of a dataclass's fields
    f" VALUES ({', '.join(f':{name}' for name in COLUMNS)})"
    " ON CONFLICT (ask_key) DO NOTHING RETURNING *"
)

# A stage at a time, so that thousands which must wait for their turn are not read again and again.
# Here and elsewhere `+ 0`: a bare parameter would have SQLite compile the statement for each call.
DUE = """
    SELECT seq, due_at FROM jobs
    WHERE stage = :stage AND due_at IS NOT NULL AND due_at <= :now
        AND (lease_until IS NULL OR lease_until <= :now)
    ORDER BY due_at, seq LIMIT :limit + 0
"""

_LEASE = "UPDATE jobs SET lease_until = :until, fence = fence + 1 WHERE seq = :seq RETURNING *"

_RENEW = """
    UPDATE jobs SET lease_until = :until
    WHERE id = :id AND fence = :fence AND lease_until IS NOT NULL
"""

_VOID_LEASES = """
    UPDATE jobs SET lease_until = NULL
    WHERE due_at IS NOT NULL AND lease_until IS NOT NULL
"""

_ADD_EVENT = """
    INSERT INTO job_events (job_id, at, name, detail) VALUES (:job_id, :at, :name, :detail)
"""

_REQUEST_CANCEL = """
    UPDATE jobs SET
        cancel_requested_by = iif(cancel_requested_at IS NULL, :by, cancel_requested_by),
        cancel_requested_at = coalesce(cancel_requested_at, :now),
        due_at = min(coalesce(due_at, :now), :now)
    WHERE id = :id AND stage IN ('accepted', 'announced') AND first_sent_at IS NULL
"""

_UNFOLLOW = """
    UPDATE jobs SET
        unfollowed_by = iif(unfollowed_at IS NULL, :by, unfollowed_by),
        unfollowed_at = coalesce(unfollowed_at, :now),
        due_at = min(coalesce(due_at, :now), :now)
    WHERE id = :id AND stage IN ('announced', 'rendering') AND first_sent_at IS NOT NULL
"""

_GOES_ON = """
    parked_from = NULL, attempts = 0, problem = NULL,
    due_at = :now, lease_until = NULL, fence = fence + 1
"""

_RESUMABLE = ", ".join(f"'{stage}'" for stage in sorted(TRANSITIONS[Stage.PARKED]))

_RESUME = f"""
    UPDATE jobs SET
        stage = parked_from, vouched_at = coalesce(:vouched_at, vouched_at), {_GOES_ON}
    WHERE id = :id AND stage = 'parked' AND parked_from IN ({_RESUMABLE})
    RETURNING *
"""  # noqa: S608 - texts from above

# No key can have been sent before the message that it is made of. A render without a moment of its
# submit was named by a person, who may have mistyped it.
_TAKE_UP = f"""
    UPDATE jobs SET
        stage = 'rendering', task_id = :task_id,
        first_sent_at = coalesce(first_sent_at, CAST(message_ts AS REAL)), {_GOES_ON}
    WHERE id = :id AND stage = 'parked'
        AND (parked_from = 'announced' OR (parked_from = 'rendering' AND submitted_at IS NULL))
        AND NOT EXISTS (
            SELECT 1 FROM jobs AS other WHERE other.task_id = :task_id AND other.id <> :id
        )
    RETURNING *
"""  # noqa: S608 - texts from above


def insert(db: Database, job: Job, event: Event) -> tuple[Job, bool]:
    """Insert `job` with its first event, or return the row that has its `ask_key`."""
    row = job_to_row(job)
    made = _changed(db, _INSERT_JOB, row)
    if made:
        _add_event(db, job.id, event)
        return made[0], True
    query = "SELECT * FROM jobs WHERE ask_key = :ask_key"
    [standing] = _changed(db, query, {"ask_key": row["ask_key"]})
    return standing, False


def claim(db: Database, now: Instant, lease_seconds: float, rooms: Sequence[Room]) -> list[Job]:
    """Lease as many due rows as there is room for and raise their fences, the longest due first."""
    due = longest_due_first(row for room in rooms for row in _due(db, now, room))
    until = now + lease_seconds
    leased = (_changed(db, _LEASE, {"seq": row["seq"], "until": until}) for row in due)
    return [job for jobs in leased for job in jobs]


def _due(db: Database, now: Instant, room: Room) -> list[Row]:
    # A negative limit would mean none. https://sqlite.org/lang_select.html#limitoffset
    limit = max(0, room.limit)
    found = (db.execute(DUE, {"stage": stage, "now": now, "limit": limit}) for stage in room.stages)
    return longest_due_first(chain.from_iterable(found))[:limit]


def renew(db: Database, jobs: Sequence[Job], until: Instant) -> frozenset[str]:
    """Extend the leases of `jobs` that stand as claimed; return the IDs of those.

    A job whose holder has released it stays released, whatever order the two calls came in.
    """
    return frozenset(
        job.id
        for job in jobs
        if db.execute(_RENEW, {"id": job.id, "fence": job.fence, "until": until}).rowcount
    )


def apply(db: Database, before: Job, after: Job, event: Event | None) -> Job:
    """Write what differs, and the event, if the row still has the fence and stage of `before`."""
    changes = changed_columns(before, after)
    # `fence = fence` changes nothing and keeps the statement whole when no field differs.
    assignments = ", ".join(["fence = fence", *(f"{name} = :{name}" for name in changes)])
    written = _changed(
        db,
        f"UPDATE jobs SET {assignments}"  # noqa: S608 - names of a dataclass's fields
        " WHERE id = :held_id AND fence = :held_fence AND stage = :held_stage RETURNING *",
        changes
        | {"held_id": before.id, "held_fence": before.fence, "held_stage": before.stage.value},
    )
    if not written:
        raise StaleFenceError(f"job {before.id} is no longer held with fence {before.fence}")
    if event is not None:
        _add_event(db, before.id, event)
        notifications.note(db, written[0], event)
    return written[0]


def request_cancel(db: Database, job_id: str, by: str, now: Instant) -> Job | None:
    """Note the first request and make the job due, unless something was sent already."""
    return _wished(db, _REQUEST_CANCEL, job_id, by, now)


def unfollow(db: Database, job_id: str, by: str, now: Instant) -> Job | None:
    """Note that a render at MindVideo is given up, and make the job due."""
    return _wished(db, _UNFOLLOW, job_id, by, now)


def resume(
    db: Database, job_id: str, now: Instant, task_id: str | None, vouched_at: Instant | None
) -> Job | None:
    """Send a parked job back to the stage it left, or on to its task if that was found."""
    statement = _RESUME if task_id is None else _TAKE_UP
    values: Mapping[str, Value] = {
        "id": encode(job_id),
        "now": now,
        "task_id": task_id,
        "vouched_at": vouched_at,
    }
    resumed = _changed(db, statement, values)
    if resumed:
        return resumed[0]
    job = job_by_id(db, job_id)
    if job is not None:
        raise IllegalTransitionError(job_id, job.stage, job.parked_from or job.stage)
    return None


def void_leases(db: Database) -> None:
    """Free what a dead owner had claimed; the new owner is the only process that can claim."""
    db.execute(_VOID_LEASES)


def touch(db: Database) -> None:
    """Write one page, so that the commit that follows needs the disk."""
    # A number in the file's header that SQLite leaves to its users and that nothing here reads.
    # https://sqlite.org/pragma.html#pragma_user_version
    db.execute("PRAGMA user_version = 0")


def _add_event(db: Database, job_id: str, event: Event) -> None:
    db.execute(_ADD_EVENT, event_to_row(job_id, event))


def _wished(db: Database, wish: str, job_id: str, by: str, now: Instant) -> Job | None:
    db.execute(wish, {"id": job_id, "by": by, "now": now})
    return job_by_id(db, job_id)


def _changed(db: Database, statement: str, values: Mapping[str, Value]) -> list[Job]:
    # Fetched to the end: a savepoint cannot be released while a statement still has rows.
    rows: list[Row] = db.execute(statement, dict(values)).fetchall()
    return [job_from_row(row) for row in rows]
