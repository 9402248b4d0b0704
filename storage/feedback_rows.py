"""Conversion of feedback to rows of a database's table, and back."""

from __future__ import annotations

from storage.feedback import Feedback, Rating
from storage.rows import Columns, Value, encode, json_object


def row_of(job_id: str, feedback: Feedback) -> dict[str, Value]:
    """Return the columns of what a person thinks of a job's result."""
    return {
        "job_id": encode(job_id),
        "by_user": encode(feedback.by),
        "is_good": feedback.is_good,
        "at": feedback.at,
    }


def feedback_of(row: Columns) -> Feedback:
    """Return what a person thinks of a job's result."""
    return Feedback(
        by=str(row["by_user"]), is_good=bool(row["is_good"]), at=float(row["at"] or 0.0)
    )


def rating_of(row: Columns) -> Rating:
    """Return one person's feedback, with what reports tell apart of its job."""
    style = row["style_name"]
    return Rating(
        is_good=bool(row["is_good"]),
        style=None if style is None else str(encode(style)),
        model=str(row["model"]),
        input=json_object(row["input"]),
    )
