"""The bot keeps to what Slack and MindVideo take, and loses no time by it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from bot.base.errors import PermitLaterError
from bot.jobs.call_limits import CallLimits, uploads
from bot.worker.context import Claim
from bot.worker.permits import refuse_known, use_permit
from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.slack import faults as slack
from sandbox.slack.entities import GENERAL, OPEN
from sandbox.slack.limits import POSTS, RateLimits
from storage.job import Event, EventName, Job, Stage
from storage.pace import LONGEST_WAIT_SECONDS, Permit
from storage.store import JobFilter
from tests.support.clock import START
from tests.support.engine_harness import EngineHarness, engine_harness

SLACKS = CallLimits()
POST_SECONDS = SLACKS.posts("T", "C").interval


def refusals(harness: EngineHarness) -> list[str]:
    """Return the methods of which Slack took a call not."""
    calls = harness.sandbox.slack.world.calls
    return [call.method for call in calls if call.outcome == slack.FaultKind.RATE_LIMITED]


def posted_at(harness: EngineHarness, channel: str = GENERAL) -> list[float]:
    """Return when messages were brought into a channel, in seconds from the beginning."""
    return [
        call.at - START
        for call in harness.sandbox.slack.world.calls
        if call.method in POSTS
        and channel in {call.args.get("channel"), call.args.get("channel_id")}
    ]


@pytest.mark.proof
async def test_a_crowd_in_one_channel_meets_no_refusal() -> None:
    """Its messages come one a second; what is asked elsewhere meanwhile waits for none of them."""
    async with engine_harness(
        render_seconds=3.0, poll_max=1.0, limits=SLACKS, slack_limits=RateLimits()
    ) as harness:
        crowd = [await harness.request(f"lake {number}") for number in range(12)]
        alone = await harness.request("a hill", channel=OPEN)
        await harness.run(hours=1.0)
        times = posted_at(harness)
        rows = [await harness.job(job.id) for job in (*crowd, alone)]
    assert refusals(harness) == []
    assert len(times) == 24
    assert min(later - earlier for earlier, later in pairwise(times)) >= 1.0
    assert times[-1] <= 24 * 1.2 * 1.0
    assert {row.stage for row in rows} == {Stage.DELIVERED}
    assert {row.paced_at for row in rows} == {None}
    assert min(posted_at(harness, OPEN)) < 1.0


async def test_a_row_that_waits_for_long_holds_no_slot() -> None:
    """It is put back until shortly before its permit is valid, without an intent."""
    async with engine_harness(limits=SLACKS) as harness:
        jobs = [await harness.request(f"lake {number}") for number in range(6)]
        await harness.engine.tick()
        await harness.engine.drain()
        rows = [await harness.job(job.id) for job in jobs]
        waiting = sorted(row.paced_at or 0.0 for row in rows if row.stage is Stage.ACCEPTED)
        for row in rows:
            assert row.lease_until is None
            if row.paced_at is not None:
                assert row.due_at is not None
                assert 0 < row.paced_at - row.due_at <= 0.61
                assert row.post_intent_at is None
                assert row.attempts == 0
    assert len(waiting) >= 3
    gaps = [later - earlier for earlier, later in pairwise(waiting)]
    assert min(gaps) >= POST_SECONDS - 1e-3


async def test_a_result_does_not_wait_for_the_edit_of_its_message() -> None:
    """Where a workspace takes few edits, the last ones come later, and none is refused."""
    few = 12
    async with engine_harness(
        render_seconds=3.0,
        poll_max=1.0,
        limits=CallLimits(posts_per_second=0.0, edits_per_minute=few),
        slack_limits=RateLimits(post_seconds=0.0, edits_per_minute=few),
    ) as harness:
        jobs = [await harness.request(f"lake {number}") for number in range(9)]
        await harness.run(hours=1.0)
        rows = [await harness.job(job.id) for job in jobs]
        texts = [message.text for message in harness.messages()]
    assert refusals(harness) == []
    assert max((row.delivered_at or 0.0) - START for row in rows) < 10
    assert all("cost" in text for text in texts)
    assert {row.cost_checks for row in rows} == {rows[0].cost_checks}


async def test_the_commit_of_a_result_takes_no_permit_that_all_results_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a shared store they would wait for each other's commits, in each workspace in one row."""
    few = CallLimits(posts_per_second=0.0, edits_per_minute=12)
    async with engine_harness(render_seconds=3.0, poll_max=1.0, limits=few) as harness:
        jobs, results = harness.store.jobs, list[tuple[Job, Permit | None]]()
        apply = jobs.apply

        async def observe(
            before: Job, after: Job, event: Event | None, permit: Permit | None = None
        ) -> Job:
            if before.stage is not after.stage is Stage.DELIVERED:
                results.append((after, permit))
            return await apply(before, after, event, permit)

        monkeypatch.setattr(jobs, "apply", observe)
        for number in range(9):
            await harness.request(f"lake {number}")
        await harness.run(hours=1.0)
    assert [permit for _, permit in results] == [None] * 9
    assert any(row.paced_at is not None for row, _ in results)


async def test_what_ends_badly_is_told_before_its_message_is_edited() -> None:
    """And is told once."""
    few = CallLimits(posts_per_second=0.0, edits_per_minute=6)
    async with engine_harness(limits=few) as harness:
        refused = Fault(call=Call.SUBMIT, kind=FaultKind.ANSWER_BEFORE, status=400, times=5)
        harness.sandbox.video.faults.add(refused)
        jobs = [await harness.request(f"lake {number}") for number in range(5)]
        await harness.run(hours=30.0 / 3600)
        assert len(harness.ephemerals()) == 5
        assert {(await harness.job(job.id)).stage for job in jobs} == {Stage.REJECTED}
        await harness.run(hours=1.0)
        edits = [
            call.at for call in harness.sandbox.slack.world.calls if call.method == "chat.update"
        ]
    assert len(harness.ephemerals()) == len(edits) == 5
    assert edits[-1] - START > 30


async def test_a_refusal_of_slacks_holds_all_messages_of_the_workspace() -> None:
    """For as long as it says, in every channel; then they come one by one."""
    async with engine_harness(limits=SLACKS) as harness:
        busy = slack.Fault(kind=slack.FaultKind.RATE_LIMITED, retry_after="20")
        harness.sandbox.slack.faults.add("chat.postMessage", busy)
        await harness.request("a lake")
        await harness.run(until=lambda: bool(refusals(harness)))
        for number in range(3):
            await harness.request(f"hill {number}", channel=OPEN)
        await harness.run(hours=1.0)
        times = sorted(posted_at(harness) + posted_at(harness, OPEN))
    assert len(refusals(harness)) == 1
    assert times[1] >= 20


async def test_a_refusal_of_mindvideos_holds_all_that_would_ask_it() -> None:
    """One request meets it; a cancel meanwhile needs no answer of MindVideo's."""
    async with engine_harness() as harness:
        busy = Fault(call=Call.SUBMIT, kind=FaultKind.ANSWER_BEFORE, status=429, retry_after="40")
        harness.sandbox.video.faults.add(busy)
        first = await harness.request("a lake")
        await harness.run(hours=0.1 / 3600)
        others = [await harness.request(f"hill {number}") for number in range(3)]
        await harness.run(hours=5.0 / 3600)
        assert len(harness.sandbox.video.charges) == 0
        await harness.store.jobs.request_cancel(others[0].id, "U0ANA", harness.bot_time())
        await harness.run(hours=1.0 / 3600)
        assert (await harness.job(others[0].id)).stage is Stage.REJECTED
        await harness.run(hours=1.0)
        rows = [await harness.job(job.id) for job in (first, *others[1:])]
        events = await harness.store.jobs.events(others[1].id)
    assert {row.stage for row in rows} == {Stage.DELIVERED}
    assert min(row.submitted_at or 0.0 for row in rows[1:]) - START >= 40
    assert EventName.RETRY not in {event.name for event in events}


async def test_a_cancelled_request_is_told_although_its_message_had_a_permit() -> None:
    """By whom somebody else's is cancelled; the permit was for the message that is not posted."""
    async with engine_harness(limits=SLACKS) as harness:
        for number in range(10):
            await harness.request(f"lake {number}")
        await harness.engine.tick()
        await harness.engine.drain()
        rows = await harness.store.jobs.jobs(JobFilter())
        put_back = max(rows, key=lambda row: row.paced_at or 0.0)
        await harness.store.jobs.request_cancel(put_back.id, "U0BOB", harness.bot_time())
        await harness.run(hours=1.0)
        events = await harness.store.jobs.events(put_back.id)
        assert len(harness.ephemerals()) == 1
    assert put_back.paced_at is not None
    assert [event.name for event in events][-1] is EventName.TOLD


async def test_a_permit_of_a_message_holds_up_no_call_of_another_kind() -> None:
    """Such as the upload of a file that has to be brought again before it is posted."""
    async with engine_harness(limits=SLACKS) as harness:
        row = replace(await harness.request(), paced_at=harness.bot_time() + 0.5)
        claim = Claim(row, harness.store.jobs, harness.services, leased_at=harness.clock())
        refuse_known(claim, uploads("T"))
        refuse_known(claim, SLACKS.posts("T", "C"))
        assert claim.reserved_at == row.paced_at


async def test_a_call_that_leaves_a_little_late_is_made_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Behind the others that have their time it would lose its own, and nobody else would use that.

    Made so much later, it is still far enough from the next.
    """
    async with engine_harness(limits=SLACKS) as harness:
        limit = SLACKS.posts("T", "C")
        claim = Claim(
            await harness.request(), harness.store.jobs, harness.services, leased_at=harness.clock()
        )
        take, now, late, following = harness.store.pacing.take, harness.bot_time(), 0.075, []

        async def take_slowly(asked: Permit) -> float:
            at = await take(asked)
            following.append(await take(Permit(limit=limit, at=asked.at)))
            harness.clock.now += late
            return at

        monkeypatch.setattr(harness.store.pacing, "take", take_slowly)
        await use_permit(claim, limit)
        called_at = harness.bot_time()
    assert called_at == pytest.approx(now + late)
    assert following[0] - called_at > 1.0


async def test_a_permit_is_waited_for_only_if_it_was_given_for_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who gives it keeps the next call away from one that is waited for, and from no other.

    To be given a permit takes time, so that a wait may have become short enough meanwhile.
    """
    async with engine_harness(limits=SLACKS) as harness:
        claim = Claim(
            await harness.request(), harness.store.jobs, harness.services, leased_at=harness.clock()
        )

        async def take(asked: Permit) -> float:
            harness.clock.now += 0.05
            return asked.at + LONGEST_WAIT_SECONDS + 0.02

        monkeypatch.setattr(harness.store.pacing, "take", take)
        with pytest.raises(PermitLaterError):
            await use_permit(claim, SLACKS.posts("T", "C"))
