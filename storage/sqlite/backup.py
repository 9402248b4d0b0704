"""A consistent copy of the store, made while everything goes on."""

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

    A copy that is killed leaves `target.partial` and no `target`; the next replaces it. Raises
    `StoreError` when `target` exists or is being written, and `OSError` or pysqlite3's errors when
    it cannot be.
    """
    final, partial = Path(target), Path(f"{target}.partial")
    with _owned(partial) as file:
        try:
            # Only now: another copy may have been completed under this very lock.
            if final.exists():
                raise StoreError(f"{target} exists already: name a new file for the backup")
            # SQLite takes an empty file that is there and keeps its mode.
            file.truncate(0)
            _copy(source, partial)
            partial.rename(final)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def _owned(partial: Path) -> Iterator[BinaryIO]:
    """Open a file, as private as the store, that no other copy writes meanwhile."""
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
        # Reads one snapshot, neither waits for a writer nor holds one up, and leaves free pages
        # behind. https://sqlite.org/lang_vacuum.html#vacuuminto
        db.execute("VACUUM INTO :target", {"target": str(target)})
    finally:
        db.close()
