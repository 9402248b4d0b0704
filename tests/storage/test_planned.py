"""Tests of planned jobs in the store: they count nothing before their time, and begin once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from storage.approval import ApprovalRule
from storage.budget import (
    NO_USE,
    AskFirst,
    Cap,
    NotAdmitted,
    Policy,
    Scope,
    ScopeKind,
    Use,
    Window,
)
from storage.job import Event, EventName, Job, QuestionKind, Stage
from storage.store import ClaimLimit, Inserted, InsertTerms, StaleFenceError, Store
from tests.support.store_samples import NOW, a_job

LATER = NOW + 3600.0
PERSON = Scope(kind=ScopeKind.PERSON, team="T1", name="U1")
PLANNED = Event(at=NOW, name=EventName.PLANNED)


def planned(number: int = 1, reserved: str = "6") -> Job:
    """Return a job that is to start later."""
    return replace(a_job(number), stage=Stage.PLANNED, starts_at=LATER, reserved=Decimal(reserved))


async def inserted(store: Store, job: Job, terms: InsertTerms = InsertTerms()) -> Job:  # noqa: B008
    """Insert a job, and return its row."""
    made = await store.jobs.insert(job, PLANNED, terms)
    assert isinstance(made, Inserted)
    return made.job


async def claimed(store: Store, now: float = LATER) -> Job:
    """Return the one planned job as its claim has it."""
    [row] = await store.jobs.claim(now, 10.0, [ClaimLimit(5, (Stage.PLANNED,))])
    return row


async def used(store: Store) -> Use:
    """Return what the counters have for the asker, after they were checked."""
    assert await store.budgets.mismatches() == []
    [use] = await store.budgets.cap_uses(planned(), LATER)
    return use.use


async def cap(store: Store, limit: str) -> None:
    """Set a cap per day for the asker."""
    made = Cap(scope=PERSON, window=Window.DAY, limit=Decimal(limit))
    await store.budgets.set_cap(made, "U9", NOW)


async def test_a_planned_job_counts_from_its_time_on(store: Store) -> None:
    """Until then it holds nothing, whatever a cap says; then it is admitted as any other."""
    await cap(store, "7")
    await inserted(store, planned())
    assert await used(store) == NO_USE
    row = await claimed(store)
    begun = await store.jobs.begin(row, replace(row, reserved=Decimal(5)), LATER)
    assert isinstance(begun, Job)
    assert (begun.stage, begun.due_at, begun.fence) == (Stage.ACCEPTED, LATER, row.fence)
    assert begun.lease_until == row.lease_until
    assert await used(store) == Use(held=Decimal(5))
    assert [one.name for one in await store.jobs.events(row.id)] == ["planned", "started"]


async def test_two_who_hold_a_planned_job_begin_it_once(store: Store) -> None:
    """The second finds that its claim was taken over, and counts nothing."""
    await cap(store, "100")
    await inserted(store, planned())
    first = await claimed(store)
    second = await claimed(store, LATER + 11)
    await store.jobs.begin(second, second, LATER + 11)
    for late in (first, second):
        with pytest.raises(StaleFenceError):
            await store.jobs.begin(late, late, LATER + 12)
    assert await used(store) == Use(held=Decimal(6))


async def test_what_budgets_do_not_admit_stays_as_it_is(store: Store) -> None:
    """Its step rejects it, and tells why."""
    await cap(store, "5")
    row = await inserted(store, planned())
    row = await claimed(store)
    refused = await store.jobs.begin(row, row, LATER)
    assert isinstance(refused, NotAdmitted)
    assert await store.jobs.get(row.id) == row
    assert await used(store) == NO_USE


async def test_an_approver_is_asked_at_its_time(store: Store) -> None:
    """And the approval lets it begin."""
    rule = ApprovalRule(team="T1", above=Decimal(5), approvers=("U7",))
    await store.budgets.set_approval_rule(rule, "U9", NOW)
    await inserted(store, planned())
    row = await claimed(store)
    asked = await store.jobs.begin(row, row, LATER)
    assert isinstance(asked, Job)
    assert asked.stage is Stage.WAITING
    assert asked.question is not None
    assert asked.question.kind is QuestionKind.APPROVE_PRICE
    approved = await store.jobs.approve(row.id, "U7", LATER + 1)
    assert isinstance(approved, Job)
    assert approved.stage is Stage.ACCEPTED


async def test_the_price_is_asked_about_when_it_is_planned(store: Store) -> None:
    """Confirmed it is planned, and counts nothing yet; later nobody can be asked."""
    await cap(store, "100")
    await store.budgets.set_policy("T1", Policy(confirm_above=Decimal(5)), "U9", NOW)
    waiting = await inserted(store, planned())
    assert waiting.stage is Stage.WAITING
    confirmed = await store.jobs.confirm(waiting.id, "U1", NOW + 1)
    assert isinstance(confirmed, Job)
    assert confirmed.stage is Stage.PLANNED
    assert await used(store) == NO_USE
    row = await claimed(store)
    asked = await store.jobs.begin(row, row, LATER)
    assert isinstance(asked, AskFirst)
    begun = await store.jobs.begin(row, row, LATER, InsertTerms(is_price_agreed=True))
    assert isinstance(begun, Job)
    assert begun.stage is Stage.ACCEPTED


async def test_planned_jobs_are_not_among_the_active_ones_of_a_person(store: Store) -> None:
    """They would keep their user from asking for anything until then."""
    await inserted(store, planned(1))
    made = await store.jobs.insert(
        a_job(2), Event(at=NOW, name=EventName.ACCEPTED), InsertTerms(most_active=1)
    )
    assert isinstance(made, Inserted)
    row = await claimed(store)
    refused = await store.jobs.begin(row, row, LATER, InsertTerms(most_active=1))
    assert isinstance(refused, NotAdmitted)
