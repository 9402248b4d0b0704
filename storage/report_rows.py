"""Conversion of the rows that reports read: the same columns, from whichever store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

from pydantic import TypeAdapter, ValidationError

from storage.costs import AlikeJobs, CostGroup, Render
from storage.job import Outcome, Upload
from storage.made_file import RESULT, MadeFile
from storage.notification import NotificationKind
from storage.rows import Columns, Value, amount_of, in_list, stage_of

_BROUGHT = in_list(
    {
        NotificationKind.RESENT,
        NotificationKind.SHARED,
        NotificationKind.FOLLOWED,
        NotificationKind.POSTER,
        NotificationKind.STITCHED,
        NotificationKind.SET,
    }
)


def cost_group_of(row: Columns) -> CostGroup:
    """Return jobs that are alike in all that a cost report tells apart."""
    alike = alike_jobs_of(row)
    return CostGroup(
        team=str(row["team"]),
        user=str(row["user"]),
        channel=str(row["channel"]),
        project=_text(row["project"]),
        model=str(row["model"]),
        day=str(row["counted_on"]),
        stage=alike.stage,
        reserved=alike.reserved,
        estimate=alike.estimate,
        actual=alike.actual,
        jobs=alike.jobs,
    )


def alike_jobs_of(row: Columns) -> AlikeJobs:
    """Return jobs that are alike in what they cost."""
    return AlikeJobs(
        stage=stage_of(str(row["stage"])),
        reserved=amount_of(_text(row["reserved"])),
        estimate=amount_of(_text(row["cost_estimate"])),
        actual=amount_of(_text(row["cost_actual"])),
        jobs=int(row["jobs"] or 0),
    )


def render_of(row: Columns) -> Render:
    """Return the facts about one job."""
    outcome, seconds = row["outcome"], row["seconds"]
    return Render(
        user=str(row["user"]),
        model=str(row["model"]),
        created_at=float(row["created_at"] or 0.0),
        stage=stage_of(str(row["stage"])),
        outcome=Outcome(str(outcome)) if outcome in set(Outcome) else None,
        was_sent=bool(row["was_sent"]),
        seconds=None if seconds is None else float(seconds),
        estimate=amount_of(_text(row["cost_estimate"])),
        actual=amount_of(_text(row["cost_actual"])),
        forecast=amount_of(_text(row["forecast_amount"])),
    )


def made_files_query(since: str, until: str, user: str) -> str:
    """Return the query for the uploads of the jobs requested in a time, the oldest first.

    The arguments are the database's names of two parameters, and of the column of users.
    """
    of_job = (
        f"jobs.id, jobs.team, jobs.{user} AS asker, jobs.model, jobs.created_at, jobs.finished_at,"
        " jobs.seq"
    )
    in_time = f"jobs.created_at >= {since} AND jobs.created_at < {until}"
    return f"""
        SELECT {of_job}, '{RESULT}' AS kind, jobs.uploads, 0 AS place
        FROM jobs WHERE {in_time} AND jobs.uploads <> '[]'
        UNION ALL
        SELECT {of_job}, brought.kind, brought.uploads, brought.seq
        FROM jobs JOIN notifications AS brought ON brought.job_id = jobs.id
        WHERE {in_time} AND brought.kind IN ({_BROUGHT}) AND brought.uploads <> '[]'
        ORDER BY created_at, seq, place
    """  # noqa: S608 - only constants


@cache
def _uploads_adapter() -> TypeAdapter[tuple[Upload, ...]]:
    """Return the converter of uploads, made for the first: it takes 3 ms of a start."""
    return TypeAdapter(tuple[Upload, ...])


def made_files_of(row: Columns) -> Iterator[MadeFile]:
    """Yield the files of a row that Slack is known to have; of one that cannot be read, none."""
    try:
        uploads = _uploads_adapter().validate_python(json.loads(str(row["uploads"])))
    except (ValueError, ValidationError):
        return
    made_at = row["finished_at"]
    for upload in uploads:
        if upload.sent:
            yield MadeFile(
                job_id=str(row["id"]),
                team=str(row["team"]),
                user=str(row["asker"]),
                model=str(row["model"]),
                asked_at=float(row["created_at"] or 0.0),
                made_at=None if made_at is None else float(made_at),
                kind=str(row["kind"]),
                file_id=upload.file_id,
                sha256=upload.sha256,
            )


def _text(value: Value) -> str | None:
    return None if value is None else str(value)
