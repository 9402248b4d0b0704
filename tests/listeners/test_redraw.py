"""Tests of drawing a job's message anew: which one, in which order, and within Slack's limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from bot.base.ports import Message
from bot.jobs.call_limits import CallLimits
from bot.listeners.redraw import redraw
from bot.messages.buttons import AGAIN
from bot.slack.chat import SlackChat
from sandbox.slack.entities import ANA, BEN
from sandbox.slack.faults import Fault, FaultKind
from sandbox.slack.limits import RateLimits
from storage.job import Delivery, Job, Stage
from storage.store import StoreError
from tests.support.engine_harness import EngineHarness, engine_harness

UPDATE = "chat.update"


@dataclass
class DueEdits:
    """Keeps what is to be drawn, until the test draws it."""

    due: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)

    def draw(self, key: str, draw: Callable[[], Awaitable[None]]) -> None:
        """See `MessageEdits`."""
        self.due[key] = draw


async def _redraw(job: Job, harness: EngineHarness) -> None:
    edits = DueEdits()
    redraw(job, replace(harness.services, message_edits=edits))
    await edits.due[job.id]()


async def test_a_message_under_way_is_drawn_again_if_its_render_ends_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The edit arrives after that of the end; and the press is shown where the buttons are then."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.messages()))
        assert (await harness.job(job.id)).delivery.ts is None
        await harness.store.jobs.keep(job.id, BEN, harness.bot_time())
        update = SlackChat.update

        async def end_meanwhile(chat: SlackChat, channel: str, ts: str, message: Message) -> None:
            monkeypatch.setattr(SlackChat, "update", update)
            await harness.run()
            await update(chat, channel, ts, message)

        monkeypatch.setattr(SlackChat, "update", end_meanwhile)
        await _redraw(job, harness)
        [own], [result] = harness.messages(), harness.results()
        assert "Done" in own.text
        assert f"kept by <@{BEN}>" in str(result.blocks)


async def test_presses_keep_to_what_slack_takes() -> None:
    """They have the limit of all edits of the workspace."""
    limits = CallLimits(edits_per_minute=10.0)
    async with engine_harness(
        limits=limits, slack_limits=RateLimits(edits_per_minute=10)
    ) as harness:
        job = await harness.request()
        await harness.run()
        row = await harness.job(job.id)
        for number in range(15):
            await harness.store.jobs.keep(job.id, None if number % 2 else ANA, harness.bot_time())
            await _redraw(row, harness)
        calls = [call for call in harness.sandbox.slack.world.calls if call.method == UPDATE]
        assert len(calls) > 15
        assert FaultKind.RATE_LIMITED not in {call.outcome for call in calls}
        [result] = harness.results()
        assert f"kept by <@{ANA}>" in str(result.blocks)


async def test_a_reply_that_tells_why_nothing_was_started_stays() -> None:
    """The buttons are under the job's own message."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.messages()))
        row = await harness.job(job.id)
        told = replace(row, stage=Stage.REJECTED, delivery=Delivery(ts="1.1"), pressed={AGAIN: BEN})
        await _redraw_row(told, harness)
        edited = [
            call.args["ts"] for call in harness.sandbox.slack.world.calls if call.method == UPDATE
        ]
        assert edited[-1] == row.message_ts
        assert "1.1" not in edited


async def test_a_result_that_was_deleted_is_not_drawn() -> None:
    """Its job's message has the buttons."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run()
        row = await harness.job(job.id)
        before = harness.sandbox.slack.world.count(UPDATE)
        await _redraw_row(replace(row, deleted_at=harness.bot_time(), deleted_by=ANA), harness)
        last = harness.sandbox.slack.world.calls[-1]
        assert harness.sandbox.slack.world.count(UPDATE) == before + 1
        assert last.args["ts"] == row.message_ts


async def test_a_result_whose_files_followed_has_no_buttons_again() -> None:
    """They are under the files."""
    async with engine_harness() as harness:
        refused = Fault(kind=FaultKind.STATUS_BEFORE, status=500)
        harness.sandbox.slack.faults.add("files.getUploadURLExternal", refused, times=50)
        job = await harness.request()
        await harness.run(until=lambda: len(harness.results()) == 1)
        harness.sandbox.slack.faults.clear()
        await harness.run()
        link, _ = harness.results()
        before = list(link.blocks)
        assert "actions" not in {block["type"] for block in before}
        await _redraw(job, harness)
        assert link.blocks == before


@pytest.mark.parametrize("is_down", [False, True])
async def test_a_job_that_cannot_be_read_is_not_drawn(*, is_down: bool) -> None:
    """Nobody waits for it: the press is committed."""
    async with engine_harness() as harness:
        job = await harness.request()
        await harness.run()
        before = harness.sandbox.slack.world.count(UPDATE)
        await _redraw_row(job, harness, found=StoreError("it is down") if is_down else None)
        assert harness.sandbox.slack.world.count(UPDATE) == before


async def _redraw_row(job: Job, harness: EngineHarness, *, found: object = ...) -> None:
    """Draw a job that the store returns as it is here, or what is `found` in its place."""
    with pytest.MonkeyPatch.context() as patch:

        async def get(_job_id: str) -> object:
            if isinstance(found, StoreError):
                raise found
            return job if found is ... else found

        patch.setattr(harness.store.jobs, "get", get)
        await _redraw(job, harness)
