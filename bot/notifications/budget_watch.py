"""Looks now and then at what those in charge of budgets are told: paces, drifts, a restore.

None of it is looked at when a job is accepted, which must be quick.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.jobs.budget_view import in_charge
from bot.jobs.services import Services
from bot.money.forecast import OBSERVED_WITHIN_SECONDS
from storage.budget import Rules
from storage.budget_notice import pace_notices, restore_notices
from storage.job import Instant
from storage.notification import Notification
from storage.price_drift import drift_notices


class BudgetWatch:
    """Puts what is to be told into the outbox; the scheduler calls `tell_due`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._budgets = services.store.budgets

    async def tell_due(self) -> None:
        """Tell what is new. Idempotent, also after a restart: each has its ID, or stands noted.

        Raises `StoreError`; what was written before stays.
        """
        services = self._services
        who = await in_charge(services.team, services)
        if not who:
            return
        now = services.now()
        rules = await self._budgets.rules(services.team, now)
        since = rules.uncounted_since
        if since is not None and rules.caps:
            await self._tell(restore_notices(services.team, since, who, now))
        await self._tell_paces(rules, who, now)
        await self._tell_drifts(rules, who, now)

    async def _tell_paces(self, rules: Rules, who: Sequence[str], now: Instant) -> None:
        if not rules.caps:
            return
        calendar = rules.policy.calendar
        for use in await self._budgets.shared_cap_uses(self._services.team, now):
            await self._tell(pace_notices(use, who, now, calendar))

    async def _tell_drifts(self, rules: Rules, who: Sequence[str], now: Instant) -> None:
        team, calendar = self._services.team, rules.policy.calendar
        found = await self._budgets.price_checks(team, now - OBSERVED_WITHIN_SECONDS)
        if found.over:
            await self._budgets.end_drifts(team, found.over)
        for check in found.new:
            notices = drift_notices(check, team, who, now, calendar)
            await self._budgets.note_drift(team, check, notices, now)
            self._services.wake()

    async def _tell(self, notices: Sequence[Notification]) -> None:
        outbox = self._services.store.outbox
        for notice in notices:
            # Most were told before, and a read finds that out without the writer's thread.
            if await outbox.find(notice.id) is None and await outbox.add(notice):
                self._services.wake()
