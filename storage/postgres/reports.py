"""Costs and results of renders, computed from the rows of jobs."""

from __future__ import annotations

from psycopg.rows import DictRow

from storage.costs import CostFilter, CostGroup, Render, Spend, spend_of
from storage.job import REQUESTED, Instant, Outcome
from storage.postgres.database import Database, Values
from storage.rows import amount_of, in_list, stage_of
from storage.store import SpendFilter

_CONDITIONS = {
    "team": "team = %(team)s",
    "user": '"user" = %(user)s',
    "channel": "channel = %(channel)s",
}

_RENDERS = f"""
    SELECT "user", model, created_at, stage, outcome, finished_at - submitted_at AS seconds,
        chargeable_since IS NOT NULL AS was_sent, cost_estimate, cost_actual, forecast_amount
    FROM jobs
    WHERE created_at >= %(since)s AND created_at < %(until)s AND team = %(team)s
        AND stage IN ({in_list(REQUESTED)})
    ORDER BY created_at
"""  # noqa: S608 - only constants


async def spend(db: Database, wanted: SpendFilter) -> Spend:
    """Return the cost of the jobs that match.

    PostgreSQL counts equal jobs and Python adds the amounts, because one that cannot be read is
    unknown, and not an error.
    """
    spends = (
        spend_of(
            stage_of(row["stage"]),
            was_sent=row["was_sent"],
            actual=amount_of(row["cost_actual"]),
            renders=int(row["renders"]),
        )
        for row in await db.rows(*spend_query(wanted))
    )
    return sum(spends, Spend())


def spend_query(wanted: SpendFilter) -> tuple[str, Values]:
    """Return the query for `wanted`. It has only the conditions that are set, to use indexes."""
    values = {
        "team": wanted.team,
        "user": wanted.user,
        "channel": wanted.channel,
        "since": wanted.since,
        "until": wanted.until,
    }
    places = [test for name, test in _CONDITIONS.items() if values[name] is not None]
    where = " AND ".join(["created_at >= %(since)s", "created_at < %(until)s", *places])
    query = (
        "SELECT stage, chargeable_since IS NOT NULL AS was_sent, cost_actual, count(*) AS renders"  # noqa: S608 - only constants
        f" FROM jobs WHERE {where} GROUP BY 1, 2, 3"
    )
    return query, values


async def costs(db: Database, wanted: CostFilter) -> list[CostGroup]:
    """Return the accepted jobs that match, counted by all that a cost report tells apart."""
    return [_cost_group(row) for row in await db.rows(*costs_query(wanted))]


def costs_query(wanted: CostFilter) -> tuple[str, Values]:
    """Return the query for `wanted`. It has only the conditions that are set, to use the index."""
    values = {
        "first": wanted.first,
        "until": wanted.until,
        "team": wanted.team,
        "user": wanted.user,
        "channel": wanted.channel,
    }
    places = [test for name, test in _CONDITIONS.items() if values[name] is not None]
    where = " AND ".join(["counted_on >= %(first)s", "counted_on < %(until)s", *places])
    query = (
        f"SELECT {_ALIKE}, count(*) AS jobs FROM jobs"  # noqa: S608 - only constants
        f" WHERE {where} AND stage IN ({in_list(REQUESTED)})"
        f" GROUP BY {_ALIKE} ORDER BY counted_on"
    )
    return query, values


_ALIKE = (
    'team, "user", channel, project, model, counted_on, stage, reserved, cost_estimate, cost_actual'
)


def _cost_group(row: DictRow) -> CostGroup:
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


async def renders(db: Database, team: str, since: Instant, until: Instant) -> list[Render]:
    """Return the renders requested at or after `since` and before `until`, oldest first."""
    values = {"team": team, "since": since, "until": until}
    return [_render(row) for row in await db.rows(_RENDERS, values)]


def _render(row: DictRow) -> Render:
    return Render(
        user=row["user"],
        model=row["model"],
        created_at=row["created_at"],
        stage=stage_of(row["stage"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] in set(Outcome) else None,
        was_sent=row["was_sent"],
        seconds=row["seconds"],
        estimate=amount_of(row["cost_estimate"]),
        actual=amount_of(row["cost_actual"]),
        forecast=amount_of(row["forecast_amount"]),
    )
