"""Tests of claims that are shared among people: one person's many jobs hold up nobody's first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from storage.job import Job, Stage
from storage.round_robin import round_robin
from storage.store import ClaimLimit, Store
from tests.support.store_samples import ACCEPTED, NOW, a_job

STEPS = (Stage.ANNOUNCED, Stage.RENDERING, Stage.DELIVERED)


def due(number: int, user: str, team: str = "T1", stage: Stage = Stage.RENDERING) -> Job:
    """Return a job that is due the longer, the lower its number."""
    at = NOW - 1000 + number / 100
    return replace(a_job(number), user=user, team=team, stage=stage, due_at=at)


async def insert(store: Store, jobs: Sequence[Job]) -> None:
    """Insert jobs as they are."""
    for job in jobs:
        await store.jobs.insert(job, ACCEPTED)


async def claims(store: Store, rows: int, count: int) -> list[list[Job]]:
    """Claim `count` times; each claim's jobs are done before the next one."""
    made = []
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
async def test_a_hundred_jobs_hold_up_nobody_for_more_than_one_turn(
    store: Store, rows: int
) -> None:
    """The first job of somebody else is claimed with the first claim, or with the next."""
    many = [due(number, "U1") for number in range(100)]
    await insert(store, [*many, due(900, "U2")])
    made = await claims(store, rows, 2)
    assert "U2" in {job.user for claimed in made for job in claimed}


async def test_a_pool_is_shared_alike_and_each_person_in_order(store: Store) -> None:
    """Whoever has fewer jobs than their share leaves the rest to the others."""
    jobs = [due(number, "U1") for number in range(40)]
    jobs += [due(100 + number, "U2", stage=Stage.ANNOUNCED) for number in range(40)]
    jobs += [due(200, "U3"), due(201, "U3")]
    await insert(store, jobs)
    made = await claims(store, 9, 3)
    assert [Counter(job.user for job in claimed) for claimed in made] == [
        {"U1": 4, "U2": 3, "U3": 2},
        {"U1": 4, "U2": 5},
        {"U1": 5, "U2": 4},
    ]
    for user in ("U1", "U2"):
        order = [job.due_at for claimed in made for job in claimed if job.user == user]
        assert order == sorted(order, key=lambda at: at or 0.0)


async def test_workspaces_have_their_turns_before_people(store: Store) -> None:
    """A workspace of twenty people gets no more of a claim than one of one person."""
    jobs = [due(number, f"U{number % 20:02}") for number in range(100)]
    await insert(store, [*jobs, *(due(500 + n, "U0", team="T2") for n in range(50))])
    (claimed,) = await claims(store, 10, 1)
    assert Counter(job.team for job in claimed) == {"T1": 5, "T2": 5}
    assert len({job.user for job in claimed if job.team == "T1"}) == 5


async def test_what_fits_is_claimed_as_it_became_due(store: Store) -> None:
    """Turns count only where there is not room for all."""
    await insert(store, [due(1, "U2"), due(2, "U1"), due(3, "U2"), due(4, "U1")])
    (claimed,) = await claims(store, 4, 1)
    assert [job.user for job in claimed] == ["U2", "U1", "U2", "U1"]


async def test_leased_and_later_jobs_give_no_turn(store: Store) -> None:
    """A person all of whose due jobs run already is passed over."""
    later = replace(due(1, "U3"), due_at=NOW + 60)
    leased = replace(due(2, "U4"), lease_until=NOW + 60)
    crashed = replace(due(3, "U5"), crashes=2)
    jobs = [due(100 + n, "U1") for n in range(9)] + [due(200 + n, "U2") for n in range(9)]
    await insert(store, [later, leased, crashed, *jobs])
    (claimed,) = await claims(store, 4, 1)
    assert Counter(job.user for job in claimed) == {"U1": 2, "U2": 2}
