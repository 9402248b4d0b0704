"""Time that never steps back, and ticks that never stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from bot.base.traces import NO_TRACER, SpanName, TraceSpan, current_span, spanning
from bot.worker.scheduler import (
    GATHER_SECONDS,
    OVERDUE_TICKS,
    TICK_SECONDS,
    WATCH_TICKS,
    Scheduler,
    TickerGroup,
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


async def test_a_tick_belongs_to_no_request_that_woke_it() -> None:
    """Timers keep the variables of whoever set them, and each sets the next one."""
    around: list[TraceSpan | None] = []
    ticked = asyncio.Event()

    async def tick() -> None:
        around.append(current_span())
        ticked.set()

    scheduler = Scheduler(lambda _: None, tick_seconds=60.0)
    scheduler.start(tick)
    async with asyncio.timeout(1):
        await ticked.wait()
        ticked.clear()
        with spanning(NO_TRACER.begin(SpanName.ASK)):
            scheduler.wake()
        await ticked.wait()
    await scheduler.stop()
    assert around == [None, None]


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


class Noted:
    """A ticker that notes what is asked of it."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self._name = name
        self._notes = notes

    async def tick(self) -> None:
        """Note it."""
        self._notes.append(f"{self._name} ticks")

    async def stop(self, seconds: float) -> None:
        """Note it."""
        self._notes.append(f"{self._name} stops in {seconds}")


async def test_tickers_go_in_order_and_stop_together() -> None:
    notes: list[str] = []
    tickers = TickerGroup(Noted("jobs", notes), Noted("outbox", notes))
    await tickers.tick()
    await tickers.stop(2)
    assert notes == ["jobs ticks", "outbox ticks", "jobs stops in 2", "outbox stops in 2"]
