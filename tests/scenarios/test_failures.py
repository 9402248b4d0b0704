"""What a user is told when MindVideo refuses, fails or makes them wait."""

from __future__ import annotations

import json

import pytest

from sandbox.mindvideo.faults import Call, Fault, FaultKind
from storage.job import Failure, Outcome, Stage
from tests.support.engine_harness import engine_harness
from tests.support.submit_faults import answer

FROM_TASK = {"call": Call.SUBMIT, "kind": FaultKind.TASK_FAILS}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("message", "failure", "advice", "labels"),
    [
        ("The prompt violates the content policy.", Failure.WORDS, "other words", ["Edit"]),
        ("Too many requests", Failure.LIMIT, "in a few minutes", ["Try again"]),
        ("Insufficient balance", Failure.CREDIT, "top it up", ["Try again"]),
        ("Internal error", Failure.FAULT, "MindVideo's own fault", ["Try again"]),
        ("The scene is too difficult.", None, "Change the prompt", ["Try again", "Edit"]),
    ],
)
async def test_a_failed_render_says_what_to_do(
    message: str, failure: Failure | None, advice: str, labels: list[str]
) -> None:
    """The reason, the advice, and only the buttons that can help."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(Fault.model_validate({**FROM_TASK, "message": message}))
        job = await harness.request()
        await harness.run()
        row = await harness.job(job.id)
        assert (row.stage, row.outcome) == (Stage.DELIVERED, Outcome.FAILED)
        assert row.failure is failure
        (result,) = harness.results()
        assert message in result.text
        assert advice in json.dumps(result.blocks)
        shown = json.dumps(result.blocks)
        for label in ("Try again", "Edit"):
            assert (f'"text": "{label}"' in shown) is (label in labels)


async def test_a_refused_prompt_says_to_say_it_otherwise() -> None:
    """At the submit: nothing was charged, and the same words are not offered again."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(answer(400, code="1301", message="Rejected."))
        job = await harness.request()
        await harness.run()
        row = await harness.job(job.id)
        assert (row.stage, row.failure) == (Stage.REJECTED, Failure.WORDS)
        (message,) = harness.messages()
        assert "Nothing was charged." in message.text
        assert "in other words" in message.text
        assert "Try again" not in json.dumps(message.blocks)
        assert "in other words" in harness.ephemerals()[-1].text


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (answer(402, times=3), "no credit left. An operator has been told"),
        (answer(429, times=3, code="1102", message="Resource pack exhausted"), "no credit left"),
        (answer(429, times=3, code="insufficient_balance"), "no credit left"),
        (answer(401, times=3), "does not accept this bot's key. An operator has been told"),
        (answer(429, times=3, code="1303", message="Too many at once"), "takes no more at once"),
    ],
    ids=["402", "429 of an empty account", "429 by words", "401", "429 of a limit"],
)
async def test_the_job_says_why_its_submit_waits(fault: Fault, words: str) -> None:
    """And goes on by itself; its message tells so no longer."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(fault)
        job = await harness.request()
        await harness.run(hours=1 / 3600)
        (message,) = harness.messages()
        assert words in message.text
        await harness.run()
        row = await harness.assert_delivered_once(job)
        assert row.failure is None
        (message,) = harness.messages()
        assert words not in message.text


@pytest.mark.parametrize(("code", "event"), [("1101", "held"), ("1303", "retry")])
async def test_an_empty_account_is_no_limit_of_rate(code: str, event: str) -> None:
    """The operator is told of the one, and the other passes by itself."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(answer(429, code=code, message="wait"))
        job = await harness.request()
        await harness.run(hours=1 / 3600)
        names = [each.name for each in await harness.store.jobs.events(job.id)]
        assert event in names
