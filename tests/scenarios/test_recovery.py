"""Each recovery point: the process ends there, another one starts, and the end is the same."""

from __future__ import annotations

import pytest

from storage.job import Stage
from tests.support.workbench import COMMITS, Crash, Workbench, workbench


async def crash_at(bench: Workbench, event: str, *, before: bool) -> None:
    """Run until the process dies at the commit of `event`, then start another."""
    bench.store.crash(event, before=before)
    await bench.run(until=lambda: bench.store.has_crashed)
    assert bench.store.has_crashed, f"no commit of {event!r} was reached"
    await bench.restart()


@pytest.mark.parametrize("event", COMMITS, ids=[f"continues from {name}" for name in COMMITS])
async def test_after_a_commit(event: str) -> None:
    """What was committed is not done again; what was not is done once."""
    async with workbench() as bench:
        job = await bench.ask()
        await crash_at(bench, event, before=False)
        await bench.run()
        await bench.assert_one_of_each(job)


@pytest.mark.parametrize("event", COMMITS, ids=[f"without {name}" for name in COMMITS])
async def test_before_a_commit(event: str) -> None:
    """An effect whose commit was lost is found again and not repeated."""
    async with workbench() as bench:
        job = await bench.ask()
        await crash_at(bench, event, before=True)
        await bench.run()
        await bench.assert_one_of_each(job)


async def test_every_commit_is_a_recovery_point_here() -> None:
    """A commit that the engine learns to make later must get its tests."""
    async with workbench() as bench:
        job = await bench.ask()
        await bench.run()
        names = [event.name for event in await bench.store.jobs.events(job.id)]
    assert list(dict.fromkeys(names)) == ["accepted", *COMMITS]


async def test_continues_after_a_crash_at_every_commit_in_turn() -> None:
    """A process that dies at each commit it makes still brings the job to its end."""
    async with workbench() as bench:
        job = await bench.ask()
        for event in COMMITS:
            await crash_at(bench, event, before=False)
        await bench.run()
        row = await bench.assert_one_of_each(job)
        assert row.stage is Stage.DELIVERED


def test_a_crash_is_no_exception_that_code_may_handle() -> None:
    """Otherwise the engine's own care would hide it."""
    assert not issubclass(Crash, Exception)
