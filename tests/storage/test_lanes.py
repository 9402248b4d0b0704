"""Where a connection's work runs."""

from __future__ import annotations

import asyncio
import threading

import pytest

from storage.sqlite.writer import Lane, ThreadLane
from tests.support.inline_store import InlineLane


async def test_a_thread_lane_leaves_the_event_loop_free() -> None:
    """While its work blocks, the loop goes on; all its work runs in one thread."""
    lane = ThreadLane("test")
    gate = threading.Event()
    blocked = asyncio.create_task(lane.run(gate.wait))
    await asyncio.sleep(0)
    gate.set()
    assert await blocked
    first, second = await lane.run(threading.get_ident), await lane.run(threading.get_ident)
    assert first == second != threading.get_ident()
    lane.stop()


async def test_an_inline_lane_works_in_the_callers_thread_at_once() -> None:
    """Nothing else runs in between."""
    lane = InlineLane("test")
    with pytest.raises(StopIteration) as end:
        lane.run(threading.get_ident).send(None)
    assert end.value.value == threading.get_ident()
    lane.stop()


@pytest.mark.parametrize("lane", [ThreadLane("test"), InlineLane("test")], ids=["thread", "inline"])
async def test_an_error_of_the_work_reaches_the_caller(lane: Lane) -> None:
    """As it is."""
    with pytest.raises(ZeroDivisionError):
        await lane.run(lambda: 1 // 0)
    lane.stop()
