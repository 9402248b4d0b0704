"""Corrects the times in a store that a process with a clock that was ahead has written."""

from __future__ import annotations

import json

from storage.job import QUESTION_SECONDS, Instant
from storage.notification import NotificationKind
from storage.postgres.database import Database
from storage.rows import HOME_VIEWS, JOBS, NOTIFICATIONS

# Columns whose times are by Slack's clock.
_BY_SLACK = frozenset({"posted_at", "starts_at"})
# What lies ahead of now by right: pauses are shortened, leases and questions last as long.
_PLANNED = frozenset({"due_at", "lease_until", "paced_at", "question_expires_at"})
# The question to an asker ends after an hour. How long approvers have may be days, so theirs is
# moved if it was asked by the clock that was ahead: this column comes before that of the asking.
_LATEST_ANSWER = f"""
    CASE
        WHEN question_asked_at IS NULL THEN %(now)s + {QUESTION_SECONDS}
        WHEN question_asked_at > %(now)s THEN %(now)s
        ELSE question_expires_at
    END
"""
# Since when a message may have been posted: a search for it must not begin too late.
_INTENTS = frozenset({"post_intent_at", "delivery_intent_at"})

_COLUMNS = """
    SELECT attname AS name FROM pg_attribute
    WHERE attrelid = %(table)s::text::regclass AND atttypid = 'double precision'::regtype
        AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
"""

# A digest of a period that has not ended is given up, and its ID is free for when it has.
_FREE_DIGESTS = f"""
    UPDATE notifications
    SET id = id || ':' || seq, due_at = NULL, problem = coalesce(problem, 'too early')
    WHERE kind = '{NotificationKind.DIGEST.value}' AND happened_at > %(now)s
"""  # noqa: S608 - only constants


async def move_back(db: Database, now: Instant, ahead: float) -> None:
    """Subtract `ahead` from each time after `now`; intents go to before the clock was wrong.

    By how much the clock was ahead is known only roughly: the time for which the process was down
    is missing in `ahead`. So an intent gets the time of the newest event that is not after `now`.
    """
    newest = await db.row("SELECT max(at) AS at FROM job_events WHERE at <= %(now)s", {"now": now})
    right_until = (newest["at"] if newest else None) or 0.0
    values = {"now": now, "ahead": ahead, "right_until": right_until}
    await db.change("SET LOCAL statement_timeout = 0")
    # Nobody else writes meanwhile.
    await db.change("LOCK TABLE jobs, notifications, home_views IN SHARE ROW EXCLUSIVE MODE")
    await db.change(_FREE_DIGESTS, {"now": now})
    for table in (JOBS.name, NOTIFICATIONS.name, HOME_VIEWS.name):
        for row in await db.rows(_COLUMNS, {"table": table}):
            if row["name"] not in _BY_SLACK:
                moved, latest = _rule(row["name"])
                await db.change(
                    f"UPDATE {table} SET {row['name']} = {moved} WHERE {row['name']} > {latest}",  # noqa: S608 - ours
                    values,
                )
    # Limits begin anew, and chores are done.
    await db.change("DELETE FROM pace WHERE greatest(next_at, held_until) > %(now)s", {"now": now})
    await db.change("DELETE FROM chores WHERE moment > %(now)s", {"now": now})
    await db.change("SET LOCAL slack_video_bot.moves_back = 'on'")
    await db.change(
        "UPDATE job_events SET at = least(%(now)s, at - %(ahead)s) WHERE at > %(now)s",
        {"now": now, "ahead": ahead},
    )
    await _move_settings_back(db, now)


async def _move_settings_back(db: Database, now: Instant) -> None:
    """Correct settings that hold since when they are in effect."""
    for row in await db.rows("SELECT scope, name, value FROM settings FOR NO KEY UPDATE"):
        try:
            value = json.loads(row["value"])
        except (ValueError, RecursionError):
            continue
        since = value.get("since") if isinstance(value, dict) else None
        if isinstance(since, int | float) and since > now:
            await db.change(
                "UPDATE settings SET value = %(value)s WHERE scope = %(scope)s AND name = %(name)s",
                {**row, "value": json.dumps({**value, "since": now})},
            )


def _rule(column: str) -> tuple[str, str]:
    """Return the new value of a column, and the latest that is left as it is."""
    if column in _INTENTS:
        return "%(right_until)s", "%(now)s"
    if column in _PLANNED:
        latest = _LATEST_ANSWER if column == "question_expires_at" else "%(now)s"
        return f"greatest(%(now)s, {column} - %(ahead)s)", latest
    return f"least(%(now)s, {column} - %(ahead)s)", "%(now)s"
