"""How one render at MindVideo will go: drawn when it starts, told as time passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.base.ports import Snapshot, TaskState
from bot.mindvideo.exchange import TaskCall, memo_of
from storage.job import Instant, Media, Output
from tests.simulation.money import draw_amounts, draw_ending, draw_estimates
from tests.simulation.world import RARELY, World

NEVER = float("inf")
# By how much a bill differs from the estimate where no amount was ever told.
UNTOLD = Decimal("0.0077")
# Longer than the bot's patience with a task that is not there, and shorter.
LONG_MISSING, SHORT_MISSING = NEVER, (1.0, 600.0)


@dataclass(slots=True, kw_only=True)
class Task:
    """One render: what becomes of it, and when. Moments are absolute."""

    id: str
    job_id: str
    born: Instant
    begins: Instant
    ends: Instant
    ending: TaskState
    estimates: Sequence[tuple[Instant, Decimal]]
    """What it is said to cost from a moment on; before the first, nothing is said."""
    amounts: Sequence[tuple[Instant, Decimal]]
    """What it is said to have cost from a moment on, in the same way."""
    billed: Decimal
    """What the bill says in the end."""
    known_from: Instant
    """Until then MindVideo denies that it knows the task."""
    files_from: Instant
    """From then on a succeeded task names its files."""
    files: tuple[bytes, ...]
    media: Media
    url_life: float

    def state(self, now: Instant) -> TaskState:
        """Return the true state."""
        if now >= self.ends:
            return self.ending
        return TaskState.PROCESSING if now >= self.begins else TaskState.QUEUED

    def amount(self, now: Instant) -> Decimal | None:
        """Return what MindVideo says now that it cost."""
        return _latest(self.amounts, now)

    def is_open(self, now: Instant) -> bool:
        """Return whether what it is said to have cost may still change by itself."""
        return any(now < since < NEVER for since, _ in self.amounts)

    def url(self, index: int, now: Instant) -> str:
        """Return the link to a file: a new one whenever the last has expired."""
        return f"https://files.example/{self.id}/{index}/{int(now // self.url_life)}"

    def content(self, url: str, now: Instant) -> bytes | None:
        """Return the bytes behind a link, or `None` once it has expired."""
        _, _, _, _, index, period = url.split("/")
        return self.files[int(index)] if now // self.url_life <= int(period) else None

    def snapshot(self, now: Instant, call: TaskCall) -> Snapshot:
        """Return what MindVideo truly says now."""
        state = self.state(now)
        has_files = state is TaskState.SUCCEEDED and now >= self.files_from
        return Snapshot(
            state=state,
            state_text=state.value,
            task_id=self.id,
            request_id=f"req-{self.id}",
            cost_estimate=_latest(self.estimates, now),
            cost_actual=self.amount(now),
            outputs=tuple(
                Output(media=self.media, url=self.url(index, now))
                for index in range(len(self.files))
            )
            if has_files
            else (),
            problem="The model found no way." if state is TaskState.FAILED else None,
            memo=memo_of(call),
        )


def draw_task(world: World, task_id: str, job_id: str) -> Task:
    """Return a new task whose whole course is decided."""
    chance, now = world.chance, world.now()
    begins = now + world.between(0.2, 30)
    ends = begins + chance.lognormvariate(4.3, 0.6)
    ending = TaskState.SUCCEEDED
    if world.odds(0.15):
        ending = chance.choice((TaskState.FAILED, TaskState.CANCELLED))
    if world.budgets is not None and world.faulty:
        ending = draw_ending(world.budgets, ending)
    if world.poll_max == RARELY and world.happens("task never ends", 0.4):
        ends = NEVER
    estimate = None if world.happens("no estimate") else _amount(world)
    amounts = _amounts(world, estimate, ends)
    return Task(
        id=task_id,
        job_id=job_id,
        born=now,
        begins=begins,
        ends=ends,
        ending=ending,
        estimates=_estimates(world, estimate, now, ends),
        amounts=amounts,
        billed=amounts[-1][1] if amounts else (estimate or UNTOLD) + UNTOLD,
        known_from=now + _delay(world, "task unknown after acceptance"),
        files_from=ends + _delay(world, "success without files"),
        files=tuple(
            chance.randbytes(chance.randint(1, 64)) for _ in range(chance.choice((1, 1, 1, 2)))
        ),
        media=chance.choice((Media.VIDEO, Media.VIDEO, Media.IMAGE)),
        url_life=chance.choice((40.0, 300.0, 3600.0, 86400.0)),
    )


def _latest(told: Sequence[tuple[Instant, Decimal]], now: Instant) -> Decimal | None:
    return next((cost for since, cost in reversed(told) if now >= since), None)


def _estimates(
    world: World, estimate: Decimal | None, born: Instant, ends: Instant
) -> Sequence[tuple[Instant, Decimal]]:
    if world.budgets is not None and world.faulty:
        return draw_estimates(world.budgets, estimate, born, ends)
    return () if estimate is None else ((born, estimate),)


def _amount(world: World) -> Decimal:
    return Decimal(world.chance.randint(100, 99999)).scaleb(-4)


def _amounts(
    world: World, estimate: Decimal | None, ends: Instant
) -> Sequence[tuple[Instant, Decimal]]:
    """Return when which cost is told: mostly the estimate, at once; or late, never, or anew.

    In a world with budgets it is more often late, absent or changed, which they must bear.
    """
    if world.budgets is not None and world.faulty:
        drawn = draw_amounts(world.budgets, estimate, ends)
        if drawn is not None:
            return drawn
    if world.happens("cost never told"):
        return ()
    first = _amount(world) if estimate is None or world.odds(0.5) else estimate
    since = ends + (world.between(1, 20_000) if world.happens("cost told late") else 0.0)
    if world.happens("cost changes later"):
        return ((since, first), (since + world.between(1, 3600), _amount(world)))
    return ((since, first),)


def _delay(world: World, kind: str) -> float:
    if not world.happens(kind):
        return 0.0
    return LONG_MISSING if world.odds(0.15) else world.between(*SHORT_MISSING)
