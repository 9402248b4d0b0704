"""The migrations of the schema, in order. A migration that was released is never edited.

While a new version is deployed, the old one goes on with the changed tables. So a change comes in
two releases: one expands the tables by what the new version needs (a column that may be null or has
a default, a table, an index), and a later one, once no old version runs, contracts them by what
nobody uses any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.postgres.database import Database
from storage.postgres.schema import (
    ANSWERS,
    DELETED,
    FEEDBACK,
    FILMS,
    KEPT,
    NOTES,
    PACE,
    PACE_AGAIN,
    PARTS,
    PLANNED,
    PRICES_OF_SIZE,
    REVIEWED,
    SAVED,
    SETS,
    TABLES,
    TAKES,
    TAKES_OF_PLACE,
    TRACES,
    UNDER_WAY,
    WITH_FILES,
    WORDS,
    WORDS_OF_EARLIER_JOBS,
)
from storage.store import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A change of the tables."""

    name: str
    statements: tuple[str, ...]
    is_transaction: bool = True
    """All statements are one transaction, else each one commits by itself, as `concurrent_index`
    needs it; those are run again from the first one if a process ends between them."""
    is_expansion: bool = False
    """Versions of the program that do not know it work with the tables all the same."""


def concurrent_index(name: str, definition: str) -> tuple[str, ...]:
    """Return the statements that make an index while others write; safe to repeat.

    One that could not be finished stays behind, and is of no use.
    https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
    """
    return (
        f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
        f"CREATE INDEX CONCURRENTLY {name} {definition}",
    )


MIGRATIONS: tuple[Migration, ...] = (
    Migration(name="0001_tables", statements=(TABLES,)),
    Migration(name="0003_answers", statements=(ANSWERS,), is_expansion=True),
    Migration(name="0004_pace", statements=(PACE,), is_expansion=True),
    Migration(name="0006_traces", statements=(TRACES,), is_expansion=True),
    Migration(
        name="0007_reads_of_a_long_history",
        statements=(*concurrent_index("jobs_prices_of_size", PRICES_OF_SIZE),),
        is_transaction=False,
        is_expansion=True,
    ),
    Migration(name="0008_saved", statements=(SAVED,), is_expansion=True),
    Migration(name="0009_find", statements=(WORDS,), is_expansion=True),
    Migration(
        name="0009_find_earlier_jobs",
        statements=(WORDS_OF_EARLIER_JOBS, *concurrent_index("jobs_kept", KEPT)),
        is_transaction=False,
        is_expansion=True,
    ),
    Migration(name="0010_films", statements=(FILMS,), is_expansion=True),
    Migration(name="0011_sets", statements=(SETS,), is_expansion=True),
    Migration(
        name="0011_sets_parts",
        statements=concurrent_index("jobs_parts", PARTS),
        is_transaction=False,
        is_expansion=True,
    ),
    Migration(name="0014_planned", statements=(PLANNED,), is_expansion=True),
    Migration(name="0015_notes", statements=(NOTES,), is_expansion=True),
    Migration(
        name="0015_notes_index",
        statements=concurrent_index("jobs_reviewed", REVIEWED),
        is_transaction=False,
        is_expansion=True,
    ),
    Migration(name="0016_deleted", statements=(DELETED,), is_expansion=True),
    Migration(name="0017_feedback", statements=(FEEDBACK,), is_expansion=True),
    Migration(name="0018_takes", statements=(TAKES,), is_expansion=True),
    Migration(
        name="0018_takes_index",
        statements=concurrent_index("jobs_takes", TAKES_OF_PLACE),
        is_transaction=False,
        is_expansion=True,
    ),
    # Beside the index by stage, all jobs of the person were read as well.
    Migration(
        name="0019_under_way_index",
        statements=(
            *concurrent_index("jobs_under_way_of_person", UNDER_WAY),
            "DROP INDEX CONCURRENTLY IF EXISTS jobs_under_way",
        ),
        is_transaction=False,
        is_expansion=True,
    ),
    Migration(name="0020_pace_again", statements=(PACE_AGAIN,), is_expansion=True),
    # A reply to a message with files of a result names that message alone.
    Migration(
        name="0021_files_of_results",
        statements=(
            *concurrent_index("notifications_with_files", WITH_FILES),
            "DROP INDEX CONCURRENTLY IF EXISTS notifications_resent",
        ),
        is_transaction=False,
        is_expansion=True,
    ),
)

HISTORY = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        name         TEXT PRIMARY KEY,
        is_expansion BOOLEAN NOT NULL DEFAULT false,
        applied_at   TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    )
"""

_APPLIED = "SELECT name, is_expansion FROM schema_migrations"

_NOTE = "INSERT INTO schema_migrations (name, is_expansion) VALUES (%(name)s, %(is_expansion)s)"


async def check_not_newer(db: Database, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Raise `StoreError` if a newer version of the program has changed the tables, a read.

    Changes that merely expand them are no obstacle.
    """
    applied = await _applied_so_far(db)
    known = _names(migrations)
    unknown = sorted(name for name, expands in applied.items() if not expands and name not in known)
    if unknown:
        raise StoreError(
            "the database was changed by a newer version of the program: its tables have the"
            f" change {unknown[-1]}, and this version knows none after {max(known)}. Start the"
            " newer version again, or restore a copy that pg_dump made before it."
        )


async def check_migrated(db: Database) -> None:
    """Raise `StoreError` unless every migration is applied. A read."""
    if await pending(db):
        raise StoreError(
            "the tables are older than this version of the program needs. Run: python -m bot"
            " migrate"
        )


async def pending(
    db: Database, migrations: Sequence[Migration] = MIGRATIONS
) -> tuple[Migration, ...]:
    """Return the migrations that are not applied yet, in order. A read."""
    applied = await _applied_so_far(db)
    return tuple(one for one in migrations if one.name not in applied)


async def note(db: Database, migration: Migration) -> None:
    """Record that a migration is applied."""
    values = {"name": migration.name, "is_expansion": migration.is_expansion}
    await db.change(_NOTE, values)


async def _applied_so_far(db: Database) -> dict[str, bool]:
    """Return the names of all that is applied, each with whether it is an expansion."""
    found = await db.row("SELECT to_regclass('schema_migrations') IS NOT NULL AS there")
    if not found or not found["there"]:
        return {}
    return {row["name"]: row["is_expansion"] for row in await db.rows(_APPLIED)}


def _names(migrations: Iterable[Migration]) -> frozenset[str]:
    return frozenset(one.name for one in migrations)
