"""`python -m bot audit`: every decision about money, as a table, as CSV or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click
from tabulate import tabulate

from bot.cli.jobs import JSON, with_store
from bot.money.csv_text import csv_text
from storage.budget import AuditEntry

DEFAULT_DAYS = 30

HEADERS = ("at (UTC)", "workspace", "by", "action", "subject", "before", "after", "because")


@click.command("audit")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help=f"From this day or time on, in UTC; else the last {DEFAULT_DAYS} days.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, for spreadsheets.")
@JSON
def command(since: datetime | None, *, as_csv: bool, as_json: bool) -> None:
    """List every decision about money, the oldest first: who, what, before, after, why."""
    if as_csv and as_json:
        raise click.UsageError("Choose one of --csv and --json.")
    begin = (since or datetime.now(UTC) - timedelta(days=DEFAULT_DAYS)).replace(tzinfo=UTC)
    entries = with_store(lambda store: store.budgets.audit(begin.timestamp()))
    if as_json:
        click.echo(json.dumps([_json_fields(entry) for entry in entries], indent=2))
        return
    rows = [_row(entry) for entry in entries]
    if as_csv:
        click.echo(csv_text(HEADERS, rows), nl=False)
    else:
        click.echo(tabulate(rows, HEADERS, disable_numparse=True))


def _row(entry: AuditEntry) -> tuple[str, ...]:
    at = datetime.fromtimestamp(entry.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return (
        at,
        entry.team,
        entry.by,
        entry.action,
        entry.subject,
        entry.before,
        entry.after,
        entry.because,
    )


def _json_fields(entry: AuditEntry) -> dict[str, object]:
    fields = asdict(entry)
    del fields["dedup_key"]
    return fields
