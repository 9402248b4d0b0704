"""When a channel gets its digest: its schedule, and putting those that are due into the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ValidationError

from storage.job import Instant, Json
from storage.notification import (
    OPERATORS,
    Notification,
    NotificationKind,
    channels_of,
    notification_id,
    team_scope,
)
from storage.store import SettingStore, Store

DIGEST = "digest"
"""Name of the setting that holds a channel's schedule."""


class Every(StrEnum):
    """How often; a week begins on Monday."""

    DAILY = "daily"
    WEEKLY = "weekly"

    @property
    def days(self) -> int:
        """How many days a digest covers."""
        return 1 if self is Every.DAILY else 7


class Schedule(BaseModel, frozen=True):
    """When a channel gets its digest."""

    every: Every
    at: time
    zone: str
    """The time zone of whoever set it."""
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


def read_schedule(setting: Json) -> Schedule | None:
    """Return the plan that a setting holds, or `None`."""
    try:
        return Schedule.model_validate(setting)
    except ValidationError:
        return None


def due_span(schedule: Schedule, now: Instant) -> Span | None:
    """Return what the newest digest that is due covers; `None`: none is due yet."""
    zone = zone_named(schedule.zone)
    local = datetime.fromtimestamp(now, zone)
    # By the wall's dates and hours: a day on which the clocks change is no 24 h.
    end = datetime.combine(local.date(), schedule.at, zone)
    if schedule.every is Every.WEEKLY:
        end -= timedelta(days=end.weekday())
    if end > local:
        end -= timedelta(days=schedule.every.days)
    start = end - timedelta(days=schedule.every.days)
    if end.timestamp() < schedule.since:
        return None
    return Span(since=start.timestamp(), until=end.timestamp(), zone=schedule.zone)


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone; an unknown name is UTC."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


class Digests:
    """Looks at every channel's schedule; the scheduler asks it to, once a minute."""

    def __init__(self, store: Store, *, team: str, now: Callable[[], Instant]) -> None:
        self._store = store
        self._team = team
        self._now = now

    async def put_in(self) -> int:
        """Put in each digest that is due, and return how many were.

        Idempotent: a digest is known by its channel and the moment until which it tells, so a
        second look, a restart or a second process adds nothing.
        """
        scopes = channels_of(self._team)
        schedules = await self._store.settings.within(scopes, DIGEST)
        now = self._now()
        added = 0
        for scope, setting in schedules.items():
            schedule = read_schedule(setting)
            span = due_span(schedule, now) if schedule else None
            if schedule and span:
                channel = scope.removeprefix(scopes)
                row = _digest(self._team, channel, schedule, span, now)
                added += await self._store.outbox.add(row)
        return added


async def keep_operators(settings: SettingStore, team: str, admins: Sequence[str]) -> None:
    """Note the admins, unless they are noted: a start on a full disk must not fail for this.

    The commit that needs an operator looks there whom to tell.
    """
    wanted = list(admins) or None
    if await settings.get(team_scope(team), OPERATORS) != wanted:
        await settings.set(team_scope(team), OPERATORS, wanted)


def _digest(team: str, channel: str, schedule: Schedule, span: Span, now: Instant) -> Notification:
    return Notification(
        id=notification_id(NotificationKind.DIGEST, channel, f"{schedule.every}:{span.until}"),
        team=team,
        channel=channel,
        kind=NotificationKind.DIGEST,
        happened_at=span.until,
        detail=span.model_dump_json(),
        due_at=now,
    )
