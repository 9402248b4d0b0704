"""The claim on a row: given to the row's step, and the only way to write the row."""

from __future__ import annotations

from dataclasses import replace
from typing import Generic, assert_never

from bot.jobs.services import Services
from bot.options.mentions import named_input
from bot.options.schema import prompts_of
from storage.budget import AskFirst, NotAdmitted
from storage.home import HomeView
from storage.job import Event, EventName, Instant, Job
from storage.notification import Notification
from storage.pace import Limit, NextPermit, Permit
from storage.store import (
    FRESH_SECONDS,
    LEASE_SECONDS,
    InsertTerms,
    Queue,
    Row,
    StaleFenceError,
    with_permit,
)


class Claim(Generic[Row]):
    """A row under a lease. `row` is the row as last committed under this claim's fence, or kept.

    Every commit under the claim renews the lease.
    """

    def __init__(
        self, row: Row, queue: Queue[Row], services: Services, *, leased_at: float
    ) -> None:
        self.row: Row = row
        self._committed: Row = row
        self.services = services
        self.is_waiting = False
        """Whether the step waits for a time: its run then holds no slot of its pool."""
        self.leased_at = leased_at
        """The uptime at which the lease was requested, or renewed for the last time."""
        self._queue: Queue[Row] = queue
        self.reserved_at = _permit_of(row)
        """When the permit is valid with which the row came; `None` once its call is made, or its
        step is over."""
        self.permit_asked_at: Instant = 0.0
        """When the last permit was asked for. Those who gave it decided by this time whether it is
        waited for, and so at which distance the next one follows."""
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

    async def record(
        self, after: Row, name: EventName, detail: str = "", *, limit: Limit | None = None
    ) -> Row:
        """Commit an intent or a finding before the step continues; return the row as committed.

        With a `limit` the same commit takes a permit, and `paced_at` of the row says when it is
        valid. Only jobs have a timeline: another row is committed without the event. Raises
        `StaleFenceError` when the claim was lost: the step must not continue.
        """
        event = None
        if isinstance(self.row, Job):
            event = Event(at=self.services.now(), name=name, detail=detail)
        return await self.write(after, event, permit=limit)

    def keep(self, after: Row) -> None:
        """Write `after` with the next commit, if there is one before the process ends.

        For a finding that may be lost: what led to it is safe to repeat, and so is a loss of it.
        """
        self.row = after

    async def begin(
        self: Claim[Job], priced: Job, terms: InsertTerms
    ) -> Job | AskFirst | NotAdmitted:
        """Let a planned job begin to count, as `JobStore.begin` does.

        If it does, or waits for an approver, `row` is the row as it was committed.
        """
        requested_at = self.services.uptime()
        leased = replace(priced, lease_until=self.services.now() + LEASE_SECONDS)
        jobs = self.services.store.jobs
        made = await jobs.begin(self._committed, leased, self.services.now(), terms)
        if isinstance(made, Job):
            self.leased_at = requested_at
            self.row = self._committed = made
        return made

    async def take_permit(self, limit: Limit) -> Instant:
        """Take a permit apart from a commit; return when it is valid."""
        return await self.services.store.pacing.take(self._permit(limit))

    async def wait_until(self, at: Instant) -> None:
        """Return at this time; until then the step's slot is for a row that waits for one."""
        self.is_waiting = True
        self.services.wake()
        try:
            await self.services.wait_until(at)
        finally:
            self.is_waiting = False

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

    async def write(self, after: Row, event: Event | None, *, permit: NextPermit = None) -> Row:
        """Commit `after` in place of `row`; return the row as committed.

        The row keeps no permit but `permit`. Raises `StaleFenceError` when the claim was lost.
        """
        noted = event or self._amount_event(after)
        if isinstance(permit, Limit):
            written = await self._apply(after, noted, self._permit(permit))
        else:
            written = await self._apply(with_permit(after, permit), noted)
        self.row = self._committed = written
        return written

    async def _apply(self, after: Row, event: Event | None, permit: Permit | None = None) -> Row:
        """Write what differs from what is committed; renew the lease unless `after` ends it."""
        requested_at = self.services.uptime()
        if after.lease_until is not None:
            after = replace(after, lease_until=self.services.now() + LEASE_SECONDS)
        written = await self._queue.apply(self._committed, after, event, permit)
        self.leased_at = requested_at
        return written

    def _permit(self, limit: Limit) -> Permit:
        """Return the request for a permit; the one that the row came with serves once."""
        reserved_at, self.reserved_at = self.reserved_at, None
        self.permit_asked_at = self.services.now()
        return Permit(limit=limit, at=self.permit_asked_at, reserved_at=reserved_at)

    def _amount_event(self, after: Row) -> Event | None:
        """Return the event of an amount that no other event goes with.

        Budgets are alerted at the time of the event; and nobody is to wonder where it came from.
        """
        before = self._committed
        if not isinstance(before, Job):
            return None
        now = self.services.now()
        if after.cost_actual != before.cost_actual:
            return Event(at=now, name=EventName.COST, detail=str(after.cost_actual))
        if after.cost_estimate != before.cost_estimate:
            return Event(at=now, name=EventName.ESTIMATE, detail=str(after.cost_estimate))
        return None


def _permit_of(row: Row) -> Instant | None:
    match row:
        case Job() | Notification():
            return row.paced_at
        case HomeView():
            return None
        case _:
            assert_never(row)
