"""When to poll a task again: pure functions of its age and of past renders, all in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from bot.jobs.render_time import UNKNOWN, poll_plan
from bot.options.usual_time import UsualTime

# With fewer past renders than this, a percentile means nothing.
ENOUGH_RENDERS = 5
LATE_FACTOR = 3.0
LATE_WITHOUT_HISTORY = 15 * 60.0
ABANDON_FACTOR = 10.0
ABANDON_AT_LEAST = 6 * 3600.0

# The pauses before each read of a cost that MindVideo has not named yet, or that may still change.
PENDING_COST_PAUSES = (30.0, 120.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
KNOWN_COST_PAUSES = (600.0,)


@dataclass(frozen=True, slots=True)
class Expected:
    """How long a render of some kind takes: half are done by `p50`, nine in ten by `p90`."""

    p50: float
    p90: float
    p95: float


def expected(history: Sequence[float]) -> Expected | None:
    """Return percentiles of past render times, or `None` when too few are known."""
    if len(history) < ENOUGH_RENDERS:
        return None
    cuts = quantiles(history, n=20, method="inclusive")
    return Expected(p50=cuts[9], p90=cuts[17], p95=cuts[18])


def next_poll(
    age: float,
    history: Sequence[float],
    usual: UsualTime | None,
    *,
    shortest: float,
    longest: float,
) -> float:
    """Return how long to wait before the next poll of a task of this age.

    `usual` is what the model file says of renders of this kind, `history` the past ones.
    """
    plan = poll_plan(usual or UNKNOWN, tuple(history))
    return min(max(plan.next_age(age) - age, shortest), longest)


def is_late(age: float, history: Sequence[float]) -> bool:
    """Return whether a render takes so long that the user should be notified."""
    usual = expected(history)
    limit = LATE_FACTOR * usual.p95 if usual else LATE_WITHOUT_HISTORY
    return age > limit


def is_abandoned(age: float, history: Sequence[float]) -> bool:
    """Return whether a render takes so long that an operator must act."""
    usual = expected(history)
    limit = ABANDON_FACTOR * usual.p95 if usual else 0.0
    return age > max(limit, ABANDON_AT_LEAST)


def next_cost_check(tries: int, *, cost_known: bool) -> float | None:
    """Return how long to wait before the next read of the final cost; `None`: read it no more."""
    pauses = KNOWN_COST_PAUSES if cost_known else PENDING_COST_PAUSES
    return pauses[tries] if tries < len(pauses) else None
