"""Tests of the acceptance of a request: deduplication, and questions to the asker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from bot.jobs.accept import (
    DUPLICATE_SECONDS,
    LATE_SECONDS,
    Acceptance,
    Accepted,
    AskContext,
    Asked,
    Asking,
    Interaction,
    Refused,
    accept,
)
from bot.jobs.services import Services
from bot.options.parser import read_text
from bot.options.request import read_request
from bot.options.times import StartError
from storage.budget import (
    ALL_TIME,
    Cap,
    CapShort,
    Scope,
    ScopeKind,
    TooManyActive,
    Use,
    Window,
)
from storage.job import (
    IN_CHANNEL,
    Forecast,
    ForecastKind,
    Job,
    Price,
    QuestionKind,
    RepeatEvery,
    Stage,
)
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter
from tests.support.inline_store import inline_session
from tests.support.services import CATALOG, services
from tests.support.store_samples import NOW, a_job, insert

LAKE_MODEL = CATALOG.get("kling-v3")
LAKE = read_request(read_text("a lake at dawn --duration 8"), CATALOG)


@dataclass(kw_only=True)
class AcceptHarness:
    """Services over a real store, with a clock that the test sets."""

    store: SqliteStore
    now: float = NOW
    wakes: int = 0
    delays: int = 0
    """How often `delay_steps` was called to delay background steps."""

    def __post_init__(self) -> None:
        """Build the services."""
        numbers = count()
        self.services: Services = services(
            self.store,
            now=lambda: self.now,
            new_id=lambda: f"job{next(numbers)}",
            wake=self._wake,
            delay_steps=self._delay,
        )

    async def accept(
        self, interaction: Interaction, *, question: Asking | None = None, parent: str | None = None
    ) -> Accepted | Asked:
        """Accept a request for a video of the lake, which budgets have room for."""
        context = AskContext(question=question, parent_id=parent)
        answer = await accept(LAKE, interaction, self.services, context)
        assert isinstance(answer, Accepted | Asked)
        return answer

    async def answer(self, interaction: Interaction) -> Acceptance:
        """Return the answer to a request for a video of the lake."""
        return await accept(LAKE, interaction, self.services)

    async def end(self, job: Job) -> None:
        """Put the job into a stage in which it is over."""
        row = job
        for stage in (Stage.ANNOUNCED, Stage.RENDERING, Stage.FINISHED, Stage.DELIVERED):
            row = await self.store.jobs.apply(row, replace(row, stage=stage), None)

    def _wake(self) -> None:
        self.wakes += 1

    def _delay(self) -> None:
        self.delays += 1


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[AcceptHarness]:
    """Services over an empty store."""
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db")))
    yield AcceptHarness(store=store)
    await store.close()


def by(user: str = "U1", key: str = "command:T1:1", channel: str = "C1") -> Interaction:
    """Return the interaction of a slash command."""
    return Interaction(
        team="T1",
        channel=channel,
        user=user,
        surface="command",
        dedup_key=key,
        reply_to=IN_CHANNEL,
    )


async def test_a_request_is_inserted_as_a_row_that_is_due(harness: AcceptHarness) -> None:
    """The row holds the input, the user and the channel; its first event is `accepted`."""
    answer = await harness.accept(by())
    assert isinstance(answer, Accepted)
    assert answer.is_new
    row = await harness.store.jobs.get(answer.job.id)
    assert row == answer.job
    assert (row.user, row.channel, row.input, row.due_at) == ("U1", "C1", LAKE.input, NOW)
    assert [event.name for event in await harness.store.jobs.events(row.id)] == ["accepted"]
    assert (harness.wakes, harness.delays) == (1, 1)


async def test_a_second_delivery_returns_the_existing_row(harness: AcceptHarness) -> None:
    """However late it comes, it has the same dedup key; the scheduler is not woken for it."""
    first = await harness.accept(by())
    harness.now += 3600.0
    second = await harness.accept(by())
    assert isinstance(first, Accepted)
    assert second == Accepted(job=first.job, is_new=False)
    assert len(await harness.store.jobs.jobs(JobFilter())) == 1
    assert harness.wakes == 1


async def test_a_plan_is_answered_as_before_when_it_is_delivered_again_after_its_time(
    harness: AcceptHarness,
) -> None:
    """That its time is over is told of what was not planned before, as of a repeat with its ask."""
    once = replace(LAKE, at=NOW + 1)
    for key, request in (("one", once), ("week", replace(once, every=RepeatEvery.WEEK))):
        harness.now = NOW
        first = await accept(request, by(key=key), harness.services)
        harness.now += 2.0
        second = await accept(request, by(key=key), harness.services)
        assert isinstance(first, Accepted | Asked)
        assert isinstance(second, Accepted | Asked)
        assert second.job == first.job
    with pytest.raises(StartError):
        await accept(once, by(key="late"), harness.services)
    assert await harness.store.jobs.find_by_dedup_key("late") is None


def asked_about(answer: Acceptance) -> tuple[QuestionKind, str] | None:
    """Return the kind and the subject of the question; `None`: nothing was asked."""
    question = answer.job.question if isinstance(answer, Asked) else None
    return None if question is None else (question.kind, question.about)


OTHERS: dict[str, Callable[[], Interaction]] = {
    "another user": lambda: by(user="U2", key="command:T1:2"),
    "another channel": lambda: by(channel="C2", key="command:T1:2"),
}


async def test_the_same_request_within_a_minute_is_a_duplicate(harness: AcceptHarness) -> None:
    """A user who types again after an error of Slack is not charged twice."""
    first = await harness.accept(by())
    harness.now += DUPLICATE_SECONDS - 1
    answer = await harness.accept(by(key="command:T1:2"))
    assert isinstance(first, Accepted)
    assert asked_about(answer) == (QuestionKind.DUPLICATE, first.job.id)
    assert await harness.store.jobs.jobs(JobFilter()) == [first.job]


async def test_of_two_equal_requests_at_one_instant_one_is_asked_about(
    harness: AcceptHarness,
) -> None:
    """Both are on their way to the store before either is there."""
    answers = await asyncio.gather(*(harness.accept(by(key=f"command:T1:{n}")) for n in range(3)))
    assert sorted(type(answer).__name__ for answer in answers) == ["Accepted", "Asked", "Asked"]


async def test_the_same_request_is_accepted_after_a_minute(harness: AcceptHarness) -> None:
    """By then the user means a second job."""
    await harness.accept(by())
    harness.now += DUPLICATE_SECONDS + 1
    later = await harness.accept(by(key="command:T1:3"))
    assert isinstance(later, Accepted)
    assert later.is_new


async def test_a_request_that_waits_is_no_duplicate(harness: AcceptHarness) -> None:
    """What was not accepted counts nowhere."""
    talk = Asking(kind=QuestionKind.SMALL_TALK, about="Hello!")
    assert isinstance(await harness.accept(by(), question=talk), Asked)
    assert isinstance(await harness.accept(by(key="command:T1:2")), Accepted)


async def test_the_job_that_is_rendered_again_is_no_duplicate(harness: AcceptHarness) -> None:
    """Once it is over; a second press of *Again* finds the job of the first."""
    first = await harness.accept(by())
    early = await harness.accept(by(key="button:0"), parent=first.job.id)
    assert asked_about(early) == (QuestionKind.DUPLICATE, first.job.id)
    await harness.end(first.job)
    again = await harness.accept(by(key="button:1"), parent=first.job.id)
    assert isinstance(again, Accepted)
    second = await harness.accept(by(key="button:2"), parent=first.job.id)
    assert asked_about(second) == (QuestionKind.DUPLICATE, again.job.id)


async def test_a_question_is_remembered(harness: AcceptHarness) -> None:
    """Delivered again, even without the reason for it, the request is asked about again."""
    talk = Asking(kind=QuestionKind.SMALL_TALK, about="Hello!")
    first = await harness.accept(by(), question=talk)
    second = await harness.accept(by())
    assert second == first
    assert asked_about(second) == (QuestionKind.SMALL_TALK, "Hello!")
    assert harness.wakes == 0


async def test_a_late_interaction_is_asked_about(harness: AcceptHarness) -> None:
    """What was sent half an hour ago may not be wanted any more; a few minutes do not matter."""
    recent = replace(by(), sent_at=NOW - LATE_SECONDS + 1)
    assert isinstance(await harness.accept(recent), Accepted)
    late = replace(by(user="U2", key="command:T1:2"), sent_at=NOW - LATE_SECONDS)
    assert asked_about(await harness.accept(late)) == (QuestionKind.LATE_EVENT, "1799998200")


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
async def test_the_same_request_of_another_user_or_channel_is_accepted(
    harness: AcceptHarness, other: Callable[[], Interaction]
) -> None:
    """A request is a duplicate only of the same user's in the same channel."""
    await harness.accept(by())
    answer = await harness.accept(other())
    assert isinstance(answer, Accepted)
    assert answer.is_new


async def test_a_late_delivery_returns_its_own_row_although_a_duplicate_exists(
    harness: AcceptHarness,
) -> None:
    """Slack delivers the first of two confirmed requests again: its own row is returned."""
    first = await harness.accept(by())
    await harness.accept(by(key="command:T1:2"))
    answer = await harness.accept(by())
    assert isinstance(first, Accepted)
    assert answer == Accepted(job=first.job, is_new=False)


ANA = Scope(kind=ScopeKind.PERSON, team="T1", name="U1")


async def cap_ana(harness: AcceptHarness, limit: str) -> None:
    """Let U1 spend so much a day."""
    cap = Cap(scope=ANA, window=Window.DAY, limit=Decimal(limit))
    await harness.store.budgets.set_cap(cap, "U9", NOW)


async def render_before(harness: AcceptHarness, number: int, seconds: int, cost: str) -> None:
    """Put a render of U2 into the store that had so many seconds and cost so much."""
    price = LAKE_MODEL.price_of({"duration": seconds})
    made = replace(
        a_job(number), user="U2", price=price, created_at=NOW - 60, cost_actual=Decimal(cost)
    )
    await insert(harness.store, made)


async def test_what_a_request_will_cost_is_learned_and_held(harness: AcceptHarness) -> None:
    """The row keeps how it is known."""
    first = await harness.accept(by())
    assert (first.job.forecast, first.job.reserved) == (Forecast(kind=ForecastKind.UNKNOWN), None)
    assert first.job.price == Price(key="kling-v3 mode=std audio=false", size=Decimal(8))
    await render_before(harness, 51, 4, "0.1")
    harness.now += 100
    second = await harness.accept(by(key="command:T1:2"))
    scaled = Forecast(kind=ForecastKind.SCALED, amount=Decimal("0.2"))
    assert (second.job.forecast, second.job.reserved) == (scaled, Decimal("0.2"))
    await render_before(harness, 52, 8, "0.25")
    harness.now += 100
    third = await harness.accept(by(key="command:T1:3"))
    assert third.job.forecast == Forecast(kind=ForecastKind.OBSERVED, amount=Decimal("0.25"))
    assert await harness.store.budgets.use(ANA, ALL_TIME) == Use(held=Decimal("0.45"))


async def test_a_request_that_a_cap_has_no_room_for_is_refused(harness: AcceptHarness) -> None:
    """Nothing is written, and the scheduler is not woken."""
    await render_before(harness, 51, 8, "0.25")
    await cap_ana(harness, "0.3")
    assert isinstance(await harness.accept(by()), Accepted)
    harness.now += 100
    answer = await harness.answer(by(key="command:T1:2"))
    assert isinstance(answer, Refused)
    [short] = answer.reasons
    assert isinstance(short, CapShort)
    assert (short.use, short.missing) == (Use(held=Decimal("0.25")), Decimal("0.20"))
    assert harness.wakes == 1
    assert await harness.store.jobs.find_by_dedup_key("command:T1:2") is None


async def test_an_unknown_price_is_asked_about_where_a_cap_applies(harness: AcceptHarness) -> None:
    """And nowhere else; what was confirmed is accepted, and told to the person it is asked of."""
    await cap_ana(harness, "5")
    answer = await harness.accept(by())
    assert asked_about(answer) == (QuestionKind.PRICE, "")
    assert isinstance(await harness.accept(by(user="U2", key="command:T1:2")), Accepted)


async def test_of_two_requests_at_one_instant_one_fits(harness: AcceptHarness) -> None:
    await render_before(harness, 51, 8, "0.25")
    await cap_ana(harness, "0.3")
    answers = await asyncio.gather(
        *(harness.answer(by(key=f"c:{n}", channel=f"C{n}")) for n in range(4))
    )
    kinds = sorted(type(answer).__name__ for answer in answers)
    assert kinds == ["Accepted", "Refused", "Refused", "Refused"]


async def test_a_person_has_only_so_many_videos_under_way(harness: AcceptHarness) -> None:
    harness.services = replace(harness.services, max_active=2)
    for number in range(2):
        assert isinstance(
            await harness.accept(by(key=f"c:{number}", channel=f"C{number}")), Accepted
        )
    answer = await harness.answer(by(key="c:9", channel="C9"))
    assert isinstance(answer, Refused)
    assert answer.reasons == (TooManyActive(active=2, most=2),)
