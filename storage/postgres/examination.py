"""What an operator is told of a database, which is only read for it."""

from __future__ import annotations

from dataclasses import dataclass

from storage.budget import UncheckedRestore
from storage.job import Instant
from storage.postgres import budget_use, job_reads, restores
from storage.postgres.connection import check_server, check_url, new_pool
from storage.postgres.database import Database, touch
from storage.postgres.migrations import check_not_newer, pending
from storage.postgres.session import PoolSession

_STATE = """
    SELECT bot_now() AS now,
        coalesce((
            SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE relname = ANY(%(hot)s)
        ), 0)::bigint AS dead_rows,
        coalesce((
            SELECT max(extract(epoch FROM clock_timestamp() - xact_start)) FROM pg_stat_activity
            WHERE datname = current_database() AND backend_xmin IS NOT NULL
                AND pid <> pg_backend_pid()
        ), 0)::double precision AS oldest_seconds
"""

_HOT = ["jobs", "notifications", "home_views", "budget_use"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """The state of a database whose tables are up to date."""

    now: Instant
    """Its time."""
    wrong_counters: int
    """Counters of budgets that differ from the sum over the jobs."""
    restores: tuple[UncheckedRestore, ...]
    due_since: Instant | None
    """Since when the oldest job is due on which nobody works."""
    dead_rows: int
    """Old versions of rows that are not removed yet."""
    oldest_seconds: float
    """The age of the oldest transaction; while it lasts, no version that it may see is removed."""


async def examine(url: str) -> Examination | None:
    """Return the state of the database; `None`: its tables are to be made or changed first.

    Raises `StoreError` if it cannot be reached or written to, or a newer version changed it.
    """
    check_url(url)
    await check_server(url)
    session = PoolSession(new_pool(url), is_patient=True)
    try:
        await session.start()
        await session.read(check_not_newer)
        if await session.read(pending):
            return None
        await session.write(touch)
        return await session.read_at_once(_examined)
    finally:
        await session.close()


async def _examined(db: Database) -> Examination:
    [row] = await db.rows(_STATE, {"hot": _HOT})
    oldest = await job_reads.oldest_due(db, row["now"])
    return Examination(
        now=row["now"],
        wrong_counters=len(await budget_use.mismatches(db)),
        restores=tuple(await restores.unchecked(db)),
        due_since=min(oldest.values(), default=None),
        dead_rows=row["dead_rows"],
        oldest_seconds=row["oldest_seconds"],
    )
