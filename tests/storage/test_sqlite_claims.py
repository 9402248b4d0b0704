"""Tests that a claim in SQLite stays fast, and that indexes find whose turn it is."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage.job import Job, Stage
from storage.rows import JOBS
from storage.sqlite import queue
from storage.sqlite.claim_turns import DUE_OF_PERSON, PEOPLE, TEAMS, ClaimTurns
from storage.sqlite.session import Session
from storage.sqlite.store import SqliteStore
from storage.store import ClaimLimit
from tests.support.inline_store import inline_session
from tests.support.store_samples import NOW, a_job

STEPS = (Stage.ANNOUNCED, Stage.RENDERING, Stage.DELIVERED)
CLAIM_SECONDS = 0.02
"""The median of a claim beside 10,000 due jobs, on a machine that does much else besides."""


@pytest.fixture
async def session(tmp_path: Path) -> AsyncIterator[Session]:
    """Open an empty store."""
    session = await inline_session(str(tmp_path / "jobs.db"))
    yield session
    await SqliteStore(session).close()


def insert_copies(db: Database, count: int, people: int) -> None:
    """Insert a job and copies of it, by one statement, of so many people in turn."""
    first = _due()
    queue.insert(db, JOBS, first)
    own = {"seq", "id", "dedup_key", "user", "due_at"}
    others = ", ".join(name for name in db["jobs"].columns_dict if name not in own)
    values = {"count": count, "people": people, "id": first.id}
    db.execute(
        f"""
        WITH RECURSIVE copy(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < :count)
        INSERT INTO jobs (id, dedup_key, user, due_at, {others})
        SELECT 'copy' || n, 'copy' || n, 'U' || (n % :people), due_at + n / 100.0, {others}
        FROM copy JOIN jobs ON id = :id
        """,  # noqa: S608 - only names of columns
        values,
    )


def _due() -> Job:
    return replace(a_job(0), user="U0", stage=Stage.RENDERING, due_at=NOW - 1000)


@pytest.mark.parametrize("people", [1, 100, 10_000])
async def test_a_claim_stays_fast_beside_ten_thousand_due_jobs(
    session: Session, people: int
) -> None:
    """However many people they are of."""
    await session.write(lambda db: insert_copies(db, 10_000, people))
    turns, took = ClaimTurns(), []

    def claim(db: Database) -> None:
        began = time.perf_counter()
        assert len(turns.find_due(db, NOW, ClaimLimit(12, STEPS))) == 12
        took.append(time.perf_counter() - began)

    for _ in range(15):
        await session.write(claim)
    assert sorted(took)[7] < CLAIM_SECONDS


@pytest.mark.parametrize(
    ("query", "used"),
    [
        (TEAMS, "COVERING INDEX jobs_due_by_person (stage=? AND team>?)"),
        (PEOPLE, "COVERING INDEX jobs_due_by_person (stage=? AND team=? AND user>?"),
        (DUE_OF_PERSON, "INDEX jobs_due_by_person (stage=? AND team=? AND user=? AND due_at>?"),
    ],
    ids=["teams", "people", "jobs"],
)
async def test_turns_are_found_by_the_index(session: Session, query: str, used: str) -> None:
    """No query reads the jobs of everybody."""
    names = ("stage", "team", "user", "after", "until", "now", "limit")
    values = {name: 1 if name in {"now", "limit"} else "x" for name in names}

    def plan(db: Database) -> str:
        return str([row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {query}", values)])

    found = await session.write(plan)
    assert used in found
    assert "SCAN jobs" not in found
