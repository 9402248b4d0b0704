"""Finding jobs in PostgreSQL, by a table of their words as `tsvector` with a GIN index.

https://www.postgresql.org/docs/current/textsearch-intro.html
"""

from __future__ import annotations

from collections.abc import Sequence

from storage.find import FoundJob, Page, Viewer, Wanted, words_of_job
from storage.find_rows import found_jobs, words_of_row
from storage.job import REQUESTED, Job
from storage.postgres.database import Database
from storage.rows import in_list
from storage.store import Unreadable

# Of the jobs in a direct conversation nobody sees those of others.
VISIBLE = """
    jobs.team = %(team)s AND (
        jobs."user" = %(user)s
        OR (jobs.channel = ANY(%(channels)s) AND jobs.channel NOT LIKE 'D%%')
    )
"""

_REQUESTED = f"jobs.stage IN ({in_list(REQUESTED)})"

_CONDITIONS = {
    "by": 'jobs."user" = %(by)s',
    "channel": "jobs.channel = %(channel)s",
    "since": "jobs.created_at >= %(since)s",
    "style": "jobs.style_name = %(style)s",
    "before": "jobs.seq < %(before)s",
    "after": "jobs.seq > %(after)s",
}

# As they are, by no parser of the server's, which would find addresses and numbers in them.
_VECTOR = "array_to_tsvector(string_to_array({words}, ' '))"

INSERT_WORDS = f"""
    INSERT INTO job_words (seq, words) SELECT seq, {_VECTOR.format(words="%(words)s::text")}
    FROM made
"""  # noqa: S608 - only constants
"""A part of the statement that has `made` a job: to index it by its `words_of_job`."""

_PUT = f"""
    UPDATE job_words SET words = {_VECTOR.format(words="%(words)s::text")}
    WHERE seq = (SELECT seq FROM jobs WHERE id = %(id)s)
"""  # noqa: S608 - only constants

_EARLIER = """
    SELECT job_words.seq, input, names, style_prompt, style_words
    FROM job_words JOIN jobs ON jobs.seq = job_words.seq
    WHERE job_words.words IS NULL ORDER BY job_words.seq DESC LIMIT %(limit)s
    FOR UPDATE OF job_words SKIP LOCKED
"""

_INDEX = f"""
    UPDATE job_words SET words = {_VECTOR.format(words="found.words")}
    FROM unnest(%(numbers)s::bigint[], %(words)s::text[]) AS found (seq, words)
    WHERE job_words.seq = found.seq
"""  # noqa: S608 - only constants

_IS_BEHIND = "SELECT EXISTS (SELECT FROM job_words WHERE words IS NULL) AS is_behind"


async def find(
    db: Database, viewer: Viewer, wanted: Wanted, page: Page
) -> tuple[list[FoundJob], list[Unreadable]]:
    """Return the jobs that match and that the viewer may see, the newest first."""
    query, values = find_query(viewer, wanted, page)
    return found_jobs(await db.rows(query, values))


def find_query(viewer: Viewer, wanted: Wanted, page: Page) -> tuple[str, dict[str, object]]:
    """Return the query. It has only the conditions that are set, to use indexes."""
    values: dict[str, object] = {
        "team": viewer.team,
        "user": viewer.user,
        "channels": sorted(viewer.channels),
        "words": match_expression(wanted.words),
        "by": wanted.by,
        "channel": wanted.channel,
        "since": wanted.since,
        "style": wanted.style,
        "before": page.before,
        "after": page.after,
        "limit": max(0, page.limit),
    }
    conditions = [VISIBLE, _REQUESTED]
    conditions += [test for name, test in _CONDITIONS.items() if values[name] is not None]
    source = "jobs"
    if wanted.words:
        source = "jobs JOIN job_words ON job_words.seq = jobs.seq"
        conditions.append("job_words.words @@ %(words)s::text::tsquery")
    if wanted.kept:
        conditions.append("jobs.kept_by IS NOT NULL")
    order = f"ORDER BY jobs.seq {'DESC' if page.after is None else 'ASC'} LIMIT %(limit)s"
    where = " AND ".join(conditions)
    return f"SELECT jobs.* FROM {source} WHERE {where} {order}", values  # noqa: S608 - only constants


def match_expression(words: Sequence[str]) -> str:
    """Return the text of a `tsquery` for all of these words, the last as a prefix.

    A quoted word is never an operator, and holds neither quotes nor backslashes.
    """
    quoted = " & ".join(f"'{word}'" for word in words)
    return f"{quoted}:*" if quoted else ""


async def put_words(db: Database, job: Job) -> None:
    """Index a job by its words, in place of earlier ones."""
    await db.change(_PUT, {"id": job.id, "words": words_of_job(job)})


async def index_earlier(db: Database, limit: int) -> int:
    """Index jobs that were inserted without words."""
    rows = await db.rows(_EARLIER, {"limit": max(0, limit)})
    found = {"numbers": [row["seq"] for row in rows], "words": [*map(words_of_row, rows)]}
    await db.change(_INDEX, found)
    return len(rows)


async def is_complete(db: Database) -> bool:
    """Return whether all jobs are indexed."""
    row = await db.row(_IS_BEHIND)
    return row is not None and not row["is_behind"]
