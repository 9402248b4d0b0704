"""The queries about jobs."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain
from operator import itemgetter
from sqlite3 import Row

from sqlite_utils import Database

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
from storage.rows import (
    JOBS,
    Value,
    encode,
    event_from_row,
    in_list,
    input_text,
)
from storage.store import MOST_AHEAD, MOST_IN_THREAD, JobFilter, Unreadable, UnreadableRowError

FIND_BY_MESSAGE = f"""
    SELECT * FROM jobs
    WHERE team = :team AND +stage IN ({in_list(REQUESTED)}) AND (
        (message_ts = :ts AND channel = :channel)
        OR (thread_ts = :ts AND channel = :channel)
        OR (delivery_ts = :ts AND coalesce(delivery_channel, channel) = :channel)
        OR id IN (
            SELECT job_id FROM notifications
            WHERE kind IN ({in_list(WITH_RESULT_FILES)}) AND delivery_ts = :ts
                AND coalesce(delivery_channel, channel) = :channel
        )
    )
    ORDER BY created_at DESC, seq DESC LIMIT 1
"""  # noqa: S608 - only constants

IN_THREAD = """
    SELECT * FROM jobs
    WHERE team = :team AND seq IN (
        SELECT seq FROM jobs WHERE message_ts = :ts AND channel = :channel
        UNION ALL
        SELECT seq FROM jobs WHERE thread_ts = :ts AND channel = :channel
    )
    ORDER BY created_at DESC, seq DESC LIMIT :limit + 0
"""

# The `+` keeps SQLite from using the channel's index: a user has fewer jobs than a channel.
# https://sqlite.org/optoverview.html
# The ID alone: nearly always there is none, and of a row with all columns SQLite prepares each.
# A job that waited for its asker was made earlier than it was accepted.
FIND_DUPLICATE = f"""
    SELECT id FROM jobs
    WHERE user = :user AND created_at >= :since - {QUESTION_SECONDS}
        AND (
            created_at >= :since
            OR EXISTS (
                SELECT 1 FROM job_events
                WHERE job_id = jobs.id AND name = '{EventName.CONFIRMED.value}' AND at >= :since
            )
        )
        AND team = :team AND +channel = :channel AND model = :model AND input = :input
        AND id <> :id AND (id <> :parent_id OR stage IN ({in_list(RENDER_AWAITED)}))
        AND stage IN ({in_list(REQUESTED - {Stage.REJECTED})})
    ORDER BY created_at DESC, seq DESC LIMIT 1
"""  # noqa: S608 - only constants

RENDER_SECONDS = """
    SELECT finished_at - submitted_at AS seconds FROM jobs
    WHERE kind = :kind AND outcome = 'succeeded'
        AND finished_at IS NOT NULL AND submitted_at IS NOT NULL AND first_sent_at IS NOT NULL
    ORDER BY finished_at DESC LIMIT :limit + 0
"""

# Without INDEXED BY, SQLite uses the index of stages, which holds all rendering jobs.
# https://sqlite.org/lang_indexedby.html
AHEAD_OF = """
    SELECT count(*) AS jobs FROM (
        SELECT 1 FROM jobs INDEXED BY jobs_waiting
        WHERE stage = 'rendering' AND started_at IS NULL
            AND (submitted_at, created_at) < (:submitted_at, :created_at) AND given_up_at IS NULL
        LIMIT :limit + 0
    )
"""

# The condition of the index over jobs that are not over, as SQLite has to find it in a query.
# https://sqlite.org/partialindex.html#queries_using_partial_indexes
_NOT_OVER = "stage NOT IN ('delivered', 'rejected', 'unconfirmed')"

# A job on hold for the operator does not count: its asker cannot make room.
ACTIVE = f"""
    SELECT count(*) AS jobs FROM (
        SELECT 1 FROM jobs INDEXED BY jobs_active
        WHERE user = :user AND team = :team AND {_NOT_OVER}
            AND stage IN ({in_list(UNDER_WAY - NOT_ACTIVE)})
        LIMIT :limit + 0
    )
"""  # noqa: S608 - only constants

_BY_DELIVERY = f"""
    SELECT jobs.* FROM jobs JOIN notifications ON notifications.job_id = jobs.id
    WHERE notifications.id = :id AND notifications.kind = '{NotificationKind.RESENT.value}'
"""  # noqa: S608 - only constants

_CONDITIONS = {
    "team": "team = :team",
    "channel": "channel = :channel",
    "user": "user = :user",
    "outcome": "outcome = :outcome",
    "since": "created_at >= :since",
    "until": "created_at < :until",
}

STAGE_COUNTS = "SELECT stage, jobs FROM stage_counts"

# One job of a stage: a minimum over a group would visit every due job.
OLDEST_DUE = """
    SELECT due_at FROM jobs
    WHERE stage = +:stage AND due_at IS NOT NULL AND due_at <= :now
      AND (lease_until IS NULL OR lease_until <= :now)
    ORDER BY due_at LIMIT 1
"""


def job_by_id(db: Database, job_id: str) -> Job | None:
    """Return the job with this ID, or the job whose files the delivery with this ID resends."""
    found = _first_job(db, "SELECT * FROM jobs WHERE id = :id", {"id": job_id})
    return found or _first_job(db, _BY_DELIVERY, {"id": job_id})


PARTS = "SELECT * FROM jobs WHERE set_id = :set_id ORDER BY part"


def parts(db: Database, set_id: str) -> tuple[list[Job], list[Unreadable]]:
    """Return the parts of a set in their order, and those that cannot be read."""
    return JOBS.readable(db.execute(PARTS, {"set_id": encode(set_id)}))


TAKES = """
    SELECT * FROM jobs
    WHERE id = :place OR seq IN (
        SELECT seq FROM jobs WHERE take_of = :place ORDER BY seq DESC LIMIT :limit + 0
    )
"""


def takes(db: Database, places: Collection[str], limit: int) -> tuple[list[Job], list[Unreadable]]:
    """Return the takes of places, oldest first, and those that cannot be read.

    Of each place the first take, and of the others the last `limit`.
    """
    values = ({"place": encode(place), "limit": max(0, limit)} for place in places)
    rows = chain.from_iterable(db.execute(TAKES, of_place) for of_place in values)
    return JOBS.readable(sorted(rows, key=itemgetter("seq")))


def in_one_set(db: Database, job: Job) -> list[Job]:
    """Return all parts of the set that a job is a part of; the job alone, if it is of none.

    Raises `UnreadableRowError`.
    """
    if job.set_id is None:
        return [job]
    return [JOBS.from_row(row) for row in db.execute(PARTS, {"set_id": encode(job.set_id)})]


def find_by_dedup_key(db: Database, dedup_key: str) -> Job | None:
    """Return the job with this dedup key, or `None`."""
    return _first_job(db, "SELECT * FROM jobs WHERE dedup_key = :key", {"key": dedup_key})


def is_known(db: Database, dedup_key: str) -> bool:
    """Tell whether there is a job with this dedup key: cheaper than to read it."""
    query = "SELECT 1 FROM jobs WHERE dedup_key = :key"
    return db.execute(query, {"key": encode(dedup_key)}).fetchone() is not None


def find_by_message(db: Database, team: str, channel: str, ts: str) -> Job | None:
    """Return the newest job whose message, thread root, result or resent result is `ts`."""
    return _first_job(db, FIND_BY_MESSAGE, {"team": team, "channel": channel, "ts": ts})


def in_thread(db: Database, team: str, channel: str, ts: str) -> tuple[list[Job], list[Unreadable]]:
    """Return the last jobs of a thread, newest first, and the rows that cannot be read."""
    values = {"team": team, "channel": channel, "ts": ts, "limit": MOST_IN_THREAD}
    return JOBS.readable(db.execute(IN_THREAD, values))


def find_duplicate(db: Database, job: Job, since: Instant) -> Job | None:
    """Return the newest other job of an equal request, made or confirmed at or after `since`.

    A rejected job cost nothing and does not count, nor does the job that is rendered again, once
    its render has ended, nor one that cannot be read.
    """
    values: dict[str, Value] = {
        "user": job.user,
        "since": since,
        "team": job.team,
        "channel": job.channel,
        "model": job.model,
        "input": input_text(job.input),
        "id": job.id,
        "parent_id": job.parent_id or "",
    }
    row = _first_row(db, FIND_DUPLICATE, values)
    try:
        return None if row is None else job_by_id(db, row["id"])
    except UnreadableRowError:
        return None


def jobs(db: Database, wanted: JobFilter) -> tuple[list[Job], list[Unreadable]]:
    """Return the jobs that match, newest first, and the rows among them that cannot be read.

    `since` is inclusive, `until` exclusive.
    """
    query, values = jobs_query(wanted)
    return JOBS.readable(db.execute(query, values))


def jobs_query(wanted: JobFilter) -> tuple[str, dict[str, Value]]:
    """Return the query for `wanted`. It has only the conditions that are set, to use indexes."""
    values: dict[str, Value] = {
        "team": wanted.team,
        "channel": wanted.channel,
        "user": wanted.user,
        "outcome": wanted.outcome,
        "since": wanted.since,
        "until": wanted.until,
        # A negative limit would be no limit. https://sqlite.org/lang_select.html#limitoffset
        "limit": max(0, wanted.limit),
    }
    conditions = [test for name, test in _CONDITIONS.items() if values[name] is not None]
    source = "jobs"
    if wanted.stages is None:
        stages = f"+stage NOT IN ({in_list(NOT_REQUESTED)})"
    else:
        stages = f"stage IN ({in_list(wanted.stages)})"
        if wanted.user is not None and wanted.stages <= UNDER_WAY:
            # Otherwise it reads all that a person ever asked for, to find the few.
            source, stages = "jobs INDEXED BY jobs_active", f"{stages} AND {_NOT_OVER}"
    if wanted.kept:
        # The few that are kept, in place of all that a person ever asked for.
        source, stages = "jobs INDEXED BY jobs_kept", f"+{stages} AND kept_by IS NOT NULL"
    if wanted.review is not None:
        source = "jobs INDEXED BY jobs_reviewed"
        stages = f"+{stages} AND review_kind IS NOT NULL AND review_kind = :review"
        values["review"] = wanted.review.value
    where = " AND ".join([stages, *conditions])
    order = "ORDER BY created_at DESC, seq DESC LIMIT :limit + 0"
    return f"SELECT * FROM {source} WHERE {where} {order}", values  # noqa: S608 - only constants


def events(db: Database, job_id: str) -> tuple[list[Event], list[Unreadable]]:
    """Return the job's timeline, oldest first, and its events that cannot be read."""
    query = "SELECT * FROM job_events WHERE job_id = :id ORDER BY seq"
    read, broken = [], []
    for row in db.execute(query, {"id": job_id}):
        try:
            read.append(event_from_row(row))
        except UnreadableRowError as error:
            broken.append(error.row)
    return read, broken


# By sequence and not by time: the clock may have been wrong when a row was written. What is told
# before there is any job, such as a budget, has no event. The end of a raise lies ahead by right.
_NEWEST = f"""
    SELECT * FROM (SELECT at FROM job_events ORDER BY seq DESC LIMIT 1)
    UNION ALL SELECT * FROM (
        SELECT happened_at FROM notifications
        WHERE kind <> '{NotificationKind.RAISE_ENDED.value}' ORDER BY seq DESC LIMIT 1
    )
"""  # noqa: S608 - only constants


def last_event_at(db: Database) -> Instant:
    """Return the time of the newest event or notification, or 0 if there is none."""
    return max((float(at) for (at,) in db.execute(_NEWEST)), default=0.0)


def render_seconds(db: Database, kind: str, limit: int) -> list[float]:
    """Return the durations of the last successes of this kind, in seconds, newest first."""
    values = {"kind": kind, "limit": max(0, limit)}
    return [row["seconds"] for row in db.execute(RENDER_SECONDS, values)]


def ahead_of(db: Database, job: Job) -> int:
    """Return how many earlier jobs wait at the provider, up to `MOST_AHEAD`."""
    values = {
        "submitted_at": job.submitted_at,
        "created_at": job.created_at,
        "limit": MOST_AHEAD,
    }
    return int(db.execute(AHEAD_OF, values).fetchone()["jobs"])


def active_jobs(db: Database, team: str, user: str, limit: int) -> int:
    """Return how many jobs of a person are under way and not on hold, up to `limit`."""
    values: dict[str, Value] = {"user": encode(user), "team": team, "limit": limit}
    return int(db.execute(ACTIVE, values).fetchone()["jobs"])


def stage_counts(db: Database) -> dict[Stage, int]:
    """Return the number of jobs in every stage; a stage without jobs has 0."""
    counts = {str(row["stage"]): int(row["jobs"]) for row in db.execute(STAGE_COUNTS)}
    return {stage: counts.get(stage.value, 0) for stage in Stage}


def oldest_due(db: Database, now: Instant) -> dict[Stage, Instant]:
    """Return since when the oldest due job of each stage is due that nobody holds."""
    found: dict[Stage, Instant] = {}
    for stage in Stage:
        row = db.execute(OLDEST_DUE, {"stage": stage.value, "now": now}).fetchone()
        if row is not None:
            found[stage] = float(row["due_at"])
    return found


def _first_job(db: Database, query: str, values: dict[str, Value]) -> Job | None:
    row = _first_row(db, query, values)
    return None if row is None else JOBS.from_row(row)


def _first_row(db: Database, query: str, values: dict[str, Value]) -> Row | None:
    # Encoded like the columns: an ID from a user or a shell may also hold lone surrogates.
    encoded = {name: encode(value) for name, value in values.items()}
    row: Row | None = db.execute(query, encoded).fetchone()
    return row
