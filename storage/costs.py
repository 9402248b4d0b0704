"""The rule for the cost of renders: which amounts count, and which are still pending."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from storage.job import Instant, Outcome, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Render:
    """The facts about one job that reports need."""

    user: str
    model: str
    created_at: Instant
    stage: Stage
    outcome: Outcome | None
    was_sent: bool
    """Whether the provider may have taken the request."""
    seconds: float | None
    """Seconds from submit to finish; `None` while either time is unknown."""
    estimate: Decimal | None
    actual: Decimal | None
    forecast: Decimal | None = None
    """Our own, before the request; `None`: its price was unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikeJobs:
    """Accepted jobs that are alike in what they cost."""

    stage: Stage
    reserved: Decimal | None
    estimate: Decimal | None
    actual: Decimal | None
    jobs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CostGroup(AlikeJobs):
    """Accepted jobs that are alike in all that a cost report tells apart."""

    team: str
    user: str
    channel: str
    project: str | None
    model: str
    day: str
    """The ISO date on which they count in budgets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostFilter:
    """Conditions on the jobs that count on or after the day `first` and before the day `until`.

    The days are ISO dates; `None` matches every job.
    """

    first: str
    until: str
    team: str | None = None
    user: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """The cost of renders: the exact sum of the known amounts, and the number of unknown ones."""

    total: Decimal = Decimal(0)
    priced: int = 0
    """Number of renders whose amounts are in `total`."""
    pending: int = 0
    """Number of renders that were sent to the provider and have no amount from it yet."""

    def __add__(self, other: Spend) -> Spend:
        return Spend(
            total=self.total + other.total,
            priced=self.priced + other.priced,
            pending=self.pending + other.pending,
        )


def spend_of(stage: Stage, *, was_sent: bool, actual: Decimal | None) -> Spend:
    """Return the cost of a render.

    A render that was never sent costs nothing. Neither does a rejected one, unless the provider
    returned an amount for it. A missing amount is pending, never zero.
    """
    if actual is not None and was_sent:
        return Spend(total=actual, priced=1)
    if was_sent and stage is not Stage.REJECTED:
        return Spend(pending=1)
    return Spend()


def total_of(renders: Iterable[Render]) -> Spend:
    """Return the total cost of renders."""
    spends = (
        spend_of(render.stage, was_sent=render.was_sent, actual=render.actual) for render in renders
    )
    return sum(spends, Spend())
