"""Costs and results of renders, computed from the rows of jobs."""

from __future__ import annotations

from storage.costs import AlikeJobs, CostFilter, CostGroup, Render
from storage.job import REQUESTED, Instant, Stage
from storage.made_file import MadeFile
from storage.postgres.database import Database, Values
from storage.report_rows import (
    alike_jobs_of,
    cost_group_of,
    made_files_of,
    made_files_query,
    render_of,
)
from storage.rows import in_list

_CONDITIONS = {
    "team": "team = %(team)s",
    "user": '"user" = %(user)s',
    "channel": "channel = %(channel)s",
}

# A stage that cannot be read counts, too: what a job costs must not vanish with it.
_ACCEPTED = f"stage NOT IN ({in_list(frozenset(Stage) - REQUESTED)})"

RENDERS = f"""
    SELECT "user", model, created_at, stage, outcome, finished_at - submitted_at AS seconds,
        chargeable_since IS NOT NULL AS was_sent, cost_estimate, cost_actual, forecast_amount
    FROM jobs
    WHERE created_at >= %(since)s AND created_at < %(until)s AND team = %(team)s
        AND {_ACCEPTED}
    ORDER BY created_at
"""  # noqa: S608 - only constants


MADE_FILES = made_files_query("%(since)s", "%(until)s", '"user"')


async def costs(db: Database, wanted: CostFilter) -> list[CostGroup]:
    """Return the accepted jobs that match, counted by all that a cost report tells apart."""
    query, values = costs_query(wanted, ALIKE)
    return [cost_group_of(row) for row in await db.rows(f"{query} ORDER BY counted_on", values)]


async def cost_sums(db: Database, wanted: CostFilter) -> list[AlikeJobs]:
    """Return the accepted jobs that match, counted by what they cost.

    Python adds the amounts, because one that cannot be read is unknown, and not an error.
    """
    return [alike_jobs_of(row) for row in await db.rows(*costs_query(wanted, PRICED))]


def costs_query(wanted: CostFilter, alike: str) -> tuple[str, Values]:
    """Return the query for `wanted`, which counts the jobs that are `alike` in these columns.

    It has only the conditions that are set, to use the index.
    """
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
        f"SELECT {alike}, count(*) AS jobs FROM jobs"  # noqa: S608 - only constants
        f" WHERE {where} AND {_ACCEPTED} GROUP BY {alike}"
    )
    return query, values


PRICED = "stage, reserved, cost_estimate, cost_actual"
ALIKE = f'team, "user", channel, project, model, counted_on, {PRICED}'


async def renders(db: Database, team: str, since: Instant, until: Instant) -> list[Render]:
    """Return the renders requested at or after `since` and before `until`, oldest first."""
    values = {"team": team, "since": since, "until": until}
    return [render_of(row) for row in await db.rows(RENDERS, values)]


async def made_files(db: Database, since: Instant, until: Instant) -> list[MadeFile]:
    """Return the files made for the jobs requested at or after `since` and before `until`."""
    rows = await db.rows(MADE_FILES, {"since": since, "until": until})
    return [file for row in rows for file in made_files_of(row)]
