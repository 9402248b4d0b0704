"""Tests for feedback about results, in each store."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from storage.feedback import Feedback, GivenFeedback, Rating
from storage.job import Job, Media, Outcome, Output, Stage, UsedStyle
from storage.store import Store
from tests.support.store_samples import NOW, a_job, insert

DONE = replace(
    a_job(),
    stage=Stage.DELIVERED,
    outcome=Outcome.SUCCEEDED,
    outputs=(Output(media=Media.VIDEO, url="https://x.test/1.mp4"),),
    due_at=None,
    shown="before",
)
NOIR = UsedStyle(name="noir", words="black and white, {prompt}", prompt="a lake")


def pressed(at: float, *, is_good: bool, by: str = "U1") -> Feedback:
    """Return a press so many seconds after `NOW`."""
    return Feedback(by=by, is_good=is_good, at=NOW + at)


async def give(store: Store, job: Job, feedback: Feedback) -> Feedback | None:
    """Give feedback about a job; return what counts then."""
    given = await store.feedback.give(job.id, feedback)
    assert given is not None
    assert given == GivenFeedback(job=job, feedback=given.feedback)
    return given.feedback


async def test_the_last_press_of_each_person_counts(store: Store) -> None:
    """A press that is delivered again changes nothing, also after a later one."""
    job = await insert(store, DONE)
    good, bad = pressed(1, is_good=True), pressed(2, is_good=False)
    for press, stands in (
        (good, good),
        (good, good),
        (pressed(1.5, is_good=True), pressed(1.5, is_good=True)),
        (pressed(1.2, is_good=False), pressed(1.5, is_good=True)),
        (bad, bad),
        (good, bad),
        (pressed(3, is_good=True), pressed(3, is_good=True)),
        (bad, pressed(3, is_good=True)),
        (pressed(0, is_good=False, by="U2"), pressed(0, is_good=False, by="U2")),
    ):
        assert await give(store, job, press) == stands
    assert await store.jobs.get(job.id) == job, "nothing in its row has changed"
    found = await store.feedback.ratings("T1", NOW, NOW + 9)
    assert sorted(one.is_good for one in found) == [False, True]


async def test_presses_at_one_instant_make_one_row(store: Store) -> None:
    """Slack delivers a click again while the first delivery is under way."""
    job = await insert(store, DONE)
    presses = [pressed(at, is_good=bool(at % 2)) for at in (1, 2, 1, 3, 2, 1)]
    await asyncio.gather(*(give(store, job, press) for press in presses))
    assert await give(store, job, presses[0]) == pressed(3, is_good=True)
    assert len(await store.feedback.ratings("T1", NOW, NOW + 9)) == 1


async def test_only_a_result_that_is_there_is_rated(store: Store) -> None:
    for number, changed in enumerate(
        (
            replace(DONE, stage=Stage.RENDERING, outcome=None, outputs=()),
            replace(DONE, outcome=Outcome.FAILED, outputs=()),
            replace(DONE, deleted_at=NOW, deleted_by="U1"),
        )
    ):
        row = replace(changed, id=f"job{number}", dedup_key=f"key{number}")
        job = await insert(store, row)
        assert await give(store, job, pressed(1, is_good=True)) is None
    assert await store.feedback.give("none", pressed(1, is_good=True)) is None
    assert await store.feedback.ratings("T1", NOW, NOW + 9) == []


async def test_ratings_are_those_of_a_workspace_and_a_time(store: Store) -> None:
    """Each with the style, model and input of its job, whenever that was made."""
    rows = (
        replace(DONE, created_at=NOW - 9e6, style=NOIR),
        replace(a_job(2), **{name: getattr(DONE, name) for name in ("stage", "outcome")}),
        replace(a_job(3), team="T2"),
    )
    for row in rows:
        job = await insert(
            store,
            replace(row, stage=Stage.DELIVERED, outcome=Outcome.SUCCEEDED, outputs=DONE.outputs),
        )
        for at, is_good in ((0, True), (5, False)):
            await give(store, job, pressed(at, is_good=is_good, by=f"U{at}"))
    found = await store.feedback.ratings("T1", NOW, NOW + 5)
    assert sorted(found, key=lambda one: str(one.style)) == [
        Rating(is_good=True, style=None, model=rows[1].model, input=rows[1].input),
        Rating(is_good=True, style="noir", model=rows[0].model, input=rows[0].input),
    ]
