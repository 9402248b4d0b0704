"""One turn of one claimed job: the outside world, and the row as it was last committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from bot.base.errors import BotError
from bot.base.ports import Chat, Pictures, VideoService
from bot.jobs import pacing
from bot.jobs.view import HISTORY, Sheet, sheet
from bot.options.catalog import Catalog
from storage.job import Event, Instant, Job
from storage.store import Store

SPOOLS = 2
"""How many files of unknown length lie on the disk at once: others need its space as well."""


class Links(Protocol):
    """The part of `Directory` that messages need."""

    async def permalink(self, channel: str, ts: str) -> str | None:
        """Return the link to a message; `None`: it is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The outside world as the steps see it. `poll_min` and `poll_max` are seconds.

    `started_at` is when this process began, by its own clock.
    """

    video: VideoService
    chat: Chat
    store: Store
    catalog: Catalog
    now: Callable[[], Instant]
    edits: pacing.EditBudget
    started_at: Instant
    pictures: Pictures
    links: Links
    spools: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SPOOLS))
    poll_min: float = 1.0
    poll_max: float = 30.0
    unit: str | None = None

    async def history(self, job: Job) -> list[float]:
        """Return how many seconds the last renders of the job's kind took."""
        return await self.store.render_seconds(job.kind, HISTORY)

    async def sheet(self, job: Job) -> Sheet:
        """Return the names and figures that messages about `job` need."""
        known = await sheet(job, self.store, self.catalog, self.unit)
        return replace(known, parent_link=await self._parent_link(job))

    async def _parent_link(self, job: Job) -> str | None:
        """Return the link to the message of the job that this one re-renders, if it stands."""
        parent = None if job.parent_id is None else await self.store.get(job.parent_id)
        if parent is None or parent.message_ts is None:
            return None
        # What is worth a look is not worth a wait: without the link there is still the ID.
        with suppress(BotError):
            return await self.links.permalink(parent.channel, parent.message_ts)
        return None


class Turn:
    """What a step is given. `job` is always the row as it stands in the store under our fence."""

    def __init__(self, job: Job, tools: Tools) -> None:
        self.job = job
        self.tools = tools

    @property
    def may_be_restored(self) -> bool:
        """Whether the row is older than this process, and so perhaps comes from a backup.

        Then more may have been said than the row knows: look before saying it.
        """
        return self.job.created_at <= self.tools.started_at

    async def record(self, after: Job, note: str, detail: str = "") -> Job:
        """Commit an intent or a finding before going on; return the row as it now stands.

        Raises `StaleFenceError` when the claim was lost: the step must not go on.
        """
        event = Event(at=self.tools.now(), name=note, detail=detail)
        return await self.write(after, event)

    async def hold(self) -> None:
        """Raise `StaleFenceError` unless the claim still holds; for what cannot be taken back.

        `job` stays what the step knows: were it renewed here, a row that the step made of the
        older one would take back what a person wished meanwhile.
        """
        await self.tools.store.apply(self.job, self.job, None)

    async def write(self, after: Job, event: Event | None) -> Job:
        """Commit `after` in place of `job`."""
        self.job = await self.tools.store.apply(self.job, after, event)
        return self.job
