"""A render that is planned for later: one message at once, one render at its time, at most."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.messages.planned import MISSED
from storage.job import EventName, Job, Outcome, Stage
from tests.support.engine_harness import EngineHarness, engine_harness

HOUR = 3600.0
AT = datetime(2026, 3, 2, 18, tzinfo=ZoneInfo("UTC")).timestamp()


async def planned(harness: EngineHarness, *, hours: float = 2.0) -> Job:
    """Return a job that is planned for so many hours from now, with its message."""
    now = harness.bot_time()
    at = datetime.fromtimestamp(now + hours * HOUR, ZoneInfo("UTC"))
    job = await harness.request(f"a red car --at {at:%H:%M}")
    assert job.starts_at == pytest.approx(now + hours * HOUR, abs=60)
    await harness.tick()
    return await harness.job(job.id)


def charges(harness: EngineHarness) -> int:
    """Return how many renders MindVideo has billed."""
    return len(harness.sandbox.video.charges)


async def test_a_planned_job_is_announced_at_once_and_rendered_at_its_time() -> None:
    """Its message is edited when it starts, and is the thread of the result, as of any job."""
    async with engine_harness() as harness:
        job = await planned(harness)
        (message,) = harness.messages()
        assert "Planned" in message.text
        assert job.stage is Stage.PLANNED
        await harness.run(hours=1.9)
        assert charges(harness) == 0
        await harness.run(hours=4)
        row = await harness.assert_delivered_once(job)
        assert row.submitted_at is not None
        assert row.submitted_at >= (row.starts_at or 0.0)
        names = [event.name for event in await harness.store.jobs.events(job.id)]
        assert names[0] is EventName.PLANNED
        assert EventName.STARTED in names


async def test_a_planned_job_is_cancelled_for_free() -> None:
    """As long as its time has not come, and the message shows it at once."""
    async with engine_harness() as harness:
        job = await planned(harness)
        await harness.store.jobs.request_cancel(job.id, job.user, harness.bot_time())
        await harness.run(hours=24)
        row = await harness.job(job.id)
        assert (row.stage, row.outcome) == (Stage.REJECTED, Outcome.CANCELLED)
        assert charges(harness) == 0
        assert "Cancelled" in harness.messages()[0].text


@pytest.mark.parametrize(("late", "renders"), [(0.9, 1), (1.1, 0)])
async def test_a_moment_that_is_missed_by_over_an_hour_is_told_once(
    late: float, renders: int
) -> None:
    """Whoever wanted it then may not want it any more; an ephemeral message would be gone."""
    async with engine_harness() as harness:
        job = await planned(harness)
        harness.clock.now += (2 + late) * HOUR
        await harness.run()
        assert charges(harness) == renders
        (told,) = harness.results()
        assert (MISSED in told.text) == (not renders)
        await harness.restart()
        await harness.run(hours=24)
        assert len(harness.results()) == 1
        assert (await harness.job(job.id)).due_at is None
