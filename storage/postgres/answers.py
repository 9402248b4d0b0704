"""Which requests a process has begun to answer by a message to one user, so that no other one does.

Slack delivers one mention as two events, and each may come to another process.
"""

from __future__ import annotations

from storage.job import Instant
from storage.postgres.database import Database
from storage.store import ANSWER_SECONDS

KEPT_SECONDS = 3600.0
"""Longer than Slack repeats what was not acknowledged."""

# One that was begun long ago may never have been sent, and is wanted again.
_BEGIN = """
    INSERT INTO answers VALUES (%(key)s, %(now)s)
    ON CONFLICT (key) DO UPDATE SET begun_at = excluded.begun_at
        WHERE answers.begun_at <= %(now)s - %(seconds)s
"""

# What another process removes at this moment is passed over.
_FORGET = """
    DELETE FROM answers WHERE key = ANY(ARRAY(
        SELECT key FROM answers WHERE begun_at < %(now)s - %(kept)s
        LIMIT 100 FOR UPDATE SKIP LOCKED
    ))
"""


async def begin(db: Database, key: str, now: Instant) -> bool:
    """Record that a process answers a request; return whether no other one does already."""
    values = {"key": key, "now": now, "seconds": ANSWER_SECONDS, "kept": KEPT_SECONDS}
    await db.change(_FORGET, values)
    return bool(await db.change(_BEGIN, values))
