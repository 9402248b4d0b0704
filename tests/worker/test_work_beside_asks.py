"""Results come while people ask without a pause, and acknowledgements do not wait for them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.steps import POOLS
from bot.worker.context import Claim
from bot.worker.engine import Engine, Step
from bot.worker.gate import Gate
from bot.worker.result import Advance, Result
from bot.worker.suspects import SuspectLock
from storage.job import EventName, Job, Outcome, Stage
from storage.sqlite.store import SqliteStore
from tests.simulation.clock import VirtualLoop, run
from tests.support.inline_store import inline_session
from tests.support.services import services
from tests.support.store_samples import ACCEPTED, NOW, a_job

SECONDS = 15.0
BACKLOG = 200
ACK_SECONDS = 0.004
"""How long a request occupies the event loop, as it was measured."""
STEP_SECONDS = 0.002
"""How long each piece of a step does; between two pieces it waits for an answer."""
PIECES = 3
ANSWER_SECONDS = 0.010
RENDER_SECONDS = 2.0
TICK_SECONDS, GATHER_SECONDS = 0.5, 0.05


@dataclass
class Bot:
    """An engine in virtual time, and when what it did happened."""

    gate: Gate = field(default_factory=Gate)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ends: dict[str, float] = field(default_factory=dict)
    """When the render of each job ends."""
    results: dict[str, float] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    """How long after its time each request was acknowledged."""

    def now(self) -> float:
        """Return the time of the bot's clock."""
        return NOW + asyncio.get_running_loop().time()

    async def ask(self, rate: float) -> None:
        """Acknowledge `rate` requests a second."""
        loop = _loop()
        due = loop.time()
        while True:
            due += 1 / rate
            await asyncio.sleep(due - loop.time())
            self.gate.delay_steps()
            loop.work(ACK_SECONDS)
            self.late.append(loop.time() - due)

    async def tick(self, engine: Engine[Job]) -> None:
        """Tick as the scheduler does."""
        while True:
            await engine.tick()
            try:
                async with asyncio.timeout(TICK_SECONDS):
                    await self.woken.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(GATHER_SECONDS)
            self.woken.clear()

    async def announce(self, claim: Claim[Job]) -> Result[Job]:
        """Announce."""
        await _work()
        return Advance(row=replace(claim.row, stage=Stage.ANNOUNCED), note=EventName.ANNOUNCED)

    async def submit(self, claim: Claim[Job]) -> Result[Job]:
        """Start a render that ends when it is polled next."""
        await _work()
        self.ends[claim.row.id] = self.now() + RENDER_SECONDS
        rendering = replace(claim.row, stage=Stage.RENDERING)
        return Advance(row=rendering, note=EventName.SUBMITTED, after=RENDER_SECONDS)

    async def poll(self, claim: Claim[Job]) -> Result[Job]:
        """Find the end of a render."""
        await _work()
        finished = replace(claim.row, stage=Stage.FINISHED, outcome=Outcome.SUCCEEDED)
        return Advance(row=finished, note=EventName.FINISHED)

    async def deliver(self, claim: Claim[Job]) -> Result[Job]:
        """Bring the result."""
        await _work()
        self.results[claim.row.id] = self.now()
        delivered = replace(claim.row, stage=Stage.DELIVERED)
        return Advance(row=delivered, note=EventName.DELIVERED, after=1e9)

    def steps(self) -> dict[str, Step[Job]]:
        """Return the steps by stage."""
        return {
            Stage.ACCEPTED: self.announce,
            Stage.ANNOUNCED: self.submit,
            Stage.RENDERING: self.poll,
            Stage.FINISHED: self.deliver,
        }


def _loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


async def _work() -> None:
    for _ in range(PIECES):
        _loop().work(STEP_SECONDS)
        await asyncio.sleep(ANSWER_SECONDS)


async def _beside(path: Path, rate: float, backlog: int = BACKLOG) -> Bot:
    """Work off a backlog for some time, beside `rate` requests a second."""
    bot, store = Bot(), SqliteStore(await inline_session(str(path)))
    made = services(store, now=bot.now, started_at=NOW, wake=bot.woken.set)
    for number in range(backlog):
        await store.jobs.insert(a_job(number), ACCEPTED)
    engine = Engine(
        store.jobs,
        bot.steps(),
        made,
        kind="job",
        pools=POOLS,
        gate=bot.gate,
        suspects=SuspectLock(),
    )
    going = [asyncio.create_task(bot.tick(engine))]
    if rate:
        going.append(asyncio.create_task(bot.ask(rate)))
    await asyncio.sleep(SECONDS)
    for task in going:
        task.cancel()
    await engine.stop(0.0)
    await asyncio.gather(*going, return_exceptions=True)
    await store.close()
    return bot


def _waits(bot: Bot) -> list[float]:
    """Return how long each result waited that was due two seconds before the test ended."""
    ended = [job for job, end in bot.ends.items() if end <= NOW + SECONDS - 2.0]
    return [bot.results.get(job, float("inf")) - bot.ends[job] for job in ended]


def _check(bot: Bot, results: int) -> None:
    """Check that results came in time, and that they did not delay acknowledgements."""
    waits, late = _waits(bot), sorted(bot.late)
    assert max(waits) <= 2.0
    assert len(waits) >= results
    assert late[round(0.99 * len(late))] <= 0.015


def test_results_come_beside_50_requests_a_second(tmp_path: Path) -> None:
    """There is time between two requests, and steps use it."""
    _check(run(_beside(tmp_path / "jobs.db", 50)), 60)


@pytest.mark.proof
def test_results_come_beside_200_requests_a_second(tmp_path: Path) -> None:
    """Requests take four fifths of the time: few jobs are begun, and each has its result."""
    _check(run(_beside(tmp_path / "jobs.db", 200)), 10)


@pytest.mark.proof
def test_results_come_before_what_is_begun_where_nobody_asks(tmp_path: Path) -> None:
    """Of 600 jobs that are due at once, those that were begun are brought to their end first."""
    bot = run(_beside(tmp_path / "jobs.db", 0, backlog=600))
    waits = _waits(bot)
    assert max(waits) <= 2.0
    assert len(waits) >= 300
