"""Where the SQLite file is, which process owns it, and one connection to it as the store needs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pysqlite3
from sqlite_utils import Database

from storage.store import StoreError, StoreInUseError, StoreUnusableError

BUSY_TIMEOUT_SECONDS = 5.0
"""How long to wait for another process's write, which here takes milliseconds at most."""

_WAL_BYTES_KEPT = 64 * 1024 * 1024
"""A log that one burst made long is cut back to this when it starts over."""


def check_library(version: tuple[int, int, int]) -> None:
    """Raise `StoreError` for a release of SQLite that can damage a file in WAL mode.

    Refusing is right although the damage is rare: it would cost jobs that were acknowledged.
    The bug and the releases without it: https://sqlite.org/wal.html#walresetbug
    """
    match version:
        case (3, 44, patch) if patch >= 6:  # noqa: PLR2004 - numbers of releases
            return
        case (3, 50, patch) if patch >= 7:  # noqa: PLR2004 - numbers of releases
            return
    if version < (3, 51, 3):
        number = ".".join(map(str, version))
        raise StoreError(
            f"SQLite {number} can damage the database (the WAL-reset bug): install a pysqlite3"
            " that brings SQLite 3.51.3 or newer"
        )


def connect_writer(path: str, *, create: bool) -> Database:
    """Open the connection that writes, and `create` the file if need be.

    The connection belongs to the calling thread. Raises as `connect` does, and `OSError`.
    """
    if create:
        # Prompts and response URLs are nobody else's business; the log and the shared memory
        # beside the file take its mode over.
        Path(path).touch(mode=0o600)
    db = connect(path)
    # Readers and the writer do not wait for each other. The mode is kept in the file.
    # https://sqlite.org/wal.html
    db.execute("PRAGMA journal_mode = WAL")
    # A commit returns once it is on the disk: what is acknowledged survives a power cut.
    # https://sqlite.org/pragma.html#pragma_synchronous
    db.execute("PRAGMA synchronous = FULL")
    # Where fsync leaves the data in the drive's cache (macOS), ask for the real thing; no
    # effect elsewhere. https://sqlite.org/pragma.html#pragma_fullfsync
    db.execute("PRAGMA fullfsync = ON")
    # Off by default in SQLite: an event without its job would be nobody's.
    db.execute("PRAGMA foreign_keys = ON")
    # The writer makes its checkpoints itself, because the automatic ones hide their errors.
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}")
    return db


def touch(db: Database) -> None:
    """Write one page, so that the commit that follows needs the disk."""
    # A number in the file's header that SQLite leaves to its users and that nothing here reads.
    # https://sqlite.org/pragma.html#pragma_user_version
    db.execute("PRAGMA user_version = 0")


def connect_reader(path: str) -> Database:
    """Open a connection that cannot write; it belongs to the calling thread."""
    db = connect(path)
    # A slip in a query cannot become a write that bypasses the writer.
    db.execute("PRAGMA query_only = ON")
    return db


def connect(path: str) -> Database:
    """Open a plain connection to a file that is there; it belongs to the calling thread.

    Raises `StoreError` for a library that could damage the file, and pysqlite3's errors.
    """
    check_library(pysqlite3.sqlite_version_info)
    connection = pysqlite3.connect(
        # `rw` never creates: a mistyped path must not become an empty store.
        f"{Path(path).absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_TIMEOUT_SECONDS,
        # Transactions begin and end only where this project says so.
        isolation_level=None,
    )
    connection.row_factory = pysqlite3.Row
    return Database(connection)


def check_place(path: str, *, create: bool) -> None:
    """Raise `StoreUnusableError` unless a store is, or with `create` can be made, at `path`.

    SQLite tells most of this as "unable to open database file". It only looks: to open the file
    and close it again would drop the locks that this process holds on it by other connections.
    https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_

    Raises `OSError` where not even looking is allowed.
    """
    place = Path(path)
    if not place.parent.is_dir():
        raise StoreUnusableError(f"{path}: there is no folder {place.parent}")
    # The log, the shared memory and the lock stand beside the file.
    if not os.access(place.parent, os.W_OK | os.X_OK):
        raise StoreUnusableError(f"{path}: this user may not write in the folder {place.parent}")
    if not place.exists():
        if not create:
            raise StoreUnusableError(f"{path}: there is no such file")
    elif not place.is_file():
        raise StoreUnusableError(f"{path}: it is not a file")
    elif not os.access(place, os.R_OK | os.W_OK):
        raise StoreUnusableError(f"{path}: this user may not read and write the file")


@contextmanager
def ownership(path: str) -> Iterator[None]:
    """Own the store at `path` while the block runs.

    The system releases the lock with the process, however it ends, so nothing stale is left
    behind. Raises `StoreInUseError` while another process, or another part of this one, owns it,
    and `OSError` when the folder takes no files.
    """
    with Path(f"{path}.lock").open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreInUseError(
                f"{path} is in use by another process: stop that one first, or name another"
                " file in DATABASE_URL"
            ) from error
        yield
