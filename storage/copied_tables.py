"""The tables that a copy from one kind of store to another brings along, listed once.

A test compares this list with the tables of both: one that is new stands here, or its absence has a
reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from storage.budget import times, total
from storage.rows import amount_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedTable:
    """A table of both stores, with the same columns."""

    name: str
    amounts: tuple[str, ...] = ()
    """Columns whose sums are compared after the copy."""
    is_queue: bool = False
    """Its rows are leased, and the highest fence is compared."""


TABLES = (
    CopiedTable(name="jobs", amounts=("reserved", "cost_estimate", "cost_actual"), is_queue=True),
    CopiedTable(name="job_events"),
    CopiedTable(name="notifications", is_queue=True),
    CopiedTable(name="home_views", is_queue=True),
    CopiedTable(name="settings"),
    CopiedTable(name="saved"),
    CopiedTable(name="notes"),
    CopiedTable(name="feedback"),
    CopiedTable(name="unreadable_rows"),
    CopiedTable(name="restores"),
    CopiedTable(name="restore_checks"),
    CopiedTable(name="price_drifts"),
    CopiedTable(name="budget_use", amounts=("held", "spent")),
    CopiedTable(name="caps", amounts=("limit",)),
    CopiedTable(name="raises", amounts=("amount",)),
    CopiedTable(name="stops"),
    CopiedTable(name="budget_policies"),
    CopiedTable(name="approval_rules"),
    CopiedTable(name="alerts"),
    CopiedTable(name="audit"),
)
"""In an order in which rows that refer to others come after them."""

ONLY_IN_SQLITE: Mapping[str, str] = MappingProxyType(
    {
        "stage_counts": "counted anew",
        "job_words": "read anew from the jobs",
        "orderly_stops": "read, and no process of the copy has run",
    }
)
ONLY_IN_POSTGRES: Mapping[str, str] = MappingProxyType(
    {
        "schema_migrations": "its own",
        "stage_changes": "counted anew",
        "job_words": "read anew from the jobs",
        "pace": "limits of the moment",
        "chores": "begun anew",
        "orderly_stops": "no process of the copy has run",
        "store_identity": "its own: a copy is no restored backup",
        "budget_scopes": "made from the caps",
        "answers": "of one hour, and a file has one process",
    }
)
"""Tables that are not copied, each with the reason."""

NEW_COLUMNS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "jobs": frozenset({"holder"}),
        "notifications": frozenset({"holder"}),
        "home_views": frozenset({"holder"}),
        "budget_use": frozenset({"part"}),
    }
)
"""Columns that only PostgreSQL has; a copied row has their defaults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What is compared of a table after the copy."""

    rows: int
    sums: Mapping[str, Decimal]
    """The exact sum of each column of amounts, those that cannot be read left out."""
    highest_fence: int | None
    """`None` for a table that is no queue."""


def sum_of(counted: Iterable[tuple[str | None, int]]) -> Decimal:
    """Return the exact sum of amounts that stand in a column, each so many times."""
    amounts = ((amount_of(text), count) for text, count in counted)
    return total(times(amount, count) for amount, count in amounts if amount is not None)
