"""Tests of the steady clock and of the kernel's uptime."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.base.clock import (
    CALIBRATION_SECONDS,
    TOLERANCE_SECONDS,
    SteadyClock,
    calibrate,
    in_step,
    start_clock,
    uptime,
)
from storage.job import Instant
from storage.sqlite.store import SqliteStore
from storage.store import StoreFullError
from tests.simulation import clock
from tests.support.inline_store import inline_session
from tests.support.store_samples import ACCEPTED, NOW, a_job


def test_uptime_counts_the_time_in_which_the_machine_sleeps() -> None:
    """`/proc/uptime` counts suspended time as well, so an old key never looks fresh."""
    seconds = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    assert seconds - 0.1 <= uptime() <= seconds + 5.0


def test_time_continues_when_the_wall_clock_is_set_back() -> None:
    wall, monotonic = [5000.0], [10.0]
    now = SteadyClock(wall=lambda: wall[0], monotonic=lambda: monotonic[0])
    assert now() == 5000.0
    wall[0] -= 3600.0
    monotonic[0] += 2.0
    assert now() == 5002.0


def test_time_continues_from_the_latest_time_in_the_store() -> None:
    """After a restart on a clock that was set back, no row waits until the clock catches up."""
    now = SteadyClock(not_before=9000.0, wall=lambda: 5000.0, monotonic=lambda: 1.0)
    assert now() == 9000.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store with one job, accepted at `NOW`."""
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db")))
    await store.jobs.insert(replace(a_job(), created_at=NOW), ACCEPTED)
    yield store
    await store.close()


@pytest.mark.parametrize("error", [3 * 86400.0, -86400.0, 90.0])
async def test_a_wrong_clock_is_replaced_by_slacks(store: SqliteStore, error: float) -> None:
    """By times of its own, the bot would search for messages where they are not."""
    wall, uptime = [NOW + 500 + error], [0.0]
    now = await start_clock(store, error, wall=lambda: wall[0], monotonic=lambda: uptime[0])
    assert now() == NOW + 500
    uptime[0] += 10
    assert now() == NOW + 510


@pytest.mark.parametrize("error", [TOLERANCE_SECONDS, -TOLERANCE_SECONDS, 0.0])
async def test_a_clock_that_is_about_right_is_kept(store: SqliteStore, error: float) -> None:
    now = await start_clock(store, error, wall=lambda: NOW + 500, monotonic=lambda: 0.0)
    assert now() == NOW + 500


@pytest.mark.parametrize("ahead", [3 * 86400.0, 3600.0])
async def test_times_that_lie_ahead_are_moved_back(store: SqliteStore, ahead: float) -> None:
    """A second start finds nothing to correct."""
    for _ in range(2):
        now = await start_clock(store, 0.0, wall=lambda: NOW - ahead, monotonic=lambda: 0.0)
        assert now() == NOW - ahead
        assert await store.jobs.last_event_at() == NOW - ahead
        job = await store.jobs.get("job1")
        assert job is not None
        assert (job.created_at, job.due_at) == (NOW - ahead, NOW - ahead)
        assert job.message_ts is None


async def test_without_slacks_time_nothing_is_moved(store: SqliteStore) -> None:
    """Nothing tells then whether the store or the machine is wrong."""
    now = await start_clock(store, None, wall=lambda: NOW - 86400, monotonic=lambda: 0.0)
    assert now() == NOW
    assert await store.jobs.last_event_at() == NOW


class TimedStore(SqliteStore):
    """A store of a database, which has the time; the question takes a while."""

    time: Callable[[], float]
    takes: tuple[float, ...] = ()
    """How long each question is under way, and as long again its answer."""
    elapse: Callable[[float], None] = staticmethod(lambda _: None)
    is_down = False

    async def now(self) -> Instant | None:
        """See `Store`."""
        if self.is_down:
            raise StoreFullError("the database cannot be reached")
        one_way, *self_takes = self.takes or (0.0,)
        self.takes = tuple(self_takes)
        self.elapse(one_way)
        now = self.time()
        self.elapse(one_way)
        return now


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[TimedStore]:
    """A database with one job, accepted at `NOW`."""
    store = TimedStore(await inline_session(str(tmp_path / "jobs.db")))
    await store.jobs.insert(replace(a_job(), created_at=NOW), ACCEPTED)
    yield store
    await store.close()


@pytest.mark.parametrize("clock_error", [None, 0.0, 3 * 86400.0])
@pytest.mark.parametrize("ahead", [0.0, -3600.0, 5.0])
async def test_all_processes_of_a_database_go_by_its_time(
    database: TimedStore, clock_error: float | None, ahead: float
) -> None:
    """Neither by a machine's own nor by Slack's: two that disagree would take each other's jobs."""
    database.time = lambda: NOW + 500
    with capture_logs() as lines:
        now = await start_clock(
            database, clock_error, wall=lambda: NOW + 500 + ahead, monotonic=lambda: 7.0
        )
    assert now() == NOW + 500
    differs, is_wrong = ahead != 0, clock_error is not None and abs(clock_error - ahead) > 60
    told = {line["event"]: line["seconds_ahead"] for line in lines}
    assert told == (
        ({"clock_differs_from_database": ahead} if differs else {})
        | ({"database_clock_is_wrong": (clock_error or 0.0) - ahead} if is_wrong else {})
    )


async def test_times_ahead_of_the_database_are_moved_back(database: TimedStore) -> None:
    """The server's clock was set back, or it is another server."""
    database.time = lambda: NOW - 3600
    now = await start_clock(database, None, wall=lambda: NOW, monotonic=lambda: 0.0)
    assert now() == NOW - 3600
    assert await database.jobs.last_event_at() == NOW - 3600


async def test_the_quickest_answer_tells_the_time(database: TimedStore) -> None:
    uptime = [100.0]

    def elapse(seconds: float) -> None:
        uptime[0] += seconds

    def at_the_server() -> float:
        return NOW + uptime[0] + (0.7 if len(database.takes) != 1 else 0.0)

    database.elapse, database.takes, database.time = elapse, (2.0, 0.01, 1.0), at_the_server
    now = await start_clock(database, None, wall=lambda: 0.0, monotonic=lambda: uptime[0])
    assert now() - uptime[0] == pytest.approx(NOW)


def test_a_clock_keeps_in_step_and_tells_by_how_much_the_machines_differs(tmp_path: Path) -> None:
    """Also after the database was away, and as it is set back."""
    offsets: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        database = TimedStore(await inline_session(str(tmp_path / "jobs.db")))
        drift = [0.0]
        database.time = lambda: NOW + loop.time() + drift[0]
        # This machine's clock is three seconds ahead.
        wall = lambda: NOW + loop.time() + 3.0  # noqa: E731 - one of three
        now = await start_clock(database, None, wall=wall, monotonic=loop.time)
        async with in_step(now, database, offsets.append, wall=wall, monotonic=loop.time):
            await asyncio.sleep(1)
            for change, shown in ((0.01, 0.0), (0.5, 0.5), (-1.0, -1.0)):
                drift[0] = change
                await asyncio.sleep(CALIBRATION_SECONDS)
                assert now() - NOW - loop.time() == pytest.approx(shown, abs=1e-6)
            database.is_down, drift[0] = True, 0.0
            await asyncio.sleep(CALIBRATION_SECONDS)
            database.is_down = False
            await asyncio.sleep(CALIBRATION_SECONDS)
            assert now() - NOW == pytest.approx(loop.time())
        await database.close()

    clock.run(main())
    assert offsets == pytest.approx([3.0, 2.99, 2.5, 4.0, 3.0], abs=1e-6)


async def test_a_file_has_no_time(store: SqliteStore) -> None:
    now = SteadyClock(wall=lambda: NOW, monotonic=lambda: 0.0)
    offsets: list[float] = []
    assert not await calibrate(now, store, offsets.append)
    assert offsets == []
