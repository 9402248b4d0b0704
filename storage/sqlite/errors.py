"""Which of the store's errors an error of SQLite means."""

from __future__ import annotations

# pysqlite3 lacks most of these constants; the numbers are SQLite's and never change.
# https://sqlite.org/rescode.html
from sqlite3 import (
    SQLITE_BUSY,
    SQLITE_CANTOPEN,
    SQLITE_CORRUPT,
    SQLITE_FULL,
    SQLITE_IOERR,
    SQLITE_LOCKED,
    SQLITE_NOTADB,
    SQLITE_READONLY,
)

from storage.store import StoreBrokenError, StoreError, StoreFullError, StoreUnusableError

_PRIMARY_CODE = 0xFF
"""The bits of an extended result code that hold its primary one."""

_NOTHING_WRITTEN = {
    SQLITE_FULL: "the disk is full",
    SQLITE_READONLY: "the file cannot be written to",
    SQLITE_BUSY: "another process keeps the file locked",
    SQLITE_LOCKED: "another process keeps the file locked",
    SQLITE_CANTOPEN: "the file cannot be opened",
}
"""What an operator mends while the process lives on."""

_DOUBTFUL = frozenset({SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB})
"""After these nobody knows what the disk holds. A failed fsync in particular must not be tried
again: the system may have dropped the pages and report success. https://lwn.net/Articles/752063/
"""


def store_error(error: Exception) -> StoreError:
    """Return what SQLite's `error` means to the users of a store, a new one for each caller.

    A `StoreError` that is neither of its subclasses concerns this one write alone.
    """
    code = _primary_code(error)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    meaning: StoreError
    if code in _NOTHING_WRITTEN:
        meaning = StoreFullError(f"nothing was written: {_NOTHING_WRITTEN[code]} ({name})")
    elif code in _DOUBTFUL:
        meaning = StoreBrokenError(f"the disk or the file is damaged ({name}): start anew")
    else:
        meaning = StoreError(f"the store refused a query: {error} ({name})")
    meaning.__cause__ = error
    return meaning


def broken_error() -> StoreBrokenError:
    """Return what every write meets after one that ended in doubt."""
    return StoreBrokenError("an earlier write failed on disk: start anew")


def opening_error(error: Exception) -> StoreError:
    """Return what SQLite's `error` means while a file is opened.

    A file that is no database was none before: nothing of ours is damaged.
    """
    if _primary_code(error) == SQLITE_NOTADB:
        return StoreUnusableError("it is not an SQLite database")
    return store_error(error)


def _primary_code(error: Exception) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & _PRIMARY_CODE
