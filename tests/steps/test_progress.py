"""Live progress: in step with the render, within what Slack takes, and never before a result."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from sandbox.slack.entities import ANA, BOT, GENERAL, TEAM
from sandbox.slack.faults import Fault, FaultKind
from sandbox.slack.world import Call
from storage.job import Event, EventName, Job, Outcome, Stage
from tests.support.clock import START
from tests.support.engine_harness import EngineHarness, engine_harness

MINUTE = 60.0
# Progress may take this many edits of Slack's 50 a minute; there is room for two results always.
PROGRESS_A_MINUTE = 48


def edits(harness: EngineHarness) -> list[Call]:
    """Return every edit of a message that the bot asked Slack for."""
    return [call for call in harness.sandbox.slack.world.calls if call.method == "chat.update"]


async def remember(harness: EngineHarness, *seconds: float) -> None:
    """Let renders of the usual kind have taken so long."""
    for number, took in enumerate(seconds):
        past = Job(
            id=f"past{number}",
            dedup_key=f"past:{number}",
            team=TEAM,
            channel=GENERAL,
            user=ANA,
            surface="command",
            model="kling-v3",
            input={"prompt": "a lake"},
            kind="kling-v3 mode=std duration=5",
            created_at=START - 1000,
            stage=Stage.DELIVERED,
            outcome=Outcome.SUCCEEDED,
            first_sent_at=START - 1000,
            submitted_at=START - 1000,
            finished_at=START - 1000 + took,
        )
        await harness.store.jobs.insert(past, Event(at=START - 1000, name=EventName.ACCEPTED))


async def test_the_bar_grows_with_the_time_that_the_kind_takes() -> None:
    """Held against past renders of the kind; what a screen reader says has the words alone."""
    async with engine_harness(render_seconds=60.0, poll_max=5.0) as harness:
        await remember(harness, 40, 50, 60, 70, 80)
        job = await harness.request()
        assert job.kind == "kling-v3 mode=std duration=5"
        await harness.run(hours=MINUTE / 3600)
        (message,) = harness.messages()
    bars = [str(blocks).count("█") for _, blocks in message.edits if "░" in str(blocks)]
    assert bars == sorted(bars)
    assert len(set(bars)) >= 4
    assert bars[-1] < 12
    assert any("nine in ten take at most 1 min 16 s" in str(blocks) for _, blocks in message.edits)
    assert all("█" not in text for text, _ in message.edits)
    assert any("usually 1 min" in text for text, _ in message.edits)


async def test_without_enough_history_there_is_no_bar() -> None:
    """Four renders tell nothing, and MindVideo tells no percentage."""
    async with engine_harness(render_seconds=60.0) as harness:
        await remember(harness, 40, 50, 60, 70)
        await harness.request()
        await harness.run()
        (message,) = harness.messages()
    said = str([blocks for _, blocks in message.edits])
    assert "Rendering" in said
    assert "%" not in said
    assert "░" not in said


async def test_a_message_is_edited_at_most_once_in_three_seconds() -> None:
    """However often MindVideo is asked; the result does not wait for the next turn."""
    async with engine_harness(render_seconds=60.0, poll_max=0.5) as harness:
        await harness.request()
        await harness.run(hours=MINUTE / 3600)
        *progress, last = [call.at for call in edits(harness)]
    pauses = [later - earlier for earlier, later in pairwise(progress)]
    assert min(pauses) >= 3.0
    assert len(pauses) >= 10
    assert last - START < 62.0


@pytest.mark.proof
async def test_a_crowd_stays_within_what_slack_takes_of_a_workspace() -> None:
    """Progress of many renders shares one budget, and all results arrive on time.

    No render is left without a sign of life because others are polled first.
    """
    async with engine_harness(render_seconds=150.0, poll_max=6.0) as harness:
        jobs = [await harness.request(f"lake {number}") for number in range(10)]
        await harness.run(hours=140.0 / 3600)
        by_minute = Counter(int((call.at - START) // MINUTE) for call in edits(harness))
        assert by_minute[0] > 10
        assert max(by_minute.values()) <= PROGRESS_A_MINUTE
        edited = {call.args["ts"] for call in edits(harness) if call.at - START < 2 * MINUTE}
        assert edited == {said.ts for said in harness.messages() if said.user == BOT}
        assert len(edited) == len(jobs)
        await harness.run(hours=30.0 / 3600)
        rows = [await harness.job(job.id) for job in jobs]
    assert {row.stage for row in rows} == {Stage.DELIVERED}
    assert max((row.delivered_at or 0.0) - START for row in rows) < 160.0


async def test_results_go_on_while_slack_takes_no_progress() -> None:
    """One refused edit keeps all of them from trying for as long as Slack says."""
    async with engine_harness(render_seconds=60.0, poll_max=3.0) as harness:
        refused = Fault(kind=FaultKind.RATE_LIMITED, retry_after="40")
        harness.sandbox.slack.faults.add("chat.update", refused)
        jobs = [await harness.request(f"lake {number}") for number in range(5)]
        await harness.run(hours=40.0 / 3600)
        # What was under way in that moment may still succeed; afterwards nothing is tried.
        assert len({call.at for call in edits(harness)}) == 1
        assert edits(harness)[0].outcome == FaultKind.RATE_LIMITED
        await harness.run(hours=90.0 / 3600)
        for job in jobs:
            assert (await harness.job(job.id)).stage is Stage.DELIVERED


async def test_whoever_waits_sees_the_queue_grow_shorter() -> None:
    """Our own jobs that came before and do not render yet."""
    async with engine_harness(render_seconds=100.0, poll_max=3.0) as harness:
        first = await harness.request("lake 1")
        harness.clock.now += 1.0
        second = await harness.request("lake 2")
        await harness.run(hours=13.0 / 3600)
        waiting = next(said for said in harness.messages() if said.job_id == second.id)
        assert "1 job of ours ahead" in waiting.text
        row = await harness.job(first.id)
        assert row.started_at is None
        assert await harness.store.jobs.ahead_of(replace(row, submitted_at=START + 10)) == 2
        await harness.run(hours=30.0 / 3600)
    assert "ahead" not in waiting.text
    assert "Rendering" in waiting.text
