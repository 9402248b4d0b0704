"""A store as a process has left it whose clock was days ahead."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from storage.sqlite.connection import connect_writer
from storage.sqlite.times import BY_SLACK, changeable_events

DAYS = 3 * 86400.0
TABLES = ("jobs", "notifications", "home_views", "job_events")


def date_ahead(path: Path) -> None:
    """Add three days to each time that the bot's clock has written."""
    with closing(connect_writer(str(path), create=False)) as db, db.atomic(), changeable_events(db):
        for table in TABLES:
            for column in db.table(table).columns:
                if column.type == "REAL" and column.name not in BY_SLACK:
                    db.execute(
                        f"UPDATE {table} SET {column.name} = {column.name} + {DAYS}"  # noqa: S608 - ours
                    )
