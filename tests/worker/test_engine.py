"""What the engine makes of errors that no step foresaw."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import anyio
from structlog.testing import capture_logs

from bot.steps import POOLS, STEPS
from bot.worker.context import Claim
from bot.worker.engine import Engine, Step
from bot.worker.gate import Gate
from bot.worker.result import Advance, Done, Result, Snooze
from bot.worker.suspects import SuspectLock
from sandbox.slack.entities import ANA
from sandbox.slack.faults import Fault, FaultKind
from storage.job import EventName, Job, Outcome, Stage
from tests.support.clock import START
from tests.support.engine_harness import EngineHarness, engine_harness
from tests.support.services import SilentObserver
from tests.support.store_samples import ACCEPTED, a_job

ODD = Fault(kind=FaultKind.ERROR_BEFORE, code="brand_new_code")


async def test_an_edit_that_slack_refuses_parks_no_render() -> None:
    """The job's own message is a courtesy; what was paid for is delivered all the same."""
    async with engine_harness() as harness:
        harness.sandbox.slack.faults.add("chat.update", ODD, times=100)
        job = await harness.request()
        await harness.run()
        assert (await harness.job(job.id)).stage is Stage.DELIVERED
        assert len(harness.results()) == 1


async def test_an_answer_that_the_table_forbids_is_parked_and_stops_no_neighbour() -> None:
    """A fault of our own is logged, tried again a few times, and then a person must look."""

    async def confused(claim: Claim[Job]) -> Result[Job]:
        if claim.row.input["prompt"] == "confusing":
            delivered = replace(claim.row, stage=Stage.DELIVERED)
            return Advance(row=delivered, note=EventName.DELIVERED)
        return await STEPS[Stage.ACCEPTED](claim)

    async with engine_harness(steps={**STEPS, Stage.ACCEPTED: confused}) as harness:
        odd, plain = await harness.request("confusing"), await harness.request("a red car")
        await harness.run()
        assert (await harness.job(plain.id)).stage is Stage.DELIVERED
        row = await harness.job(odd.id)
        assert (row.stage, row.parked_from) == (Stage.PARKED, Stage.ACCEPTED)
        assert "Something in this bot went wrong" in (row.problem or "")


async def test_a_cancel_during_a_step_is_not_slept_over() -> None:
    """The step asks for a pause of ten minutes; the cancel is carried out at once."""
    async with engine_harness() as harness:
        limited = Fault(kind=FaultKind.RATE_LIMITED, retry_after="600")
        harness.sandbox.slack.faults.add("chat.postMessage", limited)
        job = await harness.request()
        await harness.engine.tick()
        await harness.store.jobs.request_cancel(job.id, ANA, harness.clock())
        await harness.engine.drain()
        row = await harness.job(job.id)
        assert row.due_at is None or row.due_at <= harness.clock()


class Failing(SilentObserver):
    """An observer that cannot be told of a step."""

    def step_done(self, step: str, result: str, seconds: float) -> None:
        """Fail."""
        raise ValueError(f"{step}: {result} in {seconds}")


async def test_an_observer_that_fails_delays_a_job_and_no_more() -> None:
    """Its step is committed; the lease runs out, and another claim goes on from there."""
    async with engine_harness() as harness:
        services = replace(harness.services, observer=Failing())
        harness.engine = Engine(
            harness.store.jobs,
            STEPS,
            services,
            kind="job",
            pools=POOLS,
            gate=Gate(),
            suspects=SuspectLock(),
        )
        job = await harness.request()
        with capture_logs() as logs:
            await harness.run()
        await harness.assert_delivered_once(job)
        assert {line["event"] for line in logs if "exc_info" in line} == {"run_failed"}


async def test_what_stands_still_leaves_room_for_what_people_ask() -> None:
    """However many uploads and polls wait for an answer, a new ask is announced at once."""
    answered, announced = asyncio.Event(), asyncio.Event()

    async def poll(claim: Claim[Job]) -> Result[Job]:
        await answered.wait()
        finished = replace(claim.row, stage=Stage.FINISHED, outcome=Outcome.SUCCEEDED)
        return Advance(row=finished, note=EventName.FINISHED)

    async def deliver(claim: Claim[Job]) -> Result[Job]:
        await answered.wait()
        delivered = replace(claim.row, stage=Stage.DELIVERED)
        return Advance(row=delivered, note=EventName.DELIVERED, after=1e9)

    async def announce(claim: Claim[Job]) -> Result[Job]:
        announced.set()
        return Done(row=claim.row)

    steps: dict[str, Step[Job]] = {
        Stage.ACCEPTED: announce,
        Stage.RENDERING: poll,
        Stage.FINISHED: deliver,
    }
    jobs = 2 * sum(pool.size for pool in POOLS)
    async with (
        engine_harness(steps={**STEPS, **steps}) as harness,
        anyio.create_task_group() as tasks,
    ):
        for number in range(jobs):
            stage = Stage.FINISHED if number % 2 else Stage.RENDERING
            await harness.store.jobs.insert(
                replace(a_job(number), stage=stage, due_at=START), ACCEPTED
            )
        tasks.start_soon(_keep_ticking, harness)
        await harness.request()
        await asyncio.wait_for(announced.wait(), 20)
        answered.set()
        with anyio.fail_after(20):
            while (await harness.store.jobs.stage_counts())[Stage.DELIVERED] < jobs:  # noqa: ASYNC110 - a store
                await asyncio.sleep(0.01)
        tasks.cancel_scope.cancel()


async def _keep_ticking(harness: EngineHarness) -> None:
    while True:
        await harness.engine.tick()
        await asyncio.sleep(0.01)


async def test_a_run_goes_on_in_another_pool_that_has_room() -> None:
    """One claim takes the job from its request to MindVideo."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.engine.tick()
        await harness.engine.drain()
        row = await harness.job(job.id)
        assert (row.stage, row.fence) == (Stage.RENDERING, 1)


async def test_who_waits_for_a_pool_comes_before_a_run_of_another() -> None:
    """A run takes no slot for which a row is due that the last claim had no room for."""
    handed: list[str] = []

    async def announce(claim: Claim[Job]) -> Result[Job]:
        announced = replace(claim.row, stage=Stage.ANNOUNCED)
        return Advance(row=announced, note=EventName.ANNOUNCED)

    async def hand_over(claim: Claim[Job]) -> Result[Job]:
        handed.append(claim.row.id)
        return Snooze(row=claim.row, after=60.0)

    steps = {**STEPS, Stage.ACCEPTED: announce, Stage.ANNOUNCED: hand_over}
    async with engine_harness() as harness:

        async def tick(room: int) -> None:
            pools = [
                replace(one, size=room if Stage.ANNOUNCED in one.steps else 6) for one in POOLS
            ]
            engine = Engine(
                harness.store.jobs,
                steps,
                harness.services,
                kind="job",
                pools=pools,
                gate=Gate(),
                suspects=SuspectLock(),
            )
            await engine.tick()
            await engine.drain()

        first = await harness.request()
        await tick(room=0)
        harness.clock.now += 1
        second = await harness.request("a blue car")
        await tick(room=0)
        harness.clock.now += 1
        third = await harness.request("a green car")
        await tick(room=1)
        assert handed == [first.id]
        await tick(room=3)
        assert sorted(handed) == sorted([first.id, second.id, third.id])


async def test_the_end_of_a_run_wakes_the_engine_for_who_waits_for_its_slot() -> None:
    """Also if a claim in between had no room for any row."""
    answered, woken = asyncio.Event(), list[None]()

    async def announce(claim: Claim[Job]) -> Result[Job]:
        await answered.wait()
        return Done(row=claim.row)

    async with engine_harness() as harness:
        engine = Engine(
            harness.store.jobs,
            {**STEPS, Stage.ACCEPTED: announce},
            replace(harness.services, wake=lambda: woken.append(None)),
            kind="job",
            pools=[replace(one, size=1) for one in POOLS],
            gate=Gate(),
            suspects=SuspectLock(),
        )
        for asked in ("a red car", "a blue car"):
            await harness.request(asked)
        assert [await engine.tick(), await engine.tick()] == [1, 0]
        assert not woken
        answered.set()
        await engine.drain()
        assert woken


async def test_a_step_that_waits_for_a_time_leaves_its_slot_to_others() -> None:
    """To so many at most: what they do at the end of their waits is bounded too."""
    over, woken = asyncio.Event(), list[None]()

    async def wait_until(_at: float) -> None:
        await over.wait()

    async def announce(claim: Claim[Job]) -> Result[Job]:
        await claim.wait_until(claim.services.now() + 1.0)
        return Done(row=claim.row)

    async with engine_harness() as harness:
        services = replace(harness.services, wait_until=wait_until, wake=lambda: woken.append(None))
        engine = Engine(
            harness.store.jobs,
            {**STEPS, Stage.ACCEPTED: announce},
            services,
            kind="job",
            pools=[replace(one, size=1) for one in POOLS],
            gate=Gate(),
            suspects=SuspectLock(),
        )
        for number in range(6):
            await harness.request(f"lake {number}")
        claimed = []
        for _ in range(6):
            claimed.append(await engine.tick())
            await anyio.wait_all_tasks_blocked()
        assert claimed == [1, 1, 1, 1, 0, 0]
        assert len(woken) == 4
        over.set()
        await engine.drain()
        assert await engine.tick() == 1
        await engine.drain()
