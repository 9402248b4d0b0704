"""The schedule that drives the engines: APScheduler calls a tick, and a watchdog checks for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import cache
from typing import Protocol

import structlog
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.job import Job as ScheduledJob
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.base.traces import leave_span
from storage.job import Instant
from storage.pace import Pacing
from storage.store import StoreBrokenError, StoreError

TICK_SECONDS = 0.5
# Rows that become due within this time are claimed by one tick, in one commit. A tick for each wake
# would cost the scheduler and the store more than the acknowledgement that caused it.
GATHER_SECONDS = 0.05
# Ticks that follow wakes need not read again what other processes may have written.
HOLDS_SECONDS = 0.4
# In units of the tick interval. After this long without a tick the watchdog assumes that the wall
# clock was set back. It checks so often that the next tick comes within two intervals.
OVERDUE_TICKS = 1.5
WATCH_TICKS = 0.25
# After this long without a tick the process is unhealthy.
DEAD_TICKS = 10


@cache
def _at_times(crontab: str) -> CronTrigger:
    """Return the trigger of a crontab expression, in UTC. To read one takes a millisecond."""
    return CronTrigger.from_crontab(crontab, timezone=UTC)


class Scheduler:
    """Calls the tick, at least every half second and soon after `wake`, and the work of `also`.

    `on_broken` is called with a `StoreBrokenError`, after which the process must end.
    """

    def __init__(
        self, on_broken: Callable[[StoreBrokenError], None], *, tick_seconds: float = TICK_SECONDS
    ) -> None:
        self._on_broken = on_broken
        self._tick_seconds = tick_seconds
        self._tick: Callable[[], Awaitable[object]] | None = None
        self._tick_again = False
        self._lock = asyncio.Lock()
        self._ticked_at = time.monotonic()
        self._log = structlog.get_logger("scheduler")
        # Late ticks still run (misfire_grace_time defaults to 1 s and drops them), several missed
        # ones run once, and two never overlap.
        # https://apscheduler.readthedocs.io/en/3.x/userguide.html#missed-job-executions-and-coalescing
        self.scheduler = AsyncIOScheduler(
            timezone=UTC,
            executors={"default": AsyncIOExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._job: ScheduledJob | None = None
        self._wake_timer: asyncio.TimerHandle | None = None
        self._watchdog: asyncio.Task[None] | None = None

    def start(self, tick: Callable[[], Awaitable[object]]) -> None:
        """Start to call `tick`. Needs a running event loop."""
        self._tick = tick
        # A trigger's name would be looked up among plugins, which `bot.worker` leaves out.
        every_tick = IntervalTrigger(seconds=self._tick_seconds, timezone=UTC)
        self._job = self.scheduler.add_job(
            self._run_ticks, every_tick, next_run_time=datetime.now(UTC)
        )
        self.scheduler.start()
        self._watchdog = asyncio.create_task(self._watch(), name="scheduler watchdog")

    def also(self, work: Callable[[], Awaitable[object]], crontab: str) -> None:
        """Call `work` at the times of a crontab expression, in UTC.

        Never during a tick, and never after `stop`. Calls that were missed are made up for by one.
        """
        self.scheduler.add_job(self._run_added, _at_times(crontab), args=[work])

    def wake(self) -> None:
        """Tick after `GATHER_SECONDS`, because a row became due."""
        if self._wake_timer is None and self._job is not None:
            loop = asyncio.get_running_loop()
            self._wake_timer = loop.call_later(GATHER_SECONDS, self._tick_now)

    def is_alive(self) -> bool:
        """Return whether the last tick is less than `DEAD_TICKS` intervals ago."""
        return time.monotonic() - self._ticked_at < DEAD_TICKS * self._tick_seconds

    async def stop(self) -> None:
        """Stop ticking; wait for the end of a tick that is running."""
        self._tick = None
        if self._watchdog is not None:
            self._watchdog.cancel()
        async with self._lock:
            if self.scheduler.running:
                self.scheduler.shutdown(wait=False)
        self._job = None

    def _tick_now(self) -> None:
        self._wake_timer = None
        if self._lock.locked():
            # The tick that is running may have missed the row: another follows it.
            self._tick_again = True
        elif self._job is not None:
            self._job.modify(next_run_time=datetime.now(UTC))

    async def _run_ticks(self) -> None:
        self._tick_again = True
        async with self._lock:
            while self._tick_again and self._tick is not None:
                self._tick_again = False
                self._ticked_at = time.monotonic()
                await self._call(self._tick)

    async def _run_added(self, work: Callable[[], Awaitable[object]]) -> None:
        async with self._lock:
            if self._tick is not None:
                await self._call(work)

    async def _call(self, work: Callable[[], Awaitable[object]]) -> None:
        leave_span()
        try:
            await work()
        except StoreBrokenError as error:
            self._log.critical("store_broken", problem=str(error))
            self._on_broken(error)
        except StoreError as error:
            # Nothing is lost: due rows stay due until the next tick.
            self._log.error("tick_without_store", problem=str(error))

    async def _watch(self) -> None:
        """Detect by the monotonic clock that ticks have stopped, and start them again.

        APScheduler compares wall-clock times: after the clock was set back by an hour, its next run
        is an hour away.
        """
        while True:
            await asyncio.sleep(WATCH_TICKS * self._tick_seconds)
            overdue = time.monotonic() - self._ticked_at > OVERDUE_TICKS * self._tick_seconds
            if overdue and not self._lock.locked():
                self._log.warning("tick_overdue")
                self.wake()


class Ticker(Protocol):
    """Claims due rows and starts their steps, without waiting for their end: an engine."""

    async def tick(self) -> object:
        """Start the steps of due rows."""

    async def stop(self, seconds: float) -> None:
        """Start no more steps, and give running ones `seconds` to end."""


class HoldReader:
    """Learns at a tick of the calls that other processes hold back: a ticker.

    Every tick takes one read at most, however many calls are made.
    """

    def __init__(self, pacing: Pacing, now: Callable[[], Instant]) -> None:
        self._pacing = pacing
        self._now = now
        self._read_at = float("-inf")

    async def tick(self) -> None:
        """Read the holds, unless they were read within `HOLDS_SECONDS`."""
        if time.monotonic() - self._read_at >= HOLDS_SECONDS:
            self._read_at = time.monotonic()
            await self._pacing.refresh(self._now())

    async def stop(self, _seconds: float) -> None:
        """Do nothing: nothing runs between ticks."""


class TickerGroup:
    """Several tickers as one; the first claims before the others."""

    def __init__(self, *tickers: Ticker) -> None:
        self._tickers = tickers

    async def tick(self) -> None:
        """Tick each of them in order; an error of the store ends the tick."""
        for ticker in self._tickers:
            await ticker.tick()

    async def stop(self, seconds: float) -> None:
        """Stop all of them at the same time."""
        await asyncio.gather(*(ticker.stop(seconds) for ticker in self._tickers))
