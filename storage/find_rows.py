"""Conversion of what is looked for, and of what is found, to and from rows of a database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from storage.find import FoundJob, indexed_words
from storage.job import Json
from storage.rows import JOBS, Columns, Value
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
    names = {key: str(name) for key, name in _mapping(row["names"]).items()}
    return indexed_words(
        _mapping(row["input"]),
        names,
        style_prompt=prompt if isinstance(prompt, str) else None,
        style_words=words if isinstance(words, str) else "",
    )


def _mapping(text: Value) -> Mapping[str, Json]:
    if not isinstance(text, str):
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
