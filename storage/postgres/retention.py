"""The erasure of what is not kept any longer: how rows are found, and what is written to them.

Rows that another process is writing are passed over, until the next round.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from psycopg.rows import DictRow

from storage.job import ANSWERED, TERMINAL, Instant, Json, Stage
from storage.notification import WITH_TEXTS
from storage.postgres.database import Database
from storage.postgres.queue import LOCKED
from storage.rows import in_list, input_text
from storage.store import WithoutTexts

Erase: TypeAlias = Callable[[Database, Sequence[DictRow]], Awaitable[None]]
"""Erases from the rows that were found."""


@dataclass(frozen=True, slots=True)
class BatchErasure:
    """One kind of erasure."""

    query: str
    """Finds rows, at most `limit`, from which something older than `before` is to be erased."""
    erase: Erase


async def find(
    db: Database, erasure: BatchErasure, before: Instant | None, limit: int, *, locked: bool = False
) -> list[DictRow]:
    """Return the rows of the next batch."""
    query = f"{erasure.query} {LOCKED}" if locked else erasure.query
    return await db.rows(query, {"before": before, "limit": max(0, limit)})


def texts(now: Instant, without_texts: WithoutTexts) -> BatchErasure:
    """Return the erasure of what users wrote; each job is marked with the time `now`."""
    return BatchErasure(_JOBS_WITH_TEXTS, partial(_erase_texts, now, without_texts))


async def _each(statement: str, db: Database, rows: Sequence[DictRow]) -> None:
    await db.change(statement, {"found": [row["seq"] for row in rows]})


RESPONSE_URLS = BatchErasure(
    """
    SELECT seq FROM jobs WHERE response_url IS NOT NULL AND created_at < %(before)s
    ORDER BY created_at LIMIT %(limit)s
    """,
    partial(_each, "UPDATE jobs SET response_url = NULL WHERE seq = ANY(%(found)s)"),
)

# A parked job may go back to the submit, so it keeps its body unless it was parked behind it.
REQUEST_BODIES = BatchErasure(
    f"""
    SELECT seq FROM jobs WHERE request_body IS NOT NULL AND (
        stage IN ({in_list(TERMINAL | ANSWERED)})
        OR (stage = '{Stage.PARKED.value}' AND parked_from IN ({in_list(ANSWERED)}))
    )
    LIMIT %(limit)s
    """,  # noqa: S608 - only constants
    partial(_each, "UPDATE jobs SET request_body = NULL WHERE seq = ANY(%(found)s)"),
)

DETAILS = BatchErasure(
    """
    SELECT seq FROM job_events WHERE detail <> '' AND at < %(before)s
    ORDER BY at LIMIT %(limit)s
    """,
    partial(_each, "UPDATE job_events SET detail = '' WHERE seq = ANY(%(found)s)"),
)

_JOBS_WITH_TEXTS = f"""
    SELECT seq, id, model, input FROM jobs
    WHERE erased_at IS NULL AND created_at < %(before)s
        AND stage IN ({in_list(TERMINAL)}) AND due_at IS NULL
    ORDER BY created_at LIMIT %(limit)s
"""  # noqa: S608 - only constants

# A problem may quote a prompt. An empty one still says that there was a problem: `left` leaves NULL
# as it is.
_ERASE_FROM_JOB = """
    UPDATE jobs SET
        input = %(input)s, names = '{}', request_body = NULL, erased_at = %(now)s,
        problem = left(problem, 0), question_about = left(question_about, 0),
        decision_because = left(decision_because, 0),
        style_words = left(style_words, 0), style_prompt = left(style_prompt, 0)
    WHERE seq = %(seq)s
"""

_ERASE_FROM_EVENTS = """
    UPDATE job_events SET detail = '' WHERE job_id = %(id)s AND detail <> ''
"""

_ERASE_FROM_NOTES = "UPDATE notes SET words = '' WHERE job_id = %(id)s AND words <> ''"

_ERASE_FROM_NOTIFICATIONS = f"""
    UPDATE notifications SET detail = '', problem = left(problem, 0)
    WHERE job_id = %(id)s AND kind IN ({in_list(WITH_TEXTS)})
"""  # noqa: S608 - only constants


async def _erase_texts(
    now: Instant, without_texts: WithoutTexts, db: Database, rows: Sequence[DictRow]
) -> None:
    for row in rows:
        kept = input_text(without_texts(row["model"], _parsed(row["input"])))
        await db.change(_ERASE_FROM_JOB, {"seq": row["seq"], "input": kept, "now": now})
        await db.change(_ERASE_FROM_EVENTS, {"id": row["id"]})
        await db.change(_ERASE_FROM_NOTES, {"id": row["id"]})
        await db.change(_ERASE_FROM_NOTIFICATIONS, {"id": row["id"]})


def _parsed(text: str) -> dict[str, Json]:
    """Return an input; an empty one if the column cannot be read, for it may hold a prompt too."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
