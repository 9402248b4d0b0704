"""Our own reckoning of the credit at MindVideo, which names none itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from bot.base.errors import UsageError
from storage.budget import CreditBook, Period, Scope, ScopeKind, day_at
from storage.job import Instant
from storage.store import Budgets

PACE_DAYS = 7
"""The pace is that of so many days before today."""
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditView:
    """The book of credit, and how fast it is used."""

    book: CreditBook
    in_last_week: Decimal
    """What was spent and held in the last `PACE_DAYS` days."""
    unit: str | None

    @property
    def days_left(self) -> int | None:
        """How many whole days the rest lasts at this pace; `None`: for ever, or it is used up."""
        if self.in_last_week <= 0 or self.book.left <= 0:
            return None
        return int(self.book.left * PACE_DAYS / self.in_last_week)


def refuse_unusable(figure: Decimal, because: str) -> None:
    """Raise `UsageError` for an amount that books nothing, and for too long a reason."""
    if len(because) > LONGEST_REASON:
        raise UsageError(f"What it is for has at most {LONGEST_REASON} characters.")
    if not figure:
        raise UsageError("An amount of 0 books nothing.")


async def load_credit(
    team: str, budgets: Budgets, now: Instant, *, unit: str | None
) -> CreditView | None:
    """Return the book of credit; `None`: nothing was ever booked. Raises `StoreError`."""
    book = await budgets.credit(team)
    if book is None:
        return None
    calendar = (await budgets.rules(team, now)).policy.calendar
    today = day_at(now, calendar)
    first = (date.fromisoformat(today) - timedelta(days=PACE_DAYS)).isoformat()
    week = Period(key="last week", first=first, until=today)
    use = await budgets.use(Scope(kind=ScopeKind.WORKSPACE, team=team), week)
    return CreditView(book=book, in_last_week=use.total, unit=unit)
