"""The claim on a row: given to the row's step, and the only way to write the row."""

from __future__ import annotations

from typing import Generic

from bot.jobs.services import Services
from bot.options.mentions import named_input
from bot.options.schema import prompts_of
from storage.job import Event, EventName, Instant, Job
from storage.store import Queue, Row


class Claim(Generic[Row]):
    """A row under a lease. `row` is the row as last committed under this claim's fence."""

    def __init__(self, row: Row, queue: Queue[Row], services: Services) -> None:
        self.row: Row = row
        self.services = services
        self._queue: Queue[Row] = queue
        self.prompts: list[str] = []
        """Prompts of users: services may quote them in errors, and the log must not show them."""
        if isinstance(row, Job):
            values = (row.input, named_input(row))
            self.prompts += dict.fromkeys(text for each in values for text in prompts_of(each))

    def may_be_restored(self, since: Instant) -> bool:
        """Return whether a row that exists since `since` is older than this process.

        Such a row may come from a backup, and lack messages that were posted after it: search
        before posting.
        """
        return since <= self.services.started_at

    async def record(self, after: Row, name: EventName, detail: str = "") -> Row:
        """Commit an intent or a finding before the step continues; return the row as committed.

        Only jobs have a timeline: another row is committed without the event. Raises
        `StaleFenceError` when the claim was lost: the step must not continue.
        """
        if not isinstance(self.row, Job):
            return await self.write(after, None)
        event = Event(at=self.services.now(), name=name, detail=detail)
        return await self.write(after, event)

    async def hold(self) -> None:
        """Raise `StaleFenceError` if the claim was lost; call it before an irreversible effect.

        `row` is not refreshed: the step may later write a row that it derived from the older
        version, and compared with a refreshed one that would undo a user's change, such as a
        cancel.
        """
        await self._queue.apply(self.row, self.row, None)

    async def write(self, after: Row, event: Event | None) -> Row:
        """Commit `after` in place of `row`; return the row as committed.

        Raises `StaleFenceError` when the claim was lost.
        """
        noted = event or self._amount_event(after)
        self.row = await self._queue.apply(self.row, after, noted)
        return self.row

    def _amount_event(self, after: Row) -> Event | None:
        """Return the event of an amount that no other event goes with.

        Budgets are alerted at the time of the event; and nobody is to wonder where it came from.
        """
        before = self.row
        if not isinstance(before, Job):
            return None
        now = self.services.now()
        if after.cost_actual != before.cost_actual:
            return Event(at=now, name=EventName.COST, detail=str(after.cost_actual))
        if after.cost_estimate != before.cost_estimate:
            return Event(at=now, name=EventName.ESTIMATE, detail=str(after.cost_estimate))
        return None
