"""Translate errors of SQLite into the errors of the store's contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

# pysqlite3 lacks most of these constants; their values are SQLite's and never change.
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

import pysqlite3

from storage.store import StoreBrokenError, StoreError, StoreFullError, StoreUnusableError

_PRIMARY_CODE_MASK = 0xFF
"""The bits of an extended result code that hold its primary code."""

_NOTHING_WRITTEN = {
    SQLITE_FULL: "the disk is full",
    SQLITE_READONLY: "the file cannot be written to",
    SQLITE_BUSY: "another process keeps the file locked",
    SQLITE_LOCKED: "another process keeps the file locked",
    SQLITE_CANTOPEN: "the file cannot be opened",
}
"""Conditions that an operator can correct while the process keeps running."""

_DOUBTFUL = frozenset({SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB})
"""After these errors the content of the disk is unknown. A failed fsync in particular must not be
tried again: the system may have dropped the pages and report success.
https://lwn.net/Articles/752063/
"""


def store_error(error: Exception) -> StoreError:
    """Return the store's error for an `error` of SQLite, a new instance for each caller.

    A plain `StoreError`, of no subclass, concerns only this one read or write.
    """
    code = _primary_code(error)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    translated: StoreError
    if code in _NOTHING_WRITTEN:
        translated = StoreFullError(f"nothing was written: {_NOTHING_WRITTEN[code]} ({name})")
    elif code in _DOUBTFUL:
        translated = StoreBrokenError(
            f"the disk or the file is damaged ({name}): restart the bot, or"
            " restore the newest backup"
        )
    else:
        translated = StoreError(f"the store refused a query: {error} ({name})")
    translated.__cause__ = error
    return translated


def broken_error() -> StoreBrokenError:
    """Return the error for every write after one whose outcome is unknown."""
    return StoreBrokenError("an earlier write failed on disk: restart the bot")


def opening_error(error: Exception) -> StoreError:
    """Return the store's error for an `error` of SQLite while a file is opened.

    A file that is not a database never was a store, so this means a wrong path and no damage.
    """
    if _primary_code(error) == SQLITE_NOTADB:
        return StoreUnusableError("it is not an SQLite database")
    return store_error(error)


def _primary_code(error: Exception) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & _PRIMARY_CODE_MASK


@contextmanager
def path_in_errors(path: str) -> Iterator[None]:
    """Put the path into the message of each error.

    Raises `StoreError` in place of pysqlite3's errors and of `OSError`.
    """
    try:
        yield
    except pysqlite3.Error as error:
        translated = opening_error(error)
        raise type(translated)(f"{path}: {translated}") from error
    except OSError as error:
        raise StoreUnusableError(f"{path}: {error.strerror}") from error
