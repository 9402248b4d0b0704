"""What can go wrong when a job is handed to MindVideo, and how each of it ends."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from bot.base.errors import RetryLaterError
from bot.base.ports import Snapshot
from bot.mindvideo.client import MindVideoClient
from sandbox.mindvideo.faults import Call, Fault, FaultKind
from storage.job import Job, Outcome, Stage
from tests.support.clock import START
from tests.support.engine_harness import HOUR, EngineHarness, engine_harness
from tests.support.submit_faults import answer, submit_fault

HTML = "<html><body><h1>Bad gateway</h1></body></html>"
MINUTE = 60.0


PASSING = {
    "reply lost once": submit_fault(FaultKind.LOST_AFTER),
    "reply lost thrice": submit_fault(FaultKind.LOST_AFTER, times=3),
    "request lost": submit_fault(FaultKind.LOST_BEFORE),
    "500 with a charge": answer(500, after=True),
    "500 without a charge": answer(500),
    "502 with HTML": answer(502, body=HTML, content_type="text/html"),
    "502 with HTML and a charge": answer(502, after=True, body=HTML, content_type="text/html"),
    "200 with HTML": answer(200, after=True, body=HTML, content_type="text/html"),
    "200 with truncated JSON": submit_fault(FaultKind.TRUNCATED_AFTER),
    "200 with wrong types": answer(200, after=True, body='{"task_id": [], "status": 7}'),
    "200 without a task": answer(200, after=True, body="{}"),
    "10 MB of body": submit_fault(FaultKind.HUGE_AFTER),
    "409 in progress": answer(409, code="in_progress", message="Still being created."),
    "425": answer(425),
    "429 with seconds": answer(429, retry_after="7"),
    "429 with a date": answer(429, retry_after=formatdate(START + 90, usegmt=True)),
    "429 without Retry-After": answer(429),
    "429 with a negative Retry-After": answer(429, retry_after="-5"),
    "429 for a year": answer(429, retry_after="31536000"),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
async def test_a_passing_error_ends_in_one_charge_and_one_video(fault: Fault) -> None:
    """The same bytes go again under the same key until MindVideo answers."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(fault)
        job = await harness.request()
        await harness.run()
        await harness.assert_delivered_once(job)
        submits = harness.sandbox.video.calls(Call.SUBMIT)
        assert len({seen.key for seen in submits}) == 1
        assert len({seen.body for seen in submits}) == 1
        assert len(submits) > 1


async def test_the_timeline_says_why_mindvideo_was_not_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is for operators; the message in the channel does not name hosts."""
    submit = MindVideoClient.submit

    async def refuse(*_: object) -> Snapshot:
        monkeypatch.setattr(MindVideoClient, "submit", submit)
        raise RetryLaterError("MindVideo cannot be reached.", why="mv.example refuses it")

    monkeypatch.setattr(MindVideoClient, "submit", refuse)
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run()
        await harness.assert_delivered_once(job)
        details = [event.detail for event in await harness.store.jobs.events(job.id)]
    assert "RetryLater: MindVideo cannot be reached: mv.example refuses it." in details
    assert "mv.example" not in str(harness.messages())


async def test_429_for_a_year_is_clamped() -> None:
    """Nobody waits longer than 15 minutes for a limit that was meant in jest."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(PASSING["429 for a year"])
        job = await harness.request()
        await harness.run()
        row = await harness.assert_delivered_once(job)
        assert (row.delivered_at or 0) - START < 20 * MINUTE


@pytest.mark.exhaustive
@pytest.mark.parametrize("status", [401, 402, 403])
async def test_what_the_operator_must_mend_holds_the_job_and_then_it_goes_on(status: int) -> None:
    """A wrong key or an empty account for ten minutes costs the person nothing but time."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(answer(status, times=100))
        job = await harness.request()
        await harness.run(hours=10 * MINUTE / HOUR)
        held = await harness.job(job.id)
        assert held.stage is Stage.ANNOUNCED
        (message,) = harness.messages()
        assert "An operator has been told; it starts by itself" in message.text
        assert "held" in [event.name for event in await harness.store.jobs.events(job.id)]
        harness.sandbox.video.faults.clear()
        await harness.run()
        row = await harness.assert_delivered_once(job)
        assert (row.delivered_at or 0) - START < 20 * MINUTE


@pytest.mark.usefixtures("few_tries")
async def test_reply_always_lost_is_parked_after_hours_with_a_word_of_the_bill() -> None:
    """One charge stands, and nobody here knows of it: a person must look at MindVideo's page."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(submit_fault(FaultKind.LOST_AFTER, times=None))
        job = await harness.request()
        await harness.run(hours=48)
        row = await assert_parked_and_told(harness, job)
        assert row.outcome is None
        assert len(harness.sandbox.video.charges) == 1
        assert "whether it was billed" in harness.messages()[0].text
        assert "whether it was billed" in harness.ephemerals()[-1].text


async def test_key_older_than_23_hours_is_not_sent_again() -> None:
    """A bot that was off for a day does not repeat a submit whose answer it never saw."""
    async with engine_harness() as harness:
        job = await harness.request()
        harness.store.crash("submitting", before=False)
        await harness.run(until=lambda: harness.store.has_crashed)
        harness.clock.now += 23 * HOUR + 1
        await harness.restart()
        await harness.run()
        await assert_parked_and_told(harness, job)
        assert harness.sandbox.video.calls(Call.SUBMIT) == []


async def test_a_job_with_a_key_too_old_takes_up_the_task_that_was_found() -> None:
    """The operator names the render that MindVideo shows: it arrives, and no key is sent again."""
    async with engine_harness() as harness:
        job = await _with_old_key(harness, submit_fault(FaultKind.LOST_AFTER))
        assert "--task" in (await harness.store.jobs.events(job.id))[-2].detail
        (charge,) = harness.sandbox.video.charges
        sent = len(harness.sandbox.video.calls(Call.SUBMIT))
        await harness.store.jobs.resume(job.id, harness.bot_time(), charge.task_id)
        await harness.run()
        await harness.assert_delivered_once(job)
        assert len(harness.sandbox.video.calls(Call.SUBMIT)) == sent


async def test_a_task_that_was_mistyped_can_be_named_anew() -> None:
    """The wrong one is looked for in vain, parked, and then put right."""
    async with engine_harness() as harness:
        job = await _with_old_key(harness, submit_fault(FaultKind.LOST_AFTER))
        (charge,) = harness.sandbox.video.charges
        for task_id in ("typo", charge.task_id):
            assert (await harness.job(job.id)).stage is Stage.PARKED
            await harness.store.jobs.resume(job.id, harness.bot_time(), task_id)
            await harness.run()
        await harness.assert_delivered_once(job)


async def test_a_task_that_was_named_rightly_can_be_named_again() -> None:
    """MindVideo denied it for a while, so the operator looks once more and finds the same."""
    async with engine_harness() as harness:
        job = await _with_old_key(harness, submit_fault(FaultKind.LOST_AFTER))
        (charge,) = harness.sandbox.video.charges
        for call in (Call.EVENTS, Call.TASK):
            denied = {"kind": FaultKind.ANSWER_BEFORE, "times": None, "status": 404}
            harness.sandbox.video.fail(Fault.model_validate({"call": call, **denied}))
        for _ in range(2):
            assert (await harness.job(job.id)).stage is Stage.PARKED
            await harness.store.jobs.resume(job.id, harness.bot_time(), charge.task_id)
            await harness.run()
            harness.sandbox.video.faults.clear()
        await harness.assert_delivered_once(job)


async def test_a_job_that_never_reached_mindvideo_is_sent_once_somebody_looked() -> None:
    """Nobody topped the credit up over a weekend: the same key goes again, and is billed once."""
    async with engine_harness() as harness:
        job = await _with_old_key(harness, answer(402, times=1))
        assert harness.sandbox.video.charges == []
        await harness.store.jobs.resume(
            job.id, harness.bot_time(), confirmed_absent_at=harness.bot_time()
        )
        await harness.run()
        await harness.assert_delivered_once(job)


async def test_a_shell_whose_clock_is_ahead_does_not_make_a_key_younger() -> None:
    """The key that was sent once more is too old a day later, whatever moment was vouched for."""
    async with engine_harness() as harness:
        job = await _with_old_key(harness, answer(402, times=1))
        sent = len(harness.sandbox.video.calls(Call.SUBMIT))
        await harness.store.jobs.resume(
            job.id, 0.0, confirmed_absent_at=harness.bot_time() + 5 * HOUR
        )
        harness.sandbox.video.fail(submit_fault(FaultKind.LOST_AFTER))
        harness.store.crash("retry", before=False)
        await harness.run(until=lambda: harness.store.has_crashed)
        harness.clock.now += 24 * HOUR + MINUTE
        await harness.restart()
        await harness.run()
        await assert_parked_and_told(harness, job)
        assert len(harness.sandbox.video.calls(Call.SUBMIT)) == sent + 1


async def _with_old_key(harness: EngineHarness, fault: Fault) -> Job:
    """Return a job that is parked since nobody knows any more whether it was handed over."""
    harness.sandbox.video.fail(fault)
    job = await harness.request()
    harness.store.crash("held" if fault.status == 402 else "retry", before=False)
    await harness.run(until=lambda: harness.store.has_crashed)
    harness.clock.now += 24 * HOUR
    await harness.restart()
    await harness.run()
    assert (await harness.job(job.id)).parked_from is Stage.ANNOUNCED
    return job


@pytest.mark.parametrize(
    ("first", "later"),
    [(5 * HOUR, 0.0), (0.0, -25 * HOUR), (5 * HOUR, -25 * HOUR)],
    ids=["was ahead", "stood still", "was ahead, then behind"],
)
async def test_a_wrong_clock_does_not_make_a_key_younger(first: float, later: float) -> None:
    """A key is as old as its message, both by Slack's clock: our own may say what it likes."""
    async with engine_harness() as harness:
        harness.clock_error = first
        harness.sandbox.video.fail(submit_fault(FaultKind.LOST_AFTER, times=1))
        job = await harness.request()
        harness.store.crash("retry", before=False)
        await harness.run(until=lambda: harness.store.has_crashed)
        harness.clock.now += 24 * HOUR + MINUTE
        harness.clock_error = later
        await harness.restart()
        await harness.run(hours=48)
        await assert_parked_and_told(harness, job)
        assert len(harness.sandbox.video.calls(Call.SUBMIT)) == 1


async def test_409_conflict_is_parked_for_a_person_to_look() -> None:
    """The key stands for another request at MindVideo: sending anything would be a guess."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(
            answer(409, code="idempotency_conflict", message="Different input.")
        )
        job = await harness.request()
        await harness.run()
        await assert_parked_and_told(harness, job)
        assert len(harness.sandbox.video.calls(Call.SUBMIT)) == 1


async def test_a_refusal_is_shown_with_its_reason_and_costs_nothing() -> None:
    """The reason is MindVideo's own message."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(answer(422, message="Too many cars."))
        job = await harness.request()
        await harness.run()
        row = await harness.job(job.id)
        assert (row.stage, row.outcome) == (Stage.REJECTED, Outcome.FAILED)
        (message,) = harness.messages()
        assert "Too many cars." in message.text
        assert "Nothing was charged" in message.text
        assert "Too many cars." in harness.ephemerals()[0].text
        assert harness.sandbox.video.charges == []


@pytest.mark.parametrize(("status", "body"), [(404, HTML), (410, "")], ids=["a page", "nothing"])
async def test_an_error_of_a_gateway_is_no_refusal_by_mindvideo(status: int, body: str) -> None:
    """The reply to the first submit was lost, and that submit was billed."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(submit_fault(FaultKind.LOST_AFTER))
        harness.sandbox.video.fail(answer(status, times=5, body=body, content_type="text/html"))
        job = await harness.request()
        await harness.run()
        await harness.assert_delivered_once(job)
        events = await harness.store.jobs.events(job.id)
        (why, *_) = [event.detail for event in events if event.name == "held"]
        assert "check MINDVIDEO_BASE_URL" in why


@pytest.mark.parametrize("fault", [None, answer(422, message="Not this.")])
async def test_a_body_is_not_kept_once_it_was_answered(fault: Fault | None) -> None:
    """It may hold megabytes, holds the prompt, and is never sent again."""
    async with engine_harness() as harness:
        if fault is not None:
            harness.sandbox.video.fail(fault)
        job = await harness.request("a lake")
        await harness.run()
        assert (await harness.job(job.id)).request_body is None
        assert b"a lake" in harness.sandbox.video.calls(Call.SUBMIT)[-1].body


async def assert_parked_and_told(harness: EngineHarness, job: Job) -> Job:
    """Hold that the job waits for a person, that its asker knows, and that it can be resumed."""
    row = await harness.job(job.id)
    assert row.stage is Stage.PARKED
    (message,) = harness.messages()
    assert "On hold" in message.text
    assert any("on hold" in send_ephemeral.text for send_ephemeral in harness.ephemerals())
    resumed = await harness.store.jobs.resume(job.id, harness.clock())
    assert resumed is not None
    assert resumed.stage is Stage.ANNOUNCED
    return row
