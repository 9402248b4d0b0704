"""A claimed row: what its step is given, and the only way to write it."""

from __future__ import annotations

from typing import Generic

from bot.jobs.services import Services
from bot.options.schema import PROMPT
from storage.job import Event, EventName, Instant, Job
from storage.store import Queue, Row


class Claim(Generic[Row]):
    """A row under a lease. `row` is always as it was last committed under our fence."""

    def __init__(self, row: Row, queue: Queue[Row], services: Services) -> None:
        self.row: Row = row
        self.services = services
        self._queue: Queue[Row] = queue
        self.prompts: list[str] = []
        """What people wrote, which services may quote and the log must not."""
        if isinstance(row, Job):
            self.prompts.append(str(row.input.get(PROMPT, "")))

    def may_be_restored(self, since: Instant) -> bool:
        """Tell whether a row that is known `since` then is older than this process.

        It may come from a backup then, and more may have been posted than the row knows: look
        before posting.
        """
        return since <= self.services.started_at

    async def record(self, after: Row, name: EventName, detail: str = "") -> Row:
        """Commit an intent or a finding before going on; return the row as it is now.

        Only jobs have a timeline: another row is committed without the event. Raises
        `StaleFenceError` when the claim was lost: the step must not go on.
        """
        if not isinstance(self.row, Job):
            return await self.write(after, None)
        event = Event(at=self.services.now(), name=name, detail=detail)
        return await self.write(after, event)

    async def hold(self) -> None:
        """Raise `StaleFenceError` unless the claim still holds; before what cannot be taken back.

        `row` stays what the step knows: were it renewed here, a row that the step made of the
        older one would take back what a person changed meanwhile.
        """
        await self._queue.apply(self.row, self.row, None)

    async def write(self, after: Row, event: Event | None) -> Row:
        """Commit `after` in place of `row`."""
        self.row = await self._queue.apply(self.row, after, event)
        return self.row
