"""Faults that the simulation found, each told again as one story over real HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.jobs.accept import Accepted, Interaction, accept
from bot.options.parser import read_text
from bot.options.request import read_request
from bot.slack.chat import SlackChat
from sandbox.mindvideo.faults import Call
from sandbox.mindvideo.faults import Fault as VideoFault
from sandbox.mindvideo.faults import FaultKind as VideoFaultKind
from sandbox.slack.entities import ANA, BOT, GENERAL, OPEN, TEAM
from sandbox.slack.faults import Fault, FaultKind
from storage.job import IN_CHANNEL, Job, Stage
from storage.store import Room
from tests.support.services import CATALOG
from tests.support.workbench import HOUR, Workbench, workbench

MINUTE = 1 / 60
"""In hours, as the workbench counts."""


async def test_a_bot_removed_after_a_lost_reply_enters_again_to_look() -> None:
    """Where it may not read it must not believe that nothing was posted, and post again."""
    async with workbench() as bench:
        bench.sandbox.slack.faults.add("chat.postMessage", Fault(kind=FaultKind.LOST_AFTER))
        job = await bench.ask()
        await bench.run(until=lambda: bool(bench.messages()))
        bench.sandbox.slack.world.workspace.channels[GENERAL].members.discard(BOT)
        await bench.run()
        await bench.assert_one_of_each(job)


async def test_a_claim_that_is_lost_while_entering_a_channel_posts_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Entering took so long that another engine took the job over, and posts its message."""
    join = SlackChat.join
    async with workbench() as bench:

        async def join_slowly(chat: SlackChat, channel: str) -> None:
            await join(chat, channel)
            assert await bench.store.jobs.claim(
                bench.clock.moment + HOUR, HOUR, [Room(1, tuple(Stage))]
            )

        monkeypatch.setattr(SlackChat, "join", join_slowly)
        await bench.ask(channel=OPEN)
        await bench.engine.tick()
        await bench.engine.drain()
        assert bench.messages(OPEN) == []


async def test_a_cancel_that_comes_while_a_channel_is_entered_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the step knew before, it does not take back what the person wished meanwhile."""
    join = SlackChat.join
    async with workbench() as bench:

        async def join_slowly(chat: SlackChat, channel: str) -> None:
            await join(chat, channel)
            row = await bench.store.jobs.request_cancel(job.id, ANA, bench.clock.moment)
            assert row is not None
            assert row.cancel_requested_at is not None

        monkeypatch.setattr(SlackChat, "join", join_slowly)
        job = await bench.ask(channel=OPEN)
        await bench.run()
        assert (await bench.job(job.id)).stage is Stage.REJECTED
        assert not bench.sandbox.video.charges


async def test_a_cost_that_was_heard_is_told_though_the_task_is_then_forgotten() -> None:
    """The correction fails at first; when it is tried again MindVideo knows the task no more."""
    async with workbench() as bench:
        job = await _delivered_without_cost(bench)
        bench.sandbox.slack.faults.add("chat.update", Fault(kind=FaultKind.LOST_BEFORE), times=2)
        await bench.run(until=lambda: bench.sandbox.slack.faults.waiting == 1)
        _forget_task(bench, times=None)
        await bench.run(hours=48)
        await bench.assert_one_of_each(job)


async def test_a_task_that_is_unknown_for_once_still_tells_its_cost() -> None:
    """After the delivery as before it, one answer of 404 is not the end."""
    async with workbench() as bench:
        job = await _delivered_without_cost(bench)
        _forget_task(bench, times=1)
        await bench.run(hours=48)
        await bench.assert_one_of_each(job)


async def test_one_odd_poll_after_a_long_outage_does_not_give_the_render_up() -> None:
    """The bot was down for hours: that the render is old says nothing about the render."""
    async with workbench() as bench:
        job = await bench.ask()
        await bench.run(until=lambda: bool(bench.sandbox.video.charges))
        bench.clock.moment += 8 * 3600
        for call in (Call.EVENTS, Call.TASK):
            bench.sandbox.video.fail(
                VideoFault(call=call, kind=VideoFaultKind.STATE, value="processing")
            )
        await bench.run()
        await bench.assert_one_of_each(job)


async def test_who_resumes_a_job_grants_it_the_same_patience_anew() -> None:
    """A task that MindVideo denies is parked, resumed, denied once more, and then there."""
    async with workbench() as bench:
        job = await bench.ask()
        await bench.run(until=lambda: bool(bench.sandbox.video.charges))
        _forget_task(bench, times=None)
        await bench.run()
        assert (await bench.job(job.id)).stage is Stage.PARKED
        bench.sandbox.video.faults.clear()
        _forget_task(bench, times=1)
        await bench.store.jobs.resume(job.id, bench.clock.moment)
        await bench.run()
        await bench.assert_one_of_each(job)


async def test_an_ask_delivered_again_after_its_duplicate_finds_its_own_row() -> None:
    """A person who meant it twice has two jobs, and each delivery knows its own."""
    async with workbench() as bench:
        request = read_request(read_text("a red car"), CATALOG)
        first = Interaction(
            team=TEAM,
            channel=GENERAL,
            user=ANA,
            surface="command",
            dedup_key="first",
            reply_to=IN_CHANNEL,
        )
        taken = await accept(request, first, bench.services)
        await accept(request, replace(first, dedup_key="second"), bench.services, sure=True)
        assert isinstance(taken, Accepted)
        again = await accept(request, first, bench.services)
        assert again == Accepted(job=taken.job, is_new=False)


async def _delivered_without_cost(bench: Workbench) -> Job:
    """Return a job that was delivered before MindVideo told its cost, which it now does."""
    for call in (Call.EVENTS, Call.TASK):
        bench.sandbox.video.fail(VideoFault(call=call, kind=VideoFaultKind.COST, times=None))
    job = await bench.ask()
    await bench.run(hours=2 * MINUTE)
    row = await bench.job(job.id)
    assert row.stage is Stage.DELIVERED
    assert row.cost_actual is None
    bench.sandbox.video.faults.clear()
    return row


def _forget_task(bench: Workbench, *, times: int | None) -> None:
    for call in (Call.EVENTS, Call.TASK):
        bench.sandbox.video.fail(
            VideoFault(call=call, kind=VideoFaultKind.ANSWER_BEFORE, status=404, times=times)
        )
