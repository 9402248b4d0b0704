"""Notes about the results of jobs, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from storage.job import Instant
from storage.note_rows import columns_of_job, readable, rows_of
from storage.postgres import homes, queue
from storage.postgres.database import Database
from storage.postgres.job_reads import job_by_id, locked_job
from storage.review import Note, Noted
from storage.rows import JOBS

_KNOWN = "SELECT job_id FROM notes WHERE dedup_key = %(dedup_key)s LIMIT 1"

_ADD = """
    INSERT INTO notes (dedup_key, number, job_id, by_user, at, second, words, review)
    VALUES (
        %(dedup_key)s, %(number)s, %(job_id)s, %(by_user)s, %(at)s, %(second)s, %(words)s,
        %(review)s
    )
"""

_TELL = """
    UPDATE jobs SET notes = notes + %(notes)s WHERE id = %(id)s RETURNING *
"""

# The fence stays: a step that shows the job meanwhile goes on, and another one follows it.
_REVIEW = """
    UPDATE jobs SET
        notes = notes + %(notes)s,
        review_kind = %(kind)s, reviewed_by = %(by)s, reviewed_at = %(at)s,
        shown = NULL, due_at = least(coalesce(due_at, %(now)s), %(now)s)
    WHERE id = %(id)s RETURNING *
"""

_OF_JOB = "SELECT * FROM notes WHERE job_id = %(id)s ORDER BY at, dedup_key, number"


async def add(
    db: Database, job_id: str, notes: Sequence[Note], dedup_key: str, now: Instant
) -> Noted | None:
    """Insert the notes of one interaction, unless they are there."""
    # Of two deliveries at one instant the second waits here, and sees what the first has written.
    job = await locked_job(db, job_id)
    known = await db.row(_KNOWN, {"dedup_key": dedup_key})
    if known is not None:
        job = await job_by_id(db, known["job_id"])
        return None if job is None else Noted(job=job, is_new=False)
    if job is None or not job.is_shown:
        return None if job is None else Noted(job=job, is_new=False)
    for row in rows_of(job, notes, dedup_key):
        await db.change(_ADD, row)
    values = columns_of_job(job, notes)
    if values["kind"] is None:
        told = {"id": values["id"], "notes": values["notes"]}
        [told_job] = await queue.changed(db, JOBS, _TELL, told)
        return Noted(job=told_job, is_new=True)
    [reviewed] = await queue.changed(db, JOBS, _REVIEW, {**values, "now": now})
    homes.touch(db, reviewed.team, reviewed.user, now)
    return Noted(job=reviewed, is_new=True)


async def of_job(db: Database, job_id: str) -> list[Note]:
    """Return the notes about a job that can be read, in the order in which they were made."""
    return readable(await db.rows(_OF_JOB, {"id": job_id}))
