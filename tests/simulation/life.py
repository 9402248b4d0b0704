"""One life of the bot: everything that the composition root puts together, under virtual time."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from bot.base.errors import BotError
from bot.jobs.accept import Intake
from bot.jobs.actions import Verbs
from bot.jobs.pacing import EditBudget
from bot.options.catalog import Catalog
from bot.steps import STEPS
from bot.worker.context import Tools, Turn
from bot.worker.engine import POOLS, Engine, Step
from bot.worker.result import Result
from bot.worker.scheduler import SteadyClock
from storage.job import Stage
from storage.store import JobFilter, StoreBrokenError, StoreError
from tests.no_ports import NoLinks, NoPictures
from tests.simulation.chat import ChatLine
from tests.simulation.invariants import Invariants
from tests.simulation.line import Line
from tests.simulation.notices import Herald
from tests.simulation.people import Door
from tests.simulation.process import Process
from tests.simulation.video import VideoLine
from tests.simulation.watched import WatchedStore
from tests.simulation.world import ACTOR, Actor, Service

# The promise that an error of the program itself breaks.
UNFORESEEN = "no step fails unforeseen"
TICK_SECONDS = 0.5
# While a step runs, its lease has to be renewed in time.
BUSY_TICK_SECONDS = 15.0
IDLE_TICK_SECONDS = 24 * 3600.0


class Life:
    """A process that has started. `door` is where people reach it."""

    def __init__(
        self, *, process: Process, store: WatchedStore, invariants: Invariants, now: SteadyClock
    ) -> None:
        self._process = process
        self._world = process.world
        self._store = store
        self._invariants = invariants
        self._now = now
        self._woken = asyncio.Event()
        engines = range(self._world.engines)
        lines = [{service: Line(process, service) for service in Service} for _ in engines]
        self._engines = [self._engine(lines[number]) for number in engines]
        self.door = Door(
            process=process,
            verbs=Verbs(
                intake=Intake(store, now=now, new_id=self._new_id, wake=self._woken.set),
                store=store,
                catalog=_catalog(),
                now=now,
                new_id=self._new_id,
            ),
        )
        self._herald = Herald(
            process=process,
            store=store,
            workspace=invariants.slack,
            line=Line(process, Service.SLACK),
            catalog=_catalog(),
            now=now,
        )
        if invariants.listening:
            process.spawn(self._herald.run())
        for number, engine in enumerate(self._engines):
            process.spawn(self._tick(engine, list(lines[number].values())))

    @classmethod
    async def begin(
        cls,
        path: Path,
        process: Process,
        invariants: Invariants,
        *,
        clock_error: float,
        is_restored: bool,
    ) -> Life:
        """Start the bot on the file at `path`; its clock is wrong by `clock_error` seconds."""
        world = process.world
        store = await WatchedStore.start(path, process, invariants)
        rows = {row.id: row for row in await store.jobs(JobFilter(limit=1000))}
        if is_restored:
            invariants.after_restore(rows)
        invariants.after_restart(rows)
        for notice in list(invariants.notices.values()):
            standing = store.as_it_stands(notice)
            if standing is None:
                invariants.forget_notice(notice)
            else:
                invariants.after_notice(standing)
        now = SteadyClock(
            not_before=await store.last_event_at(),
            wall=lambda: world.now() + clock_error,
            monotonic=lambda: world.age,
        )
        return cls(process=process, store=store, invariants=invariants, now=now)

    async def end(self) -> None:
        """Stop as SIGTERM does, within its time."""
        stops = [engine.stop(20.0) for engine in self._engines]
        await asyncio.gather(*stops, self._herald.stop(20.0))

    @property
    def has_told_all(self) -> bool:
        """Whether no notice waits."""
        return self._store.next_notice() is None

    async def close(self) -> None:
        """Let go of the file."""
        await self._store.close()

    def _engine(self, lines: Mapping[Service, Line]) -> Engine:
        world = self._world
        tools = Tools(
            video=VideoLine(self._invariants.video, lines[Service.MINDVIDEO]),
            chat=ChatLine(self._invariants.slack, lines[Service.SLACK]),
            store=self._store,
            catalog=_catalog(),
            now=self._now,
            edits=EditBudget(),
            started_at=self._now(),
            pictures=NoPictures(),
            links=NoLinks(),
            poll_max=world.poll_max,
        )
        return Engine(
            tools,
            {stage: self._watched(step) for stage, step in STEPS.items()},
            chance=world.chance.random,
            observer=self,
            wake=self._woken.set,
            pools=[replace(pool, size=world.chance.choice((1, 2, 64))) for pool in POOLS],
        )

    def step_done(self, stage: Stage, result: str, _seconds: float, /) -> None:
        """See `bot.worker.engine.Observer`; real time means nothing here."""
        self._world.counts[f"{stage}: {result}"] += 1

    def _watched(self, step: Step) -> Step:
        """Return the step with its actor known to the services, and no error overlooked."""

        async def run(turn: Turn) -> Result:
            ACTOR.set(Actor(turn.job.id, turn.job.stage))
            try:
                return await step(turn)
            except (BotError, StoreError):
                raise
            except Exception:
                self._world.violate(UNFORESEEN, traceback.format_exc())
                raise

        return run

    async def _tick(self, engine: Engine, lines: Sequence[Line]) -> None:
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
            if started and len(self._engines) > 1 and world.faulty and world.odds(0.2):
                world.count("one of two engines stands still")
                pause = world.between(30, 200)
                for line in lines:
                    line.hear_nothing(pause)
                await world.sleep(pause)
            await self._wait(world.between(0.01, TICK_SECONDS))
            while (pause := self._idle_until(ticked_at) - world.age) > 0:
                await self._wait(pause)

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
        busy = any((row.lease_until or 0.0) > now for row in live)
        latest = ticked_at + (BUSY_TICK_SECONDS if busy else IDLE_TICK_SECONDS)
        dues = [max(row.due_at or 0.0, row.lease_until or 0.0) for row in live]
        return min(self._world.age + min(dues, default=now + IDLE_TICK_SECONDS) - now, latest)

    def _new_id(self) -> str:
        return f"{self._world.chance.getrandbits(32):08x}"


@cache
def _catalog() -> Catalog:
    return Catalog.load()
