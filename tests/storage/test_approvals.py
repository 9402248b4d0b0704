"""Tests of approvals in the store: one decision for each request, in a commit with its record."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from storage.approval import APPROVAL_SECONDS, ApprovalRule, MayNotDecide
from storage.budget import (
    NO_USE,
    AuditAction,
    Cap,
    CapShort,
    NobodyApproves,
    NotAdmitted,
    Policy,
    Scope,
    ScopeKind,
    UnknownPrice,
    Use,
    Window,
)
from storage.job import DecisionKind, Event, EventName, Job, QuestionKind, Stage, waiting
from storage.notification import OPERATORS, Notification, NotificationKind, team_scope
from storage.store import ClaimLimit, Inserted, InsertTerms, Store
from tests.support.store_samples import ACCEPTED, NOW, a_job, insert

PERSON = Scope(kind=ScopeKind.PERSON, team="T1", name="U1")
HALF = NOW + APPROVAL_SECONDS / 2


@pytest.fixture
async def store(store: Store) -> Store:
    """A store in which a price above 5 is approved by U7 or U8, and U9 is the admin."""
    await store.settings.set(team_scope("T1"), OPERATORS, ["U9"])
    rule = ApprovalRule(team="T1", above=Decimal(5), approvers=("U7", "U8"))
    await store.budgets.set_approval_rule(rule, "U9", NOW)
    return store


def priced(number: int = 1, reserved: str | None = "6", **fields: object) -> Job:
    """Return a request with a forecast."""
    amount = None if reserved is None else Decimal(reserved)
    return replace(a_job(number), reserved=amount, **fields)  # type: ignore[arg-type] # by name


async def cap(store: Store, limit: str, *, is_hard: bool = True) -> None:
    """Set a cap per day for the asker."""
    made = Cap(scope=PERSON, window=Window.DAY, limit=Decimal(limit), is_hard=is_hard)
    await store.budgets.set_cap(made, "U9", NOW)


async def kept(store: Store, job: Job) -> Job:
    """Insert a request that caps alone refuse, and return it as it waits for its asker."""
    made = await store.jobs.insert(job, ACCEPTED, InsertTerms(may_ask=True))
    assert isinstance(made, NotAdmitted)
    assert made.waiting is not None
    return made.waiting


def asked(job: Job) -> tuple[QuestionKind, str, tuple[str, ...]]:
    """Return the question of a request that waits, and which approvers were asked."""
    assert job.stage is Stage.WAITING
    assert job.question is not None
    return job.question.kind, job.question.about, job.question.approvers


async def held(store: Store) -> Use:
    """Return what the asker holds, after the counters were checked."""
    assert await store.budgets.mismatches() == []
    [cap_use] = await store.budgets.cap_uses(priced(), NOW)
    return cap_use.use


async def messages(store: Store) -> list[tuple[NotificationKind, str, str]]:
    """Return the messages of approvals that are due: kind, place, event; and take all out."""
    kinds = tuple(NotificationKind)
    found: list[Notification] = []
    while rows := await store.outbox.claim(HALF * 2, 60.0, [ClaimLimit(9, kinds)]):
        for row in rows:
            done = replace(row, due_at=None, lease_until=None)
            await store.outbox.apply(row, done, None)
        found += rows
    about = {NotificationKind.APPROVAL_CARD, NotificationKind.APPROVAL_STATUS}
    return sorted((row.kind, row.channel, row.detail) for row in found if row.kind in about)


async def test_a_price_above_the_limit_waits_for_an_approver_and_holds_nothing(
    store: Store,
) -> None:
    await cap(store, "100")
    made = await insert(store, priced())
    assert asked(made) == (QuestionKind.APPROVE_PRICE, "5", ("U7", "U8"))
    assert made.question is not None
    assert made.question.expires_at == NOW + APPROVAL_SECONDS
    assert made.due_at == NOW + 4 * 3600.0
    assert await held(store) == NO_USE
    card, status = NotificationKind.APPROVAL_CARD, NotificationKind.APPROVAL_STATUS
    assert await messages(store) == [
        (card, "U7", "approval asked"),
        (card, "U8", "approval asked"),
        (status, "U1", "approval asked"),
    ]


async def test_exactly_the_limit_needs_no_approval(store: Store) -> None:
    assert (await insert(store, priced(reserved="5"))).stage is Stage.ACCEPTED


async def test_an_unknown_price_needs_approval_unless_the_workspace_says_otherwise(
    store: Store,
) -> None:
    made = await insert(store, priced(reserved=None))
    assert asked(made)[0] is QuestionKind.APPROVE_PRICE
    policy = Policy(unknown_price=UnknownPrice.ALLOW)
    await store.budgets.set_policy("T1", policy, "U9", NOW)
    assert (await insert(store, priced(2, None))).stage is Stage.ACCEPTED
    policy = Policy(unknown_price=UnknownPrice.REFUSE)
    await store.budgets.set_policy("T1", policy, "U9", NOW)
    assert isinstance(await store.jobs.insert(priced(3, None), ACCEPTED), NotAdmitted)


async def test_an_approval_admits_in_its_own_commit_and_is_recorded(store: Store) -> None:
    await cap(store, "100")
    before = await insert(store, priced())
    made = await store.jobs.approve("job1", "U8", NOW + 9)
    assert isinstance(made, Job)
    assert (made.stage, made.due_at) == (Stage.ACCEPTED, NOW + 9)
    assert made.fence > before.fence
    assert made.decision is not None
    assert (made.decision.kind, made.decision.by) == (DecisionKind.APPROVED, "U8")
    assert await held(store) == Use(held=Decimal(6))
    entry = (await store.budgets.audit(0))[-1]
    assert (entry.action, entry.by, entry.subject) == (AuditAction.APPROVED, "U8", "job1")
    names = [event.name for event in await store.jobs.events("job1")]
    assert names == [EventName.APPROVAL_ASKED, EventName.APPROVED]


async def test_the_first_decision_stands(store: Store) -> None:
    """However many decide at one instant, and whatever they decide."""
    await insert(store, priced())
    await asyncio.gather(
        *(store.jobs.approve("job1", "U7", NOW + 9) for _ in range(3)),
        *(store.jobs.deny("job1", "U8", "too dear", NOW + 9) for _ in range(3)),
    )
    row = await store.jobs.get("job1")
    assert row is not None
    assert row.decision is not None
    first = row.decision
    entries = [entry for entry in await store.budgets.audit(0) if entry.subject == "job1"]
    assert len(entries) == 1
    for again in (
        await store.jobs.approve("job1", "U7", NOW + 10, beyond_caps=True),
        await store.jobs.deny("job1", "U8", "no", NOW + 10),
    ):
        assert isinstance(again, Job)
        assert again.decision == first


async def test_a_denial_carries_its_reason_and_ends_the_request(store: Store) -> None:
    await insert(store, priced())
    made = await store.jobs.deny("job1", "U7", "Not this month.", NOW + 9)
    assert isinstance(made, Job)
    assert (made.stage, made.due_at) == (Stage.UNCONFIRMED, None)
    assert made.decision is not None
    assert made.decision.because == "Not this month."
    entry = (await store.budgets.audit(0))[-1]
    assert (entry.action, entry.because) == (AuditAction.DENIED, "Not this month.")
    assert await store.jobs.approve("job1", "U8", NOW + 10) == made
    assert await store.jobs.confirm("job1", "U1", NOW + 10) == made


async def test_after_its_time_nobody_can_approve_it(store: Store) -> None:
    """Also where no step has ended it yet."""
    asked_for = await insert(store, priced())
    made = await store.jobs.approve("job1", "U7", NOW + APPROVAL_SECONDS)
    assert made == asked_for
    assert await store.jobs.deny("job1", "U7", "", NOW + APPROVAL_SECONDS) == asked_for


@pytest.mark.parametrize("by", ["U1", "U2", "U9"])
async def test_who_is_no_approver_decides_nothing(store: Store, by: str) -> None:
    """Not its asker, nobody else, and not yet the admin, who is the fallback."""
    before = await insert(store, priced())
    made = await store.jobs.approve("job1", by, NOW + 9, beyond_caps=True)
    assert made == MayNotDecide(job=before, approvers=("U7", "U8"))
    assert isinstance(await store.jobs.deny("job1", by, "", NOW + 9), MayNotDecide)
    assert await store.jobs.get("job1") == before
    assert await store.jobs.confirm("job1", by, NOW + 9) == before


async def test_the_fallback_decides_from_half_time_on(store: Store) -> None:
    await insert(store, priced())
    assert isinstance(await store.jobs.approve("job1", "U9", HALF - 1), MayNotDecide)
    made = await store.jobs.approve("job1", "U9", HALF)
    assert isinstance(made, Job)
    assert made.stage is Stage.ACCEPTED


async def test_who_may_decide_is_looked_at_again(store: Store) -> None:
    """Somebody who was asked may not any more, and another may."""
    await insert(store, priced())
    rule = ApprovalRule(team="T1", above=Decimal(5), approvers=("U8", "U6"))
    await store.budgets.set_approval_rule(rule, "U9", NOW + 1)
    assert isinstance(await store.jobs.approve("job1", "U7", NOW + 9), MayNotDecide)
    assert isinstance(await store.jobs.approve("job1", "U6", NOW + 9), Job)


async def test_a_soft_cap_asks_an_approver(store: Store) -> None:
    await cap(store, "3", is_hard=False)
    made = await insert(store, priced(reserved="4"))
    about = "day person:T1:U1"
    assert asked(made) == (QuestionKind.APPROVE_SOFT_CAP, about, ("U7", "U8"))
    assert isinstance(await store.jobs.approve("job1", "U7", NOW + 9), Job)
    assert await held(store) == Use(held=Decimal(4))


async def test_a_soft_cap_asks_the_asker_where_nobody_else_may_approve(
    store: Store,
) -> None:
    await store.budgets.set_approval_rule(ApprovalRule(team="T1"), "U9", NOW)
    await store.settings.set(team_scope("T1"), OPERATORS, ["U1"])
    await cap(store, "3", is_hard=False)
    assert asked(await insert(store, priced(reserved="4")))[0] is QuestionKind.SOFT_CAP
    made = await store.jobs.confirm("job1", "U1", NOW + 9)
    assert isinstance(made, Job)
    assert made.stage is Stage.ACCEPTED


async def test_where_nobody_may_approve_a_price_it_is_refused(store: Store) -> None:
    rule = ApprovalRule(team="T1", above=Decimal(5))
    await store.budgets.set_approval_rule(rule, "U9", NOW)
    made = await store.jobs.insert(priced(user="U9"), ACCEPTED)
    assert made == NotAdmitted(reasons=(NobodyApproves(above=Decimal(5)),))
    await store.budgets.set_approval_rule(replace(rule, allows_own=True), "U9", NOW)
    own = await insert(store, priced(user="U9"))
    assert asked(own)[2] == ("U9",)
    assert isinstance(await store.jobs.approve("job1", "U9", NOW + 9), Job)


async def test_an_asker_may_have_an_approver_asked_beyond_a_hard_cap(store: Store) -> None:
    await cap(store, "3")
    made = await kept(store, priced(reserved="4"))
    assert asked(made) == (QuestionKind.BEYOND_HARD_CAP, "day person:T1:U1", ())
    assert await messages(store) == []
    after = await store.jobs.confirm("job1", "U1", NOW + 5, asks_approvers=True)
    assert isinstance(after, Job)
    assert asked(after)[::2] == (QuestionKind.APPROVE_HARD_CAP, ("U7", "U8"))
    assert after.question is not None
    assert after.question.expires_at == NOW + 5 + APPROVAL_SECONDS
    refused = await store.jobs.approve("job1", "U7", NOW + 9)
    assert isinstance(refused, NotAdmitted)
    assert isinstance(refused.reasons[0], CapShort)
    assert await held(store) == NO_USE
    beyond = await store.jobs.approve("job1", "U7", NOW + 10, beyond_caps=True)
    assert isinstance(beyond, Job)
    assert beyond.decision is not None
    assert beyond.decision.kind is DecisionKind.APPROVED_BEYOND_CAPS
    assert await held(store) == Use(held=Decimal(4))
    entry = (await store.budgets.audit(0))[-1]
    assert (entry.action, entry.by, entry.after) == (AuditAction.ADMITTED_BEYOND_CAPS, "U7", "4")


async def test_a_refusal_keeps_nothing_where_no_approver_can_help(store: Store) -> None:
    """Not if it is not wanted, nor if something else than a cap refuses it."""
    await cap(store, "3")
    made = await store.jobs.insert(priced(reserved="4"), ACCEPTED)
    assert isinstance(made, NotAdmitted)
    assert made.waiting is None
    made = await store.jobs.insert(
        priced(reserved="4"), ACCEPTED, InsertTerms(may_ask=True, most_active=0)
    )
    assert isinstance(made, NotAdmitted)
    assert made.waiting is None
    assert await store.jobs.get("job1") is None


async def test_what_the_asker_confirms_may_then_wait_for_an_approver(store: Store) -> None:
    """The confirmation of the words is no approval of the price."""
    await insert(store, waiting(priced(), QuestionKind.SMALL_TALK, "Hello!"))
    made = await store.jobs.confirm("job1", "U1", NOW + 9)
    assert isinstance(made, Job)
    assert asked(made)[0] is QuestionKind.APPROVE_PRICE
    assert await store.jobs.confirm("job1", "U1", NOW + 10) == made


async def test_every_message_about_it_is_edited_when_it_is_decided(store: Store) -> None:
    """And the asker is told, because an edit notifies nobody."""
    await insert(store, priced())
    await messages(store)
    await store.jobs.approve("job1", "U8", NOW + 9)
    card, status = NotificationKind.APPROVAL_CARD, NotificationKind.APPROVAL_STATUS
    assert await messages(store) == [
        (card, "U7", "approval asked"),
        (card, "U8", "approval asked"),
        (status, "U1", "approval asked"),
        (status, "U1", "approved"),
    ]


async def test_a_message_about_it_that_is_posted_meanwhile_is_edited_afterwards(
    store: Store,
) -> None:
    """Its row is due again by the commit that would have ended it: a kill after it loses nothing.

    Not while its holder goes on, and not where nothing was decided.
    """
    await insert(store, priced())
    limit = ClaimLimit(9, tuple(NotificationKind))
    first, second, third = await store.outbox.claim(NOW, 60.0, [limit])
    released = replace(first, due_at=None, lease_until=None)
    assert (await store.outbox.apply(first, released, None)).due_at is None
    await store.jobs.approve("job1", "U8", NOW + 9)
    goes_on = await store.outbox.apply(second, replace(second, due_at=None), None)
    assert goes_on.due_at is None
    released = replace(third, due_at=None, lease_until=None)
    assert (await store.outbox.apply(third, released, None)).due_at == NOW + 9


async def test_another_question_tells_no_approver(store: Store) -> None:
    made = await insert(store, waiting(priced(), QuestionKind.SMALL_TALK, "Hello!"))
    ended = replace(made, stage=Stage.UNCONFIRMED, due_at=None)
    await store.jobs.apply(made, ended, Event(at=NOW + 3600, name=EventName.EXPIRED))
    assert await messages(store) == []


async def test_a_rule_is_changed_with_its_record_and_removed_if_it_says_nothing(
    store: Store,
) -> None:
    here = ApprovalRule(team="T1", channel="C1", approvers=("U6",), place="C9", seconds=7200.0)
    await store.budgets.set_approval_rule(here, "U9", NOW + 1)
    rules = await store.budgets.rules("T1", NOW)
    assert (here in rules.approvals, rules.admins) == (True, ("U9",))
    await store.budgets.set_approval_rule(ApprovalRule(team="T1", channel="C1"), "U9", NOW + 2)
    assert here not in (await store.budgets.rules("T1", NOW)).approvals
    first, last = (await store.budgets.audit(NOW + 1))[-2:]
    assert (first.subject, first.before, first.after) == (last.subject, last.after, last.before)
    assert isinstance(await store.jobs.insert(priced(reserved="1"), ACCEPTED), Inserted)


@pytest.mark.parametrize("ahead", [3600.0, 3 * 86400.0, 30 * 86400.0])
async def test_a_clock_that_was_ahead_gives_approvers_no_more_time(
    store: Store, ahead: float
) -> None:
    """What it asked ends as long after it as it was to; what a right clock asked stays."""
    right = await insert(store, priced())
    asked_for = Event(at=NOW + ahead, name=EventName.ACCEPTED)
    wrong = await store.jobs.insert(priced(2, created_at=NOW + ahead), asked_for)
    assert isinstance(wrong, Inserted)
    await store.move_back(NOW + 60, ahead)
    kept, moved = await store.jobs.get("job1"), await store.jobs.get("job2")
    assert kept is not None
    assert moved is not None
    assert moved.question is not None
    assert kept.question == right.question
    assert moved.question.expires_at == pytest.approx(NOW + APPROVAL_SECONDS, abs=60)
    assert moved.question.asked_at == pytest.approx(NOW, abs=60)
