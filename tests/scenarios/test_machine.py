"""What can go wrong with the machine under the bot, and what becomes of the jobs."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from statistics import quantiles

import apscheduler.schedulers.base
import apscheduler.triggers.interval
import pytest
from sqlite_utils import Database

from bot.base.ports import Download, Snapshot, TaskState
from bot.jobs.accept import Accepted, Interaction, accept
from bot.options.parser import read_text
from bot.options.request import read_request
from bot.steps import POOLS, STEPS
from bot.worker import scheduler
from bot.worker.engine import Engine
from bot.worker.gate import Gate
from bot.worker.scheduler import TICK_SECONDS
from bot.worker.suspects import SuspectLock
from sandbox.mindvideo.faults import Call
from storage.job import IN_CHANNEL, Event, EventName, Job, Json, Stage
from storage.sqlite.session import open_session
from storage.sqlite.store import SqliteStore
from storage.sqlite.writer import GroupWriter, Journal, commit
from storage.store import StoreBrokenError, StoreFullError
from tests.support import job_samples
from tests.support.clock import START, ManualClock
from tests.support.engine_harness import (
    COMMITS,
    HOUR,
    SEEN_SECONDS,
    CrashingStore,
    EngineHarness,
    engine_harness,
)
from tests.support.running_bot import running_bot
from tests.support.services import CATALOG, services
from tests.support.store_samples import sqlite_failure

OUTAGE = 10_000
# As many commits as a job that goes well is written with: its ask, claims, steps, polls, edits.
WRITES = 18


@pytest.mark.exhaustive
@pytest.mark.parametrize("event", COMMITS)
async def test_a_restored_backup_charges_nothing_again(event: str, tmp_path: Path) -> None:
    """A copy that is an hour old has the same keys: MindVideo answers with the same task."""
    async with engine_harness(render_seconds=SEEN_SECONDS) as harness:
        job = await harness.request()
        harness.store.crash(event, before=False)
        await harness.run(until=lambda: harness.store.has_crashed)
        assert harness.store.has_crashed
        copy = tmp_path / "backup.db"
        await harness.store.backup(str(copy))
        await harness.restart()
        await harness.run(hours=0.2)
        assert (await harness.job(job.id)).stage is Stage.DELIVERED

        harness.clock.now += HOUR
        await harness.restore(copy)
        await harness.run()
        row = await harness.job(job.id)
        assert row.stage is Stage.DELIVERED
        assert len(harness.sandbox.video.charges) == 1
        assert len(harness.messages()) == 1
        assert len(harness.results()) == 1
        assert row.cost_actual == harness.sandbox.video.charges[0].amount


@pytest.mark.exhaustive
@pytest.mark.parametrize("event", ["accepted", "posting", "announced", "submitting"])
async def test_a_backup_older_than_its_keys_charges_nothing_again(
    event: str, tmp_path: Path
) -> None:
    """What was announced a day ago may have been billed since: a person looks at MindVideo."""
    async with engine_harness() as harness:
        job = await harness.request()
        copy = tmp_path / "backup.db"
        if event != "accepted":
            harness.store.crash(event, before=False)
            await harness.run(until=lambda: harness.store.has_crashed)
        await harness.store.backup(str(copy))
        await harness.restart()
        await harness.run(hours=0.2)
        assert (await harness.job(job.id)).stage is Stage.DELIVERED

        harness.clock.now += 25 * HOUR
        await harness.restore(copy)
        await harness.run()
        row = await harness.job(job.id)
        assert (row.stage, row.parked_from) == (Stage.PARKED, Stage.ANNOUNCED)
        assert len(harness.sandbox.video.charges) == 1
        assert len(harness.messages()) == 1


class WeakDisk:
    """FakeCommit, until told that the disk fails: then with `failure`, from the n-th commit on."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.good_commits = 0

    def __call__(self, db: Database) -> None:
        """Commit, or fail."""
        if self.failure is None:
            commit(db)
        elif self.good_commits:
            self.good_commits -= 1
            commit(db)
        else:
            raise self.failure


async def weak_disk(harness: EngineHarness, failure: str, good_commits: int) -> WeakDisk:
    """Start the bot anew on a disk that fails with this code of SQLite's after so many commits."""
    disk = WeakDisk()
    await harness.store.close()
    session = await open_session(
        str(harness.path),
        owner=True,
        new_writer=lambda lane, db: GroupWriter(lane, Journal(db, disk)),
    )
    harness.store = CrashingStore(session)
    harness.__post_init__()
    disk.good_commits = good_commits
    disk.failure = sqlite_failure(getattr(sqlite3, failure), failure)
    return disk


@pytest.mark.exhaustive
@pytest.mark.parametrize("good_commits", range(1, WRITES))
async def test_a_write_without_space_on_the_disk_loses_nothing(good_commits: int) -> None:
    """Whichever write fails, the job goes on once there is space again."""
    async with engine_harness(render_seconds=SEEN_SECONDS) as harness:
        disk = await weak_disk(harness, "SQLITE_FULL", good_commits)
        job = await harness.request()
        with pytest.raises(StoreFullError):
            await harness.run()
        with pytest.raises(StoreFullError):
            await harness.request("another car")
        disk.failure = None
        await harness.run()
        await harness.assert_delivered_once(job)


async def test_each_write_of_a_job_meets_a_bad_disk_here() -> None:
    """What the engine learns to write later must get its tests, above and below."""
    async with engine_harness(render_seconds=SEEN_SECONDS) as harness:
        await weak_disk(harness, "SQLITE_FULL", WRITES)
        job = await harness.request()
        await harness.run()
        await harness.assert_delivered_once(job)


@pytest.mark.exhaustive
@pytest.mark.parametrize("good_commits", range(1, WRITES))
async def test_a_disk_that_breaks_ends_the_process_and_the_next_one_reads_anew(
    good_commits: int,
) -> None:
    """After EIO nobody knows what is on disk: the process ends, and nobody is told "failed"."""
    async with engine_harness(render_seconds=SEEN_SECONDS) as harness:
        await weak_disk(harness, "SQLITE_IOERR_FSYNC", good_commits)
        job = await harness.request()
        with pytest.raises(StoreBrokenError):
            await harness.run()
        assert not any(
            "ailed" in said.text for said in [*harness.messages(), *harness.ephemerals()]
        )
        await harness.restart()
        await harness.run()
        await harness.assert_delivered_once(job)


class SteppedClock(datetime):
    """The machine's wall clock, `step` beside the right time."""

    step = timedelta(0)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override] # no subclass
        """Return what the clock shows."""
        return datetime.now(tz) + cls.step


async def test_polls_go_on_within_two_ticks_after_the_wall_clock_was_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the whole bot: APScheduler compares wall-clock times, the watchdog does not."""
    for module in (
        scheduler,
        apscheduler.schedulers.base,
        apscheduler.triggers.interval,
    ):
        monkeypatch.setattr(module, "datetime", SteppedClock)
    monkeypatch.setattr(SteppedClock, "step", timedelta(0))
    async with running_bot(render_seconds=3.0) as bot:
        delivery = await bot.type("a red car")
        assert delivery.error is None
        video = bot.sandbox.video
        # So that it has asked at least once; a third of the render is over.
        await asyncio.sleep(1.0)
        SteppedClock.step = timedelta(seconds=-HOUR)
        stepped_at = time.time()
        await bot.until_delivered()
        assert len(video.charges) == 1
        polls = [seen.at for seen in video.calls(Call.EVENTS)]
    after = next(at for at in polls if at > stepped_at)
    # A pause between two polls, and what a busy machine takes, stand beside the two ticks.
    assert after - max(at for at in polls if at <= stepped_at) < 2 * TICK_SECONDS + 0.4


class Busy:
    """A MindVideo that renders and renders."""

    polls = 0
    at_once = 0
    most_at_once = 0

    key_lifetime = 23 * HOUR

    def request_body(self, _model: str, _options: Mapping[str, Json]) -> bytes:
        """Return a body."""
        return b"{}"

    async def submit(self, _body: bytes, idempotency_key: str) -> Snapshot:
        """Start a task."""
        return Snapshot(state=TaskState.QUEUED, state_text="queued", task_id=idempotency_key)

    async def get_task(
        self,
        task_id: str,
        _memo: Mapping[str, Json],
        *,
        fresh_urls: bool = False,  # noqa: ARG002 - a name of the port
    ) -> Snapshot:
        """Take a moment, and say that it renders."""
        self.polls += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        return Snapshot(state=TaskState.PROCESSING, state_text="processing", task_id=task_id)

    def download(self, url: str) -> AbstractAsyncContextManager[Download]:
        """Have no files."""
        raise AssertionError(url)


@pytest.mark.parametrize("jobs", [300, pytest.param(OUTAGE, marks=pytest.mark.soak)])
async def test_jobs_that_are_all_due_at_once_are_paced(jobs: int, tmp_path: Path) -> None:
    """After an outage everything is due: at most so many at a time, and asks stay quick."""
    store = await SqliteStore.open(str(tmp_path / "many.db"))
    clock = ManualClock()
    wake = asyncio.Event()
    busy = Busy()
    async with engine_harness() as harness:
        made = services(
            store, video=busy, chat=harness.chat, now=clock, started_at=clock(), wake=wake.set
        )
        engine = Engine(
            store.jobs, STEPS, made, kind="job", pools=POOLS, gate=Gate(), suspects=SuspectLock()
        )
        request = read_request(read_text("car"), CATALOG)
        outage = [rendering(number) for number in range(jobs)]
        accepted = Event(at=START, name=EventName.ACCEPTED)
        await asyncio.gather(*(store.jobs.insert(job, accepted) for job in outage))

        waits: list[float] = []
        while busy.polls < len(outage):
            wake.clear()
            await engine.tick()
            began = time.perf_counter()
            answer = await accept(request, interaction(len(waits)), made)
            waits.append(time.perf_counter() - began)
            assert isinstance(answer, Accepted)
            await wake.wait()
        await engine.stop(5)
    await store.close()
    assert busy.most_at_once <= sum(pool.size for pool in POOLS)
    assert len(waits) > jobs / 100
    # In a short run beside other tests the time that passes is the machine's, not the bot's; and
    # even of a long one, the longest wait may be.
    if jobs == OUTAGE:
        assert quantiles(waits, n=100)[98] < 0.05


def rendering(number: int) -> Job:
    """Return a job that was due while the bot was off."""
    return replace(
        job_samples.RENDERING,
        id=f"job{number}",
        dedup_key=f"old:{number}",
        # Without a message there is nothing to edit: polls alone are counted and timed.
        message_ts=None,
        created_at=START - HOUR,
        task_id=f"task{number}",
        submitted_at=START - HOUR,
        late_notified_at=START - 60,
        provider_state="processing",
        due_at=START - 60,
    )


def interaction(number: int) -> Interaction:
    """Return a person's command of its own."""
    return Interaction(
        team="T1",
        channel="C1",
        user=f"U{number}",
        surface="command",
        dedup_key=f"new:{number}",
        reply_to=IN_CHANNEL,
    )
