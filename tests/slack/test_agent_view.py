"""Tests of hints in direct conversations: sent once, for as long as they are of use, or dropped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.base.ports import Place, SuggestedPrompt
from bot.slack import agent_view
from bot.slack.agent_view import MOST_UNDER_WAY, PAUSE_SECONDS, REPEAT_SECONDS, BackgroundHints
from sandbox.slack.entities import ANA, BEN, GENERAL
from sandbox.slack.faults import Fault, FaultKind
from sandbox.slack.service import SlackSandbox
from tests.support.clock import ManualClock
from tests.support.slack_sandbox import client_of, running_slack

STATUS = "assistant.threads.setStatus"
PROMPTS = "assistant.threads.setSuggestedPrompts"
HELP = SuggestedPrompt(title="What can you do?", message="help")


class Hints:
    """The adapter, the simulated Slack, and two threads in direct conversations."""

    def __init__(self, slack: SlackSandbox, hints: BackgroundHints, clock: ManualClock) -> None:
        self.slack, self.hints, self.clock = slack, hints, clock
        self.ana, self.ben = self._thread(ANA), self._thread(BEN)

    def _thread(self, user: str) -> Place:
        channel = self.slack.world.workspace.direct(user).id
        root = self.slack.world.workspace.post(channel, user, "a lake")
        return Place(channel=channel, thread_ts=root.ts)

    def shown(self, place: Place) -> str:
        """Return the status that a thread shows."""
        return self.slack.world.status(place.channel, place.thread_ts or "")

    async def show(self, place: Place, status: str = "is rendering…") -> None:
        """Show a status, and wait until all that was sent has ended."""
        self.hints.show_status(place, status)
        await self.ended()

    async def ended(self) -> None:
        """Wait until no hint is being sent."""
        await asyncio.gather(*self.hints._sending)  # noqa: SLF001 - nothing tells of their end


@asynccontextmanager
async def running_hints(folder: Path) -> AsyncIterator[Hints]:
    """Connect the adapter to a simulated Slack while the context lasts."""
    clock = ManualClock()
    async with running_slack(folder, now=clock) as slack, client_of(slack) as client:
        hints = BackgroundHints(client, now=clock)
        yield Hints(slack, hints, clock)
        await hints.close()


async def test_a_status_is_shown_again_only_when_slack_will_soon_forget_it(tmp_path: Path) -> None:
    async with running_hints(tmp_path) as one:
        for seconds in (0, 1, REPEAT_SECONDS - 2, 2):
            one.clock.now += seconds
            await one.show(one.ana)
            assert one.shown(one.ana) == "is rendering…"
        assert one.slack.world.count(STATUS) == 2


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        (Fault(kind=FaultKind.ERROR_BEFORE, code="missing_scope"), 3600.0),
        (Fault(kind=FaultKind.RATE_LIMITED, retry_after="7"), 7.0),
        (Fault(kind=FaultKind.LOST_BEFORE), PAUSE_SECONDS),
    ],
)
async def test_a_failed_hint_is_not_repeated_and_no_other_is_sent_for_a_while(
    tmp_path: Path, fault: Fault, pause: float
) -> None:
    async with running_hints(tmp_path) as one:
        one.slack.faults.add(STATUS, fault)
        await one.show(one.ana)
        one.clock.now += pause - 1
        await one.show(one.ben)
        assert one.slack.world.count(STATUS) == 1
        one.clock.now += 2
        await one.show(one.ben)
        assert one.shown(one.ben) == "is rendering…"


async def test_a_thread_that_is_gone_is_no_reason_to_leave_out_others(tmp_path: Path) -> None:
    async with running_hints(tmp_path) as one:
        await one.show(Place(channel=one.ana.channel, thread_ts="1.000001"))
        await one.show(one.ben)
        assert one.shown(one.ben) == "is rendering…"


async def test_hints_for_which_there_is_no_room_are_dropped(tmp_path: Path) -> None:
    """A Slack that does not answer keeps a few calls open, and no more."""
    async with running_hints(tmp_path) as one:
        for number in range(MOST_UNDER_WAY + 5):
            one.hints.show_status(one.ana, f"is rendering {number}…")
        await one.ended()
        assert one.slack.world.count(STATUS) == MOST_UNDER_WAY


async def test_a_slow_answer_is_waited_for_no_longer_than_a_hint_is_of_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_view, "CALL_SECONDS", 0.0)
    async with running_hints(tmp_path) as one:
        await one.show(one.ana)
        monkeypatch.undo()
        await one.show(one.ben)
        assert one.shown(one.ben) == ""


async def test_prompts_are_suggested_to_who_may_use_the_bot(tmp_path: Path) -> None:
    async def yes() -> bool:
        return True

    async def no() -> bool:
        return False

    async with running_hints(tmp_path) as one:
        one.hints.suggest(one.ana.channel, [HELP], may=yes)
        one.hints.suggest(one.ben.channel, [HELP], may=no)
        one.hints.suggest(GENERAL, [HELP], may=yes)
        await one.ended()
        shown = one.slack.world.prompts
        assert {channel: [each.title for each in found] for channel, found in shown.items()} == {
            one.ana.channel: ["What can you do?"]
        }
