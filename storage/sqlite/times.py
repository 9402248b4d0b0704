"""Corrects the times in a store that a process with a clock that was ahead has written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlite_utils import Database

from storage.job import QUESTION_SECONDS, Instant
from storage.notification import NotificationKind
from storage.rows import HOME_VIEWS, JOBS, NOTIFICATIONS

BY_SLACK = frozenset({"posted_at", "starts_at"})
"""Columns whose times are by Slack's clock."""

# What lies ahead of now by right: pauses are shortened, leases and questions last as long.
_PLANNED = frozenset({"due_at", "lease_until", "paced_at", "question_expires_at"})
# The question to an asker ends after an hour. How long approvers have may be days, so theirs is
# moved if it was asked by the clock that was ahead: this column comes before that of the asking.
_LATEST_ANSWER = f"""
    CASE
        WHEN question_asked_at IS NULL THEN :now + {QUESTION_SECONDS}
        WHEN question_asked_at > :now THEN :now
        ELSE question_expires_at
    END
"""
# Since when a message may have been posted: a search for it must not begin too late.
_INTENTS = frozenset({"post_intent_at", "delivery_intent_at"})


def move_back(db: Database, now: Instant, ahead: float) -> None:
    """Subtract `ahead` from each time after `now`; intents go to before the clock was wrong.

    By how much the clock was ahead is known only roughly: the time for which the process was down
    is missing in `ahead`. So an intent gets the time of the newest event that is not after `now`.
    """
    values = {"now": now, "ahead": ahead, "right_until": _newest_before(db, now)}
    _free_digests(db, now)
    for table in (JOBS.name, NOTIFICATIONS.name, HOME_VIEWS.name):
        for column in db.table(table).columns:
            if column.type == "REAL" and column.name not in BY_SLACK:
                moved, latest = _rule(column.name)
                db.execute(
                    f"UPDATE {table} SET {column.name} = {moved} WHERE {column.name} > {latest}",  # noqa: S608 - ours
                    values,
                )
    with changeable_events(db):
        db.execute("UPDATE job_events SET at = min(:now, at - :ahead) WHERE at > :now", values)
    # Settings that hold since when they are in effect.
    db.execute(
        """
        UPDATE settings SET value = json_set(value, '$.since', :now)
        WHERE CASE WHEN json_valid(value) THEN
            json_type(value, '$.since') IN ('integer', 'real')
            AND json_extract(value, '$.since') > :now
        END
        """,
        values,
    )


def _rule(column: str) -> tuple[str, str]:
    """Return the new value of a column, and the latest that is left as it is."""
    if column in _INTENTS:
        return ":right_until", ":now"
    if column in _PLANNED:
        latest = _LATEST_ANSWER if column == "question_expires_at" else ":now"
        return f"max(:now, {column} - :ahead)", latest
    return f"min(:now, {column} - :ahead)", ":now"


def _newest_before(db: Database, now: Instant) -> Instant:
    row = db.execute("SELECT max(at) AS at FROM job_events WHERE at <= :now", {"now": now})
    return float(row.fetchone()["at"] or 0.0)


def _free_digests(db: Database, now: Instant) -> None:
    """Give up digests of periods that have not ended, and free their IDs for when they have."""
    db.execute(
        """
        UPDATE notifications
        SET id = id || ':' || seq, due_at = NULL, problem = coalesce(problem, 'too early')
        WHERE kind = :kind AND happened_at > :now
        """,
        {"kind": NotificationKind.DIGEST.value, "now": now},
    )


@contextmanager
def changeable_events(db: Database) -> Iterator[None]:
    """Let events be updated within this transaction, which the table refuses otherwise."""
    triggers = db.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'job_events'"
    ).fetchall()
    for trigger in triggers:
        db.execute(f"DROP TRIGGER {trigger['name']}")
    yield
    for trigger in triggers:
        db.execute(trigger["sql"])
