"""Tests of the welcome: posted once, whatever breaks, and to nobody who needs none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.jobs.services import Services
from bot.notifications.welcome import welcome_row
from sandbox.slack.entities import ANA, BOT, GENERAL, TEAM, StoredMessage
from sandbox.slack.faults import Fault, FaultKind
from tests.support.engine_harness import EngineHarness, engine_harness

POST = "chat.postMessage"


async def greet(harness: EngineHarness, place: str = ANA) -> bool:
    """Put a welcome into the outbox; return whether there was none."""
    services: Services = harness.services
    return await services.store.outbox.add(welcome_row(TEAM, place, services.now()))


def welcomes(harness: EngineHarness, place: str = ANA) -> list[StoredMessage]:
    """Return the welcomes in a channel, or in a user's direct conversation."""
    workspace = harness.sandbox.slack.world.workspace
    channel = workspace.direct(place).id if place.startswith("U") else place
    posted = [one for one in workspace.all_in(channel) if one.user == BOT]
    return [one for one in posted if "I make videos from words" in one.text]


@pytest.mark.exhaustive
@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("commit", [1, 2], ids=["intent", "done"])
async def test_a_welcome_is_posted_once_after_the_end_of_the_process_at_each_commit(
    commit: int, *, before: bool
) -> None:
    async with engine_harness() as harness:
        assert await greet(harness)
        harness.store.crash_outbox(commit, before=before)
        await harness.run(until=lambda: harness.store.has_crashed)
        assert harness.store.has_crashed
        harness.clock.now += 20
        await harness.restart()
        assert not await greet(harness)
        await harness.run(hours=0.1)
        assert len(welcomes(harness)) == 1


async def test_a_lost_answer_makes_no_second_welcome() -> None:
    async with engine_harness() as harness:
        harness.sandbox.slack.faults.add(POST, Fault(kind=FaultKind.LOST_AFTER))
        await greet(harness, GENERAL)
        await harness.run(hours=0.1)
        assert len(welcomes(harness, GENERAL)) == 1


async def test_after_a_restore_it_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backup knows of no welcome, which was posted after it was made."""
    async with engine_harness() as harness:
        await greet(harness)
        await harness.run(hours=0.1)
        (first,) = welcomes(harness)
        restored_at = harness.clock() - 3600.0
        harness.clock.now += 60
        await harness.restart()

        async def restores() -> list[float]:
            return [restored_at]

        monkeypatch.setattr(harness.store, "restores", restores)
        row = await harness.store.outbox.find(welcome_row(TEAM, ANA, 0.0).id)
        assert row is not None
        again = welcome_row(TEAM, ANA, harness.clock() - 1)
        await harness.store.outbox.apply(
            row, replace(row, due_at=again.due_at, delivery=again.delivery), None
        )
        await harness.run(hours=0.1)
        assert welcomes(harness) == [first]


async def test_who_has_asked_for_videos_needs_no_welcome() -> None:
    async with engine_harness() as harness:
        await harness.request()
        await harness.run(hours=0.3)
        await greet(harness)
        await harness.run(hours=0.1)
        assert welcomes(harness) == []
