"""What can go wrong when a job is handed to MindVideo, and how each of it ends."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from sandbox.mindvideo.faults import Call, Fault, FaultKind
from storage.job import Job, Outcome, Stage
from tests.support.workbench import HOUR, START, Workbench, workbench

HTML = "<html><body><h1>Bad gateway</h1></body></html>"
MINUTE = 60.0


def submit_fault(kind: FaultKind, *, times: int | None = 1, **how: str | int) -> Fault:
    """Return what goes wrong with the submit."""
    return Fault.model_validate({"call": Call.SUBMIT, "kind": kind, "times": times, **how})


def answer(status: int, *, times: int = 1, after: bool = False, **how: str) -> Fault:
    """Return an answer of MindVideo's in place of the right one."""
    kind = FaultKind.ANSWER_AFTER if after else FaultKind.ANSWER_BEFORE
    return submit_fault(kind, times=times, status=status, **how)


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


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
async def test_a_passing_error_ends_in_one_charge_and_one_video(fault: Fault) -> None:
    """The same bytes go again under the same key until MindVideo answers."""
    async with workbench() as bench:
        bench.sandbox.video.fail(fault)
        job = await bench.ask()
        await bench.run()
        await bench.assert_one_of_each(job)
        submits = bench.sandbox.video.calls(Call.SUBMIT)
        assert len({seen.key for seen in submits}) == 1
        assert len({seen.body for seen in submits}) == 1
        assert len(submits) > 1


async def test_429_for_a_year_is_clamped() -> None:
    """Nobody waits longer than 15 minutes for a limit that was meant in jest."""
    async with workbench() as bench:
        bench.sandbox.video.fail(PASSING["429 for a year"])
        job = await bench.ask()
        await bench.run()
        row = await bench.assert_one_of_each(job)
        assert (row.delivered_at or 0) - START < 20 * MINUTE


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_what_the_operator_must_mend_holds_the_job_and_then_it_goes_on(status: int) -> None:
    """A wrong key or an empty account for ten minutes costs the person nothing but time."""
    async with workbench() as bench:
        bench.sandbox.video.fail(answer(status, times=100))
        job = await bench.ask()
        await bench.run(hours=10 * MINUTE / HOUR)
        held = await bench.job(job.id)
        assert held.stage is Stage.ANNOUNCED
        (message,) = bench.messages()
        assert "could not be handed to MindVideo yet" in message.text
        assert "held" in [event.name for event in await bench.store.jobs.events(job.id)]
        bench.sandbox.video.faults.clear()
        await bench.run()
        row = await bench.assert_one_of_each(job)
        assert (row.delivered_at or 0) - START < 20 * MINUTE


async def test_reply_always_lost_is_parked_after_hours_with_a_word_of_the_bill() -> None:
    """One charge stands, and nobody here knows of it: a person must look at MindVideo's page."""
    async with workbench() as bench:
        bench.sandbox.video.fail(submit_fault(FaultKind.LOST_AFTER, times=None))
        job = await bench.ask()
        await bench.run(hours=48)
        row = await assert_parked_and_told(bench, job)
        assert row.outcome is None
        assert len(bench.sandbox.video.charges) == 1
        assert "whether it was billed" in bench.messages()[0].text
        assert "whether it was billed" in bench.ephemerals()[-1].text


async def test_key_older_than_23_hours_is_not_sent_again() -> None:
    """A bot that was off for a day does not repeat a submit whose answer it never saw."""
    async with workbench() as bench:
        job = await bench.ask()
        bench.store.crash("submitting", before=False)
        await bench.run(until=lambda: bench.store.has_crashed)
        bench.clock.moment += 23 * HOUR + 1
        await bench.restart()
        await bench.run()
        await assert_parked_and_told(bench, job)
        assert bench.sandbox.video.calls(Call.SUBMIT) == []


async def test_a_job_with_a_key_too_old_takes_up_the_task_that_was_found() -> None:
    """The operator names the render that MindVideo shows: it arrives, and no key is sent again."""
    async with workbench() as bench:
        job = await _with_old_key(bench, submit_fault(FaultKind.LOST_AFTER))
        assert "--task" in (await bench.store.jobs.events(job.id))[-2].detail
        (charge,) = bench.sandbox.video.charges
        sent = len(bench.sandbox.video.calls(Call.SUBMIT))
        await bench.store.jobs.resume(job.id, bench.own_time(), charge.task_id)
        await bench.run()
        await bench.assert_one_of_each(job)
        assert len(bench.sandbox.video.calls(Call.SUBMIT)) == sent


async def test_a_task_that_was_mistyped_can_be_named_anew() -> None:
    """The wrong one is looked for in vain, parked, and then put right."""
    async with workbench() as bench:
        job = await _with_old_key(bench, submit_fault(FaultKind.LOST_AFTER))
        (charge,) = bench.sandbox.video.charges
        for task_id in ("typo", charge.task_id):
            assert (await bench.job(job.id)).stage is Stage.PARKED
            await bench.store.jobs.resume(job.id, bench.own_time(), task_id)
            await bench.run()
        await bench.assert_one_of_each(job)


async def test_a_task_that_was_named_rightly_can_be_named_again() -> None:
    """MindVideo denied it for a while, so the operator looks once more and finds the same."""
    async with workbench() as bench:
        job = await _with_old_key(bench, submit_fault(FaultKind.LOST_AFTER))
        (charge,) = bench.sandbox.video.charges
        for call in (Call.EVENTS, Call.TASK):
            denied = {"kind": FaultKind.ANSWER_BEFORE, "times": None, "status": 404}
            bench.sandbox.video.fail(Fault.model_validate({"call": call, **denied}))
        for _ in range(2):
            assert (await bench.job(job.id)).stage is Stage.PARKED
            await bench.store.jobs.resume(job.id, bench.own_time(), charge.task_id)
            await bench.run()
            bench.sandbox.video.faults.clear()
        await bench.assert_one_of_each(job)


async def test_a_job_that_never_reached_mindvideo_is_sent_once_somebody_looked() -> None:
    """Nobody topped the credit up over a weekend: the same key goes again, and is billed once."""
    async with workbench() as bench:
        job = await _with_old_key(bench, answer(402, times=1))
        assert bench.sandbox.video.charges == []
        await bench.store.jobs.resume(job.id, bench.own_time(), vouched_at=bench.own_time())
        await bench.run()
        await bench.assert_one_of_each(job)


async def test_a_shell_whose_clock_is_ahead_does_not_make_a_key_younger() -> None:
    """The key that was sent once more is too old a day later, whatever moment was vouched for."""
    async with workbench() as bench:
        job = await _with_old_key(bench, answer(402, times=1))
        sent = len(bench.sandbox.video.calls(Call.SUBMIT))
        await bench.store.jobs.resume(job.id, 0.0, vouched_at=bench.own_time() + 5 * HOUR)
        bench.sandbox.video.fail(submit_fault(FaultKind.LOST_AFTER))
        bench.store.crash("retry", before=False)
        await bench.run(until=lambda: bench.store.has_crashed)
        bench.clock.moment += 24 * HOUR + MINUTE
        await bench.restart()
        await bench.run()
        await assert_parked_and_told(bench, job)
        assert len(bench.sandbox.video.calls(Call.SUBMIT)) == sent + 1


async def _with_old_key(bench: Workbench, fault: Fault) -> Job:
    """Return a job that is parked since nobody knows any more whether it was handed over."""
    bench.sandbox.video.fail(fault)
    job = await bench.ask()
    bench.store.crash("held" if fault.status == 402 else "retry", before=False)
    await bench.run(until=lambda: bench.store.has_crashed)
    bench.clock.moment += 24 * HOUR
    await bench.restart()
    await bench.run()
    assert (await bench.job(job.id)).parked_from is Stage.ANNOUNCED
    return job


@pytest.mark.parametrize(
    ("first", "later"),
    [(5 * HOUR, 0.0), (0.0, -25 * HOUR), (5 * HOUR, -25 * HOUR)],
    ids=["was ahead", "stood still", "was ahead, then behind"],
)
async def test_a_wrong_clock_does_not_make_a_key_younger(first: float, later: float) -> None:
    """A key is as old as its message, both by Slack's clock: our own may say what it likes."""
    async with workbench() as bench:
        bench.clock_error = first
        bench.sandbox.video.fail(submit_fault(FaultKind.LOST_AFTER, times=1))
        job = await bench.ask()
        bench.store.crash("retry", before=False)
        await bench.run(until=lambda: bench.store.has_crashed)
        bench.clock.moment += 24 * HOUR + MINUTE
        bench.clock_error = later
        await bench.restart()
        await bench.run(hours=48)
        await assert_parked_and_told(bench, job)
        assert len(bench.sandbox.video.calls(Call.SUBMIT)) == 1


async def test_409_conflict_is_parked_for_a_person_to_look() -> None:
    """The key stands for another request at MindVideo: sending anything would be a guess."""
    async with workbench() as bench:
        bench.sandbox.video.fail(
            answer(409, code="idempotency_conflict", message="Different input.")
        )
        job = await bench.ask()
        await bench.run()
        await assert_parked_and_told(bench, job)
        assert len(bench.sandbox.video.calls(Call.SUBMIT)) == 1


@pytest.mark.parametrize("status", [400, 404, 413, 422])
async def test_a_refusal_is_told_with_its_reason_and_costs_nothing(status: int) -> None:
    """What MindVideo will not do is told in its words, and nothing is charged."""
    async with workbench() as bench:
        bench.sandbox.video.fail(answer(status, message="Too many cars."))
        job = await bench.ask()
        await bench.run()
        row = await bench.job(job.id)
        assert (row.stage, row.outcome) == (Stage.REJECTED, Outcome.FAILED)
        (message,) = bench.messages()
        assert "Too many cars." in message.text
        assert "Nothing was charged" in message.text
        assert "Too many cars." in bench.ephemerals()[0].text
        assert bench.sandbox.video.charges == []


@pytest.mark.parametrize("status", [404, 405, 410])
@pytest.mark.parametrize("body", [HTML, ""], ids=["a page", "nothing"])
async def test_whoever_stands_in_for_mindvideo_refuses_nothing(status: int, body: str) -> None:
    """After a lost reply a gateway says 404 in a way of its own: the first request was billed."""
    async with workbench() as bench:
        bench.sandbox.video.fail(submit_fault(FaultKind.LOST_AFTER))
        bench.sandbox.video.fail(answer(status, times=5, body=body, content_type="text/html"))
        job = await bench.ask()
        await bench.run()
        await bench.assert_one_of_each(job)
        events = await bench.store.jobs.events(job.id)
        (why, *_) = [event.detail for event in events if event.name == "held"]
        assert "check MINDVIDEO_BASE_URL" in why


@pytest.mark.parametrize("fault", [None, answer(422, message="Not this.")])
async def test_a_body_with_images_is_not_kept_once_it_was_answered(fault: Fault | None) -> None:
    """It holds megabytes, and is never sent again; a small one is kept for support."""
    async with workbench() as bench:
        for link, is_kept in (("https://a/b.png", True), ("data:," + "x" * 200_000, False)):
            if fault is not None:
                bench.sandbox.video.fail(fault)
            job = await bench.ask(f"a lake --image {link}")
            await bench.run()
            assert ((await bench.job(job.id)).request_body is not None) is is_kept
            assert len(bench.sandbox.video.calls(Call.SUBMIT)[-1].body) > len(link)


async def assert_parked_and_told(bench: Workbench, job: Job) -> Job:
    """Hold that the job waits for a person, that its asker knows, and that it can be resumed."""
    row = await bench.job(job.id)
    assert row.stage is Stage.PARKED
    (message,) = bench.messages()
    assert "On hold" in message.text
    assert any("on hold" in send_ephemeral.text for send_ephemeral in bench.ephemerals())
    resumed = await bench.store.jobs.resume(job.id, bench.clock())
    assert resumed is not None
    assert resumed.stage is Stage.ANNOUNCED
    return row
