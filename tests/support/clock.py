"""A clock that a test sets by hand."""

from __future__ import annotations

from dataclasses import dataclass

START = 1_800_000_000.0
"""Friday, 15 January 2027, 08:00:00 UTC."""


@dataclass(slots=True)
class ManualClock:
    """Returns `now`, seconds since the epoch, until the test changes it."""

    now: float = START

    def __call__(self) -> float:
        """Return the current time."""
        return self.now
