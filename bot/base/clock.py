"""A clock that never goes back, unless the database's does, which all processes follow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from storage.job import Instant
from storage.store import Store, StoreError

TOLERANCE_SECONDS = 60.0
"""A clock that differs from Slack's by less is right: an answer's `Date` has whole seconds, and the
answer takes some to come."""

MOST_OFFSET_SECONDS = 2.0
"""The clocks of two machines that are kept in step with the time differ by less."""

CALIBRATION_SECONDS = 60.0
"""How often the database is asked for its time: no clock goes wrong by much in this time."""

# The quickest of some answers is the most exact: it was under way for the shortest time.
_READINGS = 3
# A step that is smaller is no more exact than a reading.
_LEAST_STEP_SECONDS = 0.05


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

    def follow(self, offset: float) -> None:
        """Show what `offset` and the monotonic clock are together, if that makes a difference."""
        if abs(offset - self._offset) >= _LEAST_STEP_SECONDS:
            self._offset = offset


async def wait_until(now: Callable[[], Instant], at: Instant) -> None:
    """Return at this time by the clock `now`."""
    await asyncio.sleep(max(at - now(), 0.0))


async def start_clock(
    store: Store,
    clock_error: float | None,
    *,
    wall: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = uptime,
) -> SteadyClock:
    """Return the clock of a process that starts now, and correct the store's times if need be.

    The time is the database's, if the store has one: all its processes go by it, so none of them
    may take another, not even Slack's. `clock_error` says by how much `wall` is ahead of Slack's
    clock. For a file, Slack's is taken if that is much: the bot compares its own times with those
    of messages. If the store has times that lie ahead of that, an earlier process had a wrong
    clock, and they are moved back; else every pause and every search would be wrong until they have
    passed. Without Slack's time nothing tells which of the two is wrong, and time goes on from the
    newest in the store.
    """
    newest = await store.jobs.last_event_at()
    offset = await _database_offset(store, monotonic)
    if offset is not None:
        clock = SteadyClock(wall=lambda: monotonic() + offset, monotonic=monotonic)
        _warn_of_clocks(wall() - clock(), clock_error)
        await _move_back(store, newest, clock())
        return clock
    if clock_error is None:
        return SteadyClock(not_before=newest, wall=wall, monotonic=monotonic)
    error = clock_error if abs(clock_error) > TOLERANCE_SECONDS else 0.0
    if error:
        _log().warning("clock_is_wrong", seconds_ahead=round(error))

    def corrected() -> float:
        return wall() - error

    if await _move_back(store, newest, corrected()):
        newest = 0.0
    return SteadyClock(not_before=newest, wall=corrected, monotonic=monotonic)


async def _move_back(store: Store, newest: Instant, now: Instant) -> bool:
    """Correct times that lie ahead by much; return whether there were any."""
    ahead = newest - now
    if ahead <= TOLERANCE_SECONDS:
        return False
    await store.move_back(now, ahead)
    _log().warning("times_moved_back", seconds=round(ahead))
    return True


def _warn_of_clocks(offset: float, clock_error: float | None) -> None:
    """Log that clocks differ, with what this machine's is ahead of the database's and Slack's."""
    if abs(offset) > MOST_OFFSET_SECONDS:
        _log().warning("clock_differs_from_database", seconds_ahead=round(offset))
    if clock_error is not None and abs(clock_error - offset) > TOLERANCE_SECONDS:
        _log().error("database_clock_is_wrong", seconds_ahead=round(clock_error - offset))


@asynccontextmanager
async def in_step(
    clock: SteadyClock,
    store: Store,
    on_offset: Callable[[float], None],
    *,
    wall: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = uptime,
) -> AsyncIterator[None]:
    """Keep `clock` in step with the database's while the context lasts; a file has none.

    `on_offset` is told by how many seconds `wall` is ahead of it.
    """

    async def keep() -> None:
        has_time = True
        while has_time:
            has_time = await calibrate(clock, store, on_offset, wall=wall, monotonic=monotonic)
            await asyncio.sleep(CALIBRATION_SECONDS)

    keeping = asyncio.create_task(keep(), name="clock")
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def calibrate(
    clock: SteadyClock,
    store: Store,
    on_offset: Callable[[float], None],
    *,
    wall: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = uptime,
) -> bool:
    """Set `clock` to the database's time as it is now; return whether there is such a time."""
    try:
        offset = await _database_offset(store, monotonic)
    except StoreError as error:
        _log().warning("clock_not_calibrated", problem=str(error))
        return True
    if offset is None:
        return False
    on_offset(wall() - monotonic() - offset)
    clock.follow(offset)
    return True


async def _database_offset(store: Store, monotonic: Callable[[], float]) -> float | None:
    """Return what the database's time is ahead of `monotonic`; `None` if it has no time."""
    readings: list[tuple[float, float]] = []
    for _ in range(_READINGS):
        before = monotonic()
        now = await store.now()
        if now is None:
            return None
        after = monotonic()
        readings.append((after - before, now - (before + after) / 2))
    return min(readings)[1]


def _log() -> structlog.stdlib.BoundLogger:
    log: structlog.stdlib.BoundLogger = structlog.get_logger("clock")
    return log
