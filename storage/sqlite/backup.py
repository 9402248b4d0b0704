"""A consistent copy of the store, made while reads and writes continue."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

import pysqlite3

from storage.sqlite.connection import connect
from storage.sqlite.generation import mark_as_copy
from storage.sqlite.migrations import upgrade_copy
from storage.store import StoreError


def copy_before_upgrade(path: str, migration: str) -> None:
    """Copy a store beside itself before its first pending migration, to go back to if need be.

    Replaces a copy of the same name: the store was upgraded once, and went back to that state.
    """
    target = upgrade_copy(path, migration)
    try:
        copy_store(path, target, replace=True)
    except (OSError, pysqlite3.Error) as error:
        raise StoreError(
            f"{path}: it is of an earlier version, and is not brought up to date, because it cannot"
            f" be copied to {target} before that ({error})"
        ) from error


def copy_store(source: str, target: str, *, replace: bool = False) -> None:
    """Write the store at `source`, as of this moment, to the new file `target`.

    A process that is killed leaves `target.partial` and no `target`; the next copy replaces it.
    Raises `StoreError` when `target` exists or is being written, and `OSError` or pysqlite3's
    errors when it cannot be written.
    """
    final, partial = Path(target), Path(f"{target}.partial")
    with _locked(partial) as file:
        try:
            # Checked under the lock: another backup may have completed just before.
            if final.exists() and not replace:
                raise StoreError(f"{target} exists already: name a new file for the backup")
            # SQLite accepts an existing empty file and keeps its mode.
            file.truncate(0)
            _copy(source, partial)
            os.fsync(file.fileno())
            partial.rename(final)
            _sync_folder(final.absolute().parent)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def _locked(partial: Path) -> Iterator[BinaryIO]:
    """Open a file, as private as the store, and lock it against other backups."""
    partial.touch(mode=0o600)
    with partial.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(f"{partial} is being written by another backup") from error
        yield file


def _copy(source: str, target: Path) -> None:
    db = connect(source)
    try:
        # Reads one snapshot, neither waits for a writer nor blocks one, and omits free pages.
        # https://sqlite.org/lang_vacuum.html#vacuuminto
        db.execute("VACUUM INTO :target", {"target": str(target)})
    finally:
        db.close()
    with closing(connect(str(target))) as copy:
        mark_as_copy(copy)


def _sync_folder(folder: Path) -> None:
    """Make a new name in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
