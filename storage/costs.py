"""The one rule of what renders cost: which amounts count, and which are still pending."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from storage.job import Instant, Outcome, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Render:
    """What reports need of one job."""

    user: str
    model: str
    created_at: Instant
    stage: Stage
    outcome: Outcome | None
    was_sent: bool
    """Whether a request for it may have reached the provider."""
    seconds: float | None
    """From submit to finish."""
    estimate: Decimal | None
    actual: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What renders cost: the exact sum of the amounts that are known, and how many are not."""

    total: Decimal = Decimal(0)
    priced: int = 0
    """Renders whose amounts are in `total`."""
    pending: int = 0
    """Renders that were sent to the provider and whose amount it has not named yet."""

    def __add__(self, other: Spend) -> Spend:
        return Spend(
            total=self.total + other.total,
            priced=self.priced + other.priced,
            pending=self.pending + other.pending,
        )


def spend_of(stage: Stage, *, was_sent: bool, actual: Decimal | None, renders: int = 1) -> Spend:
    """Return what so many renders cost that stand alike.

    One that was never sent cost nothing, nor did one that the provider refused, unless it named an
    amount all the same. An amount that is not named is pending, never zero.
    """
    if actual is not None and was_sent:
        return Spend(total=actual * renders, priced=renders)
    if was_sent and stage is not Stage.REJECTED:
        return Spend(pending=renders)
    return Spend()


def total_of(renders: Iterable[Render]) -> Spend:
    """Return what renders cost together."""
    spends = (
        spend_of(render.stage, was_sent=render.was_sent, actual=render.actual) for render in renders
    )
    return sum(spends, Spend())
