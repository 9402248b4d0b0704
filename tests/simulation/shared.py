"""One seed on PostgreSQL: two or three processes share a database, each with a clock of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

from storage.postgres.store import PostgresStore
from tests.simulation import clock
from tests.simulation.database import AnyWatchedStore, Reader, WatchedDatabase, simulated_sessions
from tests.simulation.invariants import Invariants
from tests.simulation.life import Life
from tests.simulation.money import draw_budgets, write_budgets
from tests.simulation.outbox import are_channels_subscribed, subscribe_channels
from tests.simulation.process import OWNER, Process, note_owners
from tests.simulation.replaced import files_without_threads
from tests.simulation.runner import Report, Run, begin_watch, report
from tests.simulation.world import World
from tests.support.postgres import Server, emptied_database

PROCESSES = (2, 3)


def simulate_shared(seed: int, server: Server, *, trace: bool = False) -> Report:
    """Run one seed on a server, as `simulate` runs it on a file."""
    url = emptied_database(server)
    asyncio.run(_make_store(url, seed))
    reader = Reader(url)
    try:
        with files_without_threads(), simulated_sessions():
            return clock.run(_run(seed, url, reader, trace=trace), clock.DatabaseLoop)
    finally:
        reader.close()


async def _make_store(url: str, seed: int) -> None:
    store = await PostgresStore.open(url)
    if are_channels_subscribed(seed):
        await subscribe_channels(store)
    budgets = draw_budgets(seed)
    if budgets is not None:
        await write_budgets(store, budgets)
    await store.close()


async def _run(seed: int, url: str, reader: Reader, *, trace: bool) -> Report:
    world = World(seed, trace=trace)
    world.processes = world.chance.choice(PROCESSES)
    # One database goes on through all of it: nobody starts from a backup, or after a day.
    world.is_restored = world.is_long = False
    note_owners(asyncio.get_running_loop())
    invariants = begin_watch(world)
    await _SharedRun(world, invariants, url, reader).go()
    return report(world, invariants)


class _SharedRun(Run):
    """A run of one seed, in which several processes live at a time."""

    def __init__(self, world: World, invariants: Invariants, url: str, reader: Reader) -> None:
        super().__init__(world, invariants, Path())
        self._url = url
        self._reader = reader
        self._living: list[Life] = []
        # However wrong the clocks of their machines are, the processes go by the database's.
        self._is_ahead = invariants.video.clock_errs = False

    async def _make_store(self) -> None:
        """Do nothing: the database is there."""

    async def _live_on(self) -> None:
        live_on = super()._live_on
        places = [self._world.live(live_on()) for _ in range(self._world.processes)]
        await asyncio.wait(places)

    async def _live(self, process: Process) -> None:
        OWNER.set(process)
        await super()._live(process)

    async def _opened(self, process: Process) -> AnyWatchedStore:
        return await WatchedDatabase.start(self._url, process, self._invariants, self._reader)

    def _take_up(self, life: Life) -> None:
        self._world.wakers.append(life.wake)
        self._living.append(life)
        self._life, self._up_at = life, self._world.age
        self._people.door = self._world.chance.choice(self._living).door

    def _let_go(self, life: Life) -> None:
        self._world.wakers.remove(life.wake)
        self._living.remove(life)
        if self._living:
            self._life = self._world.chance.choice(self._living)
            self._people.door = self._life.door
        else:
            super()._let_go(life)

    def _keep_what_is_on_disk(self) -> None:
        """Do nothing: the database is nobody's."""
