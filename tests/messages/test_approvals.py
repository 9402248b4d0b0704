"""Tests of the words about approvals: what approvers see, and what the asker is told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from bot.jobs.view import JobView
from bot.messages import approvals
from bot.options.shots import Shot
from storage.budget import (
    AppliedCap,
    Cap,
    CapUse,
    Scope,
    ScopeKind,
    Stop,
    Stopped,
    TooManyActive,
    Use,
    Window,
)
from storage.job import Decision, DecisionKind, Job, Question, QuestionKind, Stage
from tests.support.budget_samples import SHORT
from tests.support.store_samples import NOW, a_job

HERE = Scope(kind=ScopeKind.CHANNEL, team="T1", name="C1")


def waiting_job(
    kind: QuestionKind = QuestionKind.APPROVE_PRICE, about: str = "5", reserved: str | None = "6"
) -> Job:
    """Return a request that waits for U7."""
    return replace(
        a_job(),
        input={"prompt": "a *red* car"},
        stage=Stage.WAITING,
        question=Question(
            kind=kind, about=about, expires_at=NOW + 86400, asked_at=NOW, approvers=("U7",)
        ),
        reserved=None if reserved is None else Decimal(reserved),
    )


def decided(kind: DecisionKind, because: str = "") -> Job:
    """Return a request about which U7 has decided."""
    stage = Stage.UNCONFIRMED if kind is DecisionKind.DENIED else Stage.ACCEPTED
    decision = Decision(kind=kind, by="U7", at=NOW, because=because)
    return replace(waiting_job(), stage=stage, decision=decision)


def use_of(limit: str, held: str, *, is_hard: bool = True) -> CapUse:
    """Return what is used of the channel's cap."""
    cap = Cap(scope=HERE, window=Window.WEEK, limit=Decimal(limit), is_hard=is_hard)
    applied = AppliedCap(cap=cap, counted=HERE, limit=cap.limit)
    return CapUse(applied=applied, use=Use(held=Decimal(held)), resets_at=None)


def view(job: Job) -> JobView:
    """Return the view of a job."""
    return JobView(job=job, model_title="Kling V3", unit="USD")


@pytest.mark.parametrize(
    ("use", "reserved", "left", "goes_beyond"),
    [
        (use_of("10", "4"), "6", "6 USD of 10 USD left, 4 USD used", False),
        (use_of("10", "4.01"), "6", "5.99 USD of 10 USD left", True),
        (use_of("10", "12"), "6", "0 USD of 10 USD left, 12 USD used", True),
        (use_of("10", "9", is_hard=False), "6", "a soft one: 1 USD of 10 USD left", False),
        (use_of("10", "9"), None, "1 USD of 10 USD left", False),
        (use_of("10", "10"), None, "0 USD of 10 USD left", True),
    ],
)
def test_a_card_says_what_is_left_and_goes_beyond_a_cap_only_if_one_is_short(
    use: CapUse, reserved: str | None, left: str, *, goes_beyond: bool
) -> None:
    shown = str(approvals.card(view(waiting_job(reserved=reserved)), [use]).blocks)
    assert left in shown
    assert "The budget of <#C1> per week" in shown
    assert ("Approve beyond the cap" in shown) is goes_beyond


def test_a_card_quotes_the_words_as_they_are() -> None:
    """As rich text, in which nothing is markup; the notification has none of them."""
    message = approvals.card(view(waiting_job()), [])
    assert "a *red* car" in str(message.blocks[1])
    assert message.text == ":moneybag: <@U1> asks for a video that needs an approval."


def test_a_card_shows_a_line_for_each_shot() -> None:
    """One whose words have lines of their own reads as no more shots than it is."""
    shots = [Shot(words=words, seconds=Fraction(3)) for words in ("boats\n9s: leave", "night")]
    message = approvals.card(replace(view(waiting_job()), shots=shots), [])
    assert "a *red* car\\n3s: boats 9s: leave\\n3s: night" in str(message.blocks[1])


@pytest.mark.parametrize(
    ("kind", "about", "words"),
    [
        (QuestionKind.APPROVE_PRICE, "5", "What costs more than 5 USD"),
        (QuestionKind.APPROVE_SOFT_CAP, "day person:T1:U1", "The budget of <@U1> per day has no"),
        (QuestionKind.APPROVE_SOFT_CAP, "day everyone:T1:", "The budget of <@U1> per day has no"),
        (QuestionKind.APPROVE_HARD_CAP, "month workspace:T1:", "The workspace's budget per month"),
    ],
)
def test_a_card_says_why_to_another_reader_than_the_asker(
    kind: QuestionKind, about: str, words: str
) -> None:
    assert words in str(approvals.card(view(waiting_job(kind, about)), []).blocks)


def test_an_unknown_price_is_said_to_be_unknown() -> None:
    job = waiting_job(reserved=None)
    assert "*Price:* not known yet." in str(approvals.card(view(job), []).blocks)
    assert "Its price is unknown." in approvals.asked(job, "USD")


@pytest.mark.parametrize(
    ("kind", "because", "words"),
    [
        (DecisionKind.APPROVED, "", "Approved by <@U7>"),
        (DecisionKind.APPROVED_BEYOND_CAPS, "", "Approved beyond the cap by <@U7>"),
        (DecisionKind.DENIED, "Not <!channel> *now*", "“Not &lt;!channel&gt; ∗now∗.”"),  # noqa: RUF001
    ],
)
def test_what_is_decided_stands_on_every_message_without_buttons(
    kind: DecisionKind, because: str, words: str
) -> None:
    job = decided(kind, because)
    for message in (approvals.card(view(job), []), approvals.status(view(job))):
        assert words in message.text
        assert "button" not in str(message.blocks)
    end = approvals.status(view(job), is_end=True)
    assert ("Ask again" in str(end.blocks)) is (kind is DecisionKind.DENIED)


def test_what_nobody_decided_about_can_be_asked_again() -> None:
    job = replace(waiting_job(), stage=Stage.UNCONFIRMED)
    end = approvals.status(view(job), is_end=True)
    assert "Nobody decided in time" in end.text
    assert "Ask again" in str(end.blocks)


def test_an_approver_is_told_of_another_person_why_it_does_not_fit() -> None:
    stop = Stop(scope=HERE, by="U9", because="Spent.", at=NOW)
    reasons = (SHORT, Stopped(stop=stop), TooManyActive(active=2, most=2))
    told = approvals.does_not_fit(waiting_job(), reasons, "USD", can_go_beyond=False)
    assert "The budget of <@U1> per day has no room: 4.9 USD of 5 USD" in told.text
    assert "<@U9> stopped new videos in <#C1>" in told.text
    assert "<@U1> has 2 videos under way" in told.text
    assert "Approve beyond" not in str(told.blocks)


def test_an_approver_is_told_that_budgets_may_count_too_little() -> None:
    """On the card beside the budgets, and where one has no room; not on a card without any."""
    uses = [use_of("5", "1")]
    card = approvals.card(view(waiting_job()), uses, uncounted_since=60.0)
    assert "What is used may be more: a backup was restored" in str(card.blocks)
    assert "restored" not in str(approvals.card(view(waiting_job()), uses).blocks)
    assert "restored" not in str(
        approvals.card(view(waiting_job()), [], uncounted_since=60.0).blocks
    )
    told = approvals.does_not_fit(
        waiting_job(), (SHORT,), "USD", can_go_beyond=True, uncounted_since=60.0
    )
    assert "and what was asked after <!date^60^" in told.text


def test_nobody_at_present_can_decide() -> None:
    assert approvals.may_not_decide((), is_asker=False).text == (
        "Nobody at present can decide about this."
    )
