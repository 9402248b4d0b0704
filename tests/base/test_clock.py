"""Tests of the steady clock and of the kernel's uptime."""

from __future__ import annotations

from pathlib import Path

from bot.base.clock import SteadyClock, uptime


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
