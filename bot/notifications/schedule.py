"""When a channel wants its digest, and which stretch of time the last one that is due covers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ValidationError

from storage.job import Instant, Json

DIGEST = "digest"
"""Name of the setting that holds a channel's plan."""


class Every(StrEnum):
    """How often; a week begins on Monday."""

    DAILY = "daily"
    WEEKLY = "weekly"

    @property
    def days(self) -> int:
        """How many days a digest covers."""
        return 1 if self is Every.DAILY else 7


class Plan(BaseModel, frozen=True):
    """A channel's wish."""

    every: Every
    at: time
    zone: str
    """The time zone of whoever wished."""
    since: Instant
    """When they did: what was due before is not sent."""

    @property
    def is_daily(self) -> bool:
        """Whether a digest comes every day, else every Monday."""
        return self.every is Every.DAILY

    def to_json(self) -> Json:
        """Return the setting to keep."""
        kept: Mapping[str, Json] = self.model_dump(mode="json")
        return kept


class Span(BaseModel, frozen=True):
    """What a digest covers: from `since` until before `until`."""

    since: Instant
    until: Instant
    zone: str
    """In which its days begin and end."""


def read_plan(setting: Json) -> Plan | None:
    """Return the plan that a setting holds, or `None`."""
    try:
        return Plan.model_validate(setting)
    except ValidationError:
        return None


def due_span(plan: Plan, now: Instant) -> Span | None:
    """Return what the newest digest that is due covers; `None`: none is due yet."""
    zone = zone_named(plan.zone)
    local = datetime.fromtimestamp(now, zone)
    # By the wall's dates and hours: a day on which the clocks change is no 24 h.
    end = datetime.combine(local.date(), plan.at, zone)
    if plan.every is Every.WEEKLY:
        end -= timedelta(days=end.weekday())
    if end > local:
        end -= timedelta(days=plan.every.days)
    start = end - timedelta(days=plan.every.days)
    if end.timestamp() < plan.since:
        return None
    return Span(since=start.timestamp(), until=end.timestamp(), zone=plan.zone)


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone; an unknown name is UTC."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
