"""The schedule of a channel's digests; puts those that are due into the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum

from pydantic import BaseModel, ValidationError

from bot.options.times import zone_named
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
    """How often a digest is posted; weeks are those of the workspace's calendar."""

    DAILY = "daily"
    WEEKLY = "weekly"

    @property
    def days(self) -> int:
        """The number of days that a digest covers."""
        return 1 if self is Every.DAILY else 7


class Schedule(BaseModel, frozen=True, defer_build=True):
    """When digests are posted to a channel."""

    every: Every
    at: time
    zone: str
    """The time zone of the user who set it: that of `at`, as days are the workspace's."""
    since: Instant
    """When it was set: a digest that was due before is not posted."""

    @property
    def is_daily(self) -> bool:
        """Whether a digest is posted every day, else on the day on which weeks begin."""
        return self.every is Every.DAILY

    def to_json(self) -> Json:
        """Return the setting to store."""
        setting: Mapping[str, Json] = self.model_dump(mode="json")
        return setting


class Span(BaseModel, frozen=True, defer_build=True):
    """The period that a digest covers: from `since` until before `until`."""

    since: Instant
    until: Instant


def read_schedule(setting: Json) -> Schedule | None:
    """Return the schedule that a setting holds, or `None` if it holds none."""
    try:
        return Schedule.model_validate(setting)
    except ValidationError:
        return None


def due_span(schedule: Schedule, now: Instant, *, first_weekday: int) -> Span | None:
    """Return the period of the newest digest that is due, or `None` if none is due yet.

    Weeks begin on `first_weekday`; 0 is Monday.
    """
    zone = zone_named(schedule.zone)
    local = datetime.fromtimestamp(now, zone)
    # By local dates and times: a day on which the clocks change does not have 24 h.
    end = datetime.combine(local.date(), schedule.at, zone)
    if schedule.every is Every.WEEKLY:
        end -= timedelta(days=(end.weekday() - first_weekday) % 7)
    if end > local:
        end -= timedelta(days=schedule.every.days)
    start = end - timedelta(days=schedule.every.days)
    if end.timestamp() < schedule.since:
        return None
    return Span(since=start.timestamp(), until=end.timestamp())


class Digests:
    """Puts due digests into the outbox; the scheduler calls `insert_due` once a minute."""

    def __init__(self, store: Store, *, team: str, now: Callable[[], Instant]) -> None:
        self._store = store
        self._team = team
        self._now = now

    async def insert_due(self) -> int:
        """Put each digest that is due into the outbox, and return how many were new.

        Idempotent: the ID of a digest is made of its channel and the end of its period, so a second
        call, a restart or a second process adds nothing.
        """
        scopes = channels_of(self._team)
        schedules = await self._store.settings.within(scopes, DIGEST)
        if not schedules:
            return 0
        now = self._now()
        first = (await self._store.budgets.rules(self._team, now)).policy.calendar.first_weekday
        added = 0
        for scope, setting in schedules.items():
            schedule = read_schedule(setting)
            span = due_span(schedule, now, first_weekday=first) if schedule else None
            if schedule and span:
                channel = scope.removeprefix(scopes)
                row = _digest(self._team, channel, schedule, span, now)
                added += await self._store.outbox.add(row)
        return added


async def keep_operators(settings: SettingStore, team: str, admins: Sequence[str]) -> None:
    """Store the admins' IDs as the operators to notify, unless they are stored already.

    An unchanged list is not written, so that a start on a full disk does not fail. The commit of an
    event that needs an operator reads the list.
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
