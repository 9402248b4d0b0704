"""Loads what a cost report shows, as its reader may see it, whichever surface asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pydantic import BaseModel

from bot.base.errors import BotError, OperatorMustActError, UnreachablePlaceError
from bot.jobs.services import Services
from bot.money.cost_query import Whose
from bot.money.cost_report import Costs, Dimension, seen_by, sum_of
from storage.budget import Period, Window
from storage.costs import CostFilter, CostGroup
from storage.job import is_direct

# The command must be acknowledged within 3 s. A channel that Slack does not describe in time counts
# as private.
LOOKUP_SECONDS = 1.0


class ReportSpec(BaseModel, frozen=True, defer_build=True):
    """What a cost report is about, as a button and a notification's `detail` hold it."""

    whose: Whose
    channel: str
    """Where it was asked for: the channel of `Whose.CHANNEL`."""
    window: Window
    first: str
    """The first day, as an ISO date."""
    until: str
    """The day after the last."""

    @property
    def period(self) -> Period:
        """The days that the report is about."""
        return Period(key=self.window, first=self.first, until=self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads a report, and where."""

    team: str
    user: str
    channel: str


async def load_costs(
    whose: Whose, period: Period, reader: Reader, services: Services
) -> list[CostGroup]:
    """Return the costs of a period in one scope. Raises `StoreError`."""
    return await services.store.jobs.costs(_filter(whose, period, reader))


async def load_sum(whose: Whose, period: Period, reader: Reader, services: Services) -> Costs:
    """Return what a period cost in one scope, without by whom and where. Raises `StoreError`."""
    return sum_of(await services.store.jobs.cost_sums(_filter(whose, period, reader)))


def _filter(whose: Whose, period: Period, reader: Reader) -> CostFilter:
    return CostFilter(
        first=period.first,
        until=period.until,
        team=reader.team,
        user=reader.user if whose is Whose.ME else None,
        channel=reader.channel if whose is Whose.CHANNEL else None,
    )


def tells_places(by: Iterable[Dimension]) -> bool:
    """Return whether a list by these dimensions tells where something was made, or for what."""
    return bool({Dimension.CHANNEL, Dimension.PROJECT} & set(by))


async def as_seen(
    groups: Collection[CostGroup], reader: Reader, services: Services, *, in_a_hurry: bool
) -> tuple[CostGroup, ...]:
    """Return costs as their reader may see them: admins see all.

    What Slack does not tell is private: within `LOOKUP_SECONDS` if `in_a_hurry`; else what it may
    tell later raises `RetryLaterError`.
    """
    if services.is_admin(reader.user):
        return tuple(groups)
    channels = sorted({group.channel for group in groups if group.user != reader.user})
    if in_a_hurry:
        checks = [_is_open_in_time(channel, reader, services) for channel in channels]
        are_open = await asyncio.gather(*checks)
    else:
        are_open = [await _is_open(channel, reader, services) for channel in channels]
    known = {channel for channel, is_open in zip(channels, are_open, strict=True) if is_open}
    return seen_by(reader.user, groups, known)


async def _is_open_in_time(channel: str, reader: Reader, services: Services) -> bool:
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            return await _is_open(channel, reader, services)
    except (BotError, TimeoutError):
        return False


async def _is_open(channel: str, reader: Reader, services: Services) -> bool:
    """Return whether the reader may know what is made in a channel of others."""
    if is_direct(channel):
        return False
    if channel == reader.channel:
        return True
    if (await services.directory.conversation(channel)).is_public:
        return True
    try:
        return await services.directory.is_member(channel, reader.user)
    except (UnreachablePlaceError, OperatorMustActError):
        return False
