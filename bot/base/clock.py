"""A clock that never steps back."""

from __future__ import annotations

import time
from collections.abc import Callable

from storage.job import Instant


def uptime() -> float:
    """Return seconds that never step back, and that pass while the machine sleeps as well.

    `time.monotonic` stands still then on Linux: after a night's sleep a key of yesterday would
    look fresh. https://man7.org/linux/man-pages/man2/clock_getres.2.html (CLOCK_BOOTTIME)
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SteadyClock:
    """Seconds since 1970 that advance with the machine's uptime, whatever the wall clock does.

    `not_before` is the last moment that the store knows of: after a restart on a machine whose
    clock was set back, time goes on from there, and nothing waits for the wall to catch up.
    """

    def __init__(
        self,
        not_before: Instant = 0.0,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = uptime,
    ) -> None:
        self._monotonic = monotonic
        self._offset = max(wall(), not_before) - monotonic()

    def __call__(self) -> Instant:
        """Return the present moment."""
        return self._monotonic() + self._offset
