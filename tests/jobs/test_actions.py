"""What a person does with a job, against a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import cast

import pytest

from bot.base.errors import UsageError
from bot.base.ports import Directory
from bot.jobs.accept import Accepted, Duplicate, Interaction
from bot.jobs.actions import (
    JOB_ACTIONS,
    ActionName,
    ActionOutcome,
    ActionRequest,
    CancelAnswered,
    NotAllowed,
    ResendAnswered,
    ShareAnswered,
    Verdict,
    perform,
)
from bot.jobs.services import Services
from bot.listeners.job_replies import reply_to
from bot.options.parser import read_text
from storage.job import IN_CHANNEL, Delivery, Job, Json, Media, Outcome, Output, ReplyTo, Stage
from storage.notification import NotificationKind, notification_id
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter
from tests.support.inline_store import inline_session
from tests.support.services import Missing, services
from tests.support.store_samples import ACCEPTED, NOW, a_job

ADMIN = "UADMIN"
FILM = Output(media=Media.VIDEO, url="https://video.example/1.mp4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Actions over a real store, and how to bring a job somewhere."""

    store: SqliteStore
    services: Services
    wakes: list[None]

    async def put(self, **fields: object) -> Job:
        """Put a job into the store that has these fields."""
        row, _ = await self.store.jobs.insert(replace(a_job(), **fields), ACCEPTED)  # type: ignore[arg-type] # each test names fields of a job
        return row

    async def put_done(self, **fields: object) -> Job:
        """Put a job into the store whose video is in its thread."""
        usual = {
            "stage": Stage.DELIVERED,
            "outcome": Outcome.SUCCEEDED,
            "outputs": (FILM,),
            "first_sent_at": NOW,
            "message_ts": "1800000001.000200",
            "delivery": Delivery(ts="1800000092.000300"),
            "due_at": None,
        }
        return await self.put(**(usual | fields))

    async def perform(
        self, name: ActionName, job: Job, interaction: Interaction | None = None
    ) -> ActionOutcome:
        """Do something with a job."""
        request = ActionRequest(job=job, interaction=interaction or pressed())
        return await perform(name, request, self.services)

    async def again(
        self,
        job: Job,
        key: str = "action:T1:1",
        *,
        words: str | None = None,
        options: Mapping[str, Json] | None = None,
        sure: bool = True,
    ) -> ActionOutcome:
        """Render a job again, with what words or options change."""
        request = ActionRequest(
            job=job,
            interaction=pressed(key),
            changes=None if words is None else read_text(words),
            options=options or {},
            sure=sure,
        )
        return await perform(ActionName.AGAIN, request, self.services)

    async def verdict(self, name: ActionName, job: Job, user: str | None = None) -> Verdict | None:
        """Cancel or give up a job; return what came of it, or `None` where it is not allowed."""
        outcome = await self.perform(name, job, pressed(user=user or job.user))
        if isinstance(outcome, NotAllowed):
            return None
        assert isinstance(outcome, CancelAnswered)
        return outcome.verdict


@pytest.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Counter]:
    """Give actions over an empty store, at `NOW`."""
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db")))
    numbers, wakes = count(100), list[None]()
    made = services(
        store,
        now=lambda: NOW,
        new_id=lambda: f"job{next(numbers)}",
        wake=lambda: wakes.append(None),
        admins=frozenset({ADMIN}),
    )
    yield Counter(store=store, services=made, wakes=wakes)
    await store.close()


def pressed(key: str = "action:T1:1", user: str = "U1") -> Interaction:
    """Return a press of a button."""
    return Interaction(
        team="T1", channel="C1", user=user, surface="button", dedup_key=key, reply_to=IN_CHANNEL
    )


def test_every_action_can_be_done() -> None:
    """By the same registry, whichever surface names it."""
    assert JOB_ACTIONS.keys() == set(ActionName)


async def test_every_action_has_its_answer(counter: Counter) -> None:
    """In words for the person alone, unless a new job's own message says it all."""
    for name in ActionName:
        outcome = await counter.perform(name, await counter.put_done())
        answer = reply_to(outcome, NOW)
        assert (answer is None) == (name is ActionName.AGAIN)


async def test_again_asks_for_the_same_with_what_is_changed(counter: Counter) -> None:
    """Options add to the earlier ones, words replace the prompt; the parent is kept."""
    job = await counter.put()
    answer = await counter.again(job, words="a boat --mode pro")
    assert isinstance(answer, Accepted)
    assert answer.job.parent_id == job.id
    assert answer.job.input == {"prompt": "a boat", "duration": 10, "mode": "pro"}


async def test_again_with_the_same_key_is_one_job(counter: Counter) -> None:
    """A delivery that comes twice renders once."""
    job = await counter.put()
    first = await counter.again(job)
    second = await counter.again(job)
    assert isinstance(first, Accepted)
    assert second == Accepted(job=first.job, is_new=False)


async def test_a_button_pressed_twice_is_a_question(counter: Counter) -> None:
    """Two presses are two deliveries, but the person hardly wants two videos."""
    job = await counter.put(created_at=NOW - 3600)
    first = await counter.again(job, options={"mode": "4k"}, sure=False)
    second = await counter.again(job, "action:T1:2", options={"mode": "4k"}, sure=False)
    assert isinstance(first, Accepted)
    assert second == Duplicate(job=first.job)


async def test_a_model_that_left_the_catalog_is_said_so(counter: Counter) -> None:
    """Nothing is made of a job whose model is no longer offered."""
    job = await counter.put(model="gone-v1")
    with pytest.raises(UsageError, match="gone-v1"):
        await counter.again(job)


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({}, Verdict.FREE),
        ({"stage": Stage.ANNOUNCED}, Verdict.FREE),
        ({"stage": Stage.ANNOUNCED, "first_sent_at": NOW}, Verdict.BILLED),
        ({"stage": Stage.RENDERING, "first_sent_at": NOW}, Verdict.BILLED),
        (
            {"stage": Stage.RENDERING, "first_sent_at": NOW, "unfollowed_at": NOW},
            Verdict.GIVEN_UP,
        ),
        ({"stage": Stage.PARKED, "parked_from": Stage.ANNOUNCED}, Verdict.ON_HOLD),
        ({"stage": Stage.FINISHED, "first_sent_at": NOW}, Verdict.OVER),
        ({"stage": Stage.DELIVERED, "first_sent_at": NOW}, Verdict.OVER),
    ],
)
async def test_cancel_says_honestly_what_it_comes_to(
    counter: Counter, fields: dict[str, object], verdict: Verdict
) -> None:
    """Free until the first byte was sent, billed afterwards, nothing once it is over."""
    job = await counter.put(**fields)
    assert await counter.verdict(ActionName.CANCEL, job) is verdict
    assert await counter.verdict(ActionName.CANCEL, job) is verdict


@pytest.mark.parametrize(("user", "verdict"), [("U9", None), (ADMIN, Verdict.FREE)])
async def test_only_who_asked_and_admins_may_cancel(
    counter: Counter, user: str, verdict: Verdict | None
) -> None:
    """Anybody else changes nothing."""
    job = await counter.put()
    assert await counter.verdict(ActionName.CANCEL, job, user) is verdict
    row = await counter.store.jobs.get(job.id)
    assert row is not None
    assert (row.cancel_requested_at is None) == (verdict is None)


async def test_a_render_that_is_billed_can_be_given_up(counter: Counter) -> None:
    """It is noted once, with who it was."""
    job = await counter.put(stage=Stage.RENDERING, first_sent_at=NOW)
    assert await counter.verdict(ActionName.GIVE_UP, job, "U9") is None
    assert await counter.verdict(ActionName.GIVE_UP, job, ADMIN) is Verdict.GIVEN_UP
    assert await counter.verdict(ActionName.GIVE_UP, job) is Verdict.GIVEN_UP
    row = await counter.store.jobs.get(job.id)
    assert row is not None
    assert row.unfollowed_by == ADMIN


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"stage": Stage.PARKED, "parked_from": Stage.RENDERING}, Verdict.ON_HOLD),
        ({"stage": Stage.DELIVERED}, Verdict.OVER),
    ],
)
async def test_what_mindvideo_does_not_have_cannot_be_given_up(
    counter: Counter, fields: dict[str, object], verdict: Verdict
) -> None:
    """The answer says why."""
    job = await counter.put(first_sent_at=NOW, **fields)
    assert await counter.verdict(ActionName.GIVE_UP, job) is verdict
    row = await counter.store.jobs.get(job.id)
    assert row is not None
    assert row.unfollowed_at is None


async def test_files_are_sent_again_without_a_render_or_a_charge(counter: Counter) -> None:
    """No job is made of it, but a row of the outbox for the job's thread, due whatever the clock.

    Another delivery of the same click is the same row, another click another row.
    """
    job = await counter.put_done(reply_to=ReplyTo(thread_ts="1800000000.000100"))
    ids = [notification_id(NotificationKind.RESENT, job.id, f"resend:{n}") for n in (1, 2)]
    for key in ("resend:1", "resend:1", "resend:2"):
        outcome = await counter.perform(ActionName.RESEND, job, pressed(key, user="U9"))
        assert outcome == ResendAnswered(job=job)
        is_second = await counter.store.outbox.find(ids[1]) is not None
        assert is_second == (key == "resend:2")
    assert len(counter.wakes) == 3
    for each in ids:
        row = await counter.store.outbox.find(each)
        assert row is not None
        assert (row.kind, row.job_id, row.detail) == (NotificationKind.RESENT, job.id, "U9")
        assert (row.channel, row.thread_ts) == (job.channel, "1800000000.000100")
        assert row.due_at == 0.0
        assert await counter.store.jobs.get(row.id) == job
    assert await counter.store.jobs.jobs(JobFilter()) == [job]


@pytest.mark.parametrize("fields", [{"outcome": Outcome.FAILED}, {"outputs": ()}])
async def test_without_files_there_is_nothing_to_send_again(
    counter: Counter, fields: dict[str, object]
) -> None:
    """The person hears so."""
    job = await counter.put_done(**fields)
    with pytest.raises(UsageError, match="no finished files"):
        await counter.perform(ActionName.RESEND, job, pressed("resend:1"))


async def test_a_result_is_shared_once(counter: Counter) -> None:
    """Whoever clicks, however often."""
    job = await counter.put_done()
    for key, user, is_new in (("1", "U1", True), ("1", "U1", False), ("2", "U2", False)):
        outcome = await counter.perform(ActionName.SHARE, job, pressed(key, user=user))
        assert outcome == ShareAnswered(job=job, is_new=is_new)
    share = notification_id(NotificationKind.SHARED, job.channel, job.id)
    row = await counter.store.outbox.find(share)
    assert row is not None
    assert (row.channel, row.thread_ts, row.job_id, row.detail) == ("C1", None, job.id, "U1")


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": Outcome.FAILED},
        {"delivery": Delivery()},
        {"delivery": Delivery(channel="D1", ts="1.5")},
    ],
    ids=["no video", "not delivered yet", "delivered directly"],
)
async def test_what_is_in_no_thread_of_the_channel_is_not_shared(
    counter: Counter, fields: dict[str, object]
) -> None:
    """A result that went to a person directly is theirs."""
    job = await counter.put_done(**fields)
    with pytest.raises(UsageError, match="no video in a thread"):
        await counter.perform(ActionName.SHARE, job)


@pytest.mark.parametrize(
    "name", [ActionName.STATUS, ActionName.COST, ActionName.DETAILS, ActionName.CANCEL]
)
async def test_nobody_waits_for_slack_to_hear_of_a_job(counter: Counter, name: ActionName) -> None:
    """Only the store is asked: a link that Slack gives late comes after Slack's own patience."""
    parent = await counter.put_done()
    child = await counter.put_done(
        id="child", dedup_key="child", parent_id=parent.id, message_ts="1800000003.000100"
    )
    out_of_reach = cast("Directory", Missing())
    request = ActionRequest(job=child, interaction=pressed())
    alone = replace(counter.services, directory=out_of_reach)
    assert not isinstance(await perform(name, request, alone), NotAllowed)
