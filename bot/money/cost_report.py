"""What renders cost in a period, listed by person, channel, project, model or day. Pure.

Three kinds of money are told apart. Confirmed: MindVideo named the amount. Held: set aside for
what is under way. Unconfirmed: the render is over, and MindVideo has never named an amount, so
budgets go on to hold what it was expected to cost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from storage.budget import ZERO, add, exposure_of, times, total
from storage.costs import AlikeJobs, CostGroup
from storage.job import UNDER_WAY, Stage, is_direct

PRIVATE = "(private)"
"""The channel and the project of what the reader may not see: only its sum is told."""

DIRECT = "(direct)"
"""The channel of what was asked for in a direct conversation that the reader may see."""

NO_PROJECT = "(none)"


class Dimension(StrEnum):
    """What the costs of a report are listed by."""

    PERSON = "person"
    CHANNEL = "channel"
    PROJECT = "project"
    MODEL = "model"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """An exact amount, and how many renders it is for."""

    amount: Decimal = ZERO
    renders: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(amount=add(self.amount, other.amount), renders=self.renders + other.renders)


NOTHING = Sum()


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What some renders cost."""

    confirmed: Sum = NOTHING
    held: Sum = NOTHING
    unconfirmed: Sum = NOTHING
    unpriced: int = 0
    """How many of those held and unconfirmed have no amount at all, because nobody knows one."""

    def __add__(self, other: Costs) -> Costs:
        return Costs(
            confirmed=self.confirmed + other.confirmed,
            held=self.held + other.held,
            unconfirmed=self.unconfirmed + other.unconfirmed,
            unpriced=self.unpriced + other.unpriced,
        )

    @property
    def total(self) -> Decimal:
        """What counts in budgets: all three kinds together."""
        return total((self.confirmed.amount, self.held.amount, self.unconfirmed.amount))

    @property
    def renders(self) -> int:
        """How many renders these are."""
        return self.confirmed.renders + self.held.renders + self.unconfirmed.renders


NO_COSTS = Costs()


def costs_of(group: AlikeJobs) -> Costs:
    """Return what a group of equal jobs costs; a rejected one without an amount costs nothing."""
    use = exposure_of(group.stage, group.reserved, group.estimate, group.actual)
    if group.actual is not None:
        return Costs(confirmed=Sum(amount=times(use.spent, group.jobs), renders=group.jobs))
    if group.stage is Stage.REJECTED:
        return NO_COSTS
    held = Sum(amount=times(use.held, group.jobs), renders=group.jobs)
    unpriced = 0 if use.held else group.jobs
    if group.stage in UNDER_WAY:
        return Costs(held=held, unpriced=unpriced)
    return Costs(unconfirmed=held, unpriced=unpriced)


def sum_of(groups: Iterable[AlikeJobs]) -> Costs:
    """Return what all these groups cost together."""
    return sum(map(costs_of, groups), NO_COSTS)


_KEYS: Mapping[Dimension, Callable[[CostGroup], str]] = MappingProxyType(
    {
        Dimension.PERSON: lambda group: group.user,
        Dimension.CHANNEL: lambda group: DIRECT if is_direct(group.channel) else group.channel,
        Dimension.PROJECT: lambda group: group.project or NO_PROJECT,
        Dimension.MODEL: lambda group: group.model,
        Dimension.DAY: lambda group: group.day,
    }
)


def key_of(group: CostGroup, by: Dimension) -> str:
    """Return the name under which a report lists a group: an ID, a slug, a date or a constant."""
    return _KEYS[by](group)


def costs_by(groups: Iterable[CostGroup], by: Sequence[Dimension]) -> dict[tuple[str, ...], Costs]:
    """Return the costs by their keys in these dimensions. Groups that cost nothing are left out."""
    found: dict[tuple[str, ...], Costs] = {}
    for group in groups:
        key = tuple(key_of(group, one) for one in by)
        costs = costs_of(group)
        if costs != NO_COSTS:
            found[key] = found.get(key, NO_COSTS) + costs
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One line of a report: the costs of a period, and those of the period before."""

    name: str
    now: Costs
    before: Costs = NO_COSTS


def lines_by(
    by: Dimension, now: Iterable[CostGroup], before: Iterable[CostGroup]
) -> tuple[CostLine, ...]:
    """Return a line for each name in either period: the largest first, days in their order."""
    current, earlier = costs_by(now, (by,)), costs_by(before, (by,))
    if by is Dimension.DAY:
        # The days of the period before are other days.
        return tuple(CostLine(name=name, now=current[name,]) for (name,) in sorted(current))
    lines = (
        CostLine(
            name=name, now=current.get((name,), NO_COSTS), before=earlier.get((name,), NO_COSTS)
        )
        for (name,) in current.keys() | earlier.keys()
    )
    return tuple(sorted(lines, key=lambda line: (-line.now.total, -line.before.total, line.name)))


def seen_by(
    reader: str, groups: Iterable[CostGroup], open_channels: Collection[str]
) -> tuple[CostGroup, ...]:
    """Return the groups as a reader may see them.

    What others made outside the channels that are open to the reader is in every sum, under
    `PRIVATE` in place of its channel and project.
    """
    return tuple(
        group
        if group.user == reader or group.channel in open_channels
        else replace(group, channel=PRIVATE, project=PRIVATE)
        for group in groups
    )
