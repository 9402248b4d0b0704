"""Feedback about the results of jobs, in SQLite."""

from __future__ import annotations

from sqlite_utils import Database

from storage.feedback import Feedback, GivenFeedback, Rating
from storage.feedback_rows import feedback_of, rating_of, row_of
from storage.job import Instant
from storage.sqlite.job_reads import job_by_id

_GIVE = """
    INSERT INTO feedback (job_id, by_user, is_good, at)
    VALUES (:job_id, :by_user, :is_good, :at)
    ON CONFLICT (job_id, by_user) DO UPDATE SET is_good = excluded.is_good, at = excluded.at
    WHERE excluded.at > feedback.at
"""

_STANDS = """
    SELECT by_user, is_good, at FROM feedback
    WHERE job_id = :job_id AND by_user = :by_user
"""

RATINGS = """
    SELECT feedback.is_good, jobs.style_name, jobs.model, jobs.input
    FROM feedback JOIN jobs ON jobs.id = feedback.job_id
    WHERE feedback.at >= :since AND feedback.at < :until AND jobs.team = :team
"""


def give(db: Database, job_id: str, feedback: Feedback) -> GivenFeedback | None:
    """Keep what a person thinks of a result, unless a later press of theirs is there."""
    job = job_by_id(db, job_id)
    if job is None or not job.is_shown:
        return None if job is None else GivenFeedback(job=job, feedback=None)
    row = row_of(job.id, feedback)
    db.execute(_GIVE, row)
    [stands] = db.execute(_STANDS, row)
    return GivenFeedback(job=job, feedback=feedback_of(stands))


def ratings(db: Database, team: str, since: Instant, until: Instant) -> list[Rating]:
    """Return the feedback at or after `since` and before `until`, as it stands now."""
    values = {"team": team, "since": since, "until": until}
    return [rating_of(row) for row in db.execute(RATINGS, values)]
