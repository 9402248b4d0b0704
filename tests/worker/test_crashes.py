"""A step that kills the process is found, although it wrote nothing, and its row is parked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.listeners.home import HOME_POOLS
from bot.notifications import NOTIFICATION_POOLS
from bot.steps import POOLS, STEPS
from bot.worker.context import Claim
from bot.worker.engine import CRASHED, Engine
from bot.worker.gate import Gate
from bot.worker.result import Done, Park, Result, Snooze, conclude
from bot.worker.suspects import HOLD_SECONDS, SuspectLock
from sandbox.slack.entities import ANA, BEN, TEAM
from storage.home import OPEN_SECONDS, PUBLISH, HomeView
from storage.job import Event, EventName, Job, Stage
from storage.notification import OPERATORS, Notification, NotificationKind, team_scope
from storage.sqlite.store import SqliteStore
from storage.store import LEASE_SECONDS, MOST_CRASHES, ClaimLimit, Row
from tests.support.engine_harness import engine_harness
from tests.support.inline_store import inline_session
from tests.support.services import services
from tests.support.store_samples import ACCEPTED, NOW, a_job

MOMENT = 0.002


@dataclass
class Machine:
    """A bot whose steps wait a moment, and die of the rows in `killers`; time passes by hand."""

    path: Path
    killers: set[str] = field(default_factory=set)
    now: float = NOW
    deaths: int = 0
    ran: list[str] = field(default_factory=list)
    """The rows whose steps have begun, in order, with a dot for each start of the bot."""
    beside: set[str] = field(default_factory=set)
    """The rows that ran beside a suspect."""

    async def store(self) -> SqliteStore:
        """Open the store, as its owner."""
        return SqliteStore(await inline_session(str(self.path)))

    async def live(self, *, stop_after: float | None = None) -> None:
        """Start the bot, and let it run until it dies, is stopped or has nothing to do."""
        store, died, running = await self.store(), asyncio.Event(), set[str]()
        self.ran.append(".")

        async def step(claim: Claim[Row]) -> Result[Row]:
            row = claim.row
            self.ran.append(row.id)
            running.add(row.id)
            if row.crashes == MOST_CRASHES - 1:
                self.beside |= running - {row.id}
            if row.id in self.killers and row.step != Stage.PARKED:
                # Late enough for another row to be claimed, and before its neighbours have ended.
                await asyncio.sleep(3 * MOMENT)
                died.set()
                await asyncio.sleep(60)
            await asyncio.sleep(5 * MOMENT)
            running.discard(row.id)
            return Done(row=row)

        made = services(store, now=lambda: self.now, started_at=self.now)
        suspects = SuspectLock()
        jobs = Engine(
            store.jobs,
            dict.fromkeys(Stage, step),
            made,
            kind="job",
            pools=POOLS,
            gate=Gate(),
            suspects=suspects,
        )
        outbox = Engine(
            store.outbox,
            dict.fromkeys(NotificationKind, step),
            made,
            kind="notification",
            pools=NOTIFICATION_POOLS,
            gate=Gate(),
            suspects=suspects,
        )
        homes = Engine(
            store.homes,
            {PUBLISH: step},
            made,
            kind="home",
            pools=HOME_POOLS,
            gate=Gate(),
            suspects=suspects,
        )
        engines: Sequence[Engine[Job] | Engine[Notification] | Engine[HomeView]] = (
            jobs,
            outbox,
            homes,
        )
        tasks: set[asyncio.Task[object]] = set()
        before = asyncio.all_tasks()
        while not died.is_set():
            started = [await engine.tick() for engine in engines]
            tasks = asyncio.all_tasks() - before
            if not tasks and not any(started):
                break
            if stop_after is not None:
                await store.note_stop(self.now)
                await asyncio.gather(*(engine.stop(stop_after) for engine in engines))
                break
            await asyncio.sleep(MOMENT)
        self.deaths += died.is_set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await store.close()

    async def live_until_all_is_done(self, *, most: int = 12) -> None:
        """Start the bot again after each death."""
        for _ in range(most):
            deaths = self.deaths
            await self.live()
            if deaths == self.deaths:
                return
        raise AssertionError(f"it died {most} times: {self.ran}")

    async def row(self, job_id: str) -> Job:
        """Return a job as it is in the file."""
        store = await self.store()
        job = await store.jobs.get(job_id)
        await store.close()
        assert job is not None
        return job

    async def add(self, *jobs: Job) -> None:
        """Insert jobs."""
        store = await self.store()
        for job in jobs:
            await store.jobs.insert(job, ACCEPTED)
        await store.close()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A bot that never ran."""
    return Machine(tmp_path / "jobs.db")


def rendering(number: int) -> Job:
    """Return a job of the largest pool."""
    return replace(a_job(number), stage=Stage.RENDERING)


async def test_the_killer_among_twelve_in_flight_is_parked_after_three_deaths(
    machine: Machine,
) -> None:
    jobs = [rendering(number) for number in range(12)]
    machine.killers.add(jobs[7].id)
    await machine.add(*jobs)
    await machine.live_until_all_is_done()
    assert machine.deaths == MOST_CRASHES
    parked = await machine.row(jobs[7].id)
    assert (parked.stage, parked.parked_from, parked.problem) == (
        Stage.PARKED,
        Stage.RENDERING,
        CRASHED,
    )
    for job in jobs[:7] + jobs[8:]:
        row = await machine.row(job.id)
        assert (row.stage, row.due_at, row.crashes) == (Stage.RENDERING, None, 0)


async def test_two_killers_are_told_from_their_neighbours(machine: Machine) -> None:
    """Whoever was in flight at two deaths runs without the others."""
    jobs = [rendering(number) for number in range(12)]
    machine.killers |= {jobs[0].id, jobs[5].id}
    await machine.add(*jobs)
    await machine.live_until_all_is_done()
    stages = {job.id: (await machine.row(job.id)).stage for job in jobs}
    assert {job_id for job_id, stage in stages.items() if stage is Stage.PARKED} == machine.killers
    assert machine.beside == set()
    assert machine.deaths <= 2 + len(machine.killers)


async def test_jobs_that_come_meanwhile_are_not_suspected(machine: Machine) -> None:
    """Each death has new neighbours; none of them is parked."""
    machine.killers.add("job0")
    await machine.add(rendering(0))
    for number in range(1, 40, 10):
        await machine.add(*(rendering(each) for each in range(number, number + 9)))
        await machine.live()
    await machine.live_until_all_is_done()
    assert (await machine.row("job0")).stage is Stage.PARKED
    others = [await machine.row(f"job{n}") for n in range(1, 40) if n % 10]
    assert {row.stage for row in others} == {Stage.RENDERING}


async def test_a_notification_that_kills_is_given_up_and_jobs_go_on(machine: Machine) -> None:
    store = await machine.store()
    for name in ("one", "two"):
        told = Notification(
            id=name,
            team="T1",
            channel="C1",
            kind=NotificationKind.FAILED,
            happened_at=NOW,
            due_at=NOW,
        )
        await store.outbox.add(told)
    await store.close()
    machine.killers.add("one")
    await machine.add(rendering(1))
    await machine.live_until_all_is_done()
    assert machine.deaths == MOST_CRASHES
    store = await machine.store()
    first, second = await store.outbox.find("one"), await store.outbox.find("two")
    await store.close()
    assert first is not None
    assert (first.problem, first.is_given_up) == (CRASHED, True)
    assert second is not None
    assert (second.problem, second.due_at) == (None, None)
    assert machine.ran.count("two") == 1
    assert (await machine.row("job1")).due_at is None


async def test_a_home_tab_that_kills_is_drawn_again_only_after_it_was_closed(
    machine: Machine,
) -> None:
    """An event of its user makes it due; a further three deaths would follow."""

    async def opened() -> None:
        store = await machine.store()
        await store.homes.open("T1", "U1", machine.now)
        await store.close()

    machine.killers.add("T1:U1")
    await opened()
    await machine.live_until_all_is_done()
    await opened()
    machine.now += OPEN_SECONDS / 2
    await machine.live_until_all_is_done()
    assert machine.deaths == MOST_CRASHES
    machine.killers.clear()
    machine.now += OPEN_SECONDS
    await opened()
    await machine.live_until_all_is_done()
    assert machine.ran[-1] == "T1:U1"


async def test_a_stop_in_order_that_cuts_a_step_off_is_no_crash(machine: Machine) -> None:
    """However often it happens; nor is a kill while the bot stops."""
    await machine.add(rendering(1))
    machine.killers.add("job1")
    for _ in range(2 * MOST_CRASHES):
        await machine.live(stop_after=0.0)
    assert machine.ran.count("job1") == 2 * MOST_CRASHES
    assert (await machine.row("job1")).crashes == 0


async def test_a_lease_that_another_took_over_is_no_crash(machine: Machine) -> None:
    await machine.add(rendering(1))
    store, limit = await machine.store(), [ClaimLimit(1, (Stage.RENDERING,))]
    for number in range(2 * MOST_CRASHES):
        [claimed] = await store.jobs.claim(NOW + 2 * LEASE_SECONDS * number, LEASE_SECONDS, limit)
        assert claimed.crashes == 0
    await store.note_stop(NOW)
    await store.close()
    assert (await machine.row("job1")).crashes == 0


async def test_others_wait_for_suspects_no_longer_than_a_minute() -> None:
    """A suspect may be a long upload."""
    lock = SuspectLock()
    assert not lock.holds_others(NOW)
    lock.acquire("one", NOW)
    assert lock.holds_others(NOW + HOLD_SECONDS - 1)
    assert not lock.holds_others(NOW + HOLD_SECONDS)
    assert not lock.is_free
    assert lock.release("one")
    lock.acquire("two", NOW + HOLD_SECONDS)
    assert not lock.holds_others(NOW + HOLD_SECONDS)


@pytest.mark.parametrize("stage", sorted(set(Stage) - {Stage.PARKED}))
@pytest.mark.parametrize("kind", [Done, Snooze, Park])
def test_each_result_ends_the_count(stage: Stage, kind: type[object]) -> None:
    """Whatever a step came to, it did not kill the process."""
    row = replace(a_job(), stage=stage, crashes=2)
    results: Mapping[type[object], Result[Job]] = {
        Done: Done(row=row),
        Snooze: Snooze(row=row, after=1.0),
        Park: Park(row=row, problem=CRASHED),
    }
    after, _ = conclude(results[kind], NOW)
    assert after.crashes == 0


async def test_the_person_and_the_operator_hear_of_it_and_a_resume_begins_anew() -> None:
    """The step that kills is the submit: nothing was charged."""
    died = asyncio.Event()

    async def kill(_: Claim[Job]) -> Result[Job]:
        died.set()
        await asyncio.sleep(60)
        raise AssertionError

    async with engine_harness(steps={**STEPS, Stage.ANNOUNCED: kill}) as harness:
        await harness.store.settings.set(team_scope(TEAM), OPERATORS, [BEN])
        job = await harness.request()
        for _ in range(MOST_CRASHES):
            died.clear()
            while not died.is_set():
                await harness.engine.tick()
                await asyncio.sleep(MOMENT)
            await _abandon()
            await harness.restart()
        await harness.run()
        row = await harness.job(job.id)
        assert (row.stage, row.parked_from, row.problem) == (Stage.PARKED, Stage.ANNOUNCED, CRASHED)
        [told] = [said for said in harness.ephemerals() if said.ephemeral_for == ANA]
        assert CRASHED in told.text
        workspace = harness.sandbox.slack.world.workspace
        direct = workspace.all_in(workspace.direct(BEN).id)
        assert any("needs a person to look" in said.text for said in direct)
        assert harness.sandbox.video.charges == []
        resumed = await harness.store.jobs.resume(job.id, harness.clock())
        assert resumed is not None
        assert (resumed.stage, resumed.crashes) == (Stage.ANNOUNCED, 0)


async def _abandon() -> None:
    """End the steps as a kill does: nothing more of them is written."""
    mine = [task for task in asyncio.all_tasks() if task.get_name().startswith("job ")]
    for task in mine:
        task.cancel()
    await asyncio.gather(*mine, return_exceptions=True)


def test_an_event_has_the_step() -> None:
    """The timeline names the step for the operator."""
    row = replace(a_job(), stage=Stage.RENDERING, crashes=3)
    _, event = conclude(Park(row=row, problem=CRASHED, detail="in rendering"), NOW)
    assert event == Event(at=NOW, name=EventName.PARKED, detail="in rendering")
