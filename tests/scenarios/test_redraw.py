"""What a result's message shows at the end, whichever of several edits of it arrives last."""

from __future__ import annotations

import asyncio

import pytest

from bot.base.ports import Message
from bot.messages.buttons import MORE
from bot.slack.chat import SlackChat
from sandbox.mindvideo.faults import Call
from sandbox.mindvideo.faults import Fault as VideoFault
from sandbox.mindvideo.faults import FaultKind as VideoFaultKind
from sandbox.slack.entities import ANA, StoredMessage
from sandbox.slack.faults import Fault, FaultKind
from sandbox.slack.world import Call as SlackCall
from storage.job import Job, Stage
from tests.support.conversation import make_video, mention, result_of
from tests.support.engine_harness import EngineHarness, engine_harness
from tests.support.running_bot import RunningBot, running_bot

UPDATE = "chat.update"
PAUSE_SECONDS = 1
"""The shortest that Slack can ask for."""


async def test_an_edit_that_slack_refused_first_does_not_come_back_over_a_newer_one() -> None:
    """And while Slack asks for a pause, no press asks it for an edit."""
    async with running_bot() as bot:
        message = await make_video(bot)
        result = result_of(bot, message)
        pause = Fault(kind=FaultKind.RATE_LIMITED, retry_after=str(PAUSE_SECONDS))
        bot.sandbox.slack.faults.add(UPDATE, pause)
        await mention(bot, "keep", thread=message)
        await bot.until(lambda: not bot.sandbox.slack.faults.waiting)
        await _let_go(bot)
        await asyncio.sleep(1.5 * PAUSE_SECONDS)
        await bot.until(lambda: "kept by" not in str(result.blocks))
        refused, *later = _edits(bot, result)
        assert refused.outcome is FaultKind.RATE_LIMITED
        assert later[0].at >= refused.at + 0.9 * PAUSE_SECONDS


async def test_a_cost_that_is_corrected_goes_over_no_press(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another process draws the press while this one's edit is on its way to Slack."""
    async with engine_harness() as harness:
        job = await _delivered_without_cost(harness)
        update = SlackChat.update
        pressed = False

        async def press_meanwhile(chat: SlackChat, channel: str, ts: str, message: Message) -> None:
            nonlocal pressed
            row = await harness.job(job.id)
            if ts == row.delivery.ts and not pressed:
                pressed = True
                await harness.store.jobs.keep(job.id, ANA, harness.bot_time())
            await update(chat, channel, ts, message)

        monkeypatch.setattr(SlackChat, "update", press_meanwhile)
        await harness.run(hours=1)
        assert pressed
        [result] = harness.results()
        assert "kept by" in str(result.blocks)
        assert "cost pending" not in str(result.blocks)


async def _let_go(bot: RunningBot) -> None:
    """Stop keeping what is kept, by the list that shows it, whatever its own message shows."""
    shown = (await bot.type("find --kept")).shown
    assert shown is not None
    actions = [block for block in shown.blocks if block["type"] == "actions"]
    menu = [one for block in actions for one in block["elements"]]  # type: ignore[attr-defined] # a row
    [more] = [one for one in menu if one["action_id"] == MORE]
    await bot.sandbox.slack.people.click(ANA, shown.ts, MORE, value=more["options"][0]["value"])


def _edits(bot: RunningBot, message: StoredMessage) -> list[SlackCall]:
    """Return the calls by which Slack was asked to edit a message."""
    calls = bot.sandbox.slack.world.calls
    return [call for call in calls if call.method == UPDATE and call.args["ts"] == message.ts]


async def _delivered_without_cost(harness: EngineHarness) -> Job:
    """Return a job that was delivered before MindVideo told its cost, which it now does."""
    for call in (Call.EVENTS, Call.TASK):
        harness.sandbox.video.fail(VideoFault(call=call, kind=VideoFaultKind.COST, times=None))
    job = await harness.request()
    await harness.run(hours=2 / 60)
    row = await harness.job(job.id)
    assert row.stage is Stage.DELIVERED
    assert row.cost_actual is None
    harness.sandbox.video.faults.clear()
    return row
