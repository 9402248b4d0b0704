"""The book of credit in PostgreSQL: bookings are decisions about money, and stand in the audit."""

from __future__ import annotations

from decimal import Decimal

from storage.budget import (
    ALL_TIME,
    AuditAction,
    Booking,
    CreditBook,
    Scope,
    ScopeKind,
    Use,
    subtract,
)
from storage.budget_change import booked
from storage.postgres import budget_rules, budget_use
from storage.postgres.database import Database

BOOKINGS = f"""
    SELECT at, by, before, after, because FROM audit
    WHERE team = %(team)s AND action = '{AuditAction.CREDIT_BOOKED.value}' ORDER BY seq
"""  # noqa: S608 - only constants


async def book(db: Database, team: str, booking: Booking, *, dedup_key: str = "") -> None:
    """Append a booking, unless its interaction was delivered before."""
    await budget_rules.lock_rules(db, team)
    spent = (await _use(db, team)).spent
    await budget_rules.add_audit(db, booked(team, booking, spent, dedup_key=dedup_key).entry)


async def read(db: Database, team: str) -> CreditBook | None:
    """Return the book; `None`: nothing was ever booked.

    What was spent before the first booking was not paid from it. What is held was not billed yet.
    """
    rows = await db.rows(BOOKINGS, {"team": team})
    if not rows:
        return None
    use = await _use(db, team)
    bookings = tuple(
        Booking(amount=Decimal(row["after"]), by=row["by"], because=row["because"], at=row["at"])
        for row in rows
    )
    confirmed = subtract(use.spent, Decimal(rows[0]["before"]))
    return CreditBook(bookings=bookings, confirmed=confirmed, held=use.held)


async def _use(db: Database, team: str) -> Use:
    scope = Scope(kind=ScopeKind.WORKSPACE, team=team)
    return await budget_use.use_of(db, scope.key, ALL_TIME)
