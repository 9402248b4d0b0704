"""Sets in a real store: the row of the message, the parts, and what is done with all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from storage.approval import ApprovalRule
from storage.budget import (
    Cap,
    NoSetForApprovers,
    NotAdmitted,
    Policy,
    Scope,
    ScopeKind,
    TooManyActive,
    Window,
)
from storage.job import (
    PART_WAIT_SECONDS,
    Delivery,
    Event,
    EventName,
    Job,
    QuestionKind,
    Stage,
)
from storage.notification import SET_EDIT_SECONDS, Notification, NotificationKind
from storage.store import ClaimLimit, InsertTerms, Store
from tests.support.store_samples import ACCEPTED, NOW, a_job, a_limit

SET = "set-1"
SETS = (ClaimLimit(10, (NotificationKind.SET,)),)
ANA = Scope(kind=ScopeKind.PERSON, team="T1", name="U1")


def parts_of(count: int = 3, *, reserved: str = "2") -> list[Job]:
    """Return the new parts of a set, as they are inserted."""
    return [
        replace(
            a_job(number),
            created_at=NOW,
            due_at=NOW + PART_WAIT_SECONDS,
            set_id=SET,
            part=number,
            reserved=Decimal(reserved),
            counted_on=None,
        )
        for number in range(1, count + 1)
    ]


def message_of(parts: Sequence[Job]) -> Notification:
    """Return the row of the set's message."""
    return Notification(
        id=SET,
        team="T1",
        channel="C1",
        kind=NotificationKind.SET,
        happened_at=NOW,
        job_id=parts[0].id,
        detail="red and blue",
        due_at=NOW,
    )


async def insert_set(store: Store, parts: Sequence[Job], terms: InsertTerms) -> list[Job]:
    """Insert a set that is not refused; return its parts."""
    asks = [(part, ACCEPTED) for part in parts]
    made = await store.jobs.insert_set(asks, terms, message_of(parts))
    assert not isinstance(made, NotAdmitted)
    return [one.job for one in made]


async def claimed(store: Store, now: float) -> list[Notification]:
    """Return the rows of sets' messages that are due, which are claimed."""
    return await store.outbox.claim(now, 10.0, SETS)


async def post(store: Store, now: float) -> None:
    """Post the message of the set."""
    (row,) = await claimed(store, now)
    posted = replace(row, due_at=None, lease_until=None, delivery=Delivery(ts="1.0"))
    await store.outbox.apply(row, posted, None)


async def test_a_set_and_its_message_are_inserted_together_once(store: Store) -> None:
    """The parts wait for the message, which is due at once; a repeat finds them."""
    parts = await insert_set(store, parts_of(), InsertTerms())
    assert [part.due_at for part in parts] == [NOW + PART_WAIT_SECONDS] * 3
    again = [replace(part, id=f"other{part.part}", set_id="set-2") for part in parts_of()]
    assert await insert_set(store, again, InsertTerms()) == parts
    assert await store.jobs.parts(SET) == parts
    assert await store.jobs.parts("set-2") == []
    assert [row.id for row in await claimed(store, NOW)] == [SET]


async def test_a_refused_set_leaves_nothing(store: Store) -> None:
    """Whether a cap refuses it, the number of jobs, or that an approver would have to decide."""
    asks = [(part, ACCEPTED) for part in parts_of()]
    most = await store.jobs.insert_set(asks, InsertTerms(most_active=2), message_of(parts_of()))
    assert most == NotAdmitted(reasons=(TooManyActive(active=0, most=2),))
    rule = ApprovalRule(team="T1", above=Decimal(5), approvers=("U9",))
    await store.budgets.set_approval_rule(rule, "U9", NOW)
    asked = await store.jobs.insert_set(asks, InsertTerms(may_ask=True), message_of(parts_of()))
    assert asked == NotAdmitted(reasons=(NoSetForApprovers(),))
    await store.budgets.set_cap(Cap(scope=ANA, window=Window.DAY, limit=Decimal(5)), "U9", NOW)
    capped = await store.jobs.insert_set(asks, InsertTerms(may_ask=True), message_of(parts_of()))
    assert isinstance(capped, NotAdmitted)
    assert capped.waiting is None
    assert await store.jobs.parts(SET) == []
    assert await store.outbox.find(SET) is None


async def test_a_question_about_a_set_is_one_and_its_answer_is_for_all(store: Store) -> None:
    """The total is above the limit, and no part alone is; until then nothing is posted."""
    await store.budgets.set_policy("T1", Policy(confirm_above=Decimal(5)), "U9", NOW)
    asked = await insert_set(store, parts_of(), InsertTerms())
    questions = [part.question for part in asked]
    assert {one.kind for one in questions if one} == {QuestionKind.PRICE}
    assert await claimed(store, NOW) == []
    await store.budgets.set_cap(Cap(scope=ANA, window=Window.DAY, limit=Decimal(5)), "U9", NOW)
    refused = await store.jobs.confirm(asked[1].id, "U1", NOW + 1)
    assert isinstance(refused, NotAdmitted)
    assert refused.waiting is None
    await store.budgets.set_cap(Cap(scope=ANA, window=Window.DAY, limit=Decimal(6)), "U9", NOW)
    await asyncio.gather(*(store.jobs.confirm(asked[0].id, "U1", NOW + 2) for _ in range(2)))
    parts = await store.jobs.parts(SET)
    assert [part.stage for part in parts] == [Stage.ACCEPTED] * 3
    assert [part.due_at for part in parts] == [NOW + 2 + PART_WAIT_SECONDS] * 3
    assert [event.name for event in await store.jobs.events(parts[2].id)] == [
        EventName.ASKED,
        EventName.CONFIRMED,
    ]
    assert await store.budgets.mismatches() == []
    assert [row.id for row in await claimed(store, NOW + 2)] == [SET]


async def test_a_part_is_woken_once_and_not_while_it_is_posted(store: Store) -> None:
    parts = await insert_set(store, parts_of(), InsertTerms())
    (first, *_) = await store.jobs.claim(NOW + PART_WAIT_SECONDS, 10.0, [a_limit(1)])
    intended = replace(first, post_intent_at=NOW, due_at=NOW + 99, lease_until=None)
    await store.jobs.apply(first, intended, None)
    await store.jobs.wake_parts(SET, NOW + 5)
    dues = {part.id: part.due_at for part in await store.jobs.parts(SET)}
    assert dues == {first.id: NOW + 99, parts[1].id: NOW + 5, parts[2].id: NOW + 5}


async def test_all_parts_are_cancelled_that_were_not_sent(store: Store) -> None:
    """Each once, by whoever was first; what was sent goes on."""
    parts = await insert_set(store, parts_of(), InsertTerms())
    jobs = {row.id: row for row in await store.jobs.claim(NOW + 60, 10.0, [a_limit(9)])}
    sent = replace(
        jobs[parts[1].id],
        stage=Stage.ANNOUNCED,
        chargeable_since=NOW,
        due_at=NOW + 99,
        lease_until=None,
    )
    await store.jobs.apply(jobs[parts[1].id], sent, None)
    await store.jobs.request_cancel_of_set(SET, "U1", NOW + 70)
    asked = await store.jobs.request_cancel_of_set(SET, "U2", NOW + 80)
    assert [part.cancel_requested_by for part in asked] == ["U1", None, "U1"]
    assert asked == await store.jobs.parts(SET)
    assert await store.jobs.request_cancel_of_set("set-2", "U1", NOW) == []


async def test_what_happens_to_a_part_has_the_message_edited_a_while_later(store: Store) -> None:
    """Not before it is posted, not for an event that nobody sees, and never if it was given up."""
    await insert_set(store, parts_of(), InsertTerms())
    await post(store, NOW)
    job, other, *_ = await store.jobs.claim(NOW + 60, 10.0, [a_limit(9)])
    unseen = Event(at=NOW + 60, name=EventName.POSTING)
    job = await store.jobs.apply(job, replace(job, post_intent_at=NOW + 60), unseen)
    assert await claimed(store, NOW + 60 + SET_EDIT_SECONDS) == []
    for at, part in ((NOW + 61, job), (NOW + 65, other)):
        done = replace(part, stage=Stage.REJECTED, lease_until=None)
        await store.jobs.apply(part, done, Event(at=at, name=EventName.REJECTED))
    assert await claimed(store, NOW + 61 + SET_EDIT_SECONDS - 1) == []
    (row,) = await claimed(store, NOW + 61 + SET_EDIT_SECONDS)
    assert row.changed_at == NOW + 65
    given_up = replace(row, due_at=None, lease_until=None, problem="The message is gone.")
    await store.outbox.apply(row, given_up, None)
    await store.jobs.keep(job.id, "U1", NOW + 90)
    assert await claimed(store, NOW + 190) == []


async def test_a_change_during_an_edit_is_edited_after_a_pause(store: Store) -> None:
    await insert_set(store, parts_of(), InsertTerms())
    await post(store, NOW)
    await store.jobs.keep("job1", "U1", NOW + 20)
    (row,) = await claimed(store, NOW + 20 + SET_EDIT_SECONDS)
    await store.jobs.keep("job1", None, NOW + 31)
    released = await store.outbox.apply(row, replace(row, due_at=None, lease_until=None), None)
    assert released.due_at == NOW + 31 + SET_EDIT_SECONDS


async def test_the_words_of_a_set_are_erased_with_those_of_its_parts(store: Store) -> None:
    over = [replace(part, stage=Stage.REJECTED, due_at=None) for part in parts_of()]
    await insert_set(store, over, InsertTerms())
    await post(store, NOW)
    await store.retention.erase_texts(
        NOW + 9, 10, now=NOW + 10, without_texts=lambda _model, _given: {}
    )
    row = await store.outbox.find(SET)
    assert row is not None
    assert row.detail == ""
