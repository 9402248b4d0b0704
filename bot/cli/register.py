"""`python -m bot register`: every file that was made, as a table, as CSV or as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click
from tabulate import tabulate

from bot.cli.jobs import JSON, with_store
from bot.money.csv_text import csv_text
from storage.job import Instant
from storage.made_file import MadeFile

DEFAULT_DAYS = 30

HEADERS = ("asked (UTC)", "made (UTC)", "workspace", "by", "job", "model", "kind", "file", "sha256")

_TIMES = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.command("register")
@click.option(
    "--since",
    type=_TIMES,
    help=f"From this day or time on, in UTC; else the last {DEFAULT_DAYS} days.",
)
@click.option("--until", type=_TIMES, help="Before this day or time, in UTC.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, for spreadsheets.")
@JSON
def command(since: datetime | None, until: datetime | None, *, as_csv: bool, as_json: bool) -> None:
    """List every file that was made and brought to Slack, by when it was asked for.

    Each line has the SHA-256 of the file's bytes, so that a file found anywhere can be told for one
    of these. What was given out as a link alone is not listed.
    """
    if as_csv and as_json:
        raise click.UsageError("Choose one of --csv and --json.")
    begin = (since or datetime.now(UTC) - timedelta(days=DEFAULT_DAYS)).replace(tzinfo=UTC)
    end = math.inf if until is None else until.replace(tzinfo=UTC).timestamp()
    files = with_store(lambda store: store.jobs.made_files(begin.timestamp(), end))
    if as_json:
        click.echo(json.dumps([asdict(file) for file in files], indent=2))
        return
    rows = [_row(file) for file in files]
    if as_csv:
        click.echo(csv_text(HEADERS, rows), nl=False)
    else:
        click.echo(tabulate(rows, HEADERS, disable_numparse=True))


def _row(file: MadeFile) -> tuple[str, ...]:
    return (
        _moment(file.asked_at),
        _moment(file.made_at),
        file.team,
        file.user,
        file.job_id,
        file.model,
        file.kind,
        file.file_id,
        file.sha256 or "",
    )


def _moment(at: Instant | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
