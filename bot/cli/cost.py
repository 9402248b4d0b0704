"""`python -m bot cost`: what renders cost, listed by whom and where, also beside a running bot."""

from __future__ import annotations

import json
import time
from datetime import date, datetime, timedelta

import click
from tabulate import tabulate

from bot.cli import slack_ids
from bot.cli.jobs import JSON, with_store
from bot.cli.listings import CSV
from bot.money.cost_csv import AMOUNTS, rows_of, to_csv
from bot.money.cost_report import Dimension
from storage.budget import Calendar, Window, day_at, period_of
from storage.costs import CostFilter, CostGroup
from storage.store import Store

DATE = "%Y-%m-%d"


@click.command("cost")
@click.option(
    "--since",
    type=click.DateTime([DATE]),
    help="The first day, such as 2026-11-01; by default the first of this month, by the calendar "
    "of --team, else by UTC.",
)
@click.option("--until", type=click.DateTime([DATE]), help="The last day; by default none.")
@click.option(
    "--by",
    type=click.Choice([dimension.value for dimension in Dimension]),
    multiple=True,
    default=[Dimension.PERSON.value],
    show_default=True,
    help="What a line is about; give it again for each combination.",
)
@click.option(
    "--team",
    callback=slack_ids.checked_team,
    help="A workspace's ID at Slack; by default all of the store.",
)
@CSV
@JSON
def command(
    since: datetime | None,
    until: datetime | None,
    by: tuple[str, ...],
    *,
    team: str | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Show what renders cost, by the day on which they were accepted.

    Confirmed is what MindVideo named. Held is set aside for what is under way; unconfirmed, for
    what is over and has no amount: `jobs settle` says one.
    """
    if as_csv and as_json:
        raise click.UsageError("Give --csv or --json.")
    dimensions = tuple(dict.fromkeys(map(Dimension, by)))

    async def load(store: Store) -> list[CostGroup]:
        first = since.date().isoformat() if since else await _this_month(store, team)
        last = until.date() if until else date.max
        if last.isoformat() < first:
            raise click.UsageError("--until is before --since.")
        wanted = CostFilter(first=first, until=_after(last), team=team)
        return await store.jobs.costs(wanted)

    groups = with_store(load)
    rows = rows_of(groups, dimensions)
    if as_json:
        click.echo(json.dumps([dict(row) for row in rows], indent=2))
        return
    if as_csv:
        # As bytes: a terminal's encoding must not change them.
        click.echo(to_csv(rows, dimensions), nl=False)
        return
    headers = [*(dimension.value for dimension in dimensions), *map(_readable, AMOUNTS)]
    click.echo(
        tabulate([[text for _, text in row] for row in rows], headers, disable_numparse=True)
    )


async def _this_month(store: Store, team: str | None) -> str:
    now, calendar = time.time(), Calendar()
    if team is not None:
        calendar = (await store.budgets.rules(team, now)).policy.calendar
    return period_of(Window.MONTH, day_at(now, calendar), calendar).first


def _after(day: date) -> str:
    return date.max.isoformat() if day == date.max else (day + timedelta(days=1)).isoformat()


def _readable(column: str) -> str:
    return column.replace("_", " ")
