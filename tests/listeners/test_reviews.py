"""Tests that notes and reviews are about the right result, and are never taken for a change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.job import Job, Media, Outcome, Output, QuestionKind, ReviewKind, Stage
from storage.job import waiting as as_waiting
from tests.support.listener_harness import JOB, ListenerHarness, listener_harness
from tests.support.services import BOT
from tests.support.store_samples import ACCEPTED, NOW

RESULT = replace(
    JOB,
    id="1111111111",
    dedup_key="command:T1:11",
    stage=Stage.DELIVERED,
    outcome=Outcome.SUCCEEDED,
    outputs=(Output(media=Media.VIDEO, url="https://x.test/1.mp4"),),
    message_ts="1800000000.000200",
    reply_to=replace(JOB.reply_to, thread_ts=JOB.message_ts),
    created_at=NOW - 7200.0,
)
WAITING = as_waiting(
    replace(
        RESULT,
        id="2222222222",
        dedup_key="command:T1:22",
        stage=Stage.ACCEPTED,
        outcome=None,
        outputs=(),
        message_ts=None,
        created_at=NOW - 60.0,
    ),
    QuestionKind.APPROVE_PRICE,
    "5",
)


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ListenerHarness]:
    """Listeners over a thread with a result, and a newer job that renders."""
    async with listener_harness(tmp_path) as ready:
        await ready.services.store.jobs.insert(RESULT, ACCEPTED)
        yield ready


async def stored(harness: ListenerHarness, job: Job) -> Job:
    """Return the row of a job."""
    found = await harness.services.store.jobs.get(job.id)
    assert found is not None
    return found


async def test_notes_and_reviews_are_about_the_newest_result(harness: ListenerHarness) -> None:
    answer = await harness.reply("0:03 the logo is too small", "U7")
    assert answer is not None
    assert f"about job `{RESULT.id}`" in answer.text
    harness.ephemerals.messages.clear()
    await harness.reply("changes asked:\n0:01 one\n0:02 two", "U7")
    row = await stored(harness, RESULT)
    assert row.review is not None
    assert (row.notes, row.review.kind, row.review.by) == (3, ReviewKind.CHANGES, "U7")
    assert (await stored(harness, JOB)).review is None


async def test_no_review_is_taken_for_the_decision_of_an_approver(harness: ListenerHarness) -> None:
    await harness.services.store.jobs.insert(WAITING, ACCEPTED)
    answer = await harness.reply("approve")
    assert answer is not None
    assert "waits for an approver" in answer.text
    assert (await stored(harness, RESULT)).review is None
    assert (await stored(harness, WAITING)).stage is Stage.WAITING
    harness.ephemerals.messages.clear()
    # A note is meant for the result in any case.
    await harness.reply("0:03 the logo is too small")
    assert (await stored(harness, RESULT)).notes == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("approve looks great", False),
        ("Approved!", False),
        ("changes: the logo", False),
        ("next take", False),
        ("0:03 the logo is too small", False),
        ("the logo is too small at 0:03", False),
        ("changes colour at night", True),
        ("next the boat leaves", True),
        ("new: 0:03 on a clock", True),
    ],
)
async def test_what_renders_is_what_is_no_review(
    harness: ListenerHarness, text: str, *, made: bool
) -> None:
    before = {RESULT.id}
    await harness.reply(text)
    assert bool({job.id for job in await harness.new_jobs()} - before) is made


async def test_a_note_in_a_thread_of_no_job_renders_nothing(harness: ListenerHarness) -> None:
    answer = await harness.message(
        text=f"<@{BOT}> 0:03 the logo is too small", thread_ts="1700000000.000100"
    )
    assert answer is not None
    assert "of which video" in answer.text
    assert {job.id for job in await harness.new_jobs()} == {RESULT.id}


async def test_a_note_in_the_thread_of_a_set_names_its_part(harness: ListenerHarness) -> None:
    """A time is no number of a part: what stands behind it would be rendered."""
    thread = "1800000000.000900"
    part = replace(
        RESULT, reply_to=replace(JOB.reply_to, thread_ts=thread), set_id="set-1111111111"
    )
    ids = ("3333333333", "4444444444")
    for number, job_id in enumerate(ids, start=1):
        one = replace(part, id=job_id, dedup_key=job_id, part=number, message_ts=f"1.{number}")
        await harness.services.store.jobs.insert(one, ACCEPTED)
    for text, told in {
        "1:02 too dark": "which of them you mean",
        "0:03 too dark": "which of them you mean",
        "approve": "which of them you mean",
        "1: 0:03 too dark": f"Noted this about job `{ids[0]}`",
        "1: approve": f"`{ids[0]}` is approved",
    }.items():
        answer = await harness.message(text=f"<@{BOT}> {text}", thread_ts=thread)
        assert answer is not None
        assert told in answer.text
        harness.ephemerals.messages.clear()
    assert {job.id for job in await harness.new_jobs()} == {RESULT.id, *ids}
