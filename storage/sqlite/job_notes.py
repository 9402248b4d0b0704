"""Notes about the results of jobs, in SQLite."""

from __future__ import annotations

from collections.abc import Sequence

from sqlite_utils import Database

from storage.job import Instant
from storage.note_rows import columns_of_job, readable, rows_of
from storage.review import Note, Noted
from storage.rows import JOBS, encode
from storage.sqlite import homes, queue
from storage.sqlite.job_reads import job_by_id

_KNOWN = "SELECT job_id FROM notes WHERE dedup_key = :dedup_key LIMIT 1"

_ADD = """
    INSERT INTO notes (dedup_key, number, job_id, by_user, at, second, words, review)
    VALUES (:dedup_key, :number, :job_id, :by_user, :at, :second, :words, :review)
"""

_TELL = """
    UPDATE jobs SET notes = notes + :notes WHERE id = :id RETURNING *
"""

# The fence stays: a step that shows the job meanwhile goes on, and another one follows it.
_REVIEW = """
    UPDATE jobs SET
        notes = notes + :notes, review_kind = :kind, reviewed_by = :by, reviewed_at = :at,
        shown = NULL, due_at = min(coalesce(due_at, :now), :now)
    WHERE id = :id RETURNING *
"""

_OF_JOB = "SELECT * FROM notes WHERE job_id = :id ORDER BY at, dedup_key, number"


def add(
    db: Database, job_id: str, notes: Sequence[Note], dedup_key: str, now: Instant
) -> Noted | None:
    """Insert the notes of one interaction, unless they are there."""
    for known in db.execute(_KNOWN, {"dedup_key": encode(dedup_key)}):
        job = job_by_id(db, known["job_id"])
        return None if job is None else Noted(job=job, is_new=False)
    job = job_by_id(db, job_id)
    if job is None or not job.is_shown:
        return None if job is None else Noted(job=job, is_new=False)
    for row in rows_of(job, notes, dedup_key):
        db.execute(_ADD, row)
    values = columns_of_job(job, notes)
    if values["kind"] is None:
        told = {"id": values["id"], "notes": values["notes"]}
        [told_job] = queue.changed(db, JOBS, _TELL, told)
        return Noted(job=told_job, is_new=True)
    [reviewed] = queue.changed(db, JOBS, _REVIEW, {**values, "now": now})
    homes.touch(db, reviewed.team, reviewed.user, now)
    return Noted(job=reviewed, is_new=True)


def of_job(db: Database, job_id: str) -> list[Note]:
    """Return the notes about a job that can be read, in the order in which they were made."""
    return readable(db.execute(_OF_JOB, {"id": job_id}))
