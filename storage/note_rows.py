"""Conversion of notes to rows of a database's table, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from pydantic import TypeAdapter, ValidationError

from storage.job import Job
from storage.review import Note
from storage.rows import Columns, Value, encode, is_torn


def rows_of(job: Job, notes: Sequence[Note], dedup_key: str) -> list[dict[str, Value]]:
    """Return the columns of each note about a job, without words if its texts were erased."""
    return [
        {
            "dedup_key": encode(dedup_key),
            "number": number,
            "job_id": encode(job.id),
            "by_user": encode(note.by),
            "at": note.at,
            "second": note.second,
            "words": encode(note.words) if job.erased_at is None else "",
            "review": None if note.review is None else note.review.value,
        }
        for number, note in enumerate(notes)
    ]


def columns_of_job(job: Job, notes: Sequence[Note]) -> dict[str, Value]:
    """Return the parameters of the statement that tells a job of its notes."""
    reviews = [note for note in notes if note.review is not None]
    last = reviews[-1] if reviews else None
    return {
        "id": encode(job.id),
        "notes": len(notes) - len(reviews),
        "kind": None if last is None or last.review is None else last.review.value,
        "by": None if last is None else encode(last.by),
        "at": None if last is None else last.at,
    }


def readable(rows: Iterable[Columns]) -> list[Note]:
    """Return the notes that can be read."""
    notes = []
    for row in rows:
        try:
            notes.append(_from_row(row))
        except ValidationError:
            continue
    return notes


@cache
def _adapter() -> TypeAdapter[Note]:
    """Return the converter of notes, made for the first: it takes 3 ms of a start."""
    return TypeAdapter(Note)


def _from_row(row: Columns) -> Note:
    words = row["words"]
    return _adapter().validate_python(
        {
            "by": row["by_user"],
            "at": row["at"],
            "second": row["second"],
            "words": None if is_torn(words) else words,
            "review": row["review"],
        }
    )
