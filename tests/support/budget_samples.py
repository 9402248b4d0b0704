"""A cap, and a request that it has no room for."""

from __future__ import annotations

from decimal import Decimal

from bot.jobs.budget_view import BudgetView
from storage.budget import (
    NO_USE,
    AppliedCap,
    Calendar,
    Cap,
    CapShort,
    Period,
    Scope,
    ScopeKind,
    Use,
    Window,
)

ANA = Scope(kind=ScopeKind.PERSON, team="T1", name="U1")
CAP = Cap(scope=ANA, window=Window.DAY, limit=Decimal(5))
SHORT = CapShort(
    applied=AppliedCap(cap=CAP, counted=ANA, limit=Decimal(5)),
    use=Use(held=Decimal("0.5"), spent=Decimal("4.4")),
    amount=Decimal("0.38"),
    resets_at=86400.0,
)
"""Of 5, 4.9 are used, and the request takes 0.38."""

NO_BUDGET = BudgetView(
    lines=(),
    others=(),
    stops=(),
    month=Period(key="month 2027-01-01", first="2027-01-01", until="2027-02-01"),
    used=NO_USE,
    calendar=Calendar(),
    may_edit=True,
    in_charge=("U1",),
    unit=None,
)
"""Nothing limits an admin."""
