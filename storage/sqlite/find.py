"""Finding jobs in SQLite, by a table of their words with an index of FTS5 over it.

https://sqlite.org/fts5.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlite_utils import Database

from storage.find import FoundJob, Page, Viewer, Wanted, words_of_job
from storage.find_rows import found_jobs, words_of_row
from storage.job import REQUESTED, Job
from storage.rows import Value, encode, in_list
from storage.store import Unreadable

# Of the jobs in a direct conversation nobody sees those of others. The `+` keeps SQLite from
# reading all jobs of a person and of each channel, and from sorting them, for a page of the newest.
# https://sqlite.org/optoverview.html
VISIBLE = """
    jobs.team = :team AND (
        +jobs.user = :user
        OR (
            +jobs.channel IN (SELECT value FROM json_each(:channels))
            AND jobs.channel NOT LIKE 'D%'
        )
    )
"""

_REQUESTED = f"+jobs.stage IN ({in_list(REQUESTED)})"

_CONDITIONS = {
    "by": "jobs.user = :by",
    "channel": "+jobs.channel = :channel",
    "since": "jobs.created_at >= :since",
    "style": "jobs.style_name = :style",
    "before": "jobs.seq < :before",
    "after": "jobs.seq > :after",
}

# The index is in the order of the jobs' numbers, so that it stops at the end of a page.
_WITH_WORDS = "job_words_fts CROSS JOIN jobs ON jobs.seq = job_words_fts.rowid"

_PUT = """
    INSERT INTO job_words (seq, words) SELECT seq, :words FROM jobs WHERE id = :id
    ON CONFLICT (seq) DO UPDATE SET words = excluded.words
"""

_EARLIER = """
    SELECT job_words.seq, input, names, style_prompt, style_words
    FROM job_words INDEXED BY job_words_missing JOIN jobs USING (seq)
    WHERE words IS NULL ORDER BY job_words.seq DESC LIMIT :limit + 0
"""

_IS_BEHIND = """
    SELECT EXISTS (SELECT 1 FROM job_words INDEXED BY job_words_missing WHERE words IS NULL)
"""


def find(
    db: Database, viewer: Viewer, wanted: Wanted, page: Page
) -> tuple[list[FoundJob], list[Unreadable]]:
    """Return the jobs that match and that the viewer may see, the newest first."""
    query, values = find_query(viewer, wanted, page)
    return found_jobs(db.execute(query, values))


def find_query(viewer: Viewer, wanted: Wanted, page: Page) -> tuple[str, dict[str, Value]]:
    """Return the query. It has only the conditions that are set, to use indexes."""
    values: dict[str, Value] = {
        "team": encode(viewer.team),
        "user": encode(viewer.user),
        "channels": json.dumps(sorted(viewer.channels)),
        "words": match_expression(wanted.words),
        "by": encode(wanted.by),
        "channel": encode(wanted.channel),
        "since": wanted.since,
        "style": encode(wanted.style),
        "before": page.before,
        "after": page.after,
        # A negative limit would be no limit. https://sqlite.org/lang_select.html#limitoffset
        "limit": max(0, page.limit),
    }
    conditions = [VISIBLE, _REQUESTED]
    conditions += [test for name, test in _CONDITIONS.items() if values[name] is not None]
    source = "jobs"
    if wanted.words:
        source, conditions = _WITH_WORDS, ["job_words_fts MATCH :words", *conditions]
        # FTS5 knows its own number alone.
        conditions = [test.replace("jobs.seq", "job_words_fts.rowid") for test in conditions]
    elif wanted.kept:
        source = "jobs INDEXED BY jobs_kept"
    if wanted.kept:
        conditions.append("jobs.kept_by IS NOT NULL")
    number = "job_words_fts.rowid" if wanted.words else "jobs.seq"
    order = f"ORDER BY {number} {'DESC' if page.after is None else 'ASC'} LIMIT :limit + 0"
    where = " AND ".join(conditions)
    return f"SELECT jobs.* FROM {source} WHERE {where} {order}", values  # noqa: S608 - only constants


def match_expression(words: Sequence[str]) -> str:
    """Return FTS5's expression for all of these words, the last as a prefix.

    A quoted word is never an operator: https://sqlite.org/fts5.html#fts5_strings
    """
    quoted = " ".join(f'"{word}"' for word in words)
    return f"{quoted}*" if quoted else ""


def put_words(db: Database, job: Job) -> None:
    """Index a job by its words, in place of earlier ones."""
    db.execute(_PUT, {"id": encode(job.id), "words": words_of_job(job)})


def index_earlier(db: Database, limit: int) -> int:
    """Index jobs that were inserted without words."""
    rows = db.execute(_EARLIER, {"limit": max(0, limit)}).fetchall()
    for row in rows:
        db.execute(
            "UPDATE job_words SET words = :words WHERE seq = :seq",
            {"seq": row["seq"], "words": words_of_row(row)},
        )
    return len(rows)


def is_complete(db: Database) -> bool:
    """Return whether all jobs are indexed."""
    return not db.execute(_IS_BEHIND).fetchone()[0]
