"""Tests of the steady clock and of the kernel's uptime."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.base.clock import TOLERANCE_SECONDS, SteadyClock, start_clock, uptime
from storage.sqlite.store import SqliteStore
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
