"""What renders cost, counted from the rows: exact sums of what MindVideo has named."""

from __future__ import annotations

from decimal import Decimal

from sqlite_utils import Database

from storage.sqlite.rows import Value
from storage.store import Spend, SpendFilter

# A resent job repeats the amounts of its parent and was never sent itself. One that MindVideo
# refused cost nothing, unless MindVideo named an amount all the same.
_COUNTED = """
    first_sent_at IS NOT NULL AND (cost_actual IS NOT NULL OR stage <> 'rejected')
"""

_CONDITIONS = {"user": "user = :user", "channel": "channel = :channel"}


def spend(db: Database, wanted: SpendFilter) -> Spend:
    """Return what the jobs that match cost."""
    query, values = spend_query(wanted)
    amounts = [(row["cost_actual"], int(row["jobs"])) for row in db.execute(query, values)]
    priced = [(Decimal(amount), jobs) for amount, jobs in amounts if amount is not None]
    return Spend(
        # SQLite's sum() would be a binary fraction.
        total=sum((amount * jobs for amount, jobs in priced), Decimal(0)),
        priced=sum(jobs for _, jobs in priced),
        pending=sum(jobs for amount, jobs in amounts if amount is None),
    )


def spend_query(wanted: SpendFilter) -> tuple[str, dict[str, Value]]:
    """Return the query for `wanted`; only conditions that narrow are in it, so indexes serve."""
    values: dict[str, Value] = {
        "team": wanted.team,
        "user": wanted.user,
        "channel": wanted.channel,
        "since": wanted.since,
        "until": wanted.until,
    }
    narrowing = [test for name, test in _CONDITIONS.items() if values[name] is not None]
    where = " AND ".join(
        ["team = :team", "created_at >= :since", "created_at < :until", *narrowing, _COUNTED]
    )
    query = f"SELECT cost_actual, count(*) AS jobs FROM jobs WHERE {where} GROUP BY cost_actual"  # noqa: S608 - texts from above
    return query, values
