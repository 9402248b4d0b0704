"""Notes at the start that the database is a restored one, of which budgets may count too little.

What was asked after a dump was made is not in it, but may have been charged, and what was said
after it may be said again. Functions that write run inside a transaction.
"""

from __future__ import annotations

from storage.budget import UncheckedRestore
from storage.job import Instant
from storage.postgres.database import Database

# A restore makes the tables anew, in this database or in another one: a copy has another identity.
# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA
_IDENTITY = """
    SELECT concat_ws(
        ':', (SELECT system_identifier FROM pg_control_system()),
        (SELECT oid FROM pg_database WHERE datname = current_database()), 'jobs'::regclass::oid
    ) AS identity
"""

_NOTE = """
    INSERT INTO restores (known_until) SELECT at FROM job_events ORDER BY seq DESC LIMIT 1
"""

# The oldest of those that nobody has checked: from then on requests may be missing.
SINCE = """
    SELECT min(known_until) FROM restores
    WHERE seq > coalesce((SELECT seq FROM restore_checks WHERE team = {team}), 0)
"""

_KNOWN_UNTIL = "SELECT known_until FROM restores ORDER BY seq"

_CHECKED = """
    INSERT INTO restore_checks SELECT %(team)s, max(seq) FROM restores
    ON CONFLICT (team) DO UPDATE SET seq = excluded.seq
"""

_UNCHECKED = f"""
    SELECT team, since FROM (
        SELECT team, ({SINCE.format(team="teams.team")}) AS since
        FROM (SELECT DISTINCT team FROM caps) AS teams
    ) AS found
    WHERE since IS NOT NULL ORDER BY team
"""  # noqa: S608 - only constants


async def note_if_restored(db: Database) -> None:
    """Note that the database is a restored one, unless it has no job.

    Called before anything new is written, so the newest event is the last that the dump knows.
    """
    current = await db.row(_IDENTITY)
    known = await db.row("SELECT identity FROM store_identity FOR UPDATE")
    identity = current["identity"] if current else ""
    if known is None:
        await db.change("INSERT INTO store_identity VALUES (%(identity)s)", {"identity": identity})
    elif known["identity"] != identity:
        await db.change(_NOTE)
        await db.change("UPDATE store_identity SET identity = %(identity)s", {"identity": identity})


async def known_until(db: Database) -> list[Instant]:
    """Return when the last event was that each restored dump knew, in order."""
    return [row["known_until"] for row in await db.rows(_KNOWN_UNTIL)]


async def mark_checked(db: Database, team: str) -> None:
    """Mark all restores until now as checked by a workspace."""
    await db.change(_CHECKED, {"team": team})


async def unchecked(db: Database) -> list[UncheckedRestore]:
    """Return the workspaces with a budget that may count too little."""
    return [
        UncheckedRestore(team=row["team"], since=row["since"]) for row in await db.rows(_UNCHECKED)
    ]
