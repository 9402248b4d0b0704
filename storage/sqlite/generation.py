"""Notices a WAL that belongs to another database file than the one beside it.

SQLite trusts a WAL by its name. After a crash and a restore, it would mix the changes of the lost
file into the restored one. So each start writes a new number into the header of the file and into
the lock file beside it; copies that the bot makes have the number 0.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pysqlite3
from sqlite_utils import Database

from storage.sqlite.errors import store_error
from storage.sqlite.ownership import lock_path, real_path
from storage.store import StoreError, StoreFullError

# An integer for applications in the file's header; the bot needs it for nothing else.
# https://sqlite.org/fileformat.html#application_id
_HEADER_BYTES = slice(68, 72)

_COPY = 0
"""The number of a new file and of a copy."""


def check_wal(path: str) -> None:
    """Raise `StoreError` if the WAL beside the file at `path` is of another file. A read.

    Call it before the first connection of this process: it opens the file and closes it again.
    """
    wal = Path(f"{real_path(path)}-wal")
    if not wal.exists() or not wal.stat().st_size:
        return
    known, number = _read_numbers(path), _number_in(path)
    # Without numbers, a version without them was the last to run.
    if known and number is not None and number not in known:
        raise StoreError(
            f"{path} is not the file that {wal} belongs to. If you have restored a backup: stop the"
            f" bot, remove {wal} and {wal.with_name(wal.name.removesuffix('-wal') + '-shm')}, and"
            " start it again. If not, put back the file that was there."
        )


def is_restored(db: Database, path: str) -> bool:
    """Tell whether the file is another than the one that ran here last: a copy, or a file put back.

    So is a new one, and one that was moved without the lock file beside it. Call it before
    `start_generation`, as the owner.
    """
    number = int(db.execute("PRAGMA application_id").fetchone()[0])
    return number == _COPY or number not in _read_numbers(path)


def start_generation(db: Database, path: str) -> None:
    """Write a new number into the file and beside it. Only the owner may call this.

    The number is in the database file itself, and not only in the WAL, when this returns, unless a
    reader keeps it from there; a crash at any point leaves a file that `check_wal` accepts. On a
    full disk the file keeps its number: then the bot can start all the same.
    """
    before = int(db.execute("PRAGMA application_id").fetchone()[0])
    number = secrets.randbelow(2**31 - 1) + 1
    try:
        # The known ones first: if not all is written, these still are.
        _write_numbers(path, dict.fromkeys([*_read_numbers(path), before, number]))
        db.execute(f"PRAGMA application_id = {number}")
        busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if not busy:
            _write_numbers(path, [number])
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    except pysqlite3.Error as error:
        if not isinstance(store_error(error), StoreFullError):
            raise


def mark_as_copy(db: Database) -> None:
    """Give a copy the number that no WAL belongs to."""
    db.execute(f"PRAGMA application_id = {_COPY}")


def _number_in(path: str) -> int | None:
    """Return the number in the file's header as it is on disk; `None` if it cannot be read.

    A file that is missing would be made anew.
    """
    try:
        with Path(path).open("rb") as file:
            return int.from_bytes(file.read(_HEADER_BYTES.stop)[_HEADER_BYTES], "big")
    except FileNotFoundError:
        return _COPY
    except OSError:
        return None


def _read_numbers(path: str) -> list[int]:
    """Return the numbers in the lock file, or none if it has none that can be read."""
    with suppress(OSError, ValueError):
        return [int(word) for word in lock_path(path).read_text("ascii").split()]
    return []


def _write_numbers(path: str, numbers: Iterable[int]) -> None:
    # In place: the lock is on this file, so no other may take its name.
    with lock_path(path).open("r+b") as file:
        file.write(" ".join(map(str, numbers)).encode() + b"\n")
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
