"""The erasure of what is not kept any longer: how rows are found, and what is written to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from sqlite3 import Row as SqlRow
from typing import TypeAlias

from sqlite_utils import Database

from storage.job import ANSWERED, TERMINAL, Instant, Json, Stage
from storage.notification import WITH_TEXTS
from storage.rows import in_list, input_text
from storage.store import WithoutTexts

Erase: TypeAlias = Callable[[Database, Sequence[SqlRow]], int]
"""Erases from the rows that were found, and returns how many these are."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One kind of erasure."""

    query: str
    """Finds rows, at most `:limit`, from which something older than `:before` is to be erased."""
    erase: Erase


def find(db: Database, erasure: Erasure, before: Instant | None, limit: int) -> Sequence[SqlRow]:
    """Return the rows of the next batch."""
    rows: list[SqlRow] = db.execute(
        erasure.query, {"before": before, "limit": max(0, limit)}
    ).fetchall()
    return rows


def texts(now: Instant, without_texts: WithoutTexts) -> Erasure:
    """Return the erasure of what users wrote; each job is marked with the time `now`."""
    return Erasure(_JOBS_WITH_TEXTS, partial(_erase_texts, now, without_texts))


def _each(statement: str, db: Database, rows: Sequence[SqlRow]) -> int:
    for row in rows:
        db.execute(statement, {"seq": row["seq"]})
    return len(rows)


# INDEXED BY, here and below: the look for something to erase must stay cheap with any number of
# rows, and fails in the tests if it cannot. https://sqlite.org/lang_indexedby.html
RESPONSE_URLS = Erasure(
    """
    SELECT seq FROM jobs INDEXED BY jobs_response_url
    WHERE response_url IS NOT NULL AND created_at < :before
    ORDER BY created_at LIMIT :limit + 0
    """,
    partial(_each, "UPDATE jobs SET response_url = NULL WHERE seq = :seq"),
)

# A parked job may go back to the submit, so it keeps its body unless it was parked behind it.
REQUEST_BODIES = Erasure(
    f"""
    SELECT seq FROM jobs INDEXED BY jobs_request_body
    WHERE request_body IS NOT NULL AND (
        stage IN ({in_list(TERMINAL | ANSWERED)})
        OR (
            stage = '{Stage.PARKED.value}'
            AND parked_from IN ({in_list(ANSWERED)})
        )
    )
    LIMIT :limit + 0
    """,  # noqa: S608 - only constants
    partial(_each, "UPDATE jobs SET request_body = NULL WHERE seq = :seq"),
)

DETAILS = Erasure(
    """
    SELECT seq FROM job_events INDEXED BY job_events_detail
    WHERE detail <> '' AND at < :before
    ORDER BY at LIMIT :limit + 0
    """,
    partial(_each, "UPDATE job_events SET detail = '' WHERE seq = :seq"),
)

_JOBS_WITH_TEXTS = f"""
    SELECT seq, id, model, input FROM jobs INDEXED BY jobs_not_erased
    WHERE erased_at IS NULL AND created_at < :before
        AND stage IN ({in_list(TERMINAL)}) AND due_at IS NULL
    ORDER BY created_at LIMIT :limit + 0
"""  # noqa: S608 - only constants

# A problem may quote a prompt. An empty one still says that there was a problem.
_ERASE_FROM_JOB = """
    UPDATE jobs SET
        input = :input, names = '{}', request_body = NULL, erased_at = :now,
        problem = iif(problem IS NULL, NULL, ''),
        question_about = iif(question_about IS NULL, NULL, ''),
        decision_because = iif(decision_because IS NULL, NULL, ''),
        style_words = iif(style_words IS NULL, NULL, ''),
        style_prompt = iif(style_prompt IS NULL, NULL, '')
    WHERE seq = :seq
"""

_ERASE_FROM_EVENTS = """
    UPDATE job_events SET detail = '' WHERE job_id = :id AND detail <> ''
"""

_ERASE_FROM_NOTES = "UPDATE notes SET words = '' WHERE job_id = :id AND words <> ''"

_ERASE_FROM_NOTIFICATIONS = f"""
    UPDATE notifications SET detail = '', problem = iif(problem IS NULL, NULL, '')
    WHERE job_id = :id AND kind IN ({in_list(WITH_TEXTS)})
"""  # noqa: S608 - only constants


def _erase_texts(
    now: Instant, without_texts: WithoutTexts, db: Database, rows: Sequence[SqlRow]
) -> int:
    for row in rows:
        kept = without_texts(row["model"], _parsed(row["input"]))
        db.execute(_ERASE_FROM_JOB, {"seq": row["seq"], "input": input_text(kept), "now": now})
        db.execute(_ERASE_FROM_EVENTS, {"id": row["id"]})
        db.execute(_ERASE_FROM_NOTES, {"id": row["id"]})
        db.execute(_ERASE_FROM_NOTIFICATIONS, {"id": row["id"]})
    return len(rows)


def _parsed(text: str) -> dict[str, Json]:
    """Return an input; an empty one if the column cannot be read, for it may hold a prompt too."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
