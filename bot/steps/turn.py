"""One turn of one claimed job: the outside world, and the row as it was last committed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot import pacing
from bot.catalog import Catalog
from bot.messages.job import Sheet
from bot.ports import Chat, Pictures, VideoService
from bot.sheets import HISTORY, sheet
from storage.job import Event, Instant, Job, Json
from storage.store import Store


class NoPictures:
    """The port `Pictures` where nobody can attach a file: every input goes as it is."""

    async def resolve(self, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return the same input."""
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The outside world as the steps see it. `poll_min` and `poll_max` are seconds."""

    video: VideoService
    chat: Chat
    store: Store
    catalog: Catalog
    now: Callable[[], Instant]
    edits: pacing.EditBudget
    pictures: Pictures = field(default_factory=NoPictures)
    poll_min: float = 1.0
    poll_max: float = 30.0
    unit: str | None = None

    async def history(self, job: Job) -> list[float]:
        """Return how many seconds the last renders of the job's kind took."""
        return await self.store.render_seconds(job.kind, HISTORY)

    async def sheet(self, job: Job) -> Sheet:
        """Return the names and figures that messages about `job` need."""
        return await sheet(job, self.store, self.catalog, self.unit)


class Turn:
    """What a step is given. `job` is always the row as it stands in the store under our fence."""

    def __init__(self, job: Job, tools: Tools) -> None:
        self.job = job
        self.tools = tools

    async def record(self, after: Job, note: str, detail: str = "") -> Job:
        """Commit an intent or a finding before going on; return the row as it now stands.

        Raises `StaleFenceError` when the claim was lost: the step must not go on.
        """
        event = Event(at=self.tools.now(), name=note, detail=detail)
        return await self.write(after, event)

    async def write(self, after: Job, event: Event | None) -> Job:
        """Commit `after` in place of `job`."""
        self.job = await self.tools.store.apply(self.job, after, event)
        return self.job
