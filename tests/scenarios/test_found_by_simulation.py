"""Faults that the simulation found, each told again as one story over real HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from bot.base.ports import Message, Snapshot
from bot.jobs.pacing import PENDING_COST_PAUSES
from bot.mindvideo.client import MindVideoClient
from bot.slack.chat import SlackChat
from sandbox.mindvideo.faults import Call
from sandbox.mindvideo.faults import Fault as VideoFault
from sandbox.mindvideo.faults import FaultKind as VideoFaultKind
from sandbox.slack.entities import ANA, BOT, GENERAL, OPEN
from sandbox.slack.faults import Fault, FaultKind
from storage.budget import OPERATOR, Settlement
from storage.job import Job, Json, Stage
from storage.store import ClaimLimit
from tests.support.engine_harness import HOUR, EngineHarness, engine_harness

MINUTE = 1 / 60
"""In hours, as the engine_harness counts."""


async def test_a_bot_removed_after_a_lost_reply_enters_again_to_look() -> None:
    """Where it may not read it must not believe that nothing was posted, and post again."""
    async with engine_harness() as harness:
        harness.sandbox.slack.faults.add("chat.postMessage", Fault(kind=FaultKind.LOST_AFTER))
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.messages()))
        harness.sandbox.slack.world.workspace.channels[GENERAL].members.discard(BOT)
        await harness.run()
        await harness.assert_delivered_once(job)


async def test_a_claim_that_is_lost_while_entering_a_channel_posts_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Entering took so long that another engine took the job over, and posts its message."""
    join = SlackChat.join
    async with engine_harness() as harness:

        async def join_slowly(chat: SlackChat, channel: str) -> None:
            await join(chat, channel)
            assert await harness.store.jobs.claim(
                harness.clock.now + HOUR, HOUR, [ClaimLimit(1, tuple(Stage))]
            )

        monkeypatch.setattr(SlackChat, "join", join_slowly)
        await harness.request(channel=OPEN)
        await harness.engine.tick()
        await harness.engine.drain()
        assert harness.messages(OPEN) == []


async def test_a_cancel_that_comes_while_a_channel_is_entered_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the step knew before, it does not take back what the person wished meanwhile."""
    join = SlackChat.join
    async with engine_harness() as harness:

        async def join_slowly(chat: SlackChat, channel: str) -> None:
            await join(chat, channel)
            row = await harness.store.jobs.request_cancel(job.id, ANA, harness.clock.now)
            assert row is not None
            assert row.cancel_requested_at is not None

        monkeypatch.setattr(SlackChat, "join", join_slowly)
        job = await harness.request(channel=OPEN)
        await harness.run()
        assert (await harness.job(job.id)).stage is Stage.REJECTED
        assert not harness.sandbox.video.charges


async def test_a_cost_that_was_heard_is_told_though_the_task_is_then_forgotten() -> None:
    """The correction fails at first; when it is tried again MindVideo knows the task no more."""
    async with engine_harness() as harness:
        job = await _delivered_without_cost(harness)
        harness.sandbox.slack.faults.add("chat.update", Fault(kind=FaultKind.LOST_BEFORE), times=2)
        await harness.run(until=lambda: harness.sandbox.slack.faults.waiting == 1)
        _forget_task(harness, times=None)
        await harness.run(hours=48)
        await harness.assert_delivered_once(job)


async def test_a_task_that_is_unknown_for_once_still_tells_its_cost() -> None:
    """After the delivery as before it, one answer of 404 is not the end."""
    async with engine_harness() as harness:
        job = await _delivered_without_cost(harness)
        _forget_task(harness, times=1)
        await harness.run(hours=48)
        await harness.assert_delivered_once(job)


@pytest.mark.parametrize("checks_left", [0, 1])
async def test_an_amount_that_is_settled_while_the_cost_is_looked_for_is_told(
    monkeypatch: pytest.MonkeyPatch, checks_left: int
) -> None:
    """Also during the last look, after which nothing would be due."""
    async with engine_harness() as harness:
        for call in (Call.EVENTS, Call.TASK):
            harness.sandbox.video.fail(VideoFault(call=call, kind=VideoFaultKind.COST, times=None))
        job = await harness.request()
        checks = len(PENDING_COST_PAUSES)
        get_task = MindVideoClient.get_task

        async def settle_meanwhile(
            client: MindVideoClient,
            task_id: str,
            memo: Mapping[str, Json],
            *,
            fresh_urls: bool = False,
        ) -> Snapshot:
            told = await get_task(client, task_id, memo, fresh_urls=fresh_urls)
            row = await harness.job(job.id)
            if row.stage is Stage.DELIVERED and row.cost_checks == checks - 1 - checks_left:
                settlement = Settlement(
                    amount=Decimal("4.5"), by=OPERATOR, because="the bill", at=harness.bot_time()
                )
                await harness.store.jobs.settle(job.id, settlement)
            return told

        monkeypatch.setattr(MindVideoClient, "get_task", settle_meanwhile)
        await harness.run(hours=72)
        row = await harness.job(job.id)
        assert row.cost_actual == row.cost_shown == Decimal("4.5")
        (message,) = harness.messages()
        assert "cost 4.5" in message.text


async def test_an_amount_that_comes_back_after_a_lost_commit_is_told_again() -> None:
    """The messages tell what was settled, the row does not know it, and MindVideo names the old."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run(hours=5 * MINUTE)
        row = await harness.job(job.id)
        settlement = Settlement(
            amount=Decimal(0), by=OPERATOR, because="the bill", at=harness.bot_time()
        )
        await harness.store.jobs.settle(job.id, settlement)
        _forget_task(harness, times=1)
        harness.store.crash("cost corrected", before=True)
        await harness.run(until=lambda: harness.store.has_crashed)
        (message,) = harness.messages()
        assert "nothing was charged" in message.text
        harness.clock.now += 10
        await harness.restart()
        await harness.run(hours=48)
        assert row.cost_actual is not None
        (message,) = harness.messages()
        assert f"cost {row.cost_actual.normalize():f}" in message.text


async def test_an_amount_that_comes_back_after_another_was_told_is_told_again() -> None:
    """As files that follow tell what was settled, of which the row says nothing."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run(hours=5 * MINUTE)
        row = await harness.job(job.id)
        assert row.cost_actual == row.cost_shown
        amount = Decimal("7.5")
        settlement = Settlement(amount=amount, by=OPERATOR, because="?", at=harness.bot_time())
        await harness.store.jobs.settle(job.id, settlement)
        await harness.chat.update(GENERAL, row.delivery.ts or "", Message(text="cost 7.5"))
        await harness.run(hours=48)
        row = await harness.job(job.id)
        assert row.cost_actual == row.cost_shown != amount
        (message,), (result,) = harness.messages(), harness.results()
        assert row.cost_actual is not None
        for told in (message, result):
            assert f"cost {row.cost_actual.normalize():f}" in told.text


async def test_one_odd_poll_after_a_long_outage_does_not_give_the_render_up() -> None:
    """The bot was down for hours: that the render is old says nothing about the render."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.sandbox.video.charges))
        harness.clock.now += 8 * 3600
        for call in (Call.EVENTS, Call.TASK):
            harness.sandbox.video.fail(
                VideoFault(call=call, kind=VideoFaultKind.STATE, value="processing")
            )
        await harness.run()
        await harness.assert_delivered_once(job)


async def test_who_resumes_a_job_grants_it_the_same_patience_anew() -> None:
    """A task that MindVideo denies is parked, resumed, denied once more, and then there."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.sandbox.video.charges))
        _forget_task(harness, times=None)
        await harness.run()
        assert (await harness.job(job.id)).stage is Stage.PARKED
        harness.sandbox.video.faults.clear()
        _forget_task(harness, times=1)
        await harness.store.jobs.resume(job.id, harness.clock.now)
        await harness.run()
        await harness.assert_delivered_once(job)


async def _delivered_without_cost(harness: EngineHarness) -> Job:
    """Return a job that was delivered before MindVideo told its cost, which it now does."""
    for call in (Call.EVENTS, Call.TASK):
        harness.sandbox.video.fail(VideoFault(call=call, kind=VideoFaultKind.COST, times=None))
    job = await harness.request()
    await harness.run(hours=2 * MINUTE)
    row = await harness.job(job.id)
    assert row.stage is Stage.DELIVERED
    assert row.cost_actual is None
    harness.sandbox.video.faults.clear()
    return row


def _forget_task(harness: EngineHarness, *, times: int | None) -> None:
    for call in (Call.EVENTS, Call.TASK):
        harness.sandbox.video.fail(
            VideoFault(call=call, kind=VideoFaultKind.ANSWER_BEFORE, status=404, times=times)
        )
