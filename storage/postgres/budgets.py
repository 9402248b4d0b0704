"""The rules and the use of budgets in PostgreSQL, as their contract names them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from storage.approval import ApprovalRule
from storage.budget import (
    Alert,
    AuditEntry,
    Booking,
    Cap,
    CapUse,
    CreditBook,
    Mismatch,
    Period,
    Policy,
    Raise,
    Rules,
    Scope,
    Stop,
    UncheckedRestore,
    Use,
    Window,
)
from storage.job import Instant, Job, Price
from storage.notification import Notification
from storage.postgres import budget_rules, budget_use, credit, price_drifts, restores
from storage.postgres.session import PoolSession
from storage.price_drift import PriceCheck, PriceChecks


class PostgresBudgets:
    """Implements `Budgets`."""

    def __init__(self, session: PoolSession) -> None:
        self._session = session

    async def rules(self, team: str, now: Instant) -> Rules:
        """Return all rules of a workspace."""
        return await self._session.read(lambda db: budget_rules.rules(db, team, now))

    async def set_cap(
        self, cap: Cap, by: str, now: Instant, *, because: str = "", dedup_key: str = ""
    ) -> None:
        """Set a cap, in place of an earlier one of the same scope and window."""
        await self._session.write(
            lambda db: budget_rules.put_cap(db, cap, by, now, because=because, dedup_key=dedup_key)
        )

    async def remove_cap(
        self, scope: Scope, window: Window, by: str, now: Instant, *, dedup_key: str = ""
    ) -> bool:
        """Remove a cap; return whether there was one."""
        return await self._session.write(
            lambda db: budget_rules.remove_cap(db, scope, window, by, now, dedup_key=dedup_key)
        )

    async def add_raise(self, one: Raise, *, dedup_key: str = "") -> None:
        """Raise the caps of a scope until the raise ends."""
        await self._session.write(lambda db: budget_rules.add_raise(db, one, dedup_key=dedup_key))

    async def end_raises(self, scope: Scope, by: str, now: Instant, *, dedup_key: str = "") -> int:
        """End the raises of a scope before their time; return how many there were."""
        return await self._session.write(
            lambda db: budget_rules.end_raises(db, scope, by, now, dedup_key=dedup_key)
        )

    async def stop(self, stop: Stop, *, dedup_key: str = "") -> bool:
        """Let a workspace or a channel take no new requests."""
        return await self._session.write(
            lambda db: budget_rules.put_stop(db, stop, dedup_key=dedup_key)
        )

    async def go_on(self, scope: Scope, by: str, now: Instant, *, dedup_key: str = "") -> bool:
        """Let a workspace or a channel take requests again."""
        return await self._session.write(
            lambda db: budget_rules.remove_stop(db, scope, by, now, dedup_key=dedup_key)
        )

    async def set_policy(
        self, team: str, policy: Policy, by: str, now: Instant, *, dedup_key: str = ""
    ) -> None:
        """Set the rules of a workspace beside its caps."""
        await self._session.write(
            lambda db: budget_rules.put_policy(db, team, policy, by, now, dedup_key=dedup_key)
        )

    async def managers(self, team: str) -> tuple[str, ...]:
        """Return the users who may change budgets beside the admins."""
        return await self._session.read(lambda db: budget_rules.managers(db, team))

    async def book_credit(self, team: str, booking: Booking, *, dedup_key: str = "") -> None:
        """Append a booking to the book of credit."""
        await self._session.write(lambda db: credit.book(db, team, booking, dedup_key=dedup_key))

    async def credit(self, team: str) -> CreditBook | None:
        """Return the book of credit; `None`: nothing was ever booked."""
        return await self._session.read_at_once(lambda db: credit.read(db, team))

    async def set_managers(
        self, team: str, users: Sequence[str], by: str, now: Instant, *, dedup_key: str = ""
    ) -> None:
        """Set the users who may change budgets beside the admins."""
        await self._session.write(
            lambda db: budget_rules.put_managers(db, team, users, by, now, dedup_key=dedup_key)
        )

    async def set_approval_rule(
        self, rule: ApprovalRule, by: str, now: Instant, *, dedup_key: str = ""
    ) -> None:
        """Set what a workspace or a channel says of approvals."""
        await self._session.write(
            lambda db: budget_rules.put_approval_rule(db, rule, by, now, dedup_key=dedup_key)
        )

    async def cap_uses(self, job: Job, now: Instant) -> list[CapUse]:
        """Return the caps that would apply to such a job now, and what is used of them."""
        return await self._session.read_at_once(lambda db: budget_use.cap_uses(db, job, now))

    async def shared_cap_uses(self, team: str, now: Instant) -> list[CapUse]:
        """Return the caps that several people share, and what is used of them now."""
        return await self._session.read_at_once(
            lambda db: budget_use.shared_cap_uses(db, team, now)
        )

    async def use(self, scope: Scope, period: Period) -> Use:
        """Return what is held and spent in a scope within a period."""
        return await self._session.read(lambda db: budget_use.use_of(db, scope.key, period))

    async def prices(
        self, price: Price, since: Instant, limit: int
    ) -> list[tuple[Decimal | None, Decimal]]:
        """Return size and amount of the last renders of a price."""
        return await self._session.read(lambda db: budget_use.prices(db, price, since, limit))

    async def price_checks(self, team: str, since: Instant) -> PriceChecks:
        """Return what the last renders of each price cost, and the drifts that stand."""
        return await self._session.read_at_once(lambda db: price_drifts.read(db, team, since))

    async def note_drift(
        self, team: str, check: PriceCheck, notices: Sequence[Notification], now: Instant
    ) -> None:
        """Note that a drift stands and insert what tells it."""
        await self._session.write(lambda db: price_drifts.note(db, team, check, notices, now))

    async def end_drifts(self, team: str, price_keys: Sequence[str]) -> None:
        """Forget drifts that do not stand any more."""
        await self._session.write(lambda db: price_drifts.end(db, team, price_keys))

    async def alerts(self) -> list[Alert]:
        """Return the alerts, the oldest first."""
        return await self._session.read(budget_use.alerts)

    async def audit(self, since: Instant) -> list[AuditEntry]:
        """Return the decisions about money at or after `since`."""
        return await self._session.read(lambda db: budget_rules.audit(db, since))

    async def confirm_counts(
        self, team: str, by: str, now: Instant, *, because: str = "", dedup_key: str = ""
    ) -> Instant | None:
        """Confirm what is counted since a restore; return since when it was in doubt."""
        return await self._session.write(
            lambda db: budget_rules.confirm_counts(
                db, team, by, now, because=because, dedup_key=dedup_key
            )
        )

    async def unchecked_restores(self) -> list[UncheckedRestore]:
        """Return the workspaces with budgets that count too little."""
        return await self._session.read(restores.unchecked)

    async def mismatches(self) -> list[Mismatch]:
        """Return the counters that differ from the sum over the jobs."""
        return await self._session.read_at_once(budget_use.mismatches)

    async def recompute(self, by: str, now: Instant) -> list[Mismatch]:
        """Set the counters to the sum over the jobs; return those that were wrong."""
        return await self._session.write(lambda db: budget_use.recompute(db, by, now))
