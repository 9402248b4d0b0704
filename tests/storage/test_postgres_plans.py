"""Tests that an index of PostgreSQL answers each question, however long the history."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping

import psycopg
import pytest

from storage.job import UNDER_WAY, Stage
from storage.postgres import (
    budget_use,
    claim_turns,
    job_feedback,
    job_reads,
    job_writes,
    notifications,
    price_drifts,
    queue,
    reports,
    retention,
)
from storage.postgres.store import PostgresStore
from storage.rows import JOBS
from storage.store import JobFilter
from tests.support.postgres import Server, emptied_database
from tests.support.store_samples import NOW, a_job, insert

VALUES: Mapping[str, object] = {
    "action": "x",
    "after": "",
    "before": NOW,
    "channel": "C1",
    "created_at": NOW,
    "first": "2027-01-01",
    "id": "x",
    "input": "{}",
    "inputs": ["{}"],
    "job_id": "x",
    "key": "key1",
    "kind": "digest",
    "kinds": ["digest"],
    "limit": 10,
    "model": "x",
    "now": NOW,
    "parent_id": "",
    "person": "U1",
    "places": ["copy1", "after:copy1"],
    "set_id": "set-1",
    "since": NOW + 1000,
    "size": "5",
    "stage": "rendering",
    "stages": ["rendering", "accepted"],
    "submitted_at": NOW,
    "team": "T1",
    "ts": "1.0",
    "until": NOW + 9,
    "user": "U1",
}
REPORT = {**VALUES, "until": "2027-02-01"}


HISTORY = """
    INSERT INTO jobs ({columns}) SELECT {values}
    FROM jobs AS one, generate_series(1, 10000) AS copy (n) WHERE one.id = 'job1';
    INSERT INTO job_events (job_id, at, name, detail)
    SELECT id, created_at, 'accepted', 'x' FROM jobs;
    INSERT INTO notifications (
        id, team, channel, kind, happened_at, job_id, detail, fence, attempts, crashes, uploads,
        link_only, due_at
    )
    SELECT 'n' || seq, team, channel, 'digest', created_at, id, '', 0, 0, 0, '[]', false,
        CASE WHEN seq % 100 = 0 THEN due_at END
    FROM jobs;
    INSERT INTO home_views (
        id, team, "user", opened_at, changed_at, pages, published_at, fence, attempts, crashes,
        due_at
    )
    SELECT n::text, 'T1', 'U', 1, 1, 1, 1, 0, 0, 0, CASE WHEN n % 100 = 0 THEN 1 END
    FROM generate_series(1, 2000) AS copy (n);
    INSERT INTO feedback (job_id, by_user, is_good, at)
    SELECT id, 'U1', true, created_at FROM jobs;
    ANALYZE
"""
# Of a hundred people, each tenth job is under way and due, half of them by their own price.
COPIES = {
    "id": "'copy' || n",
    "dedup_key": "'copy' || n",
    '"user"': "'U' || n % 100",
    "channel": "'C' || n % 30",
    "created_at": "one.created_at + n",
    "stage": "CASE WHEN n % 10 = 0 THEN 'rendering' ELSE 'delivered' END",
    "due_at": "CASE WHEN n % 10 = 0 THEN one.created_at - n END",
    "message_ts": "n::text",
    "delivery_ts": "n || '.1'",
    "thread_ts": "CASE WHEN n % 5 = 0 THEN n || '.2' END",
    "outcome": "CASE WHEN n % 10 > 0 THEN 'succeeded' END",
    "finished_at": "one.created_at + n",
    "submitted_at": "one.created_at + n",
    "first_sent_at": "one.created_at + n",
    "started_at": "CASE WHEN n % 20 > 0 THEN one.created_at END",
    "price_key": "'key' || n % 10",
    "cost_actual": "'2'",
    "take_of": "CASE WHEN n % 50 = 0 THEN 'copy' || n % 500 END",
    "counted_on": "to_char(DATE '2026-01-01' + n % 600, 'YYYY-MM-DD')",
}


@pytest.fixture(scope="module")
def plans(postgres: Server) -> Iterator[psycopg.Connection]:
    """Tables with the jobs of a year, of which a thousand are due."""
    url = emptied_database(postgres)

    async def fill() -> None:
        store = await PostgresStore.open(url)
        await insert(store, a_job(1))
        await store.close()

    asyncio.run(fill())
    columns = [f'"{name}"' if name == "user" else name for name in JOBS.columns]
    values = [COPIES.get(name, f"one.{name}") for name in columns]
    with psycopg.connect(url, autocommit=True) as connection:
        made = HISTORY.format(columns=", ".join(columns), values=", ".join(values))
        connection.execute(made.encode())
        yield connection


def explain(plans: psycopg.Connection, mode: str, query: str, values: Mapping[str, object]) -> str:
    """Return the plan of a prepared statement."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", query)))
    numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", query)
    plans.execute(
        f"DEALLOCATE ALL; SET plan_cache_mode = {mode}; PREPARE asked AS {numbered}".encode()
    )
    given = f"({', '.join(f'%({name})s' for name in names)})" if names else ""
    lines = psycopg.ClientCursor(plans).execute(f"EXPLAIN EXECUTE asked {given}".encode(), values)
    return "\n".join(str(line) for (line,) in lines)


def due(table: str) -> str:
    """Return the query for due rows of a queue."""
    return f"SELECT seq FROM {table} WHERE {queue.IS_DUE} ORDER BY due_at, seq LIMIT 9"  # noqa: S608 - ours


@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        (job_writes.DUE, ["jobs_due_in_stage"]),
        (job_writes.COUNT_DUE, ["jobs_due_(in_stage|by_person)"]),
        (claim_turns.TEAMS, ["jobs_due_by_person"]),
        (claim_turns.PEOPLE, ["jobs_due_by_person"]),
        (claim_turns.DUE_OF_PERSON, ["jobs_due_by_person"]),
        (due("home_views"), ["home_views_due"]),
        (notifications.DUE, ["notifications_due"]),
        (notifications.COUNT_SINCE, ["notifications_(told|job)"]),
        (
            job_reads.FIND_BY_MESSAGE,
            ["jobs_message", "jobs_thread", "jobs_result", "notifications_with_files"],
        ),
        (job_reads.IN_THREAD, ["jobs_message", "jobs_thread"]),
        (job_reads.FIND_DUPLICATE, ["jobs_(user|channel)"]),
        (job_reads.MAY_BE_EQUAL, ["jobs_(user|channel)"]),
        (job_reads.RENDER_SECONDS, ["jobs_durations"]),
        (job_reads.AHEAD_OF, ["jobs_waiting"]),
        (job_reads.PARTS, ["jobs_parts"]),
        (job_reads.TAKES, ["jobs_takes", "jobs_(id_key|pkey)"]),
        (job_reads.ACTIVE, ["jobs_(active|under_way_of_person)"]),
        (job_reads.OLDEST_DUE, ["jobs_due_in_stage"]),
        (job_reads.jobs_query(JobFilter())[0], ["jobs_created"]),
        (job_reads.jobs_query(JobFilter(user="U1"))[0], ["jobs_user"]),
        (
            job_reads.jobs_query(JobFilter(channel="C1", since=NOW + 1000))[0],
            ["jobs_(channel|created)"],
        ),
        (job_reads.jobs_query(JobFilter(stages=frozenset({Stage.PARKED})))[0], ["jobs_under_way"]),
        (
            job_reads.jobs_query(JobFilter(user="U1", stages=UNDER_WAY))[0],
            ["jobs_under_way_of_person"],
        ),
        (budget_use.PRICES_OF_SIZE, ["jobs_prices_of_size", "jobs_(prices|created)"]),
        (budget_use.PRICES_WITHOUT_SIZE, ["jobs_(prices_of_size|created)"]),
        (price_drifts.KEYS, ["jobs_prices"]),
        (price_drifts.LAST, ["jobs_(prices|created)"]),
        (reports.RENDERS, ["jobs_created"]),
        (job_feedback.RATINGS, ["feedback_at", "jobs_(id_key|pkey)"]),
        (retention.RESPONSE_URLS.query, ["jobs_response_url"]),
        (retention.REQUEST_BODIES.query, ["jobs_request_body"]),
        (retention.DETAILS.query, ["job_events_detail"]),
    ],
)
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
def test_an_index_answers(
    plans: psycopg.Connection, mode: str, query: str, indexes: list[str]
) -> None:
    """No question reads all rows of a table, whether its plan is for its values or for all."""
    until: object = "U9" if "found.person" in query else VALUES["until"]
    plan = explain(plans, mode, query, {**VALUES, "until": until})
    assert [index for index in indexes if not re.search(index, plan)] == [], plan
    for table in ("jobs", "notifications", "job_events", "home_views", "feedback"):
        assert f"Seq Scan on {table}" not in plan, plan


def test_a_report_reads_its_days(plans: psycopg.Connection) -> None:
    """Of a million jobs a few thousand."""
    query = "SELECT stage FROM jobs WHERE counted_on >= %(first)s AND counted_on < %(until)s"
    plan = explain(plans, "force_custom_plan", query, REPORT)
    assert "jobs_counted" in plan
