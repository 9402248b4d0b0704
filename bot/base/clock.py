"""A clock that never goes back."""

from __future__ import annotations

import time
from collections.abc import Callable

from storage.job import Instant


def uptime() -> float:
    """Return seconds that never go back, and that include the time for which the machine sleeps.

    On Linux `time.monotonic` excludes that time: after a night's sleep, an idempotency key of
    yesterday would seem fresh.
    https://man7.org/linux/man-pages/man2/clock_getres.2.html (CLOCK_BOOTTIME)
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SteadyClock:
    """Seconds since 1970 that advance with the machine's uptime, whatever the wall clock does.

    `not_before` is the newest time in the store: after a restart on a machine whose clock was set
    back, time continues from there, and no row waits until the wall clock has caught up.
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
        """Return the current time."""
        return self._monotonic() + self._offset
