"""Which process owns a store: locks on the file itself and on a file beside it."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from storage.store import StoreInUseError, StoreUnusableError

PRIVATE = 0o600
"""The mode of a new store: prompts are private."""

# One byte at the end of what a file can hold. SQLite locks bytes from 2**30 on, a few hundred:
# https://sqlite.org/src/file?name=src/os.h
_LOCKED_BYTE = (1 << 63) - 2

# `struct flock` of a 64-bit system: type, whence, start, length, process (0 for this kind of lock).
_FLOCK = struct.Struct("hhqqi4x")


def real_path(path: str) -> str:
    """Return the path of the file itself, whatever symbolic links lead to it."""
    return os.path.realpath(path)


def lock_path(path: str) -> Path:
    """Return the path of the lock file beside the store."""
    return Path(f"{real_path(path)}.lock")


@contextmanager
def ownership(path: str) -> Iterator[None]:
    """Own the store at `path` while the context lasts; create the file if it is missing.

    The owner locks the file itself, so that neither a symbolic link nor a hard link nor another
    mount of it leads to a second owner; and a lock file beside it, which is all that earlier
    versions of the program look at. The operating system releases both when the process ends,
    however it ends.

    No connection of this process may be open when the context ends: closing a file drops all locks
    that SQLite has on it.
    https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_

    Raises `StoreInUseError` while another process, or another part of this one, owns the store,
    and `OSError` when a file cannot be created.
    """
    with lock_path(path).open("ab") as beside:
        try:
            fcntl.flock(beside, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _in_use(path) from error
        Path(path).touch(mode=PRIVATE)
        with ExitStack() as files:
            # What cannot be opened cannot be locked, and SQLite says why in its own words.
            with suppress(OSError):
                itself = files.enter_context(Path(path).open("r+b"))
                _lock(path, itself)
            yield


def file_at(path: Path) -> tuple[int, int] | None:
    """Return what identifies the file at `path`, whatever its name: device and inode."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def check_single_name(path: str) -> None:
    """Raise `StoreUnusableError` for a file with a further hard link.

    SQLite keeps the newest changes in a WAL that is named after the file, so under another name
    they are missing, and a write damages the file.
    https://sqlite.org/howtocorrupt.html#_multiple_links_to_the_same_file
    """
    if Path(path).stat().st_nlink > 1:
        raise StoreUnusableError(
            f"{path}: the file has another name as well (a hard link), under which its newest"
            " changes are missing. Keep the name that the bot ran with, and remove the other:"
            f" find / -xdev -samefile {path}"
        )


def _lock(path: str, itself: BinaryIO) -> None:
    """Lock the file for this open description of it, apart from all locks of SQLite's.

    Raises `OSError` on a file system without such locks: there the lock file alone must do.

    https://man7.org/linux/man-pages/man2/F_OFD_SETLK.2const.html
    """
    command: int | None = getattr(fcntl, "F_OFD_SETLK", None)
    if command is None:  # not on Linux: the lock file alone must do
        return
    lock = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _LOCKED_BYTE, 1, 0)
    try:
        fcntl.fcntl(itself, command, lock)
    except (BlockingIOError, PermissionError) as error:  # POSIX allows either
        raise _in_use(path) from error


def _in_use(path: str) -> StoreInUseError:
    return StoreInUseError(
        f"{path} is in use by another process: stop that one first, or name another"
        " file in DATABASE_URL"
    )
