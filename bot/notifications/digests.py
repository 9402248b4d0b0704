"""See to it that each channel's digest is put in when it is due: once, also after a restart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bot.notifications.schedule import DIGEST, Plan, Span, due_span, read_plan
from storage.job import Instant
from storage.notification import (
    Notice,
    NoticeKind,
    NoticeStore,
    SettingStore,
    channels_of,
    notice_id,
)


class DigestStore(SettingStore, NoticeStore, Protocol):
    """What digests need of the store."""


class Digests:
    """Looks at every channel's plan; the clock asks it to, once a minute."""

    def __init__(self, store: DigestStore, *, team: str, now: Callable[[], Instant]) -> None:
        self._store = store
        self._team = team
        self._now = now

    async def put_in(self) -> int:
        """Put in each digest that is due, and return how many were.

        Idempotent: a digest is known by its channel and the moment until which it tells, so a
        second look, a restart or a second process adds nothing.
        """
        scopes = channels_of(self._team)
        plans = await self._store.settings(scopes, DIGEST)
        now = self._now()
        added = 0
        for scope, setting in plans.items():
            plan = read_plan(setting)
            span = due_span(plan, now) if plan else None
            if plan and span:
                channel = scope.removeprefix(scopes)
                added += await self._store.add_notice(self._notice(channel, plan, span, now))
        return added

    def _notice(self, channel: str, plan: Plan, span: Span, now: Instant) -> Notice:
        return Notice(
            id=notice_id(NoticeKind.DIGEST, channel, f"{plan.every}:{span.until}"),
            team=self._team,
            channel=channel,
            kind=NoticeKind.DIGEST,
            happened_at=span.until,
            detail=span.model_dump_json(),
            due_at=now,
        )
