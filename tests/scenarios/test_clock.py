"""A clock that was days ahead in one life does no harm in the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

from bot.base.clock import start_clock
from bot.notifications.schedule import DIGEST, Digests, Every, Schedule
from sandbox.slack.entities import GENERAL, MIA, TEAM
from sandbox.slack.faults import Fault, FaultKind
from storage.budget import Cap, Scope, ScopeKind, Window
from storage.notification import channel_scope
from storage.sqlite.connection import connect_reader
from storage.sqlite.store import SqliteStore
from tests.support.engine_harness import COMMITS, HOUR, SEEN_SECONDS, EngineHarness, engine_harness
from tests.support.inline_store import inline_session
from tests.support.store_samples import ACCEPTED, NOW, a_job

DAYS = 3 * 24 * HOUR


def times_after(path: Path, now: float) -> Iterator[str]:
    """Yield each column of the store with a time after `now`."""
    with closing(connect_reader(str(path))) as db:
        for table in ("jobs", "job_events", "notifications", "home_views"):
            for column in db.table(table).columns:
                if column.type == "REAL":
                    query = f"SELECT max({column.name}) AS at FROM {table}"  # noqa: S608 - ours
                    latest = db.execute(query).fetchone()["at"]
                    if latest is not None and latest > now:
                        yield f"{table}.{column.name}"


async def crash_at(harness: EngineHarness, commit: str, *, before: bool) -> None:
    """Run until the process dies at a commit."""
    harness.store.crash(commit, before=before)
    await harness.run(until=lambda: harness.store.has_crashed)
    assert harness.store.has_crashed, f"no commit of {commit!r} was reached"


async def start_again(harness: EngineHarness, *, hours_down: float = 0.0) -> None:
    """Start the next process on a right clock."""
    harness.clock.now += hours_down * HOUR
    harness.clock_error = 0.0
    await harness.restart()
    await start_clock(harness.store, 0.0, wall=harness.bot_time, monotonic=lambda: 0.0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("commit", COMMITS)
@pytest.mark.parametrize("hours_down", [0.0, 10.0])
async def test_a_look_after_a_doubt_finds_what_a_life_with_a_wrong_clock_did(
    commit: str, hours_down: float
) -> None:
    """It died before the commit, so all that it leaves is a doubt; nothing comes twice."""
    async with engine_harness(render_seconds=SEEN_SECONDS) as harness:
        harness.clock_error = DAYS
        job = await harness.request()
        await crash_at(harness, commit, before=True)
        await start_again(harness, hours_down=hours_down)
        await harness.run()
        await harness.assert_delivered_once(job)


async def test_a_share_that_was_lost_in_a_life_with_a_wrong_clock_is_made_again() -> None:
    """No event was noted on a right clock, so nothing tells when the share was tried."""
    async with engine_harness() as harness:
        harness.clock_error = DAYS
        job = await harness.request()
        fault = Fault(kind=FaultKind.NO_SHARE)
        harness.sandbox.slack.faults.add("files.completeUploadExternal", fault)
        await crash_at(harness, "retry", before=False)
        await start_again(harness)
        await harness.run()
        await harness.assert_delivered_once(job)


@pytest.mark.exhaustive
@pytest.mark.parametrize("commit", ["announced", "submitted", "shared", "delivered"])
async def test_no_time_of_a_life_with_a_wrong_clock_lies_ahead(commit: str) -> None:
    """Neither what happened nor when to look next; the timeline keeps its order."""
    async with engine_harness() as harness:
        harness.clock_error = DAYS
        job = await harness.request()
        await crash_at(harness, commit, before=False)
        await start_again(harness)
        # A pause of the first life goes on, at most as long as it was.
        assert list(times_after(harness.path, harness.clock.now + 2 * HOUR)) == []
        events = await harness.store.jobs.events(job.id)
        assert [event.at for event in events] == sorted(event.at for event in events)
        assert events[-1].at <= harness.clock.now
        await harness.run()
        await harness.assert_delivered_once(job)


async def test_what_was_told_of_a_budget_before_any_job_is_not_told_again() -> None:
    """No job has an event yet, so that of the notification tells that the clock was ahead."""
    async with engine_harness() as harness:
        harness.clock_error = DAYS
        cap = Cap(
            scope=Scope(kind=ScopeKind.CHANNEL, team=TEAM, name=GENERAL),
            window=Window.DAY,
            limit=Decimal(5),
        )
        await harness.store.budgets.set_cap(cap, MIA, harness.bot_time())
        harness.store.crash_outbox(2, before=True)
        await harness.run(until=lambda: harness.store.has_crashed)
        assert len(harness.messages()) == 1
        await start_again(harness)
        await harness.run(hours=4 * 24)
        assert len(harness.messages()) == 1


async def test_digests_of_days_that_were_yet_to_come_come_when_they_have(tmp_path: Path) -> None:
    """A clock that is ahead brings the digests of days that have not been; then the real ones."""
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db")))
    schedule = Schedule(every=Every.DAILY, at=time(9), zone="UTC", since=NOW + DAYS)
    await store.settings.set(channel_scope("T1", "C1"), DIGEST, schedule.to_json())
    await store.jobs.insert(a_job(), replace(ACCEPTED, at=NOW + DAYS))

    async def due(days: float) -> int:
        now = NOW + days * 24 * HOUR + 2 * HOUR
        return await Digests(store, team="T1", now=lambda: now).insert_due()

    assert [await due(day) for day in (3, 3)] == [1, 0]
    await start_clock(store, 0.0, wall=lambda: NOW, monotonic=lambda: 0.0)
    assert [await due(day) for day in (0, 0, 1, 2, 3, 4)] == [1, 0, 1, 1, 1, 1]
    await store.close()
