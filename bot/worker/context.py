"""The claim on a row: given to the row's step, and the only way to write the row."""

from __future__ import annotations

from dataclasses import replace
from typing import Generic

from bot.jobs.services import Services
from bot.options.mentions import named_input
from bot.options.schema import prompts_of
from storage.job import Event, EventName, Instant, Job
from storage.store import FRESH_SECONDS, LEASE_SECONDS, Queue, Row, StaleFenceError


class Claim(Generic[Row]):
    """A row under a lease. `row` is the row as last committed under this claim's fence.

    Every commit under the claim renews the lease.
    """

    def __init__(
        self, row: Row, queue: Queue[Row], services: Services, *, leased_at: float
    ) -> None:
        self.row: Row = row
        self.services = services
        self.leased_at = leased_at
        """The uptime at which the lease was requested, or renewed for the last time."""
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
        """Renew the lease; raise `StaleFenceError` if the claim was lost.

        Call it before an irreversible effect that follows no commit. `row` is not refreshed: the
        step may later write a row that it derived from the older version, and compared with a
        refreshed one that would undo a user's change, such as a cancel.
        """
        await self._apply(self.row, None)
        self.check_lease()

    def check_lease(self) -> None:
        """Raise `StaleFenceError` if the lease is too old for what cannot be undone.

        Call it right before each irreversible effect. A process that stood still, because it or its
        machine was stopped, does not notice that another one has taken the row over meanwhile and
        has done the same; its commit before the pause succeeded.
        """
        age = self.services.uptime() - self.leased_at
        if age > FRESH_SECONDS:
            raise StaleFenceError(f"the lease of {self.row.id} is {age:.0f} s old")

    async def write(self, after: Row, event: Event | None) -> Row:
        """Commit `after` in place of `row`; return the row as committed.

        Raises `StaleFenceError` when the claim was lost.
        """
        noted = event or self._amount_event(after)
        self.row = await self._apply(after, noted)
        return self.row

    async def _apply(self, after: Row, event: Event | None) -> Row:
        """Write what differs from `row`; unless `after` is released, its lease is renewed."""
        requested_at = self.services.uptime()
        if after.lease_until is not None:
            after = replace(after, lease_until=self.services.now() + LEASE_SECONDS)
        written = await self._queue.apply(self.row, after, event)
        self.leased_at = requested_at
        return written

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
