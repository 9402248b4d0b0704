"""The migrations of the schema, in order. A migration that was released is never edited.

All that are pending are applied in one transaction, by one process at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from storage.postgres.database import Database
from storage.postgres.schema import PACE, TABLES
from storage.store import StoreError

MIGRATIONS: Mapping[str, str] = MappingProxyType({"0001_tables": TABLES, "0004_pace": PACE})
"""The statements of each migration, by its name."""

# One of the numbers that processes of this program lock; others may lock others.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('slack-video-bot migrations', 0))"

_NOTE = "INSERT INTO schema_migrations (name) VALUES (%(name)s)"

_HISTORY = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        name       TEXT PRIMARY KEY,
        applied_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
    )
"""


async def migrate(db: Database, migrations: Mapping[str, str] = MIGRATIONS) -> None:
    """Apply the pending migrations. Idempotent; a second process waits for the first one.

    Raises `StoreError` for a database that a newer version of the program has changed.
    """
    await db.change("SET LOCAL statement_timeout = 0")
    await db.change(_LOCK)
    await db.change(_HISTORY)
    applied = await _applied(db)
    _refuse_newer(applied, migrations)
    for name, statements in migrations.items():
        if name not in applied:
            await db.change(statements)
            await db.change(_NOTE, {"name": name})


async def check_not_newer(db: Database, migrations: Mapping[str, str] = MIGRATIONS) -> None:
    """Raise `StoreError` if a newer version of the program has changed the tables. A read."""
    _refuse_newer(await _applied_so_far(db), migrations)


async def check_migrated(db: Database, migrations: Mapping[str, str] = MIGRATIONS) -> None:
    """Raise `StoreError` unless every migration is applied. A read."""
    if not await is_migrated(db, migrations):
        raise StoreError(
            "the tables are older than this version of the program: start the service once,"
            " which brings them up to date"
        )


async def is_migrated(db: Database, migrations: Mapping[str, str] = MIGRATIONS) -> bool:
    """Tell whether every migration is applied. A read."""
    return migrations.keys() <= await _applied_so_far(db)


def _refuse_newer(applied: frozenset[str], migrations: Mapping[str, str]) -> None:
    unknown = sorted(applied - migrations.keys())
    if unknown:
        raise StoreError(
            "the database was changed by a newer version of the program: its tables have the"
            f" change {unknown[-1]}, and this version knows none after {max(migrations)}. Start the"
            " newer version again, or restore a copy that pg_dump made before it."
        )


async def _applied_so_far(db: Database) -> frozenset[str]:
    found = await db.row("SELECT to_regclass('schema_migrations') IS NOT NULL AS there")
    return await _applied(db) if found and found["there"] else frozenset()


async def _applied(db: Database) -> frozenset[str]:
    return frozenset(row["name"] for row in await db.rows("SELECT name FROM schema_migrations"))
