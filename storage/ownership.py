"""One process owns an SQLite store: a lock on a file beside it says which."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.store import StoreInUseError


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
