"""Every change to a job: insert, claim, renew, apply, cancel, resume."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from storage.job import (
    TERMINAL,
    Event,
    EventName,
    Film,
    IllegalTransitionError,
    Job,
    Outcome,
    Stage,
)
from storage.store import ClaimLimit, Inserted, StaleFenceError, Store, StoreError
from tests.support.store_samples import ACCEPTED, NOW, a_full_job, a_job, a_limit

LEASE = 60.0
POSTED = Event(at=NOW + 1, name=EventName.ANNOUNCED)


async def _insert(store: Store, *jobs: Job) -> None:
    for job in jobs:
        assert await store.jobs.insert(job, ACCEPTED) == Inserted(job=job, is_new=True)


async def _claimed(store: Store, job: Job | None = None) -> Job:
    await _insert(store, job or a_job())
    [claimed] = await store.jobs.claim(NOW, LEASE, [a_limit(10)])
    return claimed


async def test_insert_returns_the_job_as_it_stands_with_its_first_event(store: Store) -> None:
    """The row holds every field, the timeline its first line."""
    await _insert(store, a_full_job())
    assert await store.jobs.get("full") == a_full_job()
    assert await store.jobs.events("full") == [ACCEPTED]


async def test_a_repeated_ask_returns_the_row_that_stands(store: Store) -> None:
    """Neither a second row nor a second event, whatever ID the repeat came with."""
    await _insert(store, a_job(1))
    for repeat in (a_job(1), replace(a_job(2), dedup_key=a_job(1).dedup_key)):
        assert await store.jobs.insert(repeat, ACCEPTED) == Inserted(job=a_job(1), is_new=False)
    assert await store.jobs.get("job2") is None
    assert await store.jobs.events("job1") == [ACCEPTED]


async def test_two_asks_cannot_share_an_id(store: Store) -> None:
    """The ID is what people type: it must mean one job."""
    await _insert(store, a_job(1))
    with pytest.raises(StoreError, match=r"jobs[._]id"):
        await store.jobs.insert(replace(a_job(1), dedup_key="another"), ACCEPTED)


async def test_two_jobs_cannot_share_an_idempotency_key(store: Store) -> None:
    """MindVideo would take the second for the first."""
    first, second = (replace(a_job(number), due_at=NOW) for number in (1, 2))
    await _insert(store, replace(first, idempotency_key="key"), second)
    [_, claimed] = await store.jobs.claim(NOW, LEASE, [a_limit(10)])
    with pytest.raises(StoreError, match="idempotency_key"):
        await store.jobs.apply(claimed, replace(claimed, idempotency_key="key"), POSTED)
    assert await store.jobs.events(second.id) == [ACCEPTED]


async def test_claim_takes_what_is_due_the_longest_due_first(store: Store) -> None:
    """A row that is not due yet, or never, is left alone; the limit holds."""
    due = {1: NOW - 1, 2: NOW - 3, 3: NOW, 4: NOW + 0.001, 5: None, 6: NOW - 2}
    await _insert(store, *(replace(a_job(number), due_at=at) for number, at in due.items()))
    assert [job.id for job in await store.jobs.claim(NOW, LEASE, [a_limit(2)])] == ["job2", "job6"]
    assert [job.id for job in await store.jobs.claim(NOW, LEASE, [a_limit(10)])] == ["job1", "job3"]


async def test_claim_takes_what_is_due_of_the_stages_asked_for(store: Store) -> None:
    """What was due longer in another stage waits for somebody whose limit has that stage."""
    stages = [Stage.FINISHED, Stage.RENDERING, Stage.ACCEPTED, Stage.RENDERING]
    due = [replace(a_job(n), stage=stage, due_at=NOW - 9 + n) for n, stage in enumerate(stages)]
    await _insert(store, *due)
    claimed = await store.jobs.claim(NOW, LEASE, [ClaimLimit(9, (Stage.ACCEPTED, Stage.RENDERING))])
    assert [job.id for job in claimed] == ["job1", "job2", "job3"]


async def test_claim_gives_the_longest_due_first_also_from_the_beginning_of_time(
    store: Store,
) -> None:
    """A moment of 0 is a moment; of those due at the same one, the older row comes first."""
    due = {1: NOW - 1, 2: NOW, 3: 0.0, 4: NOW - 1}
    await _insert(store, *(replace(a_job(number), due_at=at) for number, at in due.items()))
    claimed = [job.id for job in await store.jobs.claim(NOW, LEASE, [a_limit(10)])]
    assert claimed == ["job3", "job1", "job4", "job2"]


@pytest.mark.parametrize("limit", [0, -1])
async def test_claim_without_room_takes_nothing(store: Store, limit: int) -> None:
    """An engine that is busy asks for none."""
    await _insert(store, a_job())
    assert await store.jobs.claim(NOW, LEASE, [a_limit(limit)]) == []


async def test_a_claim_sets_a_lease_and_raises_the_fence(store: Store) -> None:
    """The row is free again when the lease is over, not before."""
    claimed = await _claimed(store)
    assert claimed == replace(a_job(), lease_until=NOW + LEASE, fence=1)
    assert await store.jobs.claim(NOW + LEASE - 0.001, LEASE, [a_limit(10)]) == []
    [again] = await store.jobs.claim(NOW + LEASE, LEASE, [a_limit(10)])
    assert again == replace(a_job(), lease_until=NOW + 2 * LEASE, fence=2)


async def test_a_terminal_job_that_is_due_can_be_claimed(store: Store) -> None:
    """A refusal has still to be told, a cost to be settled."""
    claimed = await _claimed(store, replace(a_job(), stage=Stage.REJECTED))
    told = await store.jobs.apply(claimed, replace(claimed, due_at=None, lease_until=None), None)
    assert told.stage is Stage.REJECTED
    assert await store.jobs.claim(NOW, LEASE, [a_limit(10)]) == []


async def test_apply_writes_what_differs_with_its_event_and_returns_the_row(store: Store) -> None:
    """Fields of each kind, and one line of the timeline."""
    claimed = await _claimed(store)
    after = replace(
        claimed,
        stage=Stage.ANNOUNCED,
        message_ts="1800000001.000200",
        request_body=b"{}",
        cost_estimate=Decimal("0.10"),
        due_at=NOW + 5,
        lease_until=None,
    )
    assert await store.jobs.apply(claimed, after, POSTED) == after
    assert await store.jobs.get(claimed.id) == after
    assert await store.jobs.events(claimed.id) == [ACCEPTED, POSTED]


async def test_apply_without_a_difference_still_asks_for_the_fence(store: Store) -> None:
    """A holder learns that its claim stands, or that it does not."""
    claimed = await _claimed(store)
    assert await store.jobs.apply(claimed, claimed, POSTED) == claimed
    assert await store.jobs.events(claimed.id) == [ACCEPTED, POSTED]
    await store.jobs.claim(NOW + LEASE, LEASE, [a_limit(10)])
    with pytest.raises(StaleFenceError):
        await store.jobs.apply(claimed, claimed, None)


async def test_a_claim_that_was_taken_over_writes_nothing(store: Store) -> None:
    """Neither field nor event of the stale holder; the new holder goes on."""
    stale = await _claimed(store)
    [fresh] = await store.jobs.claim(NOW + LEASE, LEASE, [a_limit(10)])
    with pytest.raises(StaleFenceError, match="job1"):
        await store.jobs.apply(stale, replace(stale, stage=Stage.REJECTED), POSTED)
    assert await store.jobs.get(fresh.id) == fresh
    assert await store.jobs.events(fresh.id) == [ACCEPTED]
    announced = replace(fresh, stage=Stage.ANNOUNCED)
    assert await store.jobs.apply(fresh, announced, POSTED) == announced


async def test_what_a_holder_knew_of_another_stage_is_void(store: Store) -> None:
    """With the right fence but from an older stage, nothing is written."""
    before = await _claimed(store)
    await store.jobs.apply(before, replace(before, stage=Stage.ANNOUNCED), None)
    with pytest.raises(StaleFenceError):
        await store.jobs.apply(before, replace(before, stage=Stage.REJECTED), None)


async def test_a_job_that_is_gone_is_a_stale_claim(store: Store) -> None:
    """A row that was never there has no fence to hold."""
    with pytest.raises(StaleFenceError):
        await store.jobs.apply(a_job(), a_job(), POSTED)


async def test_an_illegal_move_changes_nothing(store: Store) -> None:
    """It raises before anything is written."""
    claimed = await _claimed(store)
    with pytest.raises(IllegalTransitionError):
        await store.jobs.apply(claimed, replace(claimed, stage=Stage.DELIVERED), POSTED)
    assert await store.jobs.get(claimed.id) == claimed
    assert await store.jobs.events(claimed.id) == [ACCEPTED]


async def test_renew_extends_only_what_is_still_held(store: Store) -> None:
    """One taken over is not named in the answer, and its new holder keeps its own lease."""
    await _insert(store, a_job(1), a_job(2))
    held, lost = await store.jobs.claim(NOW, LEASE, [a_limit(10)])
    await store.jobs.renew([held], NOW + 2 * LEASE)
    [taken] = await store.jobs.claim(NOW + LEASE, LEASE, [a_limit(10)])
    assert taken.id == lost.id
    assert await store.jobs.renew([held, lost], NOW + 3 * LEASE) == {held.id}
    assert await store.jobs.get(held.id) == replace(held, lease_until=NOW + 3 * LEASE)
    assert await store.jobs.get(lost.id) == taken


async def test_renew_does_not_lease_again_what_was_released(store: Store) -> None:
    """A heartbeat that arrives after the release must not hold the row for nobody."""
    claimed = await _claimed(store)
    await store.jobs.apply(claimed, replace(claimed, lease_until=None), None)
    assert await store.jobs.renew([claimed], NOW + LEASE) == frozenset()
    assert len(await store.jobs.claim(NOW, LEASE, [a_limit(10)])) == 1


async def test_a_request_to_cancel_makes_the_job_due_and_the_first_one_stands(
    store: Store,
) -> None:
    """A second click, by whomever, changes nothing more."""
    await _insert(store, replace(a_job(), due_at=NOW + 30))
    cancelled = replace(
        a_job(), due_at=NOW + 1, cancel_requested_at=NOW + 1, cancel_requested_by="U1"
    )
    assert await store.jobs.request_cancel("job1", "U1", NOW + 1) == cancelled
    assert await store.jobs.request_cancel("job1", "U2", NOW + 2) == cancelled


async def test_a_request_to_cancel_does_not_postpone_what_is_overdue(store: Store) -> None:
    """The earlier of the two moments counts; a job without one becomes due."""
    await _insert(store, replace(a_job(1), due_at=NOW - 9), replace(a_job(2), due_at=None))
    for number, due_at in ((1, NOW - 9), (2, NOW)):
        cancelled = await store.jobs.request_cancel(f"job{number}", "U1", NOW)
        assert cancelled is not None
        assert cancelled.due_at == due_at


@pytest.mark.parametrize("stage", sorted({*TERMINAL, Stage.PARKED}))
async def test_a_job_that_is_over_or_parked_cannot_be_cancelled(store: Store, stage: Stage) -> None:
    """The row is returned as it was, not due again."""
    job = replace(a_job(), stage=stage, due_at=None)
    await _insert(store, job)
    assert await store.jobs.request_cancel(job.id, "U1", NOW) == job


async def test_a_render_that_was_sent_can_only_be_given_up(store: Store) -> None:
    """Once the bytes may have left, a cancel is not free: it is not noted, giving up is."""
    sent = replace(a_job(), stage=Stage.ANNOUNCED, chargeable_since=NOW, due_at=NOW + 5)
    await _insert(store, sent)
    assert await store.jobs.request_cancel(sent.id, "U1", NOW + 1) == sent
    given_up = replace(sent, given_up_at=NOW + 1, given_up_by="U1", due_at=NOW + 1)
    assert await store.jobs.give_up(sent.id, "U1", NOW + 1) == given_up
    assert await store.jobs.give_up(sent.id, "U2", NOW + 2) == given_up


async def test_a_job_that_was_not_sent_is_not_given_up_but_cancelled(store: Store) -> None:
    """Giving up is for a render that MindVideo has."""
    await _insert(store, a_job())
    assert await store.jobs.give_up("job1", "U1", NOW) == a_job()


async def test_a_request_to_cancel_survives_the_step_that_runs_meanwhile(store: Store) -> None:
    """It needs no fence, and a step does not write what it did not change."""
    claimed = await _claimed(store)
    await store.jobs.request_cancel(claimed.id, "U2", NOW)
    after = await store.jobs.apply(claimed, replace(claimed, stage=Stage.ANNOUNCED), POSTED)
    assert (after.stage, after.cancel_requested_by) == (Stage.ANNOUNCED, "U2")


async def test_resume_sends_a_parked_job_back_and_voids_every_older_claim(store: Store) -> None:
    """Due now, with a clean slate; what came from MindVideo stays."""
    claimed = await _claimed(store, replace(a_job(), stage=Stage.FINISHED, attempts=7))
    parked = replace(
        claimed,
        stage=Stage.PARKED,
        parked_from=Stage.FINISHED,
        problem="no",
        outcome=Outcome.SUCCEEDED,
        due_at=None,
        paced_at=NOW + 60,
    )
    await store.jobs.apply(claimed, parked, None)
    resumed = await store.jobs.resume(parked.id, NOW + 5)
    assert resumed == replace(
        parked,
        stage=Stage.FINISHED,
        parked_from=None,
        problem=None,
        attempts=0,
        due_at=NOW + 5,
        paced_at=None,
        lease_until=None,
        fence=claimed.fence + 1,
    )
    with pytest.raises(StaleFenceError):
        await store.jobs.apply(parked, replace(parked, problem="late word"), None)


@pytest.mark.parametrize("stage", sorted(set(Stage) - {Stage.PARKED}))
async def test_only_a_parked_job_can_be_resumed(store: Store, stage: Stage) -> None:
    """Any other one raises and stays as it is."""
    job = replace(a_job(), stage=stage)
    await _insert(store, job)
    with pytest.raises(IllegalTransitionError):
        await store.jobs.resume(job.id, NOW)
    assert await store.jobs.get(job.id) == job


@pytest.mark.parametrize("left", [None, Stage.PARKED, *sorted(TERMINAL)])
async def test_a_job_that_no_stage_is_known_of_stays_parked(
    store: Store, left: Stage | None
) -> None:
    """Sent back to where nothing follows, it would rest without anybody hearing of it."""
    await _insert(store, replace(a_job(), stage=Stage.PARKED, parked_from=left))
    with pytest.raises(IllegalTransitionError):
        await store.jobs.resume("job1", NOW)


async def test_a_job_whose_task_was_found_renders(store: Store) -> None:
    """Whoever found it at MindVideo need not send its key again; the bill counts from then on."""
    parked = replace(
        a_job(),
        stage=Stage.PARKED,
        parked_from=Stage.ANNOUNCED,
        message_ts="1700000000.000100",
        posted_at=1700000000.0001,
        problem="no",
        attempts=3,
    )
    await _insert(store, parked)
    resumed = await store.jobs.resume(parked.id, NOW + 5, "task9")
    assert resumed == replace(
        parked,
        stage=Stage.RENDERING,
        parked_from=None,
        task_id="task9",
        first_sent_at=1700000000.0001,
        chargeable_since=1700000000.0001,
        problem=None,
        attempts=0,
        due_at=NOW + 5,
        fence=parked.fence + 1,
    )


@pytest.mark.parametrize("left", [Stage.ACCEPTED, Stage.RENDERING, Stage.FINISHED])
async def test_only_a_job_that_was_to_be_submitted_takes_a_task(store: Store, left: Stage) -> None:
    """One that was never announced has no key, and one that renders has its task."""
    job = replace(a_job(), stage=Stage.PARKED, parked_from=left, submitted_at=NOW)
    await _insert(store, job)
    with pytest.raises(IllegalTransitionError):
        await store.jobs.resume(job.id, NOW, "task9")
    assert await store.jobs.get(job.id) == job


async def test_no_two_jobs_take_the_same_task(store: Store) -> None:
    """A mistyped ID must not deliver somebody else's video."""
    await _insert(store, replace(a_job(1), stage=Stage.RENDERING, task_id="task9"))
    parked = replace(a_job(2), stage=Stage.PARKED, parked_from=Stage.ANNOUNCED)
    await _insert(store, parked)
    with pytest.raises(IllegalTransitionError):
        await store.jobs.resume(parked.id, NOW, "task9")


async def test_what_is_asked_of_a_job_that_is_not_there_finds_none(store: Store) -> None:
    """People mistype IDs."""
    assert await store.jobs.get("no") is None
    assert await store.jobs.request_cancel("no", "U1", NOW) is None
    assert await store.jobs.resume("no", NOW) is None
    assert await store.jobs.events("no") == []


async def test_the_first_press_of_a_button_is_kept(store: Store) -> None:
    """Neither the fence nor the due time changes, so a step goes on as it was."""
    await store.jobs.insert(a_job(1), ACCEPTED)
    await store.jobs.note_press("job1", "job_again", "U2")
    await store.jobs.note_press("job1", "job_again", "U3")
    row = await store.jobs.note_press("job1", "job_upgrade_0", "U3")
    assert row == replace(a_job(1), pressed={"job_again": "U2", "job_upgrade_0": "U3"})
    assert await store.jobs.get("job1") == row
    assert await store.jobs.note_press("none", "job_again", "U2") is None


async def test_a_press_survives_a_step_that_knows_nothing_of_it(store: Store) -> None:
    await store.jobs.insert(a_job(1), ACCEPTED)
    [claimed] = await store.jobs.claim(NOW + 9, 60.0, [ClaimLimit(1, (Stage.ACCEPTED,))])
    await store.jobs.note_press("job1", "job_again", "U2")
    written = await store.jobs.apply(claimed, replace(claimed, problem="odd"), None)
    assert (written.pressed, written.problem) == ({"job_again": "U2"}, "odd")


FILM = Film(width=1280, height=720, seconds=5.2, has_sound=True, poster="F1")


async def test_a_film_is_noted_once_and_makes_a_delivered_job_due_to_show_it(store: Store) -> None:
    """The message is to be edited, and the Home tab: so it has an event."""
    job = replace(a_job(1), stage=Stage.DELIVERED, due_at=None, shown="digest")
    await store.jobs.insert(job, ACCEPTED)
    noted = replace(job, film=FILM, shown=None, due_at=NOW + 5)
    for moment in (NOW + 5, NOW + 9):
        assert await store.jobs.note_film("job1", FILM, moment) == noted
    assert await store.jobs.get("job1") == noted
    event = Event(at=NOW + 5, name=EventName.POSTER, detail="F1")
    assert await store.jobs.events("job1") == [ACCEPTED, event]
    assert await store.jobs.note_film("none", FILM, NOW) is None


async def test_a_job_that_is_not_delivered_has_no_film(store: Store) -> None:
    """A backup may not know that it was."""
    await store.jobs.insert(a_job(1), ACCEPTED)
    assert await store.jobs.note_film("job1", FILM, NOW) == a_job(1)


@pytest.mark.parametrize("is_released", [True, False])
async def test_a_film_that_comes_during_a_step_is_kept_and_shown_after_it(
    store: Store, *, is_released: bool
) -> None:
    """The step has drawn the message without it, and says that nothing is left to do."""
    job = replace(a_job(1), stage=Stage.DELIVERED, due_at=NOW)
    await store.jobs.insert(job, ACCEPTED)
    [claimed] = await store.jobs.claim(NOW + 9, 60.0, [ClaimLimit(1, (Stage.DELIVERED,))])
    await store.jobs.note_film("job1", FILM, NOW + 10)
    lease_until = None if is_released else claimed.lease_until
    after = replace(claimed, due_at=None, shown="without it", lease_until=lease_until)
    written = await store.jobs.apply(claimed, after, None)
    assert (written.film, written.shown) == (FILM, None)
    assert written.due_at is not None
    assert written.due_at <= NOW + 10
    again = await store.jobs.apply(written, replace(written, problem="odd"), None)
    assert (again.film, again.shown, again.due_at) == (FILM, None, written.due_at)
