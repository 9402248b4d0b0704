"""The time in which a job is taken back for free: its delay, and while every send is refused."""

from __future__ import annotations

import pytest

from bot.base.ports import Snapshot
from bot.jobs.submit_delay import SUBMIT_DELAY
from sandbox.mindvideo.faults import Call, FaultKind
from sandbox.slack.entities import ANA, GENERAL, MIA, TEAM
from storage.job import Outcome, Stage
from storage.notification import channel_scope
from tests.support.engine_harness import EngineHarness, engine_harness
from tests.support.submit_faults import answer, submit_fault

SECOND = 1 / 3600.0


def submits(harness: EngineHarness) -> int:
    """Return how many submits reached MindVideo."""
    return len(harness.sandbox.video.calls(Call.SUBMIT))


async def test_a_job_is_submitted_when_its_delay_ends() -> None:
    """Its message says so from the first."""
    async with engine_harness(submit_delay=5.0) as harness:
        job = await harness.request()
        await harness.run(hours=4 * SECOND)
        (message,) = harness.messages()
        assert "starts in 5 s" in message.text
        assert submits(harness) == 0
        await harness.run()
        await harness.assert_delivered_once(job)


async def test_a_cancel_within_the_delay_is_free_and_takes_effect_at_once() -> None:
    """Nothing is ever sent."""
    async with engine_harness(submit_delay=300.0) as harness:
        job = await harness.request()
        await harness.run(hours=1 * SECOND)
        await harness.store.jobs.request_cancel(job.id, ANA, harness.bot_time())
        await harness.run(hours=2 * SECOND)
        row = await harness.job(job.id)
        assert (row.stage, row.outcome) == (Stage.REJECTED, Outcome.CANCELLED)
        await harness.run()
        assert submits(harness) == 0


@pytest.mark.parametrize(("by", "told"), [(ANA, 0), (MIA, 1)])
async def test_whoever_asked_is_told_that_another_cancelled(by: str, told: int) -> None:
    """Who cancelled their own job was answered, and reads it in the job's message."""
    async with engine_harness(submit_delay=5.0) as harness:
        job = await harness.request()
        await harness.run(hours=SECOND)
        await harness.store.jobs.request_cancel(job.id, by, harness.bot_time())
        await harness.run()
        messages = harness.sandbox.slack.world.workspace.all_in(GENERAL)
        private = [one.text for one in messages if one.ephemeral_for == ANA]
        said = f"<@{by}> cancelled this before it was sent to MindVideo. Nothing was charged."
        assert private == [said] * told
        assert "Nothing was charged" in harness.messages()[0].text


@pytest.mark.parametrize(("own", "sent"), [(60.0, 0), (0.0, 1)])
async def test_a_channel_has_a_delay_of_its_own(own: float, sent: int) -> None:
    """It may be longer or shorter than the operator's."""
    async with engine_harness(submit_delay=30.0) as harness:
        scope = channel_scope(TEAM, GENERAL)
        await harness.store.settings.set(scope, SUBMIT_DELAY, own)
        await harness.request()
        await harness.run(hours=45 * SECOND)
        assert submits(harness) == sent


@pytest.mark.parametrize("status", [401, 402])
async def test_a_cancel_is_free_while_every_send_was_refused(status: int) -> None:
    """MindVideo certainly has no render, so none can be billed."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(answer(status, times=10_000))
        job = await harness.request()
        await harness.run(hours=0.5)
        assert submits(harness) > 1
        row = await harness.store.jobs.request_cancel(job.id, ANA, harness.bot_time())
        assert row is not None
        assert row.cancel_requested_at is not None
        await harness.run()
        ended = await harness.job(job.id)
        assert (ended.stage, ended.outcome) == (Stage.REJECTED, Outcome.CANCELLED)
        assert harness.sandbox.video.charges == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("status", [303, 307, 404])
async def test_an_answer_that_is_not_mindvideos_refuses_nothing(status: int) -> None:
    """A gateway that sends elsewhere or has no such page may have handed the request on."""
    async with engine_harness() as harness:
        page = answer(status, times=10_000, body="<p>Over there</p>", content_type="text/html")
        harness.sandbox.video.fail(page)
        job = await harness.request()
        await harness.run(hours=0.5)
        row = await harness.store.jobs.request_cancel(job.id, ANA, harness.bot_time())
        assert row is not None
        assert (row.cancel_requested_at, row.failure) == (None, None)
        (message,) = harness.messages()
        assert "key" not in message.text


async def test_one_doubtful_send_forbids_a_free_cancel_for_good() -> None:
    """A refusal that follows says nothing about the request that was lost before it."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(submit_fault(FaultKind.LOST_AFTER))
        harness.sandbox.video.fail(answer(402, times=10_000))
        job = await harness.request()
        await harness.run(hours=0.5)
        row = await harness.store.jobs.request_cancel(job.id, ANA, harness.bot_time())
        assert row is not None
        assert row.cancel_requested_at is None
        assert row.chargeable_since is not None
        assert len(harness.sandbox.video.charges) == 1


@pytest.mark.parametrize("status", [401, 402])
async def test_a_job_given_up_while_its_send_was_refused_is_never_sent_again(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user gave up while the answer was awaited; then it was certain that nothing was sent."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(answer(status, times=1))
        job = await harness.request()
        send = harness.video.submit

        async def give_up_meanwhile(body: bytes, key: str) -> Snapshot:
            await harness.store.jobs.give_up(job.id, ANA, harness.bot_time())
            return await send(body, key)

        monkeypatch.setattr(harness.video, "submit", give_up_meanwhile)
        await harness.run()
        row = await harness.job(job.id)
        assert (row.stage, row.outcome) == (Stage.REJECTED, Outcome.CANCELLED)
        assert harness.sandbox.video.charges == []
        (message,) = harness.messages()
        assert "Nothing was charged" in message.text
