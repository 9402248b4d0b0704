"""Every question to the store, and that an index answers it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from storage.budget import Cap, Raise, Scope, ScopeKind, Window
from storage.job import (
    REQUESTED,
    Delivery,
    Instant,
    Job,
    Outcome,
    QuestionKind,
    ReplyTo,
    Stage,
    waiting,
)
from storage.store import MOST_AHEAD, ClaimLimit, Inserted, InsertTerms, JobFilter, Store
from tests.support.store_samples import ACCEPTED, NOW, a_job


async def _insert(store: Store, *jobs: Job) -> None:
    for job in jobs:
        await store.jobs.insert(job, ACCEPTED)


def _id(job: Job | None) -> str | None:
    return None if job is None else job.id


async def test_a_job_is_found_by_its_message_its_result_and_its_thread(store: Store) -> None:
    """A reply or a click names only the message that it came from."""
    await _insert(
        store,
        replace(a_job(1), message_ts="1.0"),
        replace(a_job(2), reply_to=ReplyTo(thread_ts="2.0"), message_ts="2.1"),
        replace(a_job(3), message_ts="3.0", delivery=Delivery(ts="3.1")),
        replace(a_job(4), message_ts="4.0", delivery=Delivery(ts="4.1", channel="D1")),
    )
    found = {
        (channel, ts): _id(await store.jobs.find_by_message("T1", channel, ts))
        for channel in ("C1", "D1")
        for ts in ("1.0", "2.0", "2.1", "3.1", "4.0", "4.1", "9.9")
    }
    assert {place: job_id for place, job_id in found.items() if job_id} == {
        ("C1", "1.0"): "job1",
        ("C1", "2.0"): "job2",
        ("C1", "2.1"): "job2",
        ("C1", "3.1"): "job3",
        ("C1", "4.0"): "job4",
        ("D1", "4.1"): "job4",
    }
    assert await store.jobs.find_by_message("T2", "C1", "1.0") is None


async def test_of_several_jobs_in_a_thread_the_newest_is_meant(store: Store) -> None:
    """`@bot again` in a thread renders what was made last."""
    thread = ReplyTo(thread_ts="1.0")
    await _insert(store, *(replace(a_job(number), reply_to=thread) for number in (2, 3, 1)))
    assert _id(await store.jobs.find_by_message("T1", "C1", "1.0")) == "job3"


async def test_the_takes_of_places_are_read_at_once_the_oldest_first(store: Store) -> None:
    """Of each place the first one and the last others; a row that was there before has none."""
    places = {2: "job1", 3: "after:job1", 4: "job1", 6: "after:job1", 7: "job5", 8: "after:job1"}
    await _insert(
        store, *(replace(a_job(number), take_of=places.get(number)) for number in range(1, 10))
    )

    async def takes(*wanted: str, limit: int = 9) -> list[int]:
        found = await store.jobs.takes(wanted, limit)
        return [int(job.id.removeprefix("job")) for job in found]

    assert await takes("after:job1", "job1") == [1, 2, 3, 4, 6, 8]
    assert await takes("after:job1", "job1", limit=1) == [1, 4, 8]
    assert await takes("job9", "after:job9", "\ud800", "' OR 1=1 --") == [9]
    assert await takes() == []


async def _duplicate_of(store: Store, job: Job, since: Instant) -> str | None:
    """Insert the same request anew; return the ID of the job that it is a duplicate of."""
    new = replace(job, id=f"new{since}", dedup_key=f"new{since}", created_at=NOW + 900)
    made = await store.jobs.insert(new, ACCEPTED, InsertTerms(equal_since=since))
    assert isinstance(made, Inserted)
    row = made.job
    return None if row.question is None else row.question.about


async def test_a_duplicate_asks_for_the_same_in_the_same_place(store: Store) -> None:
    """Same person, channel, model and input in any order, and not the job itself."""
    job = a_job(5)
    first, second = (
        replace(a_job(number), input=dict(reversed(list(job.input.items())))) for number in (1, 2)
    )
    others = [
        replace(job, id=f"other{field}", dedup_key=field, **{field: value})  # type: ignore[arg-type] # by name
        for field, value in {
            "user": "U2",
            "channel": "C2",
            "team": "T2",
            "model": "kling-v2",
            "input": {"prompt": "car number 5"},
        }.items()
    ]
    await _insert(store, first, second, *others)
    assert await _duplicate_of(store, job, NOW) == "job2"
    assert await _duplicate_of(store, job, second.created_at) == "job2"
    assert await _duplicate_of(store, job, second.created_at + 0.001) is None


async def test_a_job_is_as_recent_as_the_answer_to_its_question(store: Store) -> None:
    """Its asker said a moment ago that it is to be rendered, however long it had waited."""
    asked = waiting(a_job(1), QuestionKind.LATE_EVENT, "0")
    await _insert(store, asked)
    await store.jobs.confirm(asked.id, "U1", NOW + 600)
    assert await _duplicate_of(store, a_job(1), NOW + 600) == asked.id
    assert await _duplicate_of(store, a_job(1), NOW + 601) is None


async def test_a_rejected_job_is_nobodys_duplicate(store: Store) -> None:
    """It cost nothing, so the same may be asked again without a question."""
    await _insert(store, replace(a_job(1), stage=Stage.REJECTED))
    assert await _duplicate_of(store, a_job(1), NOW) is None


@pytest.mark.parametrize("stage", sorted(REQUESTED - {Stage.REJECTED}))
async def test_what_is_rendered_again_is_a_duplicate_until_its_render_has_ended(
    store: Store, stage: Stage
) -> None:
    """Its result stands in the thread before the row says that it was delivered."""
    await _insert(store, replace(a_job(1), stage=stage))
    again = replace(a_job(1), parent_id="job1")
    is_awaited = stage not in {Stage.FINISHED, Stage.DELIVERED}
    assert await _duplicate_of(store, again, NOW) == ("job1" if is_awaited else None)


async def test_what_utf_8_cannot_hold_is_looked_for_as_it_was_written(store: Store) -> None:
    """A name that nobody has is not there; an ask is found by the key that it came with."""
    half = "\ud800"
    await _insert(store, replace(a_job(), dedup_key=half))
    assert await store.jobs.get(half) is None
    assert await store.jobs.resume(half, NOW) is None
    assert await store.jobs.find_by_message("T1", "C1", half) is None
    assert _id(await store.jobs.find_by_dedup_key(half)) == "job1"


async def test_time_goes_on_from_the_last_line_of_any_timeline(store: Store) -> None:
    """The last one written, even if its clock was behind."""
    assert await store.jobs.last_event_at() == 0
    await store.jobs.insert(a_job(1), replace(ACCEPTED, at=NOW + 9))
    await store.jobs.insert(a_job(2), replace(ACCEPTED, at=NOW))
    assert await store.jobs.last_event_at() == NOW


async def test_time_goes_on_from_what_was_told_before_any_job(store: Store) -> None:
    """But not from the end of a raise, which lies ahead by right."""
    scope = Scope(kind=ScopeKind.CHANNEL, team="T1", name="C1")
    await store.budgets.set_cap(Cap(scope=scope, window=Window.DAY, limit=Decimal(5)), "U1", NOW)
    raised = Raise(
        scope=scope, amount=Decimal(1), until=NOW + 99, by="U1", because="launch", at=NOW + 5
    )
    await store.budgets.add_raise(raised)
    assert await store.jobs.last_event_at() == NOW + 5


async def test_jobs_are_listed_newest_first_and_narrowed_by_each_field(store: Store) -> None:
    """A field that is not given does not narrow; `since` is in the range, `until` is not."""
    await _insert(
        store,
        a_job(1),
        replace(a_job(2), user="U2"),
        replace(a_job(3), channel="C2"),
        replace(a_job(4), team="T2"),
        replace(a_job(5), stage=Stage.FINISHED, outcome=Outcome.FAILED),
        replace(a_job(6), stage=Stage.PARKED),
    )

    async def listed(wanted: JobFilter) -> str:
        return "".join(job.id.removeprefix("job") for job in await store.jobs.jobs(wanted))

    assert await listed(JobFilter()) == "654321"
    assert await listed(JobFilter(limit=2)) == "65"
    assert await listed(JobFilter(limit=-1)) == ""
    assert await listed(JobFilter(user="U2")) == "2"
    assert await listed(JobFilter(channel="C2")) == "3"
    assert await listed(JobFilter(team="T2")) == "4"
    assert await listed(JobFilter(stages=frozenset({Stage.FINISHED, Stage.PARKED}))) == "65"
    assert await listed(JobFilter(stages=frozenset())) == ""
    assert await listed(JobFilter(outcome=Outcome.FAILED)) == "5"
    assert await listed(JobFilter(since=NOW + 2, until=NOW + 4)) == "32"
    assert await listed(JobFilter(user="U1", since=NOW + 3, team="T1")) == "653"


async def test_jobs_of_one_moment_are_listed_in_the_order_in_which_they_came(store: Store) -> None:
    """The order of a list does not change from one look to the next."""
    await _insert(store, *(replace(a_job(number), created_at=NOW) for number in (3, 1, 2)))
    assert [job.id for job in await store.jobs.jobs(JobFilter())] == ["job2", "job1", "job3"]


async def test_render_times_are_those_of_the_last_successes_of_the_kind(store: Store) -> None:
    """From submit to finish; failures and other kinds teach nothing about it."""

    def done(number: int, outcome: Outcome, seconds: float, kind: str = "std") -> Job:
        start = NOW + 1000 * number
        return replace(
            a_job(number),
            kind=kind,
            outcome=outcome,
            first_sent_at=start,
            submitted_at=start,
            finished_at=start + seconds,
        )

    await _insert(
        store,
        done(1, Outcome.SUCCEEDED, 61.5),
        done(2, Outcome.SUCCEEDED, 90),
        done(3, Outcome.FAILED, 3),
        done(4, Outcome.SUCCEEDED, 200, kind="4k"),
        done(5, Outcome.SUCCEEDED, 120),
        replace(done(6, Outcome.SUCCEEDED, 1), submitted_at=None),
    )
    assert await store.jobs.render_seconds("std", 2) == [120, 90]
    assert await store.jobs.render_seconds("std", 50) == [120, 90, 61.5]
    assert await store.jobs.render_seconds("never", 50) == []


async def test_every_stage_is_counted_the_empty_ones_too(store: Store) -> None:
    """A gauge that vanishes would look like a fault of the metrics."""
    assert await store.jobs.stage_counts() == dict.fromkeys(Stage, 0)
    await _insert(store, a_job(1), a_job(2), replace(a_job(3), stage=Stage.PARKED))
    assert await store.jobs.stage_counts() == {
        **dict.fromkeys(Stage, 0),
        Stage.ACCEPTED: 2,
        Stage.PARKED: 1,
    }


async def test_of_each_stage_it_is_known_since_when_a_job_is_due(store: Store) -> None:
    """Neither one that is held, nor one whose time has not come, nor one that needs nothing."""
    assert await store.jobs.oldest_due(NOW + 9) == {}
    rendering = replace(a_job(4), stage=Stage.RENDERING, due_at=NOW + 3)
    parked = replace(a_job(5), stage=Stage.PARKED, due_at=None)
    await _insert(
        store,
        replace(a_job(1), due_at=NOW + 2),
        replace(a_job(2), due_at=NOW + 1),
        replace(a_job(3), due_at=NOW + 99),
        rendering,
        parked,
    )
    wanted = {Stage.ACCEPTED: NOW + 1, Stage.RENDERING: NOW + 3}
    assert await store.jobs.oldest_due(NOW + 9) == wanted
    await store.jobs.claim(NOW + 1, 60, [ClaimLimit(9, (Stage.ACCEPTED,))])
    assert await store.jobs.oldest_due(NOW + 9) == {**wanted, Stage.ACCEPTED: NOW + 2}
    assert await store.jobs.oldest_due(NOW) == {}


async def test_a_job_is_counted_where_it_is_now(store: Store) -> None:
    """A write that keeps the stage changes no count."""
    await _insert(store, a_job(1), a_job(2))
    [claimed, other] = await store.jobs.claim(NOW, 60, [ClaimLimit(2, (Stage.ACCEPTED,))])
    moved = replace(claimed, stage=Stage.ANNOUNCED)
    assert await store.jobs.apply(claimed, moved, None) == moved
    assert await store.jobs.apply(other, replace(other, attempts=3), None) is not None
    assert await store.jobs.stage_counts() == {
        **dict.fromkeys(Stage, 0),
        Stage.ACCEPTED: 1,
        Stage.ANNOUNCED: 1,
    }


def at_provider(number: int) -> Job:
    """Return a job that was submitted `number` seconds after `NOW` and waits at the provider."""
    return replace(a_job(number), stage=Stage.RENDERING, submitted_at=NOW + number)


async def test_those_count_as_ahead_that_wait_at_the_provider_since_before(store: Store) -> None:
    """Neither what renders, is over, on hold, given up or not sent, nor what was sent later."""
    waiting = at_provider(7)
    await _insert(
        store,
        a_job(1),
        at_provider(2),
        replace(at_provider(3), started_at=NOW + 4),
        replace(at_provider(4), stage=Stage.PARKED, parked_from=Stage.RENDERING),
        replace(at_provider(5), given_up_at=NOW + 6),
        replace(at_provider(6), stage=Stage.DELIVERED),
        waiting,
        at_provider(8),
    )
    assert await store.jobs.ahead_of(waiting) == 1
    assert await store.jobs.ahead_of(a_job(9)) == 0


async def test_a_backlog_is_counted_up_to_a_bound(store: Store) -> None:
    """Whoever waits behind thousands does not make all others wait for the count."""
    await _insert(store, *(at_provider(number) for number in range(MOST_AHEAD + 5)))
    last = at_provider(MOST_AHEAD + 5)
    assert await store.jobs.ahead_of(last) == MOST_AHEAD
