"""What the engine makes of errors that no step foresaw."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import anyio
import pytest
from structlog.testing import capture_logs

from bot.base.errors import OperatorMustActError, RefusedError, RetryLaterError
from bot.steps import POOLS, STEPS
from bot.worker.context import Claim
from bot.worker.engine import Engine, Step
from bot.worker.gate import Gate
from bot.worker.result import Advance, Done, Park, Result, Snooze, conclude
from bot.worker.retry import after_error
from sandbox.slack.entities import ANA
from sandbox.slack.faults import Fault, FaultKind
from storage.job import EventName, Job, Outcome, Stage
from tests.support.services import SilentObserver
from tests.support.store_samples import ACCEPTED, a_job
from tests.support.workbench import START, Workbench, workbench

ODD = Fault(kind=FaultKind.ERROR_BEFORE, code="brand_new_code")


async def test_an_edit_that_slack_refuses_parks_no_render() -> None:
    """The job's own message is a courtesy; what was paid for is delivered all the same."""
    async with workbench() as bench:
        bench.sandbox.slack.faults.add("chat.update", ODD, times=100)
        job = await bench.ask()
        await bench.run()
        assert (await bench.job(job.id)).stage is Stage.DELIVERED
        assert len(bench.results()) == 1


@pytest.mark.parametrize("stage", [Stage.PARKED, Stage.DELIVERED, Stage.REJECTED])
def test_what_cannot_be_told_changes_no_ended_job(stage: Stage) -> None:
    """A parked job keeps the stage that it goes back to, and a terminal one stays terminal."""
    job = replace(a_job(), stage=stage, parked_from=Stage.RENDERING, problem="why")
    after, event = conclude(after_error(job, RefusedError("no"), 0.5), 100.0)
    assert (after.stage, after.parked_from, after.problem) == (stage, Stage.RENDERING, "why")
    assert after.due_at is None
    assert event is not None


def test_a_busy_service_does_not_use_up_the_tries_in_minutes() -> None:
    """`Retry-After: 1` again and again still means hours of trying."""
    tired = replace(a_job(), attempts=30)
    result = after_error(tired, RetryLaterError("busy", retry_after=1.0), 0.5)
    assert isinstance(result, Snooze)
    assert result.after >= 30


def test_an_operators_pause_is_never_shorter_than_asked() -> None:
    """What the other side asks for is the least."""
    result = after_error(a_job(), OperatorMustActError("key", retry_after=600.0), 0.5)
    assert isinstance(result, Snooze)
    assert 600.0 <= result.after <= 660.0


def test_days_of_waiting_for_a_key_do_not_use_up_the_tries_of_the_work() -> None:
    """Once the key is mended, the first passing error parks nothing."""
    held = after_error(replace(a_job(), attempts=5000), OperatorMustActError("key"), 0.5)
    assert isinstance(held, Snooze)
    assert isinstance(after_error(held.row, RetryLaterError("busy"), 0.5), Snooze)


async def test_an_answer_that_the_table_forbids_is_parked_and_stops_no_neighbour() -> None:
    """A fault of our own is logged, tried again a few times, and then a person must look."""

    async def confused(claim: Claim[Job]) -> Result[Job]:
        if claim.row.input["prompt"] == "confusing":
            delivered = replace(claim.row, stage=Stage.DELIVERED)
            return Advance(row=delivered, note=EventName.DELIVERED)
        return await STEPS[Stage.ACCEPTED](claim)

    async with workbench(steps={**STEPS, Stage.ACCEPTED: confused}) as bench:
        odd, plain = await bench.ask("confusing"), await bench.ask("a red car")
        await bench.run()
        assert (await bench.job(plain.id)).stage is Stage.DELIVERED
        row = await bench.job(odd.id)
        assert (row.stage, row.parked_from) == (Stage.PARKED, Stage.ACCEPTED)
        assert "Something in this bot went wrong" in (row.problem or "")


def test_a_surprise_after_known_errors_is_tried_again() -> None:
    """Seven busy answers before it are no reason to give up."""
    assert isinstance(after_error(replace(a_job(), attempts=7), ValueError(), 0.5), Snooze)
    assert isinstance(after_error(replace(a_job(), attempts=99), ValueError(), 0.5), Park)


async def test_a_cancel_during_a_step_is_not_slept_over() -> None:
    """The step asks for a pause of ten minutes; the cancel is carried out at once."""
    async with workbench() as bench:
        limited = Fault(kind=FaultKind.RATE_LIMITED, retry_after="600")
        bench.sandbox.slack.faults.add("chat.postMessage", limited)
        job = await bench.ask()
        await bench.engine.tick()
        await bench.store.jobs.request_cancel(job.id, ANA, bench.clock())
        await bench.engine.drain()
        row = await bench.job(job.id)
        assert row.due_at is None or row.due_at <= bench.clock()


class Failing(SilentObserver):
    """An observer that cannot be told of a step."""

    def step_done(self, step: str, result: str, seconds: float) -> None:
        """Fail."""
        raise ValueError(f"{step}: {result} in {seconds}")


async def test_an_observer_that_fails_delays_a_job_and_no_more() -> None:
    """Its step is committed; the lease runs out, and another claim goes on from there."""
    async with workbench() as bench:
        services = replace(bench.services, observer=Failing())
        bench.engine = Engine(
            bench.store.jobs, STEPS, services, kind="job", pools=POOLS, gate=Gate()
        )
        job = await bench.ask()
        with capture_logs() as logs:
            await bench.run()
        await bench.assert_one_of_each(job)
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
    async with workbench(steps={**STEPS, **steps}) as bench, anyio.create_task_group() as tasks:
        for number in range(jobs):
            stage = Stage.FINISHED if number % 2 else Stage.RENDERING
            await bench.store.jobs.insert(
                replace(a_job(number), stage=stage, due_at=START), ACCEPTED
            )
        tasks.start_soon(_keep_ticking, bench)
        await bench.ask()
        await asyncio.wait_for(announced.wait(), 20)
        answered.set()
        with anyio.fail_after(20):
            while (await bench.store.jobs.stage_counts())[Stage.DELIVERED] < jobs:  # noqa: ASYNC110 - a store
                await asyncio.sleep(0.01)
        tasks.cancel_scope.cancel()


async def _keep_ticking(bench: Workbench) -> None:
    while True:
        await bench.engine.tick()
        await asyncio.sleep(0.01)
