"""Tests of the actions on a job, on a real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import cast

import pytest

from bot.base.errors import UsageError
from bot.base.ports import Directory
from bot.jobs.accept import Accepted, AskContext, Asked, Asking, Interaction, accept
from bot.jobs.actions import (
    HOUR_SECONDS,
    JOB_ACTIONS,
    MOST_RESENDS,
    ActionName,
    ActionOutcome,
    ActionRequest,
    BringAnswered,
    CancelAnswered,
    NotAllowed,
    QuestionExpired,
    ResendAnswered,
    ResentTooOften,
    ShareAnswered,
    perform,
    put_resend,
)
from bot.jobs.services import Services
from bot.jobs.verdict import Verdict
from bot.options.parser import read_text
from bot.options.request import read_request
from storage.job import (
    IN_CHANNEL,
    QUESTION_SECONDS,
    Delivery,
    EventName,
    Job,
    Json,
    Media,
    Outcome,
    Output,
    QuestionKind,
    ReplyTo,
    Stage,
)
from storage.notification import NotificationKind, notification_id
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter
from tests.support.inline_store import inline_session
from tests.support.services import Missing, services
from tests.support.store_samples import NOW, a_job, insert

ADMIN = "UADMIN"
VIDEO = Output(media=Media.VIDEO, url="https://video.example/1.mp4")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionsHarness:
    """Services over a real store, and shortcuts for its jobs and actions."""

    store: SqliteStore
    services: Services
    wakes: list[None]

    async def put(self, **fields: object) -> Job:
        """Insert a job with these fields."""
        return await insert(self.store, replace(a_job(), **fields))  # type: ignore[arg-type] # each test names fields of a job

    async def put_done(self, **fields: object) -> Job:
        """Insert a job whose video is in its thread."""
        usual = {
            "stage": Stage.DELIVERED,
            "outcome": Outcome.SUCCEEDED,
            "outputs": (VIDEO,),
            "first_sent_at": NOW,
            "chargeable_since": NOW,
            "message_ts": "1800000001.000200",
            "delivery": Delivery(ts="1800000092.000300"),
            "due_at": None,
        }
        return await self.put(**(usual | fields))

    async def perform(
        self, name: ActionName, job: Job, interaction: Interaction | None = None
    ) -> ActionOutcome:
        """Perform an action on a job."""
        request = ActionRequest(job=job, interaction=interaction or pressed())
        return await perform(name, request, self.services)

    async def again(
        self,
        job: Job,
        key: str = "action:T1:1",
        *,
        text: str | None = None,
        options: Mapping[str, Json] | None = None,
    ) -> ActionOutcome:
        """Perform `AGAIN` on a job, with a text or options that change it."""
        request = ActionRequest(
            job=job,
            interaction=pressed(key),
            changes=None if text is None else read_text(text),
            options=options or {},
        )
        return await perform(ActionName.AGAIN, request, self.services)

    async def verdict(self, name: ActionName, job: Job, user: str | None = None) -> Verdict | None:
        """Perform `CANCEL` or `GIVE_UP`; return the verdict, or `None` if it is not allowed."""
        outcome = await self.perform(name, job, pressed(user=user or job.user))
        if isinstance(outcome, NotAllowed):
            return None
        assert isinstance(outcome, CancelAnswered)
        return outcome.verdict


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ActionsHarness]:
    """Services over an empty store, at `NOW`."""
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db")))
    numbers, wakes = count(100), list[None]()
    made = services(
        store,
        now=lambda: NOW,
        new_id=lambda: f"job{next(numbers)}",
        wake=lambda: wakes.append(None),
        admins=frozenset({ADMIN}),
    )
    yield ActionsHarness(store=store, services=made, wakes=wakes)
    await store.close()


def pressed(key: str = "action:T1:1", user: str = "U1") -> Interaction:
    """Return the interaction of a button."""
    return Interaction(
        team="T1", channel="C1", user=user, surface="button", dedup_key=key, reply_to=IN_CHANNEL
    )


def test_every_action_is_in_the_registry() -> None:
    """The registry is the same for every surface."""
    assert JOB_ACTIONS.keys() == set(ActionName)


async def test_again_renders_the_same_input_with_the_changes(harness: ActionsHarness) -> None:
    """Options are added to the earlier ones, a text replaces the prompt; the parent is recorded."""
    job = await harness.put()
    answer = await harness.again(job, text="a boat --mode pro")
    assert isinstance(answer, Accepted)
    assert answer.job.parent_id == job.id
    assert answer.job.input == {"prompt": "car number 1. a boat", "duration": 10, "mode": "pro"}


async def test_again_with_the_same_dedup_key_is_one_job(harness: ActionsHarness) -> None:
    """A second delivery starts no second render."""
    job = await harness.put_done()
    first = await harness.again(job)
    second = await harness.again(job)
    assert isinstance(first, Accepted)
    assert second == Accepted(job=first.job, is_new=False)


async def test_a_second_click_is_a_duplicate(harness: ActionsHarness) -> None:
    """Two clicks have two dedup keys, so the second asks for confirmation."""
    job = await harness.put(created_at=NOW - 3600)
    first = await harness.again(job, options={"mode": "4k"})
    second = await harness.again(job, "action:T1:2", options={"mode": "4k"})
    assert isinstance(first, Accepted)
    assert isinstance(second, Asked)
    assert second.job.question is not None
    assert second.job.question.about == first.job.id


async def waiting_job(harness: ActionsHarness) -> Job:
    """Return a request that waits for its asker."""
    request = read_request(read_text("hello"), harness.services.catalog)
    talk = Asking(kind=QuestionKind.SMALL_TALK, about="Hello!")
    answer = await accept(request, pressed(), harness.services, AskContext(question=talk))
    assert isinstance(answer, Asked)
    return answer.job


async def test_a_confirmed_request_is_accepted_once(harness: ActionsHarness) -> None:
    """A second press changes nothing; the row is due at once."""
    job = await waiting_job(harness)
    first = await harness.perform(ActionName.CONFIRM, job)
    second = await harness.perform(ActionName.CONFIRM, job, pressed("action:T1:2"))
    row = await harness.store.jobs.get(job.id)
    assert row is not None
    assert first == second == Accepted(job=row, is_new=False)
    assert (row.stage, row.due_at, row.question) == (Stage.ACCEPTED, NOW, job.question)
    names = [event.name for event in await harness.store.jobs.events(job.id)]
    assert names == [EventName.ASKED, EventName.CONFIRMED]


async def test_only_the_asker_confirms(harness: ActionsHarness) -> None:
    """Not even an admin: it is the asker's words that may not be meant."""
    job = await waiting_job(harness)
    outcome = await harness.perform(ActionName.CONFIRM, job, pressed(user=ADMIN))
    assert outcome == NotAllowed(job=job, name=ActionName.CONFIRM)
    assert await harness.store.jobs.get(job.id) == job


async def test_a_question_cannot_be_answered_after_it_expired(harness: ActionsHarness) -> None:
    """Whether or not the row has been ended by then."""
    job = await waiting_job(harness)
    late = replace(harness, services=replace(harness.services, now=lambda: NOW + QUESTION_SECONDS))
    assert await late.perform(ActionName.CONFIRM, job) == QuestionExpired(job=job)


async def test_again_of_a_job_whose_model_is_no_longer_offered_is_refused(
    harness: ActionsHarness,
) -> None:
    job = await harness.put(model="gone-v1")
    with pytest.raises(UsageError, match="gone-v1"):
        await harness.again(job)


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({}, Verdict.FREE),
        ({"stage": Stage.ANNOUNCED}, Verdict.FREE),
        ({"stage": Stage.ANNOUNCED, "chargeable_since": NOW}, Verdict.BILLED),
        ({"stage": Stage.RENDERING, "chargeable_since": NOW}, Verdict.BILLED),
        (
            {
                "stage": Stage.RENDERING,
                "first_sent_at": NOW,
                "chargeable_since": NOW,
                "given_up_at": NOW,
            },
            Verdict.GIVEN_UP,
        ),
        ({"stage": Stage.PARKED, "parked_from": Stage.ANNOUNCED}, Verdict.ON_HOLD),
        ({"stage": Stage.FINISHED, "chargeable_since": NOW}, Verdict.OVER),
        ({"stage": Stage.DELIVERED, "chargeable_since": NOW}, Verdict.OVER),
    ],
)
async def test_the_verdict_of_a_cancel_depends_on_the_stage_of_the_job(
    harness: ActionsHarness, fields: dict[str, object], verdict: Verdict
) -> None:
    """Free until the first byte was sent, billed afterwards, no effect once the job has ended."""
    job = await harness.put(**fields)
    assert await harness.verdict(ActionName.CANCEL, job) is verdict
    assert await harness.verdict(ActionName.CANCEL, job) is verdict


@pytest.mark.parametrize(("user", "verdict"), [("U9", None), (ADMIN, Verdict.FREE)])
async def test_only_the_jobs_user_and_admins_may_cancel(
    harness: ActionsHarness, user: str, verdict: Verdict | None
) -> None:
    """A refused cancel changes nothing."""
    job = await harness.put()
    assert await harness.verdict(ActionName.CANCEL, job, user) is verdict
    row = await harness.store.jobs.get(job.id)
    assert row is not None
    assert (row.cancel_requested_at is None) == (verdict is None)


async def test_a_billed_render_can_be_given_up_once(harness: ActionsHarness) -> None:
    """The first user who gives it up is recorded."""
    job = await harness.put(stage=Stage.RENDERING, chargeable_since=NOW)
    assert await harness.verdict(ActionName.GIVE_UP, job, "U9") is None
    assert await harness.verdict(ActionName.GIVE_UP, job, ADMIN) is Verdict.GIVEN_UP
    assert await harness.verdict(ActionName.GIVE_UP, job) is Verdict.GIVEN_UP
    row = await harness.store.jobs.get(job.id)
    assert row is not None
    assert row.given_up_by == ADMIN


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"stage": Stage.PARKED, "parked_from": Stage.RENDERING}, Verdict.ON_HOLD),
        ({"stage": Stage.DELIVERED}, Verdict.OVER),
    ],
)
async def test_a_job_that_is_not_rendering_cannot_be_given_up(
    harness: ActionsHarness, fields: dict[str, object], verdict: Verdict
) -> None:
    """The verdict names the reason."""
    job = await harness.put(chargeable_since=NOW, **fields)
    assert await harness.verdict(ActionName.GIVE_UP, job) is verdict
    row = await harness.store.jobs.get(job.id)
    assert row is not None
    assert row.given_up_at is None


async def test_a_resend_is_an_outbox_row_and_no_job(harness: ActionsHarness) -> None:
    """No job is inserted, but an outbox row for the job's thread, due whatever the clock.

    A second delivery of one click finds the same row; another click inserts another.
    """
    job = await harness.put_done(reply_to=ReplyTo(thread_ts="1800000000.000100"))
    ids = [notification_id(NotificationKind.RESENT, job.id, f"resend:{n}") for n in (1, 2)]
    for key in ("resend:1", "resend:1", "resend:2"):
        outcome = await harness.perform(ActionName.RESEND, job, pressed(key, user=ADMIN))
        assert outcome == ResendAnswered(job=job)
        is_second = await harness.store.outbox.find(ids[1]) is not None
        assert is_second == (key == "resend:2")
    assert len(harness.wakes) == 3
    for each in ids:
        row = await harness.store.outbox.find(each)
        assert row is not None
        assert (row.kind, row.job_id, row.detail) == (NotificationKind.RESENT, job.id, ADMIN)
        assert (row.channel, row.thread_ts) == (job.channel, "1800000000.000100")
        assert row.due_at == 0.0
        assert await harness.store.jobs.get(row.id) == job
    assert await harness.store.jobs.jobs(JobFilter()) == [job]


@pytest.mark.parametrize("fields", [{"outcome": Outcome.FAILED}, {"outputs": ()}])
async def test_a_resend_without_files_is_refused(
    harness: ActionsHarness, fields: dict[str, object]
) -> None:
    job = await harness.put_done(**fields)
    with pytest.raises(UsageError, match="no finished files"):
        await harness.perform(ActionName.RESEND, job, pressed("resend:1"))


async def test_files_are_resent_three_times_an_hour_whoever_asks(
    harness: ActionsHarness,
) -> None:
    """Asks at one instant are counted as well; one that is delivered again counts once."""
    job = await harness.put_done()
    asks = [pressed(f"resend:{n}:{user}", user=user) for n in range(3) for user in ("U1", ADMIN)]
    outcomes = await asyncio.gather(
        *(harness.perform(ActionName.RESEND, job, ask) for ask in (*asks, asks[0]))
    )
    taken = [
        ask
        for ask, outcome in zip(asks, outcomes, strict=False)
        if outcome == ResendAnswered(job=job)
    ]
    assert len(taken) == MOST_RESENDS
    assert outcomes.count(ResentTooOften(job=job)) == len(asks) - MOST_RESENDS
    assert outcomes[-1] == ResendAnswered(job=job)
    await put_resend(harness.store.outbox, job, "by-an-operator", by="operator", now=NOW)
    assert await harness.store.outbox.find("by-an-operator") is not None


async def test_files_can_be_resent_again_after_an_hour(harness: ActionsHarness) -> None:
    """Each job has its own count."""
    job = await harness.put_done()
    other = await harness.put_done(id="other", dedup_key="other", message_ts="1800000003.000100")
    for number in range(MOST_RESENDS):
        await harness.perform(ActionName.RESEND, job, pressed(f"resend:{number}"))
    assert await harness.perform(ActionName.RESEND, other, pressed("resend:9")) == ResendAnswered(
        job=other
    )
    later = replace(harness.services, now=lambda: NOW + HOUR_SECONDS)
    request = ActionRequest(job=job, interaction=pressed("resend:10"))
    assert await perform(ActionName.RESEND, request, later) == ResendAnswered(job=job)


async def test_only_the_jobs_user_and_admins_have_its_files_resent(
    harness: ActionsHarness,
) -> None:
    job = await harness.put_done()
    outcome = await harness.perform(ActionName.RESEND, job, pressed(user="U9"))
    assert outcome == NotAllowed(job=job, name=ActionName.RESEND)


async def test_a_result_is_shared_once_whoever_clicks(harness: ActionsHarness) -> None:
    """Further clicks, also of other users, insert no second share."""
    job = await harness.put_done()
    for key, user, is_new in (("1", "U1", True), ("1", "U1", False), ("2", "U2", False)):
        outcome = await harness.perform(ActionName.SHARE, job, pressed(key, user=user))
        assert outcome == ShareAnswered(job=job, channel="C1", is_new=is_new)
    share = notification_id(NotificationKind.SHARED, job.channel, job.id)
    row = await harness.store.outbox.find(share)
    assert row is not None
    assert (row.channel, row.thread_ts, row.job_id, row.detail) == ("C1", None, job.id, "U1")


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": Outcome.FAILED},
        {"outputs": ()},
    ],
    ids=["failed", "no files"],
)
async def test_a_job_without_a_video_is_not_shared(
    harness: ActionsHarness, fields: dict[str, object]
) -> None:
    job = await harness.put_done(**fields)
    with pytest.raises(UsageError, match="no video to share"):
        await harness.perform(ActionName.SHARE, job)


@pytest.mark.parametrize(
    ("user", "may"),
    [("U1", True), ("UADMIN", True), ("U2", False)],
    ids=["asker", "admin", "other"],
)
async def test_only_the_asker_and_admins_share_to_another_channel(
    harness: ActionsHarness, user: str, *, may: bool
) -> None:
    """Once for each channel; the job's own channel may be any user's choice."""
    job = await harness.put_done()
    outcomes = []
    for target in ("C2", "C2", "C3"):
        interaction = pressed(target, user=user)
        request = ActionRequest(job=job, interaction=interaction, target=target)
        services = replace(harness.services, admins=frozenset({"UADMIN"}))
        outcomes.append(await perform(ActionName.SHARE, request, services))
    if may:
        assert outcomes == [
            ShareAnswered(job=job, channel=channel, is_new=is_new)
            for channel, is_new in (("C2", True), ("C2", False), ("C3", True))
        ]
    else:
        assert outcomes == [NotAllowed(job=job, name=ActionName.SHARE)] * 3


async def test_a_render_that_was_given_up_is_brought_once(harness: ActionsHarness) -> None:
    """Another job is refused: nothing was given up."""
    done = await harness.put_done()
    with pytest.raises(UsageError, match="was not given up"):
        await harness.perform(ActionName.BRING, done)
    given_up = await harness.put_done(
        id="given-up",
        dedup_key="given-up",
        message_ts="1800000004.000100",
        task_id="task2",
        outcome=Outcome.CANCELLED,
        given_up_at=5.0,
        outputs=(),
    )
    first = await harness.perform(ActionName.BRING, given_up, pressed("1"))
    second = await harness.perform(ActionName.BRING, given_up, pressed("2"))
    assert [first, second] == [
        BringAnswered(job=given_up, is_new=True),
        BringAnswered(job=given_up, is_new=False),
    ]


@pytest.mark.parametrize(
    "name", [ActionName.STATUS, ActionName.COST, ActionName.DETAILS, ActionName.CANCEL]
)
async def test_actions_that_read_a_job_do_not_call_slack(
    harness: ActionsHarness, name: ActionName
) -> None:
    """Only the store is read: a slow permalink would come after Slack's limit of three seconds."""
    parent = await harness.put_done()
    child = await harness.put_done(
        id="child", dedup_key="child", parent_id=parent.id, message_ts="1800000003.000100"
    )
    unavailable = cast("Directory", Missing())
    request = ActionRequest(job=child, interaction=pressed())
    alone = replace(harness.services, directory=unavailable)
    assert not isinstance(await perform(name, request, alone), NotAllowed)
