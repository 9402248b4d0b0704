"""One life of the bot: everything that the composition root puts together, under virtual time."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from bot.base.clock import SteadyClock, start_clock
from bot.base.errors import BotError
from bot.jobs.services import Services
from bot.notifications import NOTIFICATION_POOLS, NOTIFICATION_STEPS
from bot.steps import POOLS, STEPS
from bot.worker.context import Claim
from bot.worker.engine import Engine, Pool, Step
from bot.worker.gate import Gate
from bot.worker.result import Result
from bot.worker.suspects import SuspectLock
from storage.job import Job, Stage
from storage.notification import IN_ANY_ORDER, Notification, NotificationKind
from storage.store import JobFilter, Row, StoreBrokenError, StoreError
from tests.simulation.chat import ChatLine, MemoryFiles
from tests.simulation.database import AnyWatchedStore
from tests.simulation.films import MemoryFilms, are_chains_made, are_posters_made
from tests.simulation.invariants import Invariants
from tests.simulation.line import Line
from tests.simulation.outbox import MemoryDirectory, OutboxLoop
from tests.simulation.people import Door
from tests.simulation.process import Process
from tests.simulation.standstill import Standstill, StoppableQueue
from tests.simulation.video import VideoLine
from tests.simulation.world import ACTOR, Actor, Service
from tests.support.services import SilentObserver, services

# The promise that an error of the program itself breaks.
UNFORESEEN = "no step fails unforeseen"
TICK_SECONDS = 0.5
IDLE_TICK_SECONDS = 24 * 3600.0
SEEN_WITHIN_SECONDS = 600.0
"""How long it takes at most until a row that came meanwhile is seen."""


class Life:
    """A process that has started. `door` is where people reach it."""

    def __init__(
        self,
        *,
        process: Process,
        store: AnyWatchedStore,
        invariants: Invariants,
        now: SteadyClock,
    ) -> None:
        self._process = process
        self._world = process.world
        self._store = store
        self._invariants = invariants
        self._now = now
        self._has_posters = are_posters_made(self._world.seed)
        self._woken = asyncio.Event()
        self._suspects = SuspectLock()
        is_one_of_many = self._world.processes > 1
        always_up = Standstill(self._world)
        standstill = Standstill(self._world, at_commits=is_one_of_many)
        self.door = Door(process=process, services=self._services(always_up))
        self._outbox = self._outbox_engine(standstill if is_one_of_many else always_up)
        process.spawn(OutboxLoop(process, store, self._outbox, now).run())
        self._engines: list[Engine[Job]] = []
        for _ in range(self._world.engines):
            if not is_one_of_many:
                several = self._world.engines > 1
                standstill = Standstill(self._world, at_commits=several)
            engine = self._job_engine(standstill)
            self._engines.append(engine)
            process.spawn(self._tick(engine, standstill))

    @classmethod
    async def begin(
        cls,
        opened: Callable[[], Awaitable[AnyWatchedStore]],
        process: Process,
        invariants: Invariants,
        *,
        clock_error: float,
        is_told: bool,
        is_restored: bool,
    ) -> Life:
        """Start the bot on the store that is `opened`; its clock is wrong by `clock_error` seconds.

        `is_told`: Slack's answer at the start has its time. Raises what a start may fail with:
        `StoreError` and `CrashError`.
        """
        world = process.world
        store = await opened()
        try:
            now = await start_clock(
                store,
                clock_error if is_told else None,
                wall=lambda: world.now() + clock_error,
                monotonic=lambda: world.age,
            )
        except BaseException:
            await store.close()
            raise
        rows = {
            row.id: row
            for row in await store.jobs.jobs(JobFilter(stages=frozenset(Stage), limit=1000))
        }
        if is_restored:
            invariants.after_restore(rows)
        if invariants.books is not None:
            invariants.books.begin(store.jobs.read_books, is_restored=is_restored)
        invariants.after_restart(rows, is_alone=world.processes == 1)
        for row_id in list(invariants.notifications):
            found = {row_id: await store.outbox.find(row_id)}
            invariants.after_restart_of_outbox(found, is_restored=is_restored)
        return cls(process=process, store=store, invariants=invariants, now=now)

    async def end(self) -> None:
        """Stop as SIGTERM does, within its time."""
        with suppress(StoreError):
            await self._store.note_stop(self._now())
            self._process.stop_is_noted = True
        stops = [engine.stop(20.0) for engine in self._engines]
        await asyncio.gather(*stops, self._outbox.stop(20.0))

    @property
    def has_told_all(self) -> bool:
        """Whether no notification waits."""
        return self._store.next_notification() is None

    async def close(self) -> None:
        """Let go of the file."""
        await self._store.close()

    def _services(self, standstill: Standstill) -> Services:
        world = self._world
        lines = {service: Line(self._process, service, standstill) for service in Service}
        return services(
            self._store,
            video=VideoLine(self._invariants.video, lines[Service.MINDVIDEO]),
            chat=ChatLine(self._invariants.slack, lines[Service.SLACK]),
            files=MemoryFiles(self._invariants.slack, lines[Service.SLACK]),
            films=MemoryFilms(self._process) if self._has_posters else None,
            directory=MemoryDirectory(self._invariants.slack, lines[Service.SLACK]),
            observer=_StepCounter(self._process),
            now=self._now,
            uptime=lambda: world.age,
            new_id=lambda: f"{world.chance.getrandbits(32):08x}",
            chance=world.chance.random,
            wake=self._wake,
            started_at=self._now(),
            poll_max=world.poll_max,
            submit_delay=world.submit_delay,
        )

    def _wake(self) -> None:
        """Let this process look for due rows, and all others that share the store."""
        for wake in dict.fromkeys([*self._world.wakers, self.wake]):
            wake()

    def wake(self) -> None:
        """Look for due rows soon."""
        self._woken.set()
        self._store.written.set()

    def _job_engine(self, standstill: Standstill) -> Engine[Job]:
        steps = {stage: self._watched(step, _of_job) for stage, step in STEPS.items()}
        return Engine(
            StoppableQueue(self._store.jobs, standstill),
            steps,
            self._services(standstill),
            kind="job",
            pools=self._drawn(POOLS),
            gate=Gate(),
            suspects=self._suspects,
        )

    def _outbox_engine(self, standstill: Standstill) -> Engine[Notification]:
        steps = {
            kind: self._watched(step, _of_notification) for kind, step in NOTIFICATION_STEPS.items()
        }
        return Engine(
            StoppableQueue(self._store.outbox, standstill),
            steps,
            self._services(standstill),
            kind="notification",
            pools=self._drawn(NOTIFICATION_POOLS),
            gate=Gate(),
            suspects=self._suspects,
        )

    def _drawn(self, pools: Sequence[Pool]) -> list[Pool]:
        """Return the pools with sizes that chance draws.

        What is never due must not change what else chance decides.
        """
        world, never_due = self._world, {str(NotificationKind.WELCOME)}
        if not self._has_posters:
            never_due.add(NotificationKind.POSTER)
        if world.set_at is None:
            never_due.add(NotificationKind.SET)
        if not are_chains_made(world):
            never_due.add(NotificationKind.STITCHED)
        return [
            replace(pool, size=world.chance.choice((1, 2, 64)))
            for pool in pools
            if not never_due.issuperset(pool.steps)
        ]

    def _watched(self, step: Step[Row], actor_of: Callable[[Row], Actor]) -> Step[Row]:
        """Return the step with its actor known to the services, and no error overlooked."""

        async def run(claim: Claim[Row]) -> Result[Row]:
            ACTOR.set(actor_of(claim.row))
            try:
                return await step(claim)
            except (BotError, StoreError):
                raise
            except Exception:
                self._world.violate(UNFORESEEN, traceback.format_exc())
                raise

        return run

    async def _tick(self, engine: Engine[Job], standstill: Standstill) -> None:
        """Tick as the clock does, every half second or when woken, but only if it matters."""
        world = self._world
        while True:
            self._woken.clear()
            started = 0
            try:
                started = await engine.tick()
            except StoreBrokenError:
                self._process.die("the store is broken")
                return
            except StoreError:
                await world.sleep(TICK_SECONDS)
            ticked_at = world.age
            is_alone = len(self._engines) == world.processes == 1
            if started and not is_alone and world.faulty and world.odds(0.2):
                world.count("one of several stands still")
                world.later(world.between(0, 10), partial(standstill.begin, world.between(1, 200)))
            await self._wait(world.between(0.01, TICK_SECONDS))
            while (pause := self._idle_until(ticked_at) - world.age) > 0:
                # A question that its asker never answers wakes nobody, and expires all the same.
                await self._wait(min(pause, SEEN_WITHIN_SECONDS))

    async def _wait(self, seconds: float) -> None:
        """Wait so long, or until woken."""
        self._woken.clear()
        waking = asyncio.get_running_loop().call_later(seconds, self._woken.set)
        await self._woken.wait()
        waking.cancel()

    def _idle_until(self, ticked_at: float) -> float:
        """Return the age of the world at which a tick finds something to do."""
        now = self._now()
        live = [row for row in self._invariants.rows.values() if row.due_at is not None]
        latest = ticked_at + IDLE_TICK_SECONDS
        dues = [max(row.due_at or 0.0, row.lease_until or 0.0) for row in live]
        return min(self._world.age + min(dues, default=now + IDLE_TICK_SECONDS) - now, latest)


class _StepCounter(SilentObserver):
    """Counts how steps end, by their answers."""

    def __init__(self, process: Process) -> None:
        self._counts = process.world.counts

    def step_done(self, step: str, result: str, seconds: float) -> None:
        """See `Observer`; real time means nothing here."""
        del seconds
        self._counts[f"{step}: {result}"] += 1


def _of_job(row: Job) -> Actor:
    """Return the actor of a job: while it is planned, what it posts is its own message."""
    return Actor(row.id, Stage.ACCEPTED if row.stage is Stage.PLANNED else row.stage)


def _of_notification(row: Notification) -> Actor:
    """Return the actor of an outbox row: files are a result, words are a message."""
    is_result = row.kind in IN_ANY_ORDER - {NotificationKind.SET}
    return Actor(row.id, Stage.FINISHED if is_result else Stage.ACCEPTED)
