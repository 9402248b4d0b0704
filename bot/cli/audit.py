"""`python -m bot audit`: every decision about money, as a table, as CSV or as JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import click

from bot.cli.jobs import JSON, with_store
from bot.cli.listings import CSV, SINCE, begin_of, moment_in_utc, refuse_both, tell
from storage.budget import AuditEntry

HEADERS = ("at (UTC)", "workspace", "by", "action", "subject", "before", "after", "because")


@click.command("audit")
@SINCE
@CSV
@JSON
def command(since: datetime | None, *, as_csv: bool, as_json: bool) -> None:
    """List every decision about money, the oldest first: who, what, before, after, why."""
    refuse_both(as_csv=as_csv, as_json=as_json)
    entries = with_store(lambda store: store.budgets.audit(begin_of(since)))
    rows, fields = map(_row, entries), map(_json_fields, entries)
    tell(HEADERS, rows, fields, as_csv=as_csv, as_json=as_json)


def _row(entry: AuditEntry) -> tuple[str, ...]:
    return (
        moment_in_utc(entry.at),
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
