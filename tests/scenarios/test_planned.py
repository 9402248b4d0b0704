"""A render that is planned for later: one message at once, one render at its time, at most."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.jobs.accept import Asked, Interaction, accept, new_id
from bot.jobs.access import ONLY_MEMBERS
from bot.jobs.actions import ActionName, ActionRequest, CancelAnswered, perform
from bot.messages.planned import MISSED, PAUSED
from bot.messages.questions import asked
from bot.options.parser import read_text
from bot.options.request import read_request
from bot.steps import own_message
from sandbox.slack.entities import ANA, GENERAL, TEAM
from storage.budget import AskFirst, NotAdmitted
from storage.job import EventName, Job, Outcome, QuestionKind, ReplyTo, Stage
from storage.store import InsertTerms, JobFilter, StoreFullError
from tests.support.engine_harness import EngineHarness, engine_harness
from tests.support.services import CATALOG

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


async def test_nothing_starts_early_by_a_clock_that_is_ahead() -> None:
    """Slack's clock tells whether the time has come."""
    async with engine_harness() as harness:
        job = await planned(harness, hours=4)
        harness.clock_error = 3 * HOUR
        await harness.run(hours=3.8)
        assert harness.clock.now > (job.starts_at or 0.0) - HOUR
        assert charges(harness) == 0
        await harness.run(hours=3)
        assert charges(harness) == 1


def an_interaction() -> Interaction:
    """Return an interaction of Ana's, another one at each call."""
    return Interaction(
        team=TEAM,
        channel=GENERAL,
        user=ANA,
        surface="command",
        dedup_key=f"command:{new_id()}",
        reply_to=ReplyTo(),
    )


async def repeated(harness: EngineHarness) -> Job:
    """Return a job that is planned for two hours from now, and each day after that."""
    at = datetime.fromtimestamp(harness.bot_time() + 2 * HOUR, ZoneInfo("UTC"))
    request = read_request(read_text(f"a red car --at {at:%H:%M} --every day"), CATALOG)
    made = await accept(request, an_interaction(), harness.services)
    assert isinstance(made, Asked)
    assert made.job.question is not None
    assert made.job.question.kind is QuestionKind.REPEAT
    assert "every day" in asked(made.job).text
    confirmed = await harness.store.jobs.confirm(made.job.id, ANA, harness.bot_time())
    assert isinstance(confirmed, Job)
    await harness.tick()
    return confirmed


async def of_repeat(harness: EngineHarness) -> list[Job]:
    """Return the jobs of the repeat, the first one first."""
    found = await harness.store.jobs.jobs(JobFilter(limit=100))
    return sorted(found, key=lambda job: job.starts_at or 0.0)


async def test_a_repeat_makes_one_job_a_moment() -> None:
    """The next one is silent until its time, and then has a message of its own."""
    async with engine_harness() as harness:
        await repeated(harness)
        await harness.run(hours=20)
        first, second = await of_repeat(harness)
        assert (first.stage, second.stage) == (Stage.DELIVERED, Stage.PLANNED)
        assert second.starts_at == (first.starts_at or 0.0) + 24 * HOUR
        assert len(harness.messages()) == 1
        await harness.run(hours=30)
        assert charges(harness) == 2
        assert [one.starts_at for one in await of_repeat(harness)][2] == pytest.approx(
            (first.starts_at or 0.0) + 48 * HOUR
        )
        assert len(harness.messages()) == 2


async def test_a_step_that_fails_between_two_jobs_of_a_repeat_makes_no_third(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next job is on disk already when this one could not begin; its moment is its key."""
    async with engine_harness() as harness:
        await repeated(harness)
        jobs, tried = harness.store.jobs, list[Job]()
        begin = jobs.begin

        async def begin_at_last(
            row: Job, priced: Job, now: float, terms: InsertTerms
        ) -> Job | AskFirst | NotAdmitted:
            tried.append(row)
            if len(tried) == 1:
                raise StoreFullError
            return await begin(row, priced, now, terms)

        monkeypatch.setattr(jobs, "begin", begin_at_last)
        await harness.run(hours=20)
        assert len(tried) == 2
        assert [one.stage for one in await of_repeat(harness)] == [Stage.DELIVERED, Stage.PLANNED]
        assert charges(harness) == 1


async def test_a_long_outage_is_told_once_and_the_repeat_goes_on() -> None:
    """Not a message for each moment that was missed."""
    async with engine_harness() as harness:
        await repeated(harness)
        harness.clock.now += 5 * 24 * HOUR
        await harness.restart()
        await harness.run(hours=1)
        missed, following = await of_repeat(harness)
        assert (missed.stage, following.stage) == (Stage.REJECTED, Stage.PLANNED)
        assert following.starts_at == (missed.starts_at or 0.0) + 5 * 24 * HOUR
        assert [MISSED in one.text for one in harness.results()] == [True]
        await harness.run(hours=6)
        assert charges(harness) == 1


async def test_cancel_in_the_thread_of_any_of_its_jobs_ends_a_repeat() -> None:
    """Whoever sees the last video knows no ID of the next one."""
    async with engine_harness() as harness:
        await repeated(harness)
        await harness.run(hours=20)
        first, _ = await of_repeat(harness)
        request = ActionRequest(job=first, interaction=an_interaction())
        assert isinstance(
            await perform(ActionName.CANCEL, request, harness.services), CancelAnswered
        )
        await harness.run(hours=100)
        assert [one.outcome for one in await of_repeat(harness)] == [
            Outcome.SUCCEEDED,
            Outcome.CANCELLED,
        ]
        assert charges(harness) == 1
        assert len(harness.messages()) == 1


async def test_a_repeat_whose_asker_is_gone_pauses_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the channel; nothing follows it."""
    async with engine_harness() as harness:
        await repeated(harness)

        async def nobody(*_: object) -> bool:
            return False

        monkeypatch.setattr(own_message, "is_admitted", nobody)
        await harness.run(hours=100)
        [job] = await of_repeat(harness)
        assert job.stage is Stage.REJECTED
        assert charges(harness) == 0
        [told] = harness.results()
        assert ONLY_MEMBERS in told.text
        assert PAUSED in told.text
