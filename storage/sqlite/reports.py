"""What renders cost, and how they went, counted from the rows of jobs."""

from __future__ import annotations

from decimal import Decimal
from sqlite3 import Row as SqlRow

from sqlite_utils import Database

from storage.costs import Render, Spend, spend_of
from storage.job import Instant, Outcome, Stage
from storage.sqlite.rows import Value
from storage.store import SpendFilter

_CONDITIONS = {"user": "user = :user", "channel": "channel = :channel"}

_RENDERS = """
    SELECT user, model, created_at, stage, outcome, finished_at - submitted_at AS seconds,
        first_sent_at IS NOT NULL AS was_sent, cost_estimate, cost_actual
    FROM jobs
    WHERE created_at >= :since AND created_at < :until AND team = :team
    ORDER BY created_at
"""


def spend(db: Database, wanted: SpendFilter) -> Spend:
    """Return what the jobs that match cost.

    Alike jobs are counted by SQLite and added up here: its sum() would be a binary fraction.
    """
    query, values = spend_query(wanted)
    spends = (
        spend_of(
            Stage(row["stage"]),
            was_sent=bool(row["was_sent"]),
            actual=_amount(row["cost_actual"]),
            renders=int(row["renders"]),
        )
        for row in db.execute(query, values)
    )
    return sum(spends, Spend())


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
        ["team = :team", "created_at >= :since", "created_at < :until", *narrowing]
    )
    query = (
        "SELECT stage, first_sent_at IS NOT NULL AS was_sent, cost_actual, count(*) AS renders"  # noqa: S608 - texts from above
        f" FROM jobs WHERE {where} GROUP BY 1, 2, 3"
    )
    return query, values


def renders(db: Database, team: str, since: Instant, until: Instant) -> list[Render]:
    """Return what was asked for from `since` until before `until`, oldest first."""
    values = {"team": team, "since": since, "until": until}
    return [_render(row) for row in db.execute(_RENDERS, values)]


def _render(row: SqlRow) -> Render:
    return Render(
        user=row["user"],
        model=row["model"],
        created_at=row["created_at"],
        stage=Stage(row["stage"]),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        was_sent=bool(row["was_sent"]),
        seconds=row["seconds"],
        estimate=_amount(row["cost_estimate"]),
        actual=_amount(row["cost_actual"]),
    )


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
