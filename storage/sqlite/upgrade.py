"""Brings the tables of a file up to date without starting the bot on it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from storage.sqlite.backup import copy_before_upgrade
from storage.sqlite.connection import check_path, connect_reader, connect_writer
from storage.sqlite.errors import path_in_errors
from storage.sqlite.generation import check_wal
from storage.sqlite.migrations import (
    MIGRATIONS,
    check_origin,
    first_upgrade,
    migrate,
    upgrade_copy,
)
from storage.sqlite.ownership import check_single_name, ownership, real_path


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUpgrade:
    """What was done to a file."""

    migrations: tuple[str, ...]
    """The names of those that were applied."""
    copy: str | None
    """Where the file was copied to before; `None`: it was a new one, or nothing was done."""


def upgrade(path: str) -> FileUpgrade:
    """Create the file if it is missing, and apply the pending migrations. Idempotent.

    Leases, and what the next start must find out, stay as they are. Raises `StoreInUseError` if
    migrations are pending and another process owns the file, and otherwise as `open_session`.
    """
    with path_in_errors(path):
        check_path(path, create=True)
        # A new file of no bytes has nothing to read.
        if Path(real_path(path)).exists():
            check_single_name(path)
            check_wal(path)
            if not _pending(path):
                return FileUpgrade(migrations=(), copy=None)
        with ownership(path):
            return _applied(path)


def _pending(path: str) -> tuple[str, ...]:
    with closing(connect_reader(path)) as db:
        check_origin(db, path)
        return tuple(migration.name for migration in MIGRATIONS.pending(db))


def _applied(path: str) -> FileUpgrade:
    with closing(connect_writer(path, create=True)) as db:
        # The owner before may have migrated meanwhile.
        check_origin(db, path)
        names = tuple(migration.name for migration in MIGRATIONS.pending(db))
        first = first_upgrade(db)
        if first is not None:
            copy_before_upgrade(path, first)
        migrate(db)
    return FileUpgrade(migrations=names, copy=upgrade_copy(path, first) if first else None)
