"""The SQLite file: checks of its path, and connections with their pragmas."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pysqlite3
from sqlite_utils import Database

from storage.sqlite.ownership import PRIVATE, real_path
from storage.store import StoreError, StoreUnusableError

BUSY_TIMEOUT_SECONDS = 5.0
"""How long to wait for another process's write; writes here take milliseconds at most."""

OWNER_BUSY_SECONDS = 0.8
"""How long a running bot waits for it. A command may wait for the write before its own as well, and
Slack waits three seconds for the answer."""

INLINE_BUSY_SECONDS = 0.1
"""How long a read in the event loop waits: in WAL mode it need not, but for a stray lock."""

_STATEMENTS_KEPT = 1000
"""How many compiled statements a connection keeps: more than the program has.

pysqlite3 gives up the one that was used least, which is the newest. The migrations of a new file
fill its usual 100 places, and each statement after them would be compiled anew for each call.
"""

_WAL_BYTES_KEPT = 64 * 1024 * 1024
"""When the WAL starts over after a burst of writes, its file is truncated to this size."""


def check_library(version: tuple[int, int, int]) -> None:
    """Raise `StoreError` for a release of SQLite that can damage a file in WAL mode.

    The damage is rare, but it would lose jobs that were acknowledged.
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
    """Open the connection for writes; with `create`, create the file if it is missing.

    The connection belongs to the calling thread. Raises as `connect` does, and `OSError`.
    """
    if create:
        # Prompts and response URLs are private; SQLite gives the WAL and the shared-memory file
        # the mode of this one.
        Path(path).touch(mode=PRIVATE)
    db = connect(path)
    # Readers and the writer do not wait for each other. The mode is stored in the file.
    # https://sqlite.org/wal.html
    db.execute("PRAGMA journal_mode = WAL")
    # A commit returns once it is on the disk, so an acknowledged job survives a power cut.
    # https://sqlite.org/pragma.html#pragma_synchronous
    db.execute("PRAGMA synchronous = FULL")
    # On macOS, fsync leaves the data in the drive's cache; this flushes it. No effect elsewhere.
    # https://sqlite.org/pragma.html#pragma_fullfsync
    db.execute("PRAGMA fullfsync = ON")
    # Off by default in SQLite; it rejects events without a job.
    db.execute("PRAGMA foreign_keys = ON")
    # `Journal` runs the checkpoints, because automatic ones hide their errors.
    db.execute("PRAGMA wal_autocheckpoint = 0")
    # What is erased does not stay readable in unused parts of the file. The fast way would leave
    # whole pages, in which long prompts and requests are.
    # https://sqlite.org/pragma.html#pragma_secure_delete
    db.execute("PRAGMA secure_delete = ON")
    db.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}")
    return db


def touch(db: Database) -> None:
    """Write one page, so that the next commit writes to the disk."""
    # An integer in the file's header for use by applications; nothing here reads it.
    # https://sqlite.org/pragma.html#pragma_user_version
    db.execute("PRAGMA user_version = 0")


def connect_reader(path: str, *, busy_seconds: float = BUSY_TIMEOUT_SECONDS) -> Database:
    """Open a connection that cannot write; it belongs to the calling thread."""
    db = connect(path)
    limit_wait(db, busy_seconds)
    # A mistake in a query cannot become a write that bypasses the writer.
    db.execute("PRAGMA query_only = ON")
    return db


def limit_wait(db: Database, seconds: float) -> None:
    """Set how long a statement waits for a lock of another process."""
    db.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")


def connect(path: str) -> Database:
    """Open a plain connection to an existing file; it belongs to the calling thread.

    Raises `StoreError` for a library that could damage the file, and pysqlite3's errors.
    """
    check_library(pysqlite3.sqlite_version_info)
    connection = pysqlite3.connect(
        # `rw` never creates a file: a mistyped path must not become an empty store.
        f"{Path(path).absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_TIMEOUT_SECONDS,
        # Autocommit: transactions begin and end only by explicit statements.
        isolation_level=None,
        cached_statements=_STATEMENTS_KEPT,
    )
    connection.row_factory = pysqlite3.Row
    # A text that is not UTF-8 makes its own row unreadable; by default the whole query would fail.
    connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
    # sqlite-utils would search the metadata of every installed package for plugins, for 5 ms of a
    # start, and let them change the connection.
    return Database(connection, execute_plugins=False)


def check_path(path: str, *, create: bool) -> None:
    """Raise `StoreUnusableError` unless a store exists, or with `create` can exist, at `path`.

    SQLite reports most of these cases as "unable to open database file". The check does not open
    the file: closing it again would drop the locks of this process's other connections to it.
    https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_

    Raises `OSError` if the check itself is not permitted.
    """
    file = Path(real_path(path))
    if not file.parent.is_dir():
        raise StoreUnusableError(f"{path}: there is no folder {file.parent}")
    # SQLite and `ownership` create further files in the same folder.
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise StoreUnusableError(f"{path}: this user may not write in the folder {file.parent}")
    if not file.exists():
        if not create:
            raise StoreUnusableError(f"{path}: there is no such file")
    elif not file.is_file():
        raise StoreUnusableError(f"{path}: it is not a file")
    elif not os.access(file, os.R_OK | os.W_OK):
        raise StoreUnusableError(f"{path}: this user may not read and write the file")
