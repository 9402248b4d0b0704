"""A consistent copy of the store, made while everything goes on."""

from __future__ import annotations

from pathlib import Path

from storage.connection import connect
from storage.store import StoreError


def copy_store(source: str, target: str) -> None:
    """Write the store at `source`, as of this moment, to the new file `target`.

    A copy that is killed leaves `target.partial` and no `target`. Raises `StoreError` when
    `target` exists, and `OSError` or pysqlite3's errors when it cannot be written.
    """
    final, partial = Path(target), Path(f"{target}.partial")
    if final.exists():
        raise StoreError(f"{target} exists already: name a new file for the backup")
    partial.unlink(missing_ok=True)
    try:
        # SQLite takes an empty file that is there and keeps its mode: the copy is as private as
        # the store.
        partial.touch(mode=0o600)
        _copy(source, partial)
        partial.rename(final)
    finally:
        partial.unlink(missing_ok=True)


def _copy(source: str, target: Path) -> None:
    db = connect(source)
    try:
        # Reads one snapshot, neither waits for a writer nor holds one up, and leaves free pages
        # behind. https://sqlite.org/lang_vacuum.html#vacuuminto
        db.execute("VACUUM INTO :target", {"target": str(target)})
    finally:
        db.close()
