"""Conversion of what is looked for, and of what is found, to and from rows of a database."""

from __future__ import annotations

from collections.abc import Iterable

from storage.find import FoundJob, indexed_words
from storage.rows import JOBS, Columns, json_object
from storage.store import Unreadable, UnreadableRowError


def found_jobs(rows: Iterable[Columns]) -> tuple[list[FoundJob], list[Unreadable]]:
    """Return the jobs, the newest first, and the rows that cannot be read."""
    found, broken = [], []
    for row in rows:
        try:
            found.append(FoundJob(job=JOBS.from_row(row), position=int(row["seq"] or 0)))
        except UnreadableRowError as error:
            broken.append(error.row)
    return sorted(found, key=lambda one: one.position, reverse=True), broken


def words_of_row(row: Columns) -> str:
    """Return the words of a job's row; what cannot be read has none."""
    prompt, words = row["style_prompt"], row["style_words"]
    names = {key: str(name) for key, name in json_object(row["names"]).items()}
    return indexed_words(
        json_object(row["input"]),
        names,
        style_prompt=prompt if isinstance(prompt, str) else None,
        style_words=words if isinstance(words, str) else "",
    )
