"""One seed's world: its time, its chance, its weather, and what is noted of a run."""

from __future__ import annotations

import asyncio
import random
import traceback
from collections import Counter
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from storage.job import Instant, Stage
from tests.simulation.money import Budgets, draw_budgets
from tests.simulation.names import EPOCH

T = TypeVar("T")

# How likely each kind of fault is at each chance, drawn once a seed: most are off in most seeds,
# so that rare kinds are also seen alone.
RATES = (0.0, 0.0, 0.0, 0.02, 0.06, 0.2)
# Rarely a kind happens nearly always.
HEAVY_CHANCE, HEAVY_RATE = 0.02, 0.85


# Renders that never end are drawn only where they are looked at as rarely as this, in seconds: they
# are followed for six hours.
RARELY = 900.0
# What nobody can promise where a post may arrive long after it was given up and looked for.
DOUBLED = frozenset({"a level is told once", "messages ≤ 1", "results in a thread ≤ 1"})


class Service(StrEnum):
    """Whom the bot talks to."""

    MINDVIDEO = "mindvideo"
    SLACK = "slack"


class Fate(StrEnum):
    """What becomes of one call."""

    ANSWERED = "answered"
    NOT_CONNECTED = "not connected"
    RATE_LIMITED = "rate limited"
    HELD = "held for the operator"
    REQUEST_LOST = "request lost"
    REPLY_LOST = "reply lost"
    ERROR_WITHOUT_EFFECT = "error without effect"
    ERROR_WITH_EFFECT = "error with effect"
    ARRIVES_LATE = "request arrives late"


@dataclass(frozen=True, slots=True)
class Actor:
    """On whose behalf a call is made: a job, at a stage."""

    job_id: str
    stage: Stage


ACTOR: ContextVar[Actor | None] = ContextVar("ACTOR", default=None)


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which every call to a service has the same fate."""

    service: Service
    begin: float
    end: float
    fate: Fate


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise."""

    invariant: str
    detail: str


class World:
    """Everything that a seed decides. `faulty` says whether faults still happen."""

    def __init__(self, seed: int, *, late_posts: bool = False, trace: bool = False) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.late_posts = late_posts
        self.faulty = True
        self.faults: Counter[str] = Counter()
        self.crashes: Counter[str] = Counter()
        self.deaths = 0
        """Crashes that the store takes for such: not those of a process that noted its stop."""
        self.counts: Counter[str] = Counter()
        self.violations: list[Violation] = []
        self.doubled: set[tuple[str, str]] = set()
        """What stood twice, and of which job, because a post arrived very late."""
        self.over = asyncio.Event()
        self.outlive: set[asyncio.Task[None]] = set()
        """Tasks that are no part of the bot's process: people, and the run itself."""
        self.lines: list[str] | None = [] if trace else None
        self._loop = asyncio.get_running_loop()
        self._rates: dict[str, float] = {}
        self.is_long = self.odds(0.04)
        """Whether MindVideo's answers are lost at first, and the bot is then down for a day."""
        self.is_restored = self.odds(0.15)
        """Whether the bot once starts from the file as it was a life before."""
        self.submit_delay = self.chance.choice((0.0, 5.0, 5.0, 60.0))
        self.poll_max = self.chance.choice((30.0, 30.0, 120.0, RARELY))
        """At most so many seconds lie between two looks at a render."""
        self.engines = 2 if self.odds(0.1) else 1
        """How many engines of a process share the store."""
        self.processes = 1
        """How many processes share it."""
        self.database = asyncio.Lock()
        """Held by the one call that is made to what they share."""
        self.wakers: list[Callable[[], None]] = []
        """Wakes each process of those that share it, as the next look for due rows does."""
        self._outages = self._draw_outages()
        self.budgets: Budgets | None = draw_budgets(seed)
        self.set_at = draw_set_at(seed, self.budgets)
        """The age at which somebody asks for several videos at once; `None`: nobody does."""
        self.epoch = EPOCH if self.budgets is None else self.budgets.epoch
        """When it begins."""

    @property
    def age(self) -> float:
        """Seconds since the run began."""
        return self._loop.time()

    def now(self) -> Instant:
        """Return the true time, which the services' clocks show."""
        return self.epoch + self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Let virtual time pass."""
        await asyncio.sleep(seconds)

    def later(self, seconds: float, act: Callable[[], T]) -> asyncio.Future[T]:
        """Have `act` happen in `seconds`, whoever has stopped waiting for it by then."""
        done: asyncio.Future[T] = self._loop.create_future()
        # What nobody waits for any more is nobody's error.
        done.add_done_callback(lambda future: future.cancelled() or future.exception())

        def happen() -> None:
            try:
                result = act()
            except Exception as error:  # noqa: BLE001 - handed to whoever waits
                if not done.done():
                    done.set_exception(error)
            else:
                if not done.done():
                    done.set_result(result)

        self._loop.call_later(seconds, happen)
        return done

    def live(self, life: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Let something go on that does not die with the bot's process."""
        task = self._loop.create_task(life)
        self.outlive.add(task)
        task.add_done_callback(self._check_life)
        return task

    def between(self, low: float, high: float) -> float:
        """Return a random number."""
        return self.chance.uniform(low, high)

    def odds(self, chance: float) -> bool:
        """Tell whether something that has this chance happens: the weather apart."""
        return self.chance.random() < chance

    def happens(self, kind: str, scale: float = 1.0) -> bool:
        """Tell whether a fault of this kind happens now."""
        if not self.faulty or self.chance.random() >= self._rate(kind) * scale:
            return False
        self.count(kind)
        return True

    def fate(self, service: Service, call: str, fates: tuple[Fate, ...]) -> Fate:
        """Decide what becomes of a call; only `fates` are possible beside an answer."""
        if not self.faulty:
            return Fate.ANSWERED
        for outage in self._outages:
            if outage.service is service and outage.begin <= self.age < outage.end:
                fate = outage.fate if outage.fate in fates else Fate.NOT_CONNECTED
                self.count(f"{call}: {fate}")
                return fate
        for fate in fates:
            if self.happens(f"{call}: {fate}"):
                return fate
        return Fate.ANSWERED

    def note(self, text: str) -> None:
        """Add a line to the trace, if there is one."""
        if self.lines is not None:
            actor = ACTOR.get()
            who = f"{actor.job_id} {actor.stage}" if actor else "-"
            self.lines.append(f"{self.age:12.3f}  {who:16}  {text}")

    def violate(self, invariant: str, detail: str) -> None:
        """Note that a promise was broken, and end the run.

        With late posts a message may stand twice: that is counted, and the run goes on.
        """
        if self.late_posts and invariant in DOUBLED:
            self.doubled.add((invariant, detail.partition(":")[0]))
            return
        self.violations.append(Violation(invariant, detail))
        self.note(f"VIOLATION {invariant}: {detail}")
        self.over.set()

    def count(self, kind: str) -> None:
        """Note a fault."""
        self.faults[kind] += 1
        self.note(f"fault: {kind}")

    def _check_life(self, life: asyncio.Task[None]) -> None:
        error = None if life.cancelled() else life.exception()
        if error is not None:
            self.violate("the simulation is sound", "".join(traceback.format_exception(error)))

    def _rate(self, kind: str) -> float:
        rate = self._rates.get(kind)
        if rate is None:
            heavy = self.chance.random() < HEAVY_CHANCE
            rate = self._rates[kind] = HEAVY_RATE if heavy else self.chance.choice(RATES)
        return rate

    def _draw_outages(self) -> list[Outage]:
        outages = []
        if self.is_long:
            outages.append(Outage(Service.MINDVIDEO, 0, 900, Fate.REPLY_LOST))
        for service in Service:
            if self.odds(0.25):
                begin = self.between(0, 300)
                fate = self.chance.choice(
                    (Fate.NOT_CONNECTED, Fate.HELD, Fate.REPLY_LOST, Fate.ERROR_WITHOUT_EFFECT)
                )
                end = begin + self.between(60, 1800)
                outages.append(Outage(service, begin, end, fate))
        return outages


def draw_set_at(seed: int, budgets: Budgets | None) -> float | None:
    """Return the age of a world at which somebody asks for a set; `None`: nobody does.

    It must not change what else chance decides in worlds without sets.
    """
    if budgets is not None:
        return budgets.set_at
    return random.Random(f"set {seed}").uniform(0, 400) if seed % 5 == 3 else None
