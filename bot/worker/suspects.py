"""Suspects: rows that were in flight when the process died twice; one may be the cause.

The store counts, at each start after a crash, every row that was in flight. A step that kills the
process is so counted although nothing of it was written, and so are its neighbours; here they are
told apart: the suspects run one at a time, and the neighbours survive.
"""

from __future__ import annotations

from storage.job import Instant

HOLD_SECONDS = 60.0
"""How long, in all, other rows wait for suspects after a start. A step that kills does it soon."""


class SuspectLock:
    """Lets one suspect run at a time; shared by the engines of a process."""

    def __init__(self) -> None:
        self._holder: str | None = None
        self._first_at: Instant | None = None

    @property
    def is_free(self) -> bool:
        """Whether no suspect is running."""
        return self._holder is None

    def holds_others(self, now: Instant) -> bool:
        """Return whether a suspect is to run without others beside it."""
        is_early = self._first_at is not None and now - self._first_at < HOLD_SECONDS
        return self._holder is not None and is_early

    def acquire(self, row_id: str, now: Instant) -> None:
        """Give the lock to a row that was claimed."""
        self._holder = row_id
        if self._first_at is None:
            self._first_at = now

    def release(self, row_id: str) -> bool:
        """End the hold of a row; return whether it had the lock."""
        was_holder = self._holder == row_id
        if was_holder:
            self._holder = None
        return was_holder
