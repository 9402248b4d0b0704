"""Chores that one of several processes does: each is begun once for each moment."""

from __future__ import annotations

from storage.job import Instant
from storage.postgres.database import Database

# The row of the chore is locked until the commit: of two that begin it at one instant, the second
# finds the moment of the first.
_BEGIN = """
    INSERT INTO chores AS known (name, moment) VALUES (%(name)s, %(moment)s)
    ON CONFLICT (name) DO UPDATE SET moment = excluded.moment WHERE known.moment < excluded.moment
"""


async def begin(db: Database, name: str, moment: Instant) -> bool:
    """Record that a chore is begun for a moment; return whether it was not before."""
    return bool(await db.change(_BEGIN, {"name": name, "moment": moment}))
