"""Fills a store with copies of its only job, as fast as the disk allows.

Indexes and triggers are taken away meanwhile, and made again as they were. The copies are spread
over the time from the first job until now, as their people, lengths and messages are. IDs ascend,
those of a bot are random: an index over them has fewer entries in a page then.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import psycopg
import pysqlite3

PEOPLE = 300
DAYS = 400
"""Over how many days the copies are spread."""
LIVE = 200
"""How many of the copies, the newest, are still rendering."""

_OWN = {
    *("seq", "id", "dedup_key", "user", "message_ts", "task_id", "kind", "price_size"),
    *("created_at", "first_sent_at", "submitted_at", "started_at", "finished_at", "counted_on"),
}
"""Columns in which the copies differ."""

# Lengths of 5 and 10 seconds.
_COPY = """
    INSERT INTO jobs (
        id, dedup_key, "user", message_ts, task_id, kind, price_size, created_at, first_sent_at,
        submitted_at, started_at, finished_at, counted_on, {others}
    )
    SELECT {id}, {id}, 'U' || (n % {people}), 'M' || n, {id},
        replace(kind, '10', CAST(5 + 5 * (n % 2) AS TEXT)), CAST(5 + 5 * (n % 2) AS TEXT),
        created_at + {later}, first_sent_at + {later}, submitted_at + {later}, started_at + {later},
        finished_at + {later} + n % 30, {day}, {others}
    FROM {numbers} AS numbers, first_job
"""
# A statement that read the table into which it inserts would keep all copies elsewhere first.
_FIRST = "CREATE TEMPORARY TABLE first_job AS SELECT * FROM jobs"
_COPY_EVENTS = """
    INSERT INTO job_events (job_id, at, name, detail)
    SELECT jobs.id, jobs.created_at + names.after, names.name, '' FROM jobs CROSS JOIN (
        SELECT 0 AS after, 'accepted' AS name UNION ALL SELECT 1, 'announced'
        UNION ALL SELECT 2, 'submitted' UNION ALL SELECT 120, 'finished'
        UNION ALL SELECT 125, 'delivered'
    ) AS names
    WHERE jobs.id <> 'first'
"""
_WORDS = "'a red sports car at sunset take w' || (seq % 1000)"
"""Words that all copies have, and one that one in a thousand has."""
_COPY_WORDS = """
    INSERT INTO job_words (seq, words)
    SELECT seq, {words} FROM jobs WHERE seq > (SELECT max(seq) FROM job_words)
"""
_REVIVE = f"""
    UPDATE jobs SET stage = 'rendering', outcome = NULL, started_at = NULL, finished_at = NULL,
        delivered_at = NULL, cost_actual = NULL, due_at = created_at + 8640000
    WHERE seq > (SELECT max(seq) - {LIVE} FROM jobs)
"""  # noqa: S608 - a constant


def fill_sqlite(path: str, count: int) -> None:
    """Fill a file that nobody has open."""
    with closing(pysqlite3.connect(path, isolation_level=None)) as db:
        # No other process sees the file, and nobody needs it after a crash.
        for pragma in ("journal_mode = DELETE", "journal_mode = OFF", "synchronous = OFF"):
            db.execute(f"PRAGMA {pragma}")
        db.execute("PRAGMA cache_size = -200000")
        made = db.execute("""
            SELECT type, name, sql FROM sqlite_master
            WHERE type IN ('index', 'trigger') AND tbl_name IN ('jobs', 'job_events')
                AND sql IS NOT NULL
        """).fetchall()
        for kind, name, _ in made:
            db.execute(f"DROP {kind} {name}")
        columns = [row[1] for row in db.execute("PRAGMA table_info(jobs)")]
        db.execute("BEGIN")
        db.execute(_FIRST)
        db.execute(
            _copies(
                count,
                columns,
                numbers=f"""(
                    WITH RECURSIVE numbers (n) AS (
                        SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}
                    ) SELECT n FROM numbers
                )""",  # noqa: S608 - a number
                one="printf('old%08d', n)",
                day="date(created_at + {later}, 'unixepoch')",
            )
        )
        db.execute(_COPY_EVENTS)
        db.execute(_COPY_WORDS.format(words=_WORDS))
        db.execute(_REVIVE)
        db.execute("COMMIT")
        for _, _, sql in made:
            db.execute(sql)
        db.execute("DELETE FROM stage_counts")
        db.execute("INSERT INTO stage_counts SELECT stage, count(*) FROM jobs GROUP BY stage")
        db.execute("PRAGMA journal_mode = WAL")


def fill_postgres(url: str, count: int) -> None:
    """Fill a database."""
    with psycopg.connect(url, autocommit=True) as db:
        # No trigger runs, and no reference is looked up.
        for setting in ("session_replication_role = replica", "maintenance_work_mem = '256MB'"):
            db.execute(f"SET {setting}".encode())
        made = db.execute("""
            SELECT indexname, indexdef FROM pg_indexes
            WHERE tablename IN ('jobs', 'job_events', 'job_words')
                AND indexdef NOT LIKE 'CREATE UNIQUE%'
        """).fetchall()
        for name, _ in made:
            db.execute(f"DROP INDEX {name}".encode())
        found = db.execute("""
            SELECT column_name FROM information_schema.columns
            WHERE table_name = 'jobs' AND table_schema = current_schema()
        """)
        columns = [str(name) for (name,) in found]
        copy = _copies(
            count,
            columns,
            numbers=f"(SELECT generate_series(1, {count}) AS n)",
            one="'old' || lpad(n::text, 8, '0')",
            day="to_char(to_timestamp(created_at + {later}) AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
        )
        vector = f"array_to_tsvector(string_to_array({_WORDS}, ' '))"
        words = _COPY_WORDS.format(words=vector)
        for statement in (_FIRST, copy, _COPY_EVENTS, words, _REVIVE):
            db.execute(statement.encode())
        for _, definition in made:
            db.execute(definition.encode())
        db.execute("DELETE FROM stage_changes")
        db.execute("INSERT INTO stage_changes SELECT stage, count(*) FROM jobs GROUP BY stage")
        # As autovacuum does after so many changes; this server has none.
        db.execute("VACUUM ANALYZE")


def _copies(count: int, columns: Sequence[str], *, numbers: str, one: str, day: str) -> str:
    """Return the statement that makes the copies, in a store's own words for the parts given."""
    later = f"n * {DAYS * 86400.0 / count!r}"
    return _COPY.format(
        id=one,
        people=PEOPLE,
        later=later,
        day=day.format(later=later),
        numbers=numbers,
        others=", ".join(f'"{name}"' for name in columns if name not in _OWN),
    )
