"""Copies a store from an SQLite file into a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Mapping

from bot.app.postgres_checks import NOT_INSTALLED
from bot.base.extras import needing_packages
from storage.copied_tables import TABLES, Totals
from storage.sqlite.dump import dumping
from storage.store import StoreError


async def copy_store(path: str, url: str) -> tuple[Mapping[str, Totals], int]:
    """Copy the file at `path` into the empty database at `url`, in one transaction.

    Returns what was copied of each table, and how many texts had characters that PostgreSQL lacks.
    Raises `StoreInUseError` while a process owns the file, and `StoreError` if the database is not
    empty, or has something else than the file in the end: then nothing was copied.
    """
    with needing_packages(NOT_INSTALLED):
        # Most bots keep their jobs in a file, and have no package for it.
        from storage.postgres.load import loading  # noqa: PLC0415 - see above
        from storage.postgres.upgrade import upgrade  # noqa: PLC0415 - see above
    with dumping(path) as dump:
        await upgrade(url)
        copied = {}
        async with loading(url) as load:
            for table in TABLES:
                await load.fill(table, dump.columns(table), dump.rows(table))
                copied[table.name] = await load.totals(table)
                expected = dump.totals(table)
                if copied[table.name] != expected:
                    raise StoreError(
                        f"nothing was copied: {table.name} would have {copied[table.name]}, and"
                        f" the file has {expected}"
                    )
        return copied, load.changed_texts
