"""Conversion of the rows that reports read: the same columns, from whichever store."""

from __future__ import annotations

from storage.costs import AlikeJobs, CostGroup, Render
from storage.job import Outcome
from storage.rows import Columns, Value, amount_of, stage_of


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


def _text(value: Value) -> str | None:
    return None if value is None else str(value)
