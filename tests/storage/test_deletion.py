"""Tests of deleted results in both stores: recorded once, and told to every row about them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.job import Event, EventName, Job, Media, Outcome, Output, Stage
from storage.notification import (
    IN_ANY_ORDER,
    Notification,
    NotificationKind,
    deletion_of,
    notification_id,
)
from storage.store import ClaimLimit, Store
from tests.support.store_samples import ACCEPTED, NOW, a_job

DONE = replace(
    a_job(1),
    stage=Stage.DELIVERED,
    outcome=Outcome.SUCCEEDED,
    outputs=(Output(media=Media.VIDEO, url="https://video.example/1.mp4"),),
    due_at=None,
    shown="digest",
    kept_by="U7",
)


def a_row(job: Job, kind: NotificationKind = NotificationKind.RESENT) -> Notification:
    """Return a row that has brought something of a job."""
    return Notification(
        id=notification_id(kind, job.channel, job.id),
        team=job.team,
        channel=job.channel,
        kind=kind,
        happened_at=NOW,
        job_id=job.id,
        due_at=NOW,
    )


async def claimed_row(store: Store) -> Notification:
    """Claim the row that is due."""
    [row] = await store.outbox.claim(NOW + 9, 60.0, [ClaimLimit(1, tuple(IN_ANY_ORDER))])
    return row


async def test_a_result_is_deleted_once_and_its_row_is_there_with_it(store: Store) -> None:
    """A repeat changes nothing of the job, and lets the row look once more."""
    await store.jobs.insert(DONE, ACCEPTED)
    deleted = replace(
        DONE, deleted_at=NOW + 5, deleted_by="U2", kept_by=None, shown=None, due_at=NOW + 5
    )
    assert not deleted.has_result
    assert await store.jobs.delete_result("job1", "U2", NOW + 5) == deleted
    event = Event(at=NOW + 5, name=EventName.DELETED, detail="U2")
    row = await claimed_row(store)
    assert row == replace(
        deletion_of(deleted, event), fence=1, lease_until=NOW + 69, changed_at=None
    )
    await store.outbox.apply(row, replace(row, due_at=None, lease_until=None), None)
    assert await store.jobs.delete_result("job1", "U3", NOW + 20) == deleted
    again = await store.outbox.find(row.id)
    assert again is not None
    assert (again.due_at, again.changed_at) == (NOW + 20, NOW + 20)
    assert await store.jobs.events("job1") == [ACCEPTED, event]
    assert await store.jobs.delete_result("none", "U2", NOW) is None


async def test_what_is_not_delivered_is_not_deleted(store: Store) -> None:
    await store.jobs.insert(a_job(1), ACCEPTED)
    assert await store.jobs.delete_result("job1", "U2", NOW + 5) == a_job(1)


@pytest.mark.parametrize("is_under_way", [True, False])
async def test_rows_that_brought_something_of_it_are_due_again(
    store: Store, *, is_under_way: bool
) -> None:
    """Also one whose step is under way, which says that nothing is left to do."""
    await store.jobs.insert(DONE, ACCEPTED)
    await store.outbox.add(a_row(DONE))
    row = await claimed_row(store)
    over = replace(row, due_at=None, lease_until=None)
    if not is_under_way:
        row = await store.outbox.apply(row, over, None)
    await store.jobs.delete_result("job1", "U2", NOW + 10)
    written = await store.outbox.apply(row, over, None) if is_under_way else None
    found = await store.outbox.find(row.id)
    assert found is not None
    assert written in {None, found}
    assert found.due_at == NOW + 10


async def test_a_deletion_during_a_step_is_kept_and_shown_after_it(store: Store) -> None:
    """The step reads the cost meanwhile, and has drawn the message without the deletion."""
    await store.jobs.insert(replace(DONE, due_at=NOW), ACCEPTED)
    [claimed] = await store.jobs.claim(NOW + 9, 60.0, [ClaimLimit(1, (Stage.DELIVERED,))])
    await store.jobs.delete_result("job1", "U2", NOW + 10)
    after = replace(claimed, due_at=None, shown="without it", lease_until=None)
    written = await store.jobs.apply(claimed, after, None)
    assert (written.deleted_at, written.deleted_by, written.shown) == (NOW + 10, "U2", None)
    assert written.due_at is not None
