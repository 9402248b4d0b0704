"""The schedule that drives the engines: APScheduler calls a tick, and a watchdog watches it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol

import structlog
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.job import Job as ScheduledJob
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from storage.store import StoreBrokenError, StoreError

TICK_SECONDS = 0.5
# What becomes due within so short a time is claimed by one tick, in one commit. Each wake by
# itself would cost the scheduler and the store more than the acknowledgement that caused it.
GATHER_SECONDS = 0.05
# So many ticks after the last one the watchdog believes that the wall clock was stepped. It looks
# so often that the next tick comes within two, whenever that happened …
OVERDUE_TICKS = 1.5
WATCH_TICKS = 0.25
# … and so many overdue, the process is not healthy.
DEAD_TICKS = 10


class Scheduler:
    """Runs the tick, at least every half second and at once when woken, and what `also` adds.

    `on_broken` is called with the error of a store that cannot tell any more what is on disk.
    """

    def __init__(
        self, on_broken: Callable[[StoreBrokenError], None], *, tick_seconds: float = TICK_SECONDS
    ) -> None:
        self._on_broken = on_broken
        self._tick_seconds = tick_seconds
        self._tick: Callable[[], Awaitable[object]] | None = None
        self._again = False
        self._ticking = asyncio.Lock()
        self._ticked_at = time.monotonic()
        self._log = structlog.get_logger("scheduler")
        # Ticks that come late still count (misfire_grace_time defaults to 1 s and drops them),
        # several missed ones are one, and two never overlap.
        # https://apscheduler.readthedocs.io/en/3.x/userguide.html#missed-job-executions-and-coalescing
        self.scheduler = AsyncIOScheduler(
            timezone=UTC,
            executors={"default": AsyncIOExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._job: ScheduledJob | None = None
        self._waking: asyncio.TimerHandle | None = None
        self._watchdog: asyncio.Task[None] | None = None

    def start(self, tick: Callable[[], Awaitable[object]]) -> None:
        """Begin to tick. Needs a running event loop."""
        self._tick = tick
        self._job = self.scheduler.add_job(
            self._run, "interval", seconds=self._tick_seconds, next_run_time=datetime.now(UTC)
        )
        self.scheduler.start()
        self._watchdog = asyncio.create_task(self._watch(), name="scheduler watchdog")

    def also(self, work: Callable[[], Awaitable[object]], crontab: str) -> None:
        """Do something else at the minutes that a crontab expression names, in UTC.

        Never beside a tick, and never after `stop`. What was missed is done once, later.
        """
        trigger = CronTrigger.from_crontab(crontab, timezone=UTC)
        self.scheduler.add_job(self._beside, trigger, args=[work])

    def wake(self) -> None:
        """Tick at once, because something became due this moment."""
        if self._waking is None and self._job is not None:
            loop = asyncio.get_running_loop()
            self._waking = loop.call_later(GATHER_SECONDS, self._wake_now)

    def is_alive(self) -> bool:
        """Tell whether the last tick is recent enough."""
        return time.monotonic() - self._ticked_at < DEAD_TICKS * self._tick_seconds

    async def stop(self) -> None:
        """Tick no more; a tick that is under way is waited for."""
        self._tick = None
        if self._watchdog is not None:
            self._watchdog.cancel()
        async with self._ticking:
            if self.scheduler.running:
                self.scheduler.shutdown(wait=False)
        self._job = None

    def _wake_now(self) -> None:
        self._waking = None
        if self._ticking.locked():
            # The tick that is under way is followed by another.
            self._again = True
        elif self._job is not None:
            self._job.modify(next_run_time=datetime.now(UTC))

    async def _run(self) -> None:
        self._again = True
        async with self._ticking:
            while self._again and self._tick is not None:
                self._again = False
                self._ticked_at = time.monotonic()
                await self._tick_once(self._tick)

    async def _beside(self, work: Callable[[], Awaitable[object]]) -> None:
        async with self._ticking:
            if self._tick is not None:
                await self._tick_once(work)

    async def _tick_once(self, tick: Callable[[], Awaitable[object]]) -> None:
        try:
            await tick()
        except StoreBrokenError as error:
            self._log.critical("store_broken", problem=str(error))
            self._on_broken(error)
        except StoreError as error:
            # Nothing is lost by waiting: what is due stays due.
            self._log.error("tick_without_store", problem=str(error))

    async def _watch(self) -> None:
        """Notice by the monotonic clock that ticks have stopped, and start them again.

        APScheduler compares wall-clock times: when the clock is set back, its next run lies as
        far in the future as the step was wide.
        """
        while True:
            await asyncio.sleep(WATCH_TICKS * self._tick_seconds)
            overdue = time.monotonic() - self._ticked_at > OVERDUE_TICKS * self._tick_seconds
            if overdue and not self._ticking.locked():
                self._log.warning("tick_overdue")
                self.wake()


class Ticker(Protocol):
    """Something that claims what is due and begins it, without waiting for its end."""

    async def tick(self) -> object:
        """Begin what is due."""

    async def stop(self, seconds: float) -> None:
        """Begin nothing more, and give what is under way `seconds` to end."""


class Tickers:
    """Several of them as one; the first goes before the rest."""

    def __init__(self, *tickers: Ticker) -> None:
        self._tickers = tickers

    async def tick(self) -> None:
        """Begin what is due, in order; an error of the store ends the tick."""
        for each in self._tickers:
            await each.tick()

    async def stop(self, seconds: float) -> None:
        """Stop all of them at the same time."""
        await asyncio.gather(*(each.stop(seconds) for each in self._tickers))
