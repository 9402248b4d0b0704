"""Notes at the start that the file is a restored backup, of which budgets may count too little.

What was asked after a backup was made is not in it, but may have been charged, and what was said
after it may be said again. Functions that write run inside a transaction.
"""

from __future__ import annotations

from sqlite_utils import Database

from storage.budget import UncheckedRestore
from storage.job import Instant
from storage.rows import encode

# The oldest of those that nobody has checked: from then on requests may be missing.
_SINCE = """
    SELECT min(known_until) FROM restores
    WHERE seq > coalesce((SELECT seq FROM restore_checks WHERE team = :team), 0)
"""


def note(db: Database) -> None:
    """Note that the file is a restored one, unless it has no job.

    Called before anything new is written, so the newest event is the last that the backup knows.
    """
    db.execute("""
        INSERT INTO restores (known_until) SELECT at FROM job_events ORDER BY seq DESC LIMIT 1
    """)


def known_until(db: Database) -> list[Instant]:
    """Return when the last event was that each restored backup knew, in order."""
    rows = db.execute("SELECT known_until FROM restores ORDER BY seq")
    return [float(row["known_until"]) for row in rows]


def uncounted_since(db: Database, team: str) -> Instant | None:
    """Return since when requests may be missing; `None`: nothing is, or an admin checked it."""
    found = db.execute(_SINCE, {"team": encode(team)}).fetchone()[0]
    return None if found is None else float(found)


def mark_checked(db: Database, team: str) -> None:
    """Mark all restores until now as checked by a workspace."""
    db.execute(
        "INSERT OR REPLACE INTO restore_checks SELECT :team, max(seq) FROM restores",
        {"team": encode(team)},
    )


def unchecked(db: Database) -> list[UncheckedRestore]:
    """Return the workspaces with a budget that may count too little."""
    teams = [row["team"] for row in db.execute("SELECT DISTINCT team FROM caps ORDER BY team")]
    found = ((team, uncounted_since(db, team)) for team in teams)
    return [UncheckedRestore(team=team, since=since) for team, since in found if since is not None]
