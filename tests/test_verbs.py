"""What a person does to a job that stands, against a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest

from bot.base.errors import UsageError
from bot.jobs.accept import Accepted, AskedBefore, Asker, Intake
from bot.jobs.actions import Cancelled, Verbs
from bot.options.catalog import Catalog
from storage.job import Job, Media, Outcome, Output, Stage
from storage.sqlite.store import SqliteStore
from tests.store_samples import ACCEPTED, NOW, a_job

ADMIN = "UADMIN"
FILM = Output(media=Media.VIDEO, url="https://video.example/1.mp4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Verbs over a real store, and how to bring a job somewhere."""

    store: SqliteStore
    verbs: Verbs

    async def put(self, **fields: object) -> Job:
        """Put a job into the store that has these fields."""
        row, _ = await self.store.insert(replace(a_job(), **fields), ACCEPTED)  # type: ignore[arg-type] # each test names fields of a job
        return row


@pytest.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Counter]:
    """Give verbs over an empty store, at `NOW`."""
    store = await SqliteStore.open(str(tmp_path / "jobs.db"), threads=False, synchronous="OFF")
    numbers = count(100)
    intake = Intake(store, now=lambda: NOW, new_id=lambda: f"job{next(numbers)}", wake=lambda: None)
    verbs = Verbs(
        intake=intake,
        store=store,
        catalog=Catalog.load(),
        now=lambda: NOW,
        new_id=lambda: f"job{next(numbers)}",
        admins=frozenset({ADMIN}),
    )
    yield Counter(store=store, verbs=verbs)
    await store.close()


def pressed(key: str = "action:T1:1") -> Asker:
    """Return who presses a button."""
    return Asker(team="T1", channel="C1", user="U1", surface="button", ask_key=key)


async def test_again_asks_for_the_same_with_what_is_changed(counter: Counter) -> None:
    """Options add to the earlier ones, words replace the prompt; the parent is kept."""
    job = await counter.put()
    answer = await counter.verbs.again(job, pressed(), "a boat --mode pro")
    assert isinstance(answer, Accepted)
    assert answer.job.parent_id == job.id
    assert answer.job.input == {"prompt": "a boat", "duration": 10, "mode": "pro"}


async def test_again_with_the_same_key_is_one_job(counter: Counter) -> None:
    """A delivery that comes twice renders once."""
    job = await counter.put()
    first = await counter.verbs.again(job, pressed())
    second = await counter.verbs.again(job, pressed())
    assert isinstance(first, Accepted)
    assert second == Accepted(job=first.job, is_new=False)


async def test_a_button_pressed_twice_is_a_question(counter: Counter) -> None:
    """Two presses are two deliveries, but hardly two wishes."""
    job = await counter.put(created_at=NOW - 3600)
    first = await counter.verbs.again_with(job, pressed(), {"mode": "4k"})
    second = await counter.verbs.again_with(job, pressed("action:T1:2"), {"mode": "4k"})
    assert isinstance(first, Accepted)
    assert second == AskedBefore(job=first.job)


async def test_a_model_that_left_the_catalog_is_said_so(counter: Counter) -> None:
    """Nothing is made of a job whose model is no longer offered."""
    job = await counter.put(model="gone-v1")
    with pytest.raises(UsageError, match="gone-v1"):
        await counter.verbs.again(job, pressed())


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({}, Cancelled.FREE),
        ({"stage": Stage.ANNOUNCED}, Cancelled.FREE),
        ({"stage": Stage.ANNOUNCED, "first_sent_at": NOW}, Cancelled.BILLED),
        ({"stage": Stage.RENDERING, "first_sent_at": NOW}, Cancelled.BILLED),
        (
            {"stage": Stage.RENDERING, "first_sent_at": NOW, "unfollowed_at": NOW},
            Cancelled.GIVEN_UP,
        ),
        ({"stage": Stage.FINISHED, "first_sent_at": NOW}, Cancelled.OVER),
        ({"stage": Stage.DELIVERED, "first_sent_at": NOW}, Cancelled.OVER),
    ],
)
async def test_cancel_says_honestly_what_it_comes_to(
    counter: Counter, fields: dict[str, object], outcome: Cancelled
) -> None:
    """Free until the first byte was sent, billed afterwards, nothing once it is over."""
    job = await counter.put(**fields)
    assert await counter.verbs.cancel(job, job.user) is outcome
    assert await counter.verbs.cancel(job, job.user) is outcome


@pytest.mark.parametrize(
    ("user", "outcome"), [("U9", Cancelled.NOT_YOURS), (ADMIN, Cancelled.FREE)]
)
async def test_only_who_asked_and_admins_may_cancel(
    counter: Counter, user: str, outcome: Cancelled
) -> None:
    """Anybody else changes nothing."""
    job = await counter.put()
    assert await counter.verbs.cancel(job, user) is outcome
    row = await counter.store.get(job.id)
    assert row is not None
    assert (row.cancel_requested_at is None) == (outcome is Cancelled.NOT_YOURS)


async def test_a_render_that_is_billed_can_be_given_up(counter: Counter) -> None:
    """The wish is noted once, with whose it was."""
    job = await counter.put(stage=Stage.RENDERING, first_sent_at=NOW)
    assert await counter.verbs.give_up(job, "U9") is Cancelled.NOT_YOURS
    assert await counter.verbs.give_up(job, ADMIN) is Cancelled.GIVEN_UP
    assert await counter.verbs.give_up(job, job.user) is Cancelled.GIVEN_UP
    row = await counter.store.get(job.id)
    assert row is not None
    assert row.unfollowed_by == ADMIN


async def test_files_are_sent_again_without_a_render_or_a_charge(counter: Counter) -> None:
    """The new job starts behind the render and never has a key; the same wish is one job."""
    job = await counter.put(
        stage=Stage.DELIVERED, outcome=Outcome.SUCCEEDED, outputs=(FILM,), first_sent_at=NOW
    )
    child = await counter.verbs.resend(job, "resend:1")
    assert child.stage is Stage.FINISHED
    assert (child.idempotency_key, child.request_body, child.first_sent_at) == (None, None, None)
    assert (child.parent_id, child.outputs) == (job.id, (FILM,))
    assert await counter.verbs.resend(job, "resend:1") == child


async def test_without_files_there_is_nothing_to_send_again(counter: Counter) -> None:
    """The person hears so."""
    job = await counter.put(stage=Stage.DELIVERED, outcome=Outcome.FAILED)
    with pytest.raises(UsageError, match="no finished files"):
        await counter.verbs.resend(job, "resend:1")
