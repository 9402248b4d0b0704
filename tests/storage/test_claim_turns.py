"""Tests of claims that are shared among people: one person's many jobs hold up nobody's first."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage.job import Job, Stage
from storage.rows import JOBS
from storage.sqlite import queue
from storage.sqlite.claim_turns import DUE_OF_PERSON, PEOPLE, TEAMS, ClaimTurns, round_robin
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


def due(number: int, user: str, team: str = "T1", stage: Stage = Stage.RENDERING) -> Job:
    """Return a job that is due the longer, the lower its number."""
    at = NOW - 1000 + number / 100
    return replace(a_job(number), user=user, team=team, stage=stage, due_at=at)


async def insert(session: Session, jobs: Sequence[Job]) -> None:
    """Insert jobs as they are."""

    def write(db: Database) -> None:
        for job in jobs:
            queue.insert(db, JOBS, job)

    await session.write(write)


def insert_copies(db: Database, count: int, people: int) -> None:
    """Insert a job and copies of it, by one statement, of so many people in turn."""
    first = queue.insert(db, JOBS, due(0, "U0"))
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


async def claims(session: Session, rows: int, count: int) -> list[list[Job]]:
    """Claim `count` times; each claim's jobs are done before the next one."""
    store, made = SqliteStore(session), []
    for _ in range(count):
        claimed = await store.jobs.claim(NOW, 60.0, [ClaimLimit(rows, STEPS)])
        made.append(claimed)
        for job in claimed:
            await store.jobs.apply(job, replace(job, due_at=None, lease_until=None), None)
    return made


def test_round_robin_takes_one_of_each_queue_in_turn() -> None:
    """A queue that is empty is passed over."""
    assert "".join(round_robin(["adf", "be", "", "c"])) == "abcdef"
    assert list(round_robin([[], []])) == []


@pytest.mark.parametrize("rows", [1, 2, 12])
async def test_five_hundred_jobs_hold_up_nobody_for_more_than_one_turn(
    session: Session, rows: int
) -> None:
    """The first job of somebody else is claimed with the first claim, or with the next."""
    many = [due(number, "U1") for number in range(500)]
    await insert(session, [*many, due(900, "U2")])
    made = await claims(session, rows, 2)
    assert "U2" in {job.user for claimed in made for job in claimed}


async def test_a_pool_is_shared_alike_and_each_person_in_order(session: Session) -> None:
    """Whoever has fewer jobs than their share leaves the rest to the others."""
    jobs = [due(number, "U1") for number in range(40)]
    jobs += [due(100 + number, "U2", stage=Stage.ANNOUNCED) for number in range(40)]
    jobs += [due(200, "U3"), due(201, "U3")]
    await insert(session, jobs)
    made = await claims(session, 9, 3)
    assert [Counter(job.user for job in claimed) for claimed in made] == [
        {"U1": 4, "U2": 3, "U3": 2},
        {"U1": 4, "U2": 5},
        {"U1": 5, "U2": 4},
    ]
    for user in ("U1", "U2"):
        order = [job.due_at for claimed in made for job in claimed if job.user == user]
        assert order == sorted(order, key=lambda at: at or 0.0)


async def test_workspaces_have_their_turns_before_people(session: Session) -> None:
    """A workspace of twenty people gets no more of a claim than one of one person."""
    jobs = [due(number, f"U{number % 20:02}") for number in range(100)]
    await insert(session, [*jobs, *(due(500 + n, "U0", team="T2") for n in range(50))])
    (claimed,) = await claims(session, 10, 1)
    assert Counter(job.team for job in claimed) == {"T1": 5, "T2": 5}
    assert len({job.user for job in claimed if job.team == "T1"}) == 5


async def test_what_fits_is_claimed_as_it_became_due(session: Session) -> None:
    """Turns count only where there is not room for all."""
    await insert(session, [due(1, "U2"), due(2, "U1"), due(3, "U2"), due(4, "U1")])
    (claimed,) = await claims(session, 4, 1)
    assert [job.user for job in claimed] == ["U2", "U1", "U2", "U1"]


async def test_leased_and_later_jobs_give_no_turn(session: Session) -> None:
    """A person all of whose due jobs run already is passed over."""
    later = replace(due(1, "U3"), due_at=NOW + 60)
    leased = replace(due(2, "U4"), lease_until=NOW + 60)
    crashed = replace(due(3, "U5"), crashes=2)
    jobs = [due(100 + n, "U1") for n in range(9)] + [due(200 + n, "U2") for n in range(9)]
    await insert(session, [later, leased, crashed, *jobs])
    (claimed,) = await claims(session, 4, 1)
    assert Counter(job.user for job in claimed) == {"U1": 2, "U2": 2}


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
