"""Which of the store's errors an error of SQLite means."""

from __future__ import annotations

import sqlite3

import pytest

from storage.sqlite.errors import store_error
from storage.store import StoreBrokenError, StoreError, StoreFullError
from tests.support.store_samples import sqlite_failure


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("SQLITE_FULL", StoreFullError),
        ("SQLITE_READONLY", StoreFullError),
        ("SQLITE_READONLY_DBMOVED", StoreFullError),
        ("SQLITE_BUSY", StoreFullError),
        ("SQLITE_BUSY_SNAPSHOT", StoreFullError),
        ("SQLITE_LOCKED", StoreFullError),
        ("SQLITE_CANTOPEN", StoreFullError),
        ("SQLITE_IOERR_FSYNC", StoreBrokenError),
        ("SQLITE_IOERR_WRITE", StoreBrokenError),
        ("SQLITE_CORRUPT", StoreBrokenError),
        ("SQLITE_NOTADB", StoreBrokenError),
        ("SQLITE_CONSTRAINT_UNIQUE", StoreError),
    ],
)
def test_the_code_says_what_to_do(name: str, meaning: type[StoreError]) -> None:
    """Extended codes mean what their primary code means; the name is there for support."""
    failure = sqlite_failure(getattr(sqlite3, name), name)
    error = store_error(failure)
    assert type(error) is meaning
    assert name in str(error)
    assert error.__cause__ is failure
