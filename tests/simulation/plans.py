"""Renders that people plan for later, in some worlds: chance of their own draws them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.options.times import WallTime
from storage.job import Instant, Job, Stage
from tests.simulation.world import World

MISSED_SECONDS = 3600.0
"""From so late on nothing is started any more."""
# Slack tells whole seconds, and an answer with the time may be under way for a while.
EARLY_SECONDS = 1.0
LATE_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A request for a later render: when it is made, and for how many minutes later."""

    asked_after: float
    minutes: int
    cancelled_after: float | None
    """Seconds from the request on; `None`: its asker leaves it."""
    days: int
    """For how many days it is repeated until its asker ends that; 0: it is not."""


def draw_plans(seed: int) -> Sequence[Plan]:
    """Return what is planned in the world of a seed."""
    chance = random.Random(f"moments {seed}")
    if chance.random() < 0.8:
        return ()
    return [
        Plan(
            asked_after=chance.uniform(0, 120),
            minutes=chance.choice((1, 3, 20, 90, 300)),
            cancelled_after=chance.choice((None, None, 30.0, chance.uniform(0, 400))),
            days=chance.choice((0, 0, 1, 2)),
        )
        for _ in range(chance.choice((1, 1, 2)))
    ]


def wall_time(at: Instant) -> WallTime:
    """Return a moment as it is typed, to the minute, by the clocks of UTC."""
    local = datetime.fromtimestamp(at, UTC).replace(second=0, microsecond=0)
    return WallTime(text=f"{local:%Y-%m-%d %H:%M}", clock=local.time(), date=local.date())


def check_moments(world: World, row: Job, rows: Iterable[Job]) -> None:
    """Check that a repeat has one job a moment, and goes on when one of its jobs has begun."""
    if row.repeat is None:
        return
    others = [one for one in rows if one.repeat is not None and one.repeat.id == row.repeat.id]
    if any(one.starts_at == row.starts_at and one.id != row.id for one in others):
        world.violate("one job a moment", f"{row.id}: {row.starts_at}")
    later = any((one.starts_at or 0.0) > (row.starts_at or 0.0) for one in others)
    if row.stage is Stage.ACCEPTED and not later:
        world.violate("a repeat goes on", row.id)


def check_start(world: World, before: Job, row: Job) -> None:
    """Check that a planned job starts at its time, and never when that is long over."""
    if before.stage is not Stage.PLANNED or row.stage not in {Stage.ACCEPTED, Stage.WAITING}:
        return
    late = world.now() - (row.starts_at or 0.0)
    world.count("planned job started")
    if late < -EARLY_SECONDS:
        world.violate("nothing starts before its time", f"{row.id}: {late:.0f} s")
    if late > MISSED_SECONDS + LATE_SECONDS:
        world.violate("what was missed is not started", f"{row.id}: {late:.0f} s")
