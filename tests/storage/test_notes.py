"""Tests for notes and reviews of results, in each store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.job import Event, EventName, Job, Media, Outcome, Output, Review, ReviewKind, Stage
from storage.review import Note
from storage.store import JobFilter, Store
from tests.support.store_samples import NOW, a_job, insert

LOGO = Note(by="U1", at=NOW, second=3.0, words="the logo is too small")
SKY = Note(by="U1", at=NOW, second=4.5, words="more sky")
APPROVED = Note(by="U2", at=NOW + 1, review=ReviewKind.APPROVED)
CHANGES = Note(by="U3", at=NOW + 2, words="see above", review=ReviewKind.CHANGES)


async def delivered(store: Store, number: int = 1, message_ts: str | None = None) -> Job:
    """Insert a job whose result is there."""
    return await insert(
        store,
        replace(
            a_job(number),
            stage=Stage.DELIVERED,
            outcome=Outcome.SUCCEEDED,
            outputs=(Output(media=Media.VIDEO, url="https://x.test/1.mp4"),),
            due_at=None,
            message_ts=message_ts,
            shown="before",
        ),
    )


async def test_notes_are_counted_once_and_stay_with_their_job(store: Store) -> None:
    """A repeat of the message is about the job of then, although there is a newer one."""
    job, newer = await delivered(store), await delivered(store, 2)
    made = await store.notes.add(job.id, [LOGO, SKY], "message:1", NOW)
    again = await store.notes.add(newer.id, [LOGO, SKY], "message:1", NOW + 9)
    await store.notes.add(job.id, [replace(LOGO, at=NOW + 5)], "message:2", NOW + 5)
    assert made is not None
    assert again is not None
    # A note shows nothing in the job's message, so the job is not due.
    assert (made.is_new, made.job) == (True, replace(job, notes=2))
    assert (again.is_new, again.job) == (False, made.job)
    assert await store.notes.of_job(job.id) == [LOGO, SKY, replace(LOGO, at=NOW + 5)]
    assert await store.notes.of_job(newer.id) == []
    found = await store.jobs.get(job.id)
    assert found is not None
    assert found.notes == 3


async def test_the_last_review_counts_and_a_repeat_of_an_earlier_one_does_not(store: Store) -> None:
    job = await delivered(store)
    for note, key in ((APPROVED, "a"), (CHANGES, "b")):
        await store.notes.add(job.id, [note], key, NOW + 3)
    noted = await store.notes.add(job.id, [APPROVED], "a", NOW + 4)
    assert noted is not None
    assert not noted.is_new
    review = Review(kind=ReviewKind.CHANGES, by="U3", at=NOW + 2)
    assert noted.job == replace(job, review=review, shown=None, due_at=NOW + 3)
    assert await store.notes.of_job(job.id) == [APPROVED, CHANGES]


async def test_only_a_result_that_is_there_is_noted(store: Store) -> None:
    job = await insert(store, replace(a_job(), stage=Stage.RENDERING))
    noted = await store.notes.add(job.id, [APPROVED], "a", NOW)
    assert noted is not None
    assert (noted.job, noted.is_new) == (job, False)
    assert await store.notes.of_job(job.id) == []
    assert await store.notes.add("none", [APPROVED], "b", NOW) is None


async def test_a_review_is_shown_although_a_step_runs_meanwhile(store: Store) -> None:
    """The step has shown the message as it was before."""
    job = await delivered(store)
    await store.notes.add(job.id, [LOGO], "a", NOW)
    await store.notes.add(job.id, [APPROVED], "b", NOW)
    event = Event(at=NOW + 5, name=EventName.COST)
    written = await store.jobs.apply(job, replace(job, shown="old", cost_checks=1), event)
    assert (written.notes, written.shown, written.due_at) == (1, None, NOW)
    assert written.review == Review(kind=ReviewKind.APPROVED, by="U2", at=NOW + 1)


async def test_erased_texts_take_the_words_of_notes_along(store: Store) -> None:
    job = await delivered(store)
    await store.notes.add(job.id, [LOGO], "a", NOW)
    await store.retention.erase_texts(
        job.created_at + 1, 9, now=NOW, without_texts=lambda _, given: given
    )
    await store.notes.add(job.id, [SKY], "b", NOW + 1)
    assert [note.words for note in await store.notes.of_job(job.id)] == ["", ""]


async def test_jobs_are_listed_by_their_last_review(store: Store) -> None:
    jobs = [await delivered(store, number) for number in (1, 2, 3)]
    for job, note in zip(jobs, (APPROVED, CHANGES), strict=False):
        await store.notes.add(job.id, [note], job.id, NOW)
    for kind, expected in ((ReviewKind.APPROVED, jobs[0]), (ReviewKind.CHANGES, jobs[1])):
        found = await store.jobs.jobs(JobFilter(team="T1", user="U1", review=kind))
        assert [job.id for job in found] == [expected.id]


@pytest.mark.parametrize("ts", ["9.1", "9.2"])
async def test_the_jobs_of_a_thread_are_found_newest_first(store: Store, ts: str) -> None:
    root = await delivered(store, message_ts=ts)
    take = replace(a_job(2), stage=Stage.WAITING, created_at=root.created_at + 1)
    take = await insert(store, replace(take, reply_to=replace(take.reply_to, thread_ts=ts)))
    await delivered(store, 3, message_ts="8.8")
    found = await store.jobs.in_thread("T1", "C1", ts)
    assert [job.id for job in found] == [take.id, root.id]
    assert await store.jobs.in_thread("T2", "C1", ts) == []
