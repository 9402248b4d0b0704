"""Time that never steps back, and ticks that never stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.base.clock import SteadyClock, uptime
from bot.worker.scheduler import (
    GATHER_SECONDS,
    OVERDUE_TICKS,
    TICK_SECONDS,
    WATCH_TICKS,
    Scheduler,
)
from storage.store import StoreBrokenError, StoreFullError

TICK = 0.02


class Ticker:
    """Counts ticks, and raises what it was given instead, once."""

    def __init__(self, error: Exception | None = None) -> None:
        self.count = 0
        self._error = error
        self._ticked = asyncio.Event()

    async def __call__(self) -> None:
        """Tick."""
        self.count += 1
        self._ticked.set()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    async def wait_for(self, count: int) -> None:
        """Return once there were so many ticks; fail after a second."""
        async with asyncio.timeout(1):
            while self.count < count:
                self._ticked.clear()
                await self._ticked.wait()


@asynccontextmanager
async def ticking(
    ticker: Ticker, tick_seconds: float = TICK
) -> AsyncIterator[tuple[Scheduler, list[StoreBrokenError]]]:
    """Run a scheduler; hand out what it reported as broken."""
    broken: list[StoreBrokenError] = []
    scheduler = Scheduler(broken.append, tick_seconds=tick_seconds)
    scheduler.start(ticker)
    try:
        yield scheduler, broken
    finally:
        await scheduler.stop()


def test_time_passes_while_the_machine_sleeps() -> None:
    """A key of yesterday must not look fresh: the kernel's own uptime counts sleep as well."""
    told = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    assert told - 0.1 <= uptime() <= told + 5.0


def test_time_goes_on_when_the_wall_clock_is_set_back() -> None:
    """An hour back on the wall is no step at all."""
    wall, monotonic = [5000.0], [10.0]
    now = SteadyClock(wall=lambda: wall[0], monotonic=lambda: monotonic[0])
    assert now() == 5000.0
    wall[0] -= 3600.0
    monotonic[0] += 2.0
    assert now() == 5002.0


def test_time_goes_on_from_what_the_store_knows() -> None:
    """After a restart on a clock that was set back, nothing waits for the wall to catch up."""
    now = SteadyClock(not_before=9000.0, wall=lambda: 5000.0, monotonic=lambda: 1.0)
    assert now() == 9000.0


async def test_the_scheduler_ticks_by_itself() -> None:
    """Ticks come at once and go on."""
    ticker = Ticker()
    async with ticking(ticker) as (scheduler, _):
        await ticker.wait_for(3)
        assert scheduler.is_alive()


async def test_a_wake_is_not_made_to_wait() -> None:
    """An accepted job is looked at now and not at the next tick."""
    ticker = Ticker()
    async with ticking(ticker, tick_seconds=30) as (scheduler, _):
        await ticker.wait_for(1)
        scheduler.wake()
        await ticker.wait_for(2)


async def test_ticks_go_on_after_the_wall_clock_was_set_back() -> None:
    """The watchdog finds by the monotonic clock that the next run lies in the far future."""
    ticker = Ticker()
    async with ticking(ticker) as (scheduler, _):
        await ticker.wait_for(1)
        (job,) = scheduler.scheduler.get_jobs()
        job.modify(next_run_time=datetime.now(UTC) + timedelta(hours=1))
        await ticker.wait_for(ticker.count + 3)


def test_after_a_step_of_the_wall_clock_the_next_tick_comes_within_two() -> None:
    """The last tick, the watchdog's patience, its next look, and the moment that a wake takes."""
    assert OVERDUE_TICKS + WATCH_TICKS + GATHER_SECONDS / TICK_SECONDS < 2


async def test_a_full_disk_does_not_stop_the_scheduler() -> None:
    """What is due stays due; the next tick tries again."""
    ticker = Ticker(StoreFullError("no space"))
    async with ticking(ticker) as (_, broken):
        await ticker.wait_for(3)
        assert broken == []


async def test_a_broken_store_is_reported() -> None:
    """Whoever runs the process hears that it must end."""
    ticker = Ticker(StoreBrokenError("fsync failed"))
    async with ticking(ticker) as (_, broken):
        await ticker.wait_for(2)
        assert [str(error) for error in broken] == ["fsync failed"]


async def test_other_work_is_done_at_its_minutes_and_an_error_in_it_stops_nothing() -> None:
    """Never beside a tick, and not after the end."""
    ticker, other = Ticker(), Ticker(StoreFullError("no space"))
    async with ticking(ticker) as (scheduler, broken):
        scheduler.also(other, "* * * * *")
        (scheduled,) = [job for job in scheduler.scheduler.get_jobs() if job.args]
        for count in (1, 2):
            scheduled.modify(next_run_time=datetime.now(UTC))
            await other.wait_for(count)
        await ticker.wait_for(ticker.count + 1)
        assert broken == []
    assert scheduled.trigger.get_next_fire_time(None, datetime.now(UTC)).second == 0
