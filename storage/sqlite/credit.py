"""The book of credit in SQLite: bookings are decisions about money, so they stand in the audit."""

from __future__ import annotations

from decimal import Decimal

from sqlite_utils import Database

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
from storage.rows import encode
from storage.sqlite import budget_rules, budget_use

# Named by its index, because the word of the action is a constant of it.
BOOKINGS = f"""
    SELECT at, by, before, after, because FROM audit INDEXED BY audit_credit
    WHERE team = :team AND action = '{AuditAction.CREDIT_BOOKED.value}' ORDER BY seq
"""  # noqa: S608 - only constants


def book(db: Database, team: str, booking: Booking, *, dedup_key: str = "") -> None:
    """Append a booking, unless its interaction was delivered before."""
    spent = _use(db, team).spent
    budget_rules.add_audit(db, booked(team, booking, spent, dedup_key=dedup_key).entry)


def read(db: Database, team: str) -> CreditBook | None:
    """Return the book; `None`: nothing was ever booked.

    What was spent before the first booking was not paid from it. What is held was not billed yet.
    """
    rows = db.execute(BOOKINGS, {"team": encode(team)}).fetchall()
    if not rows:
        return None
    use = _use(db, team)
    bookings = tuple(
        Booking(amount=Decimal(row["after"]), by=row["by"], because=row["because"], at=row["at"])
        for row in rows
    )
    confirmed = subtract(use.spent, Decimal(rows[0]["before"]))
    return CreditBook(bookings=bookings, confirmed=confirmed, held=use.held)


def _use(db: Database, team: str) -> Use:
    scope = Scope(kind=ScopeKind.WORKSPACE, team=team)
    return budget_use.use_of(db, scope.key, ALL_TIME)
