"""`python -m bot register`: every file that was made, as a table, as CSV or as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import UTC, datetime

import click

from bot.cli.jobs import JSON, with_store
from bot.cli.listings import CSV, SINCE, TIMES, begin_of, moment_in_utc, refuse_both, tell
from storage.job import Instant
from storage.made_file import MadeFile

HEADERS = ("asked (UTC)", "made (UTC)", "workspace", "by", "job", "model", "kind", "file", "sha256")


@click.command("register")
@SINCE
@click.option("--until", type=TIMES, help="Before this day or time, in UTC.")
@CSV
@JSON
def command(since: datetime | None, until: datetime | None, *, as_csv: bool, as_json: bool) -> None:
    """List every file that was made and brought to Slack, by when it was asked for.

    Each line has the SHA-256 of the file's bytes, so that a file found anywhere can be told for one
    of these. What was given out as a link alone is not listed.
    """
    refuse_both(as_csv=as_csv, as_json=as_json)
    end = math.inf if until is None else until.replace(tzinfo=UTC).timestamp()
    files = with_store(lambda store: store.jobs.made_files(begin_of(since), end))
    rows, fields = map(_row, files), map(asdict, files)
    tell(HEADERS, rows, fields, as_csv=as_csv, as_json=as_json)


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
    return "" if at is None else moment_in_utc(at)
