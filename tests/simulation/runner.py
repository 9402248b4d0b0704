"""One seed, one run: the bot lives, dies and lives again until nothing is left to do."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from storage.job import TERMINAL, Job, Stage
from storage.sqlite.connection import connect_writer
from storage.sqlite.generation import mark_as_copy
from storage.sqlite.store import SqliteStore
from storage.store import StoreError
from tests.simulation import clock
from tests.simulation.ahead import date_ahead
from tests.simulation.database import AnyWatchedStore
from tests.simulation.films import are_posters_made
from tests.simulation.invariants import Invariants
from tests.simulation.life import Life
from tests.simulation.money import write_budgets
from tests.simulation.outbox import SUBSCRIBED, are_channels_subscribed, subscribe_channels
from tests.simulation.people import People
from tests.simulation.process import CrashError, Process
from tests.simulation.replaced import files_without_threads
from tests.simulation.tasks import NEVER
from tests.simulation.watched import WatchedStore
from tests.simulation.world import Violation, World
from tests.support.inline_store import inline_session
from tests.support.memory import MEMORY

# The promise: so long after the last fault (and the end of the render) every job has ended.
ENDS_WITHIN_SECONDS = 2 * 3600.0
# A render that never ends is given up six hours after it began.
GIVEN_UP_AFTER_SECONDS = 6 * 3600.0
# Where faults never stop, nothing need end: such a run only shows that nothing breaks.
STORMY_SECONDS = 2 * 3600.0
# Costs are looked for over a day and more; nothing takes longer than this.
AT_REST_AFTER_SECONDS = 6 * 24 * 3600.0
# The bot looks for what it may have posted six hours further back than its clock says.
WORST_CLOCK_ERROR = 5 * 3600.0
CHECK_SECONDS = 300.0
ENDED = TERMINAL | {Stage.PARKED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of one seed."""

    seed: int
    violations: tuple[Violation, ...]
    faults: Counter[str]
    crashes: Counter[str]
    counts: Counter[str]
    ends: Counter[str]
    doubled: Counter[str]
    """Only where posts may arrive very late: what stood twice."""
    trace: tuple[str, ...]


def simulate(seed: int, *, trace: bool = False, late_posts: bool = False) -> Report:
    """Run one seed. The same seed gives the same report."""
    # A store of a run is small, and a commit to a disk takes a hundred times as long.
    parent = MEMORY if MEMORY.is_dir() else None
    for subscribed in (False, True):
        _empty_store(subscribed=subscribed)
    with (
        files_without_threads(),
        tempfile.TemporaryDirectory(prefix="simulation-", dir=parent) as folder,
    ):
        return clock.run(_run(seed, Path(folder), trace=trace, late_posts=late_posts))


async def _run(seed: int, folder: Path, *, trace: bool, late_posts: bool) -> Report:
    world = World(seed, late_posts=late_posts, trace=trace)
    invariants = begin_watch(world)
    await Run(world, invariants, folder).go()
    return report(world, invariants)


def begin_watch(world: World) -> Invariants:
    """Return what watches the promises in a world; errors that nobody hears break one."""
    asyncio.get_running_loop().set_exception_handler(_Handler(world).handle)
    return Invariants(world, SUBSCRIBED if are_channels_subscribed(world.seed) else ())


def report(world: World, invariants: Invariants) -> Report:
    """Return what came of a world."""
    return Report(
        seed=world.seed,
        violations=tuple(world.violations),
        faults=world.faults,
        crashes=world.crashes,
        counts=world.counts,
        ends=Counter(_ending(row) for row in invariants.rows.values()),
        doubled=Counter(invariant for invariant, _ in world.doubled),
        trace=tuple(world.lines or ()),
    )


class _Handler:
    """Hears of errors that no task retrieved: those of a dead process are none."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        if not isinstance(context.get("exception"), CrashError):
            self._world.violate("no error is lost", repr(context))


class Run:
    """A run of one seed: the bot lives on a file, one process after the other."""

    def __init__(self, world: World, invariants: Invariants, folder: Path) -> None:
        self._world = world
        self._invariants = invariants
        self._folder = folder
        self._generation = 0
        self._people = People(world, invariants)
        self._deaths = world.chance.choice((0, 1, 1, 2, 3, 6))
        self._is_stormy = world.odds(0.2)
        self._clock_errs = world.odds(0.5 if world.is_long else 0.15)
        invariants.video.clock_errs = self._clock_errs
        self._is_ahead = self._clock_errs and not world.is_long and world.odds(0.5)
        """Whether the first life dates all days ahead; later ones are told the time by Slack."""
        self._calm_at = float("inf")
        self._up_at = 0.0
        self._restores = world.is_restored
        self._is_backup = False
        self._life: Life | None = None

    async def go(self) -> None:
        """Run until all is at rest or a promise is broken."""
        world = self._world
        await self._make_store()
        self._people.begin()
        world.live(self._watch())
        if not self._is_stormy:
            world.later(world.between(400 if world.is_long else 1, 1500), self._calm_down)
        await self._live_on()

    async def _make_store(self) -> None:
        """Make what the first process finds."""
        self._path.write_bytes(_empty_store(subscribed=bool(self._invariants.subscribed)))
        if self._world.budgets is not None:
            store = SqliteStore(await inline_session(str(self._path)))
            await write_budgets(store, self._world.budgets)
            await store.close()

    async def _live_on(self) -> None:
        """Let the bot live again and again."""
        world = self._world
        while not world.over.is_set():
            mortal = self._deaths > 0 and not self._is_before_long_pause
            has_posters = are_posters_made(world.seed)
            await self._live(Process(world, mortal=mortal, has_posters=has_posters))
            self._deaths -= 1
            await world.sleep(self._downtime())

    @property
    def _is_before_long_pause(self) -> bool:
        return self._world.is_long and self._generation == 0

    @property
    def _path(self) -> Path:
        return self._folder / f"{self._generation}.db"

    async def _live(self, process: Process) -> None:
        """Start the bot, let it run, and clear away what is left of it."""
        world = self._world
        try:
            life = await Life.begin(
                partial(self._opened, process),
                process,
                self._invariants,
                clock_error=self._clock_error(),
                is_told=self._is_ahead,
                is_restored=self._is_backup,
            )
        except (StoreError, CrashError):
            # Whoever supervises the process starts it again.
            process.die("at the start")
            await process.bury()
            return
        self._is_backup = False
        self._take_up(life)
        if world.faulty and (world.odds(0.2) or self._is_before_long_pause):
            # Late enough, before a long pause, for something to have been sent.
            earliest = 120 if self._is_before_long_pause else 0
            world.later(world.between(earliest, 400), lambda: process.die("at any moment"))
        if world.faulty and world.odds(0.2):
            world.later(world.between(0, 400), process.leaving.set)
        await _first_of(process.dead, process.leaving, world.over)
        self._let_go(life)
        if process.alive and process.leaving.is_set():
            world.live(self._leave(life, process))
            await _first_of(process.dead, world.over)
        await process.bury()
        self._keep_what_is_on_disk()
        await life.close()

    async def _opened(self, process: Process) -> AnyWatchedStore:
        """Open the store as a part of a process."""
        return await WatchedStore.start(self._path, process, self._invariants)

    def _take_up(self, life: Life) -> None:
        """Let people find the bot."""
        self._life, self._people.door, self._up_at = life, life.door, self._world.age

    def _let_go(self, _life: Life, /) -> None:
        """Let people find no bot."""
        self._life, self._people.door, self._up_at = None, None, float("inf")

    def _clock_error(self) -> float:
        """Return by how much the bot's clock is ahead in this life."""
        if not self._clock_errs:
            return 0.0
        if self._world.is_long:
            # Ahead when a key is first sent and behind when it is old: nothing is worse for it.
            error = self._world.between(0, WORST_CLOCK_ERROR)
            return error if self._generation == 0 else -error
        return self._world.between(-WORST_CLOCK_ERROR, WORST_CLOCK_ERROR)

    async def _leave(self, life: Life, process: Process) -> None:
        # It may die in the commit that notes its stop.
        with suppress(CrashError):
            await life.end()
        process.die("asked to stop")

    def _keep_what_is_on_disk(self) -> None:
        """Copy the files as a killed process leaves them: closing would tidy the log away."""
        left = self._path
        self._generation += 1
        if self._restores and self._generation > 1 and self._world.faulty:
            left = self._folder / f"{self._generation - 2}.db"
            self._restores, self._is_backup = False, True
            self._world.count("restored from a backup")
        # The lock stays where it is when a backup takes the place of the file.
        lock = self._folder / f"{self._generation - 1}.db.lock"
        kept = {"": left, "-wal": left.with_name(f"{left.name}-wal"), ".lock": lock}
        for suffix, file in kept.items():
            if file.exists():
                shutil.copyfile(file, self._path.with_name(self._path.name + suffix))
        if self._is_backup and left != self._folder / f"{self._generation - 1}.db":
            make_copy(self._path)
        if self._is_ahead and (self._generation == 1 or self._is_backup):
            self._world.count("dated days ahead")
            date_ahead(self._path)

    def _downtime(self) -> float:
        world = self._world
        if self._world.is_long and self._generation == 1 and world.faulty:
            return world.between(22 * 3600, 30 * 3600)
        return world.between(2, 120) if world.odds(0.9) else world.between(120, 2400)

    def _calm_down(self) -> None:
        self._world.note("faults stop")
        self._world.faulty = False
        self._calm_at = self._world.age

    async def _watch(self) -> None:
        """End the run when all is at rest, or when it ought to be."""
        world = self._world
        while not world.over.is_set():
            await world.sleep(CHECK_SECONDS)
            if self._people.are_done and self._is_all_told:
                if await self._people.close_the_books():
                    self._invariants.at_rest()
                    world.over.set()
            elif self._is_stormy and world.age > STORMY_SECONDS:
                world.over.set()
            elif world.age > AT_REST_AFTER_SECONDS + self._calm_at:
                world.violate("everything comes to rest", str(self._invariants.unfinished()))
            self._check_endings()

    @property
    def _is_all_told(self) -> bool:
        if self._invariants.unfinished():
            return False
        return self._life is not None and self._life.has_told_all

    def _check_endings(self) -> None:
        for row in self._invariants.unfinished():
            if row.stage not in ENDED and self._world.age > self._deadline(row):
                self._world.violate("every job ends in time", f"{row.id} is {row.stage}")

    def _deadline(self, row: Job) -> float:
        """Return the age of the world at which the job must have ended."""
        resumed_at = self._invariants.resumed_at.get(row.id, 0.0)
        starts_at = (row.starts_at or 0.0) - self._world.epoch
        if row.starts_at is not None and self._clock_errs:
            # A clock that is behind comes to it late.
            starts_at += WORST_CLOCK_ERROR
        moment = max(self._calm_at, self._up_at, resumed_at, starts_at)
        for task in self._invariants.video.tasks.values():
            if task.job_id == row.id:
                ends = (
                    task.born + GIVEN_UP_AFTER_SECONDS
                    if NEVER in {task.ends, task.known_from, task.files_from}
                    else max(task.ends, task.known_from, task.files_from)
                )
                moment = max(moment, ends - self._world.epoch)
        return moment + ENDS_WITHIN_SECONDS


def make_copy(path: Path) -> None:
    """Make of a file and its WAL what `backup` writes: one file with the number of a copy."""
    with closing(connect_writer(str(path), create=False)) as db:
        mark_as_copy(db)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


@cache
def _empty_store(*, subscribed: bool) -> bytes:
    """Return the file of a store without jobs: making its tables anew takes long."""
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        path = Path(folder) / "empty.db"
        asyncio.run(_make_store(path, subscribed=subscribed))
        return path.read_bytes()


async def _make_store(path: Path, *, subscribed: bool) -> None:
    store = SqliteStore(await inline_session(str(path)))
    if subscribed:
        await subscribe_channels(store)
    await store.close()


def _ending(row: Job) -> str:
    outcome = f" {row.outcome}" if row.outcome else ""
    return f"{row.stage}{outcome}"
