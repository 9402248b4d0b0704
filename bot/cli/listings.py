"""What commands share that list entries since a time: as a table, as CSV or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import click
from tabulate import tabulate

from bot.money.csv_text import csv_text
from storage.job import Instant

DEFAULT_DAYS = 30

TIMES = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
SINCE = click.option(
    "--since",
    type=TIMES,
    help=f"From this day or time on, in UTC; else the last {DEFAULT_DAYS} days.",
)
CSV = click.option("--csv", "as_csv", is_flag=True, help="Print CSV, for spreadsheets.")


def begin_of(since: datetime | None) -> Instant:
    """Return the time from which on entries are listed."""
    begin = since or datetime.now(UTC) - timedelta(days=DEFAULT_DAYS)
    return begin.replace(tzinfo=UTC).timestamp()


def moment_in_utc(at: Instant) -> str:
    """Return a time for a cell."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def refuse_both(*, as_csv: bool, as_json: bool) -> None:
    """Raise `UsageError` for entries as CSV and as JSON."""
    if as_csv and as_json:
        raise click.UsageError("Choose one of --csv and --json.")


def tell(
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    entries: Iterable[Mapping[str, object]],
    *,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Print entries; each has a row for the table and for CSV."""
    if as_json:
        click.echo(json.dumps([*entries], indent=2))
    elif as_csv:
        click.echo(csv_text(headers, rows), nl=False)
    else:
        click.echo(tabulate([*rows], headers, disable_numparse=True))
