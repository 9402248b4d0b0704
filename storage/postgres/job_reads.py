"""The queries about jobs."""

from __future__ import annotations

from collections.abc import Collection

from storage.job import (
    NOT_ACTIVE,
    NOT_REQUESTED,
    QUESTION_SECONDS,
    RENDER_AWAITED,
    REQUESTED,
    UNDER_WAY,
    Event,
    EventName,
    Instant,
    Job,
    Stage,
)
from storage.notification import WITH_RESULT_FILES, NotificationKind
from storage.postgres.database import Database, Values
from storage.postgres.queue import IS_FREE
from storage.rows import JOBS, event_from_row, in_list, input_text
from storage.store import MOST_AHEAD, MOST_IN_THREAD, JobFilter, Unreadable, UnreadableRowError

# Each part has an index of its own, which the planner would not use for one condition with OR.
FIND_BY_MESSAGE = f"""
    SELECT * FROM jobs
    WHERE team = %(team)s AND stage IN ({in_list(REQUESTED)}) AND seq IN (
        SELECT seq FROM jobs WHERE message_ts = %(ts)s AND channel = %(channel)s
        UNION ALL
        SELECT seq FROM jobs WHERE thread_ts = %(ts)s AND channel = %(channel)s
        UNION ALL
        SELECT seq FROM jobs
        WHERE delivery_ts = %(ts)s AND coalesce(delivery_channel, channel) = %(channel)s
        UNION ALL
        SELECT jobs.seq FROM notifications AS told JOIN jobs ON jobs.id = told.job_id
        WHERE told.kind IN ({in_list(WITH_RESULT_FILES)}) AND told.delivery_ts = %(ts)s
            AND coalesce(told.delivery_channel, told.channel) = %(channel)s
    )
    ORDER BY created_at DESC, seq DESC LIMIT 1
"""  # noqa: S608 - only constants

IN_THREAD = """
    SELECT * FROM jobs
    WHERE team = %(team)s AND seq IN (
        SELECT seq FROM jobs WHERE message_ts = %(ts)s AND channel = %(channel)s
        UNION ALL
        SELECT seq FROM jobs WHERE thread_ts = %(ts)s AND channel = %(channel)s
    )
    ORDER BY created_at DESC, seq DESC LIMIT %(limit)s
"""

# A job that waited for its asker was made earlier than it was accepted.
_OF_PERSON_LATELY = f"""
    "user" = %(user)s AND created_at >= %(since)s - {QUESTION_SECONDS}
        AND team = %(team)s AND channel = %(channel)s
"""
MAY_BE_EQUAL = f"SELECT FROM jobs WHERE {_OF_PERSON_LATELY} AND input = ANY(%(inputs)s)"
FIND_DUPLICATE = f"""
    SELECT * FROM jobs
    WHERE {_OF_PERSON_LATELY}
        AND (
            created_at >= %(since)s
            OR EXISTS (
                SELECT FROM job_events
                WHERE job_id = jobs.id AND name = '{EventName.CONFIRMED.value}'
                    AND at >= %(since)s
            )
        )
        AND model = %(model)s AND input = %(input)s
        AND id <> %(id)s AND (id <> %(parent_id)s OR stage IN ({in_list(RENDER_AWAITED)}))
        AND stage IN ({in_list(REQUESTED - {Stage.REJECTED})})
    ORDER BY created_at DESC, seq DESC LIMIT 1
"""  # noqa: S608 - only constants

RENDER_SECONDS = """
    SELECT finished_at - submitted_at AS seconds FROM jobs
    WHERE kind = %(kind)s AND outcome = 'succeeded'
        AND finished_at IS NOT NULL AND submitted_at IS NOT NULL AND first_sent_at IS NOT NULL
    ORDER BY finished_at DESC LIMIT %(limit)s
"""

AHEAD_OF = """
    SELECT count(*) AS jobs FROM (
        SELECT FROM jobs
        WHERE stage = 'rendering' AND started_at IS NULL AND given_up_at IS NULL
            AND (submitted_at, created_at) < (%(submitted_at)s, %(created_at)s)
        LIMIT %(limit)s
    ) AS ahead
"""

# A job on hold for the operator does not count: its asker cannot make room.
ACTIVE = f"""
    SELECT count(*) AS jobs FROM (
        SELECT FROM jobs
        WHERE "user" = %(user)s AND team = %(team)s
            AND stage IN ({in_list(UNDER_WAY - NOT_ACTIVE)})
        LIMIT %(limit)s
    ) AS active
"""  # noqa: S608 - only constants

_BY_DELIVERY = f"""
    SELECT jobs.* FROM jobs JOIN notifications ON notifications.job_id = jobs.id
    WHERE notifications.id = %(id)s AND notifications.kind = '{NotificationKind.RESENT.value}'
"""  # noqa: S608 - only constants

_CONDITIONS = {
    "team": "team = %(team)s",
    "channel": "channel = %(channel)s",
    "user": '"user" = %(user)s',
    "outcome": "outcome = %(outcome)s",
    "since": "created_at >= %(since)s",
    "until": "created_at < %(until)s",
}

# The changes are added up whenever they are read, so that the next read has few.
_STAGE_COUNTS = """
    WITH gone AS (DELETE FROM stage_changes RETURNING stage, jobs),
        counted AS (SELECT stage, sum(jobs) AS jobs FROM gone GROUP BY stage),
        kept AS (INSERT INTO stage_changes SELECT stage, jobs FROM counted WHERE jobs <> 0)
    SELECT stage, jobs FROM counted
"""
_ONE_COUNT_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('slack-video-bot stages', 0))"


# One job of a stage: a minimum over a group would visit every due job.
OLDEST_DUE = f"""
    SELECT wanted.stage, oldest.due_at
    FROM unnest(%(stages)s::text[]) AS wanted (stage) CROSS JOIN LATERAL (
        SELECT due_at FROM jobs WHERE stage = wanted.stage AND {IS_FREE} ORDER BY due_at LIMIT 1
    ) AS oldest
"""  # noqa: S608 - only constants


async def job_by_id(db: Database, job_id: str) -> Job | None:
    """Return the job with this ID, or the job whose files the delivery with this ID resends."""
    found = await _first_job(db, "SELECT * FROM jobs WHERE id = %(id)s", {"id": job_id})
    return found or await _first_job(db, _BY_DELIVERY, {"id": job_id})


async def locked_job(db: Database, job_id: str) -> Job | None:
    """Return the job as `job_by_id` does, after its row was locked for this transaction."""
    query = "SELECT * FROM jobs WHERE id = %(id)s FOR NO KEY UPDATE"
    found = await _first_job(db, query, {"id": job_id})
    return found or await _first_job(
        db, f"{_BY_DELIVERY} FOR NO KEY UPDATE OF jobs", {"id": job_id}
    )


PARTS = "SELECT * FROM jobs WHERE set_id = %(set_id)s ORDER BY part"


async def parts(db: Database, set_id: str) -> tuple[list[Job], list[Unreadable]]:
    """Return the parts of a set in their order, and those that cannot be read."""
    return JOBS.readable(await db.rows(PARTS, {"set_id": set_id}))


# Each part has an index of its own, which the planner would not use for one condition with OR.
TAKES = """
    SELECT found.* FROM unnest(%(places)s::text[]) AS wanted (place) CROSS JOIN LATERAL (
        SELECT * FROM jobs WHERE id = wanted.place
        UNION ALL
        (SELECT * FROM jobs WHERE take_of = wanted.place ORDER BY seq DESC LIMIT %(limit)s)
    ) AS found
    ORDER BY found.seq
"""


async def takes(
    db: Database, places: Collection[str], limit: int
) -> tuple[list[Job], list[Unreadable]]:
    """Return the takes of places, oldest first, and those that cannot be read.

    Of each place the first take, and of the others the last `limit`.
    """
    values = {"places": list(places), "limit": max(0, limit)}
    return JOBS.readable(await db.rows(TAKES, values))


async def locked_set(db: Database, job: Job) -> list[Job]:
    """Return all parts of the set that a locked job is a part of, after they were locked, too.

    The job alone, if it is of none. Raises `UnreadableRowError`.
    """
    if job.set_id is None:
        return [job]
    rows = await db.rows(f"{PARTS} FOR NO KEY UPDATE", {"set_id": job.set_id})
    return [JOBS.from_row(row) for row in rows]


async def find_by_dedup_key(db: Database, dedup_key: str) -> Job | None:
    """Return the job with this dedup key, or `None`."""
    query = "SELECT * FROM jobs WHERE dedup_key = %(key)s"
    return await _first_job(db, query, {"key": dedup_key})


async def find_by_message(db: Database, team: str, channel: str, ts: str) -> Job | None:
    """Return the newest job whose message, thread root, result or resent result is `ts`."""
    return await _first_job(db, FIND_BY_MESSAGE, {"team": team, "channel": channel, "ts": ts})


async def in_thread(
    db: Database, team: str, channel: str, ts: str
) -> tuple[list[Job], list[Unreadable]]:
    """Return the last jobs of a thread, newest first, and the rows that cannot be read."""
    values = {"team": team, "channel": channel, "ts": ts, "limit": MOST_IN_THREAD}
    return JOBS.readable(await db.rows(IN_THREAD, values))


async def find_duplicate(db: Database, job: Job, since: Instant) -> Job | None:
    """Return the newest other job of an equal request, made or confirmed at or after `since`.

    A rejected job cost nothing and does not count, nor does the job that is rendered again, once
    its render has ended, nor one that cannot be read.
    """
    values = {
        "user": job.user,
        "since": since,
        "team": job.team,
        "channel": job.channel,
        "model": job.model,
        "input": input_text(job.input),
        "id": job.id,
        "parent_id": job.parent_id or "",
    }
    try:
        return await _first_job(db, FIND_DUPLICATE, values)
    except UnreadableRowError:
        return None


async def jobs(db: Database, wanted: JobFilter) -> tuple[list[Job], list[Unreadable]]:
    """Return the jobs that match, newest first, and the rows among them that cannot be read.

    `since` is inclusive, `until` exclusive.
    """
    return JOBS.readable(await db.rows(*jobs_query(wanted)))


def jobs_query(wanted: JobFilter) -> tuple[str, Values]:
    """Return the query for `wanted`. It has only the conditions that are set, to use indexes."""
    values = {
        "team": wanted.team,
        "channel": wanted.channel,
        "user": wanted.user,
        "outcome": None if wanted.outcome is None else wanted.outcome.value,
        "since": wanted.since,
        "until": wanted.until,
        "limit": max(0, wanted.limit),
    }
    conditions = [test for name, test in _CONDITIONS.items() if values[name] is not None]
    if wanted.kept:
        conditions.append("kept_by IS NOT NULL")
    if wanted.review is not None:
        conditions.append("review_kind IS NOT NULL AND review_kind = %(review)s")
        values["review"] = wanted.review.value
    # As constants, so that the planner sees which partial index has them.
    if wanted.stages is None:
        stages = f"stage NOT IN ({in_list(NOT_REQUESTED)})"
    else:
        stages = f"stage IN ({in_list(wanted.stages)})" if wanted.stages else "FALSE"
    where = " AND ".join([stages, *conditions])
    order = "ORDER BY created_at DESC, seq DESC LIMIT %(limit)s"
    return f"SELECT * FROM jobs WHERE {where} {order}", values  # noqa: S608 - only constants


async def events(db: Database, job_id: str) -> tuple[list[Event], list[Unreadable]]:
    """Return the job's timeline, oldest first, and its events that cannot be read."""
    query = "SELECT * FROM job_events WHERE job_id = %(id)s ORDER BY seq"
    read, broken = [], []
    for row in await db.rows(query, {"id": job_id}):
        try:
            read.append(event_from_row(row))
        except UnreadableRowError as error:
            broken.append(error.row)
    return read, broken


# By sequence and not by time: the clock may have been wrong when a row was written. What is told
# before there is any job, such as a budget, has no event. The end of a raise lies ahead by right.
_NEWEST = f"""
    (SELECT at FROM job_events ORDER BY seq DESC LIMIT 1)
    UNION ALL (
        SELECT happened_at AS at FROM notifications
        WHERE kind <> '{NotificationKind.RAISE_ENDED.value}' ORDER BY seq DESC LIMIT 1
    )
"""  # noqa: S608 - only constants


async def last_event_at(db: Database) -> Instant:
    """Return the time of the newest event or notification, or 0 if there is none."""
    return max((float(row["at"]) for row in await db.rows(_NEWEST)), default=0.0)


async def render_seconds(db: Database, kind: str, limit: int) -> list[float]:
    """Return the durations of the last successes of this kind, in seconds, newest first."""
    rows = await db.rows(RENDER_SECONDS, {"kind": kind, "limit": max(0, limit)})
    return [row["seconds"] for row in rows]


async def ahead_of(db: Database, job: Job) -> int:
    """Return how many earlier jobs wait at the provider, up to `MOST_AHEAD`."""
    if job.submitted_at is None:
        return 0
    values = {
        "submitted_at": job.submitted_at,
        "created_at": job.created_at,
        "limit": MOST_AHEAD,
    }
    return await _count(db, AHEAD_OF, values)


async def active_jobs(db: Database, team: str, user: str, limit: int) -> int:
    """Return how many jobs of a person are under way and not on hold, up to `limit`."""
    return await _count(db, ACTIVE, {"user": user, "team": team, "limit": limit})


async def stage_counts(db: Database) -> dict[Stage, int]:
    """Return the number of jobs in every stage; a stage without jobs has 0. A write."""
    await db.change(_ONE_COUNT_AT_A_TIME)
    counts = {str(row["stage"]): int(row["jobs"]) for row in await db.rows(_STAGE_COUNTS)}
    return {stage: counts.get(stage.value, 0) for stage in Stage}


async def oldest_due(db: Database, now: Instant) -> dict[Stage, Instant]:
    """Return since when the oldest due job of each stage is due that nobody holds."""
    values = {"now": now, "stages": [stage.value for stage in Stage]}
    return {Stage(row["stage"]): row["due_at"] for row in await db.rows(OLDEST_DUE, values)}


async def _count(db: Database, query: str, values: Values) -> int:
    row = await db.row(query, values)
    return 0 if row is None else int(row["jobs"])


async def _first_job(db: Database, query: str, values: Values) -> Job | None:
    row = await db.row(query, values)
    return None if row is None else JOBS.from_row(row)
