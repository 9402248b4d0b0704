"""Each recovery point: the process ends there, another one starts, and the end is the same."""

from __future__ import annotations

import pytest

from bot.worker.engine import CRASHED
from storage.job import Stage
from storage.store import MOST_CRASHES
from tests.support.engine_harness import (
    COMMITS,
    SEEN_SECONDS,
    Crash,
    EngineHarness,
    engine_harness,
)


async def crash_at(harness: EngineHarness, event: str, *, before: bool) -> None:
    """Run until the process dies at the commit of `event`, then start another."""
    harness.store.crash(event, before=before)
    await harness.run(until=lambda: harness.store.has_crashed)
    assert harness.store.has_crashed, f"no commit of {event!r} was reached"
    await harness.restart()


@pytest.mark.exhaustive
@pytest.mark.parametrize("event", COMMITS, ids=[f"continues from {name}" for name in COMMITS])
async def test_after_a_commit(event: str) -> None:
    """What was committed is not done again; what was not is done once."""
    async with engine_harness(render_seconds=SEEN_SECONDS) as harness:
        job = await harness.request()
        await crash_at(harness, event, before=False)
        await harness.run()
        await harness.assert_delivered_once(job)


@pytest.mark.exhaustive
@pytest.mark.parametrize("event", COMMITS, ids=[f"without {name}" for name in COMMITS])
async def test_before_a_commit(event: str) -> None:
    """An effect whose commit was lost is found again and not repeated."""
    async with engine_harness(render_seconds=SEEN_SECONDS) as harness:
        job = await harness.request()
        await crash_at(harness, event, before=True)
        await harness.run()
        await harness.assert_delivered_once(job)


async def test_every_commit_is_a_recovery_point_here() -> None:
    """A commit that the engine learns to make later must get its tests."""
    async with engine_harness(render_seconds=SEEN_SECONDS) as harness:
        job = await harness.request()
        await harness.run()
        names = [event.name for event in await harness.store.jobs.events(job.id)]
    assert list(dict.fromkeys(names)) == ["accepted", *COMMITS]


async def test_continues_after_a_crash_at_every_commit_in_turn() -> None:
    """A process that dies at each commit it makes still brings the job to its end.

    The last step makes so many commits that it is taken for the cause: an operator resumes the job.
    """
    async with engine_harness(render_seconds=SEEN_SECONDS) as harness:
        job = await harness.request()
        for event in COMMITS:
            if (await harness.job(job.id)).crashes == MOST_CRASHES:
                await harness.run()
                assert (await harness.job(job.id)).problem == CRASHED
                await harness.store.jobs.resume(job.id, harness.clock.now)
            await crash_at(harness, event, before=False)
        await harness.run()
        row = await harness.assert_delivered_once(job)
        assert row.stage is Stage.DELIVERED


def test_a_crash_is_no_exception_that_code_may_handle() -> None:
    """Otherwise the engine's own care would hide it."""
    assert not issubclass(Crash, Exception)
