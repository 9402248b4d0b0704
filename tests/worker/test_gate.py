"""Background work begins in order, one piece at a time, and makes way for people."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from bot.worker.gate import CALM_TIMERS, TIMER_SECONDS, Gate
from tests.simulation.clock import VirtualLoop, run


def test_work_begins_one_after_the_other_in_the_order_of_arrival() -> None:
    """While a person waits, no two begin before the loop has been calm in between."""
    began: list[tuple[int, float]] = []

    async def work(gate: Gate, number: int) -> None:
        await gate.wait()
        began.append((number, asyncio.get_running_loop().time()))

    async def crowd() -> None:
        gate = Gate()
        gate.delay_steps()
        await asyncio.gather(*(work(gate, number) for number in range(3)))

    run(crowd())
    assert [number for number, _ in began] == [0, 1, 2]
    gaps = [after - before for (_, before), (_, after) in pairwise(began)]
    assert min(gaps) >= CALM_TIMERS * TIMER_SECONDS * 0.9


@pytest.mark.parametrize(
    ("work", "rest", "shortest", "longest"),
    [(0.002, 0.02, 0, 0.1), (0.02, 0.007, 1.0, 1.1), (0.02, 0.0, 1.0, 1.1)],
)
def test_work_waits_as_long_as_the_loop_is_late_more_often_than_on_time(
    work: float, rest: float, shortest: float, longest: float
) -> None:
    """Beside 50 requests a second most time is free, beside 200 hardly any; but never for ever."""

    async def waited() -> float:
        gate = Gate(longest_delay=1.0)
        gate.delay_steps()
        waiting = asyncio.create_task(gate.wait())
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        while not waiting.done():
            gate.delay_steps()
            loop.work(work)
            await asyncio.sleep(rest)
        return loop.time()

    assert shortest <= run(waited()) < longest


async def test_one_who_stops_waiting_holds_nobody_up() -> None:
    """A cancelled step lets the next one pass."""
    gate = Gate()
    gate.delay_steps()
    first = asyncio.create_task(gate.wait())
    await asyncio.sleep(0)
    first.cancel()
    async with asyncio.timeout(5):
        await gate.wait()


async def test_nobody_is_held_up_while_no_person_waits() -> None:
    """Work begins without any pause."""
    gate = Gate()
    began = asyncio.create_task(gate.wait())
    await asyncio.sleep(0)
    assert began.done()
