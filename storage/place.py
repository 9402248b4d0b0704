"""Whether a store can be where a path says, told before anything is made there."""

from __future__ import annotations

import os
from pathlib import Path

from storage.store import StoreUnusableError


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
