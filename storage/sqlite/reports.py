"""Costs and results of renders, computed from the rows of jobs."""

from __future__ import annotations

from sqlite3 import Row as SqlRow

from sqlite_utils import Database

from storage.costs import CostFilter, CostGroup, Render, Spend, spend_of
from storage.job import REQUESTED, Instant, Outcome
from storage.rows import Value, amount_of, in_list, stage_of
from storage.store import SpendFilter

_CONDITIONS = {"user": "user = :user", "channel": "channel = :channel"}

_RENDERS = f"""
    SELECT user, model, created_at, stage, outcome, finished_at - submitted_at AS seconds,
        chargeable_since IS NOT NULL AS was_sent, cost_estimate, cost_actual, forecast_amount
    FROM jobs
    WHERE created_at >= :since AND created_at < :until AND team = :team
        AND +stage IN ({in_list(REQUESTED)})
    ORDER BY created_at
"""  # noqa: S608 - only constants


def spend(db: Database, wanted: SpendFilter) -> Spend:
    """Return the cost of the jobs that match.

    SQLite counts equal jobs and Python adds the amounts: SQLite's sum() uses binary fractions.
    """
    query, values = spend_query(wanted)
    spends = (
        spend_of(
            stage_of(row["stage"]),
            was_sent=bool(row["was_sent"]),
            actual=amount_of(row["cost_actual"]),
            renders=int(row["renders"]),
        )
        for row in db.execute(query, values)
    )
    return sum(spends, Spend())


def spend_query(wanted: SpendFilter) -> tuple[str, dict[str, Value]]:
    """Return the query for `wanted`. It has only the conditions that are set, to use indexes."""
    values: dict[str, Value] = {
        "team": wanted.team,
        "user": wanted.user,
        "channel": wanted.channel,
        "since": wanted.since,
        "until": wanted.until,
    }
    optional = [test for name, test in _CONDITIONS.items() if values[name] is not None]
    where = " AND ".join(["team = :team", "created_at >= :since", "created_at < :until", *optional])
    query = (
        "SELECT stage, chargeable_since IS NOT NULL AS was_sent, cost_actual, count(*) AS renders"  # noqa: S608 - only constants
        f" FROM jobs WHERE {where} GROUP BY 1, 2, 3"
    )
    return query, values


def costs(db: Database, wanted: CostFilter) -> list[CostGroup]:
    """Return the accepted jobs that match, counted by all that a cost report tells apart."""
    query, values = costs_query(wanted)
    return [_cost_group(row) for row in db.execute(query, values)]


def costs_query(wanted: CostFilter) -> tuple[str, dict[str, Value]]:
    """Return the query for `wanted`. It has only the conditions that are set, to use the index."""
    values: dict[str, Value] = {
        "first": wanted.first,
        "until": wanted.until,
        "team": wanted.team,
        "user": wanted.user,
        "channel": wanted.channel,
    }
    optional = [f"{name} = :{name}" for name in _NARROWED if values[name] is not None]
    where = " AND ".join(["counted_on >= :first", "counted_on < :until", *optional])
    query = (
        f"SELECT {_ALIKE}, count(*) AS jobs FROM jobs INDEXED BY jobs_counted"  # noqa: S608 - only constants
        f" WHERE {where} AND +stage IN ({in_list(REQUESTED)})"
        f" GROUP BY {_ALIKE} ORDER BY counted_on"
    )
    return query, values


_NARROWED = ("team", "user", "channel")

_ALIKE = (
    "team, user, channel, project, model, counted_on, stage, reserved, cost_estimate, cost_actual"
)


def _cost_group(row: SqlRow) -> CostGroup:
    return CostGroup(
        team=row["team"],
        user=row["user"],
        channel=row["channel"],
        project=row["project"],
        model=row["model"],
        day=row["counted_on"],
        stage=stage_of(row["stage"]),
        reserved=amount_of(row["reserved"]),
        estimate=amount_of(row["cost_estimate"]),
        actual=amount_of(row["cost_actual"]),
        jobs=row["jobs"],
    )


def renders(db: Database, team: str, since: Instant, until: Instant) -> list[Render]:
    """Return the renders requested at or after `since` and before `until`, oldest first."""
    values = {"team": team, "since": since, "until": until}
    return [_render(row) for row in db.execute(_RENDERS, values)]


def _render(row: SqlRow) -> Render:
    return Render(
        user=row["user"],
        model=row["model"],
        created_at=row["created_at"],
        stage=stage_of(row["stage"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] in set(Outcome) else None,
        was_sent=bool(row["was_sent"]),
        seconds=row["seconds"],
        estimate=amount_of(row["cost_estimate"]),
        actual=amount_of(row["cost_actual"]),
        forecast=amount_of(row["forecast_amount"]),
    )
