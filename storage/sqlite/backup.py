"""A consistent copy of the store, made while reads and writes continue."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from storage.sqlite.connection import connect
from storage.store import StoreError


def copy_store(source: str, target: str) -> None:
    """Write the store at `source`, as of this moment, to the new file `target`.

    A process that is killed leaves `target.partial` and no `target`; the next copy replaces it.
    Raises `StoreError` when `target` exists or is being written, and `OSError` or pysqlite3's
    errors when it cannot be written.
    """
    final, partial = Path(target), Path(f"{target}.partial")
    with _locked(partial) as file:
        try:
            # Checked under the lock: another backup may have completed just before.
            if final.exists():
                raise StoreError(f"{target} exists already: name a new file for the backup")
            # SQLite accepts an existing empty file and keeps its mode.
            file.truncate(0)
            _copy(source, partial)
            partial.rename(final)
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
