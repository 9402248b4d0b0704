"""A clock that never goes back."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from storage.job import Instant
from storage.store import Store

TOLERANCE_SECONDS = 60.0
"""A clock that differs from Slack's by less is right: an answer's `Date` has whole seconds, and the
answer takes some to come."""


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


async def start_clock(
    store: Store,
    clock_error: float | None,
    *,
    wall: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = uptime,
) -> SteadyClock:
    """Return the clock of a process that starts now, and correct the store's times if need be.

    `clock_error` says by how much `wall` is ahead of Slack's clock. If that is much, Slack's is
    taken: the bot compares its own times with those of messages. If the store has times that lie
    ahead of Slack's clock, an earlier process had a wrong one, and they are moved back; else every
    pause and every search would be wrong until they have passed. Without Slack's time nothing tells
    which of the two is wrong, and time goes on from the newest in the store.
    """
    newest = await store.jobs.last_event_at()
    if clock_error is None:
        return SteadyClock(not_before=newest, wall=wall, monotonic=monotonic)
    error = clock_error if abs(clock_error) > TOLERANCE_SECONDS else 0.0
    log = structlog.get_logger("clock")
    if error:
        log.warning("clock_is_wrong", seconds_ahead=round(error))

    def corrected() -> float:
        return wall() - error

    ahead = newest - corrected()
    if ahead > TOLERANCE_SECONDS:
        await store.move_back(corrected(), ahead)
        log.warning("times_moved_back", seconds=round(ahead))
        newest = 0.0
    return SteadyClock(not_before=newest, wall=corrected, monotonic=monotonic)
