"""Background work begins in order, one piece at a time, and makes way for people."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from bot.worker.gate import CALM_TIMERS, TIMER_SECONDS, Turnstile
from tests.simulation.clock import VirtualLoop, run


def test_work_begins_one_after_the_other_in_the_order_of_arrival() -> None:
    """While a person waits, no two begin before the loop has been calm in between."""
    began: list[tuple[int, float]] = []

    async def work(turnstile: Turnstile, number: int) -> None:
        await turnstile.pass_through()
        began.append((number, asyncio.get_running_loop().time()))

    async def crowd() -> None:
        turnstile = Turnstile()
        turnstile.make_way()
        await asyncio.gather(*(work(turnstile, number) for number in range(3)))

    run(crowd())
    assert [number for number, _ in began] == [0, 1, 2]
    gaps = [after - before for (_, before), (_, after) in pairwise(began)]
    assert min(gaps) >= CALM_TIMERS * TIMER_SECONDS * 0.9


def test_work_waits_while_the_loop_is_busy_but_not_for_ever() -> None:
    """A loop that never keeps time holds work back until patience ends."""

    async def busy() -> float:
        turnstile = Turnstile(patience=1.0)
        turnstile.make_way()
        waiting = asyncio.create_task(turnstile.pass_through())
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        while not waiting.done():
            turnstile.make_way()
            loop.work(0.02)
            await asyncio.sleep(0)
        return loop.time()

    assert 1.0 <= run(busy()) < 1.1


async def test_one_who_stops_waiting_holds_nobody_up() -> None:
    """A cancelled step leaves the turnstile to the next."""
    turnstile = Turnstile()
    turnstile.make_way()
    first = asyncio.create_task(turnstile.pass_through())
    await asyncio.sleep(0)
    first.cancel()
    async with asyncio.timeout(5):
        await turnstile.pass_through()


async def test_nobody_is_held_up_while_no_person_waits() -> None:
    """Work begins without any pause."""
    turnstile = Turnstile()
    began = asyncio.create_task(turnstile.pass_through())
    await asyncio.sleep(0)
    assert began.done()
