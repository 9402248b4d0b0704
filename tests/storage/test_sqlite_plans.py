"""Tests that an index of SQLite answers each question, however long the history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage.find import Page, Viewer, Wanted
from storage.job import OVER, UNDER_WAY, Stage
from storage.rows import JOBS
from storage.sqlite import find, homes, job_feedback, job_reads, notifications, reports
from storage.sqlite.budget_use import OF_OTHER_SIZES, OF_SAME_SIZE
from storage.sqlite.connection import connect_writer
from storage.sqlite.job_reads import ACTIVE
from storage.sqlite.job_writes import DUE
from storage.sqlite.migrations import migrate
from storage.sqlite.price_drifts import KEYS, LAST
from storage.store import JobFilter
from tests.support.store_samples import NOW, a_job


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Database]:
    """The tables as SQLite plans for them."""
    with closing(connect_writer(str(tmp_path / "x.db"), create=True)) as db:
        migrate(db)
        yield db


def plan_of(tables: Database, query: str) -> list[str]:
    """Return the steps in which SQLite answers a query."""
    values: dict[str, object] = defaultdict(lambda: None)
    return [row["detail"] for row in tables.execute(f"EXPLAIN QUERY PLAN {query}", values)]


def test_an_index_finds_tabs_that_are_due(tables: Database) -> None:
    """However many people have opened their tab once."""
    assert "INDEX home_views_due (due_at>? AND due_at<?)" in plan_of(tables, homes.DUE)[0]


def test_an_index_finds_notifications_that_are_due(tables: Database) -> None:
    """However much was told already."""
    steps = plan_of(tables, notifications.DUE.format(kinds="'digest'"))
    steps = [step for step in steps if "notifications" in step]
    assert len(steps) == 2
    assert all("USING INDEX notifications_due" in step for step in steps)


def test_an_index_counts_what_was_put_in_about_a_job(tables: Database) -> None:
    assert "USING INDEX notifications_told" in plan_of(tables, notifications.COUNT_SINCE)[0]


def test_indexes_find_what_was_made_in_a_time(tables: Database) -> None:
    """The jobs by when they were asked for, and what the outbox has brought of each."""
    steps = [step for step in plan_of(tables, reports.MADE_FILES) if "INDEX" in step]
    assert [step.partition("INDEX ")[2].split()[0] for step in steps] == [
        "jobs_created",
        "jobs_created",
        "notifications_job",
    ]


def test_stages_are_counted_whoever_writes(tables: Database) -> None:
    for job in (a_job(1), a_job(2), replace(a_job(3), stage=Stage.PARKED)):
        row = JOBS.to_row(job)
        names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
        tables.execute(f"INSERT INTO jobs ({names}) VALUES ({places})", row)  # noqa: S608 - ours
    tables.execute("UPDATE jobs SET stage = 'parked' WHERE id = 'job2'")
    tables.execute("DELETE FROM jobs WHERE id = 'job3'")
    tables.execute("UPDATE jobs SET stage = 'of another version' WHERE id = 'job1'")
    counts = job_reads.stage_counts(tables)
    assert counts == {**dict.fromkeys(Stage, 0), Stage.PARKED: 1}


@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        (DUE, ["INDEX jobs_due_in_stage (stage=? AND due_at>? AND due_at<?)"]),
        (
            job_reads.FIND_BY_MESSAGE,
            [
                "jobs_message (message_ts=? AND channel=?)",
                "jobs_thread (thread_ts=? AND channel=?)",
                "jobs_result (delivery_ts=?)",
                "notifications_with_files (delivery_ts=?)",
            ],
        ),
        (
            job_reads.IN_THREAD,
            [
                "jobs_message (message_ts=? AND channel=?)",
                "jobs_thread (thread_ts=? AND channel=?)",
            ],
        ),
        (job_reads.FIND_DUPLICATE, ["jobs_user (user=? AND created_at>?)"]),
        (job_reads.RENDER_SECONDS, ["COVERING INDEX jobs_durations (kind=? AND finished_at>?)"]),
        (job_reads.STAGE_COUNTS, ["SCAN stage_counts"]),
        (
            job_reads.OLDEST_DUE,
            ["INDEX jobs_due_in_stage (stage=? AND due_at>? AND due_at<?)"],
        ),
        (job_reads.jobs_query(JobFilter())[0], ["jobs_created"]),
        (job_reads.jobs_query(JobFilter(user="U1"))[0], ["jobs_user (user=?)"]),
        (
            job_reads.jobs_query(JobFilter(channel="C1", since=NOW))[0],
            ["jobs_channel (channel=? AND created_at>?)"],
        ),
        (
            job_reads.jobs_query(JobFilter(stages=frozenset({Stage.PARKED})))[0],
            ["jobs_stage (stage=?)"],
        ),
        (job_reads.AHEAD_OF, ["INDEX jobs_waiting (submitted_at<?)"]),
        (job_reads.PARTS, ["jobs_parts (set_id=?)"]),
        (
            job_reads.TAKES,
            ["jobs_1 (id=?)", "INTEGER PRIMARY KEY (rowid=?)", "jobs_takes (take_of=?)"],
        ),
    ],
    ids=[
        "due",
        "message",
        "thread",
        "duplicate",
        "durations",
        "counts",
        "oldest due",
        "all",
        "user",
        "channel",
        "stages",
        "ahead",
        "parts of a set",
        "takes",
    ],
)
def test_an_index_answers(tables: Database, query: str, indexes: list[str]) -> None:
    """The history may grow to millions of rows: no question reads it all."""
    plan = "\n".join(plan_of(tables, query))
    for index in indexes:
        assert index in plan
    assert "SCAN jobs\n" not in f"{plan}\n"


def test_an_index_bounds_what_a_digest_reads(tables: Database) -> None:
    """However long the history is, a week's digest reads a week's rows."""
    steps = plan_of(tables, reports.RENDERS)
    assert any("jobs_created (created_at>? AND created_at<?)" in step for step in steps)
    steps = plan_of(tables, job_feedback.RATINGS)
    assert "USING INDEX feedback_at (at>? AND at<?)" in steps[0]
    assert "(id=?)" in steps[1]
    assert len(steps) == 2


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (ACTIVE, "jobs_active"),
        (OF_SAME_SIZE, "COVERING INDEX jobs_prices_of_size (price_key=? AND price_size=? AND cr"),
        (OF_OTHER_SIZES, "COVERING INDEX jobs_prices (price_key=? AND created_at>?)"),
        (
            job_reads.jobs_query(JobFilter(team="T1", user="U1", stages=UNDER_WAY))[0],
            "INDEX jobs_active (user=?)",
        ),
        (
            job_reads.jobs_query(JobFilter(team="T1", user="U1", stages=OVER))[0],
            "INDEX jobs_user (user=?)",
        ),
    ],
)
def test_what_each_ask_reads_has_an_index(tables: Database, query: str, index: str) -> None:
    """However long the history."""
    plan = plan_of(tables, query)
    assert any(index in step for step in plan), plan
    assert not any("SCAN jobs" in step for step in plan), plan


VIEWER = Viewer(team="T1", user="U1", channels=frozenset({"C1"}))
CARS = Wanted(words=("car",), by="U2", channel="C1", since=NOW, style="noir", kept=True)


@pytest.mark.parametrize(
    ("wanted", "page", "steps"),
    [
        (Wanted(), Page(limit=6), ["SCAN jobs"]),
        (Wanted(), Page(limit=6, before=9), ["INTEGER PRIMARY KEY (rowid<?)"]),
        (Wanted(channel="C1"), Page(limit=6, after=9), ["INTEGER PRIMARY KEY (rowid>?)"]),
        (Wanted(kept=True), Page(limit=6), ["INDEX jobs_kept (team=?)"]),
        (CARS, Page(limit=6), ["job_words_fts", "INTEGER PRIMARY KEY (rowid=?)"]),
        (CARS, Page(limit=6, before=9), ["job_words_fts", "INTEGER PRIMARY KEY (rowid=?)"]),
    ],
)
def test_a_page_of_what_is_found_is_read_in_its_order(
    tables: Database, wanted: Wanted, page: Page, steps: list[str]
) -> None:
    """From the newest, until the page is full: nothing is sorted."""
    plan = plan_of(tables, find.find_query(VIEWER, wanted, page)[0])
    for step in steps:
        assert any(step in one for one in plan), plan
    assert not any("TEMP B-TREE" in one for one in plan), plan


def test_what_is_kept_has_an_index(tables: Database) -> None:
    """Home looks for it whenever it is drawn."""
    wanted = JobFilter(team="T1", user="U1", stages=OVER, kept=True)
    assert "INDEX jobs_kept (team=?)" in plan_of(tables, job_reads.jobs_query(wanted)[0])[0]


@pytest.mark.parametrize("query", [KEYS, LAST])
def test_the_last_renders_of_each_price_have_an_index(tables: Database, query: str) -> None:
    """Neither the prices nor their renders are found by reading all jobs, or by sorting them."""
    plan = plan_of(tables, query)
    assert any("INDEX jobs_prices" in step for step in plan), plan
    assert not any("SCAN jobs" in step or "TEMP B-TREE" in step for step in plan), plan
