"""Tests of the words of a refusal by budgets, and of questions about money."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.messages import budgets, questions
from sandbox.slack.blocks import checked_blocks
from storage.budget import (
    CapShort,
    PriceUnknown,
    Reason,
    Scope,
    ScopeKind,
    Stop,
    Stopped,
    TooManyActive,
    Window,
)
from storage.job import QuestionKind, waiting
from tests.support.budget_samples import CAP, SHORT
from tests.support.job_samples import REQUESTED


def short_of(kind: ScopeKind, window: Window, name: str = "") -> CapShort:
    """Return a shortage of another cap."""
    cap = replace(CAP, scope=Scope(kind=kind, team="T1", name=name), window=window)
    return replace(SHORT, applied=replace(SHORT.applied, cap=cap))


STOPPED = Stopped(stop=Stop(scope=CAP.scope, by="U9", because="<audit>", at=0.0))

SENTENCES: list[tuple[Reason, str]] = [
    (
        SHORT,
        "4.9 USD of 5 USD are used (0.5 USD of it for videos under way), and this takes about 0.38",
    ),
    (replace(SHORT, amount=Decimal(0)), "nobody knows what this costs"),
    (short_of(ScopeKind.EVERYONE, Window.WEEK), "Your budget per week has no room"),
    (short_of(ScopeKind.CHANNEL, Window.MONTH), "This channel's budget per month has no room"),
    (short_of(ScopeKind.MODEL, Window.DAY, "kling-v3"), "The budget of kling-v3 per day"),
    (short_of(ScopeKind.PROJECT, Window.ONCE, "launch"), "The budget of the project launch in all"),
    (short_of(ScopeKind.WORKSPACE, Window.DAY), "The workspace's budget per day"),
    (
        replace(SHORT, applied=replace(SHORT.applied, limit=Decimal(0))),
        "Your budget per day is 0, so nobody can render with it.",
    ),
    (STOPPED, "stopped new videos in this workspace: “"),
    (PriceUnknown(), "Nobody knows yet what this costs"),
]


@pytest.mark.parametrize(("reason", "sentence"), SENTENCES)
def test_a_reason_is_told_in_a_sentence(reason: Reason, sentence: str) -> None:
    """In a message and, without markup, in the form."""
    answer = budgets.refused([reason], ["U8", "U9"], "USD")
    assert sentence in answer.text
    assert "Nothing was started or charged. <@U8> or <@U9> can make room." in answer.text
    assert checked_blocks([dict(block) for block in answer.blocks])
    plain = budgets.refused_in_form([reason], "USD")
    assert plain.endswith("Nothing was started or charged.")
    assert "<@" not in plain
    assert "<!date" not in plain


def test_a_refusal_tells_every_reason_and_when_there_is_room_again() -> None:
    """In each reader's own time."""
    answer = budgets.refused([SHORT, short_of(ScopeKind.CHANNEL, Window.WEEK)], [], None)
    assert answer.text.count("• ") == 2
    assert answer.text.count("It begins anew <!date^86400^") == 2
    assert "Whoever runs this bot can make room." in answer.text
    assert "on 1970-01-02 at 00:00 UTC" in budgets.refused_in_form([SHORT], None)


def test_nobody_can_make_room_for_too_many_at_a_time() -> None:
    answer = budgets.refused([TooManyActive(active=10, most=10)], ["U9"], None)
    assert "You have 10 videos under way" in answer.text
    assert "U9" not in answer.text
    # A set of twelve.
    of_set = budgets.refused([TooManyActive(active=3, most=10)], ["U9"], None)
    assert "Ask for 7 at most now." in of_set.text


@pytest.mark.parametrize(
    ("kind", "about", "reserved", "text"),
    [
        (QuestionKind.PRICE, "1", "1.2", "costs more than 1 USD: it costs about 1.2 USD."),
        (QuestionKind.PRICE, "", None, "I do not know what this costs"),
        (QuestionKind.SOFT_CAP, "week channel:T1:C1", "2", "This channel's budget per week has no"),
        (QuestionKind.SOFT_CAP, "day everyone:T1:", None, "nobody knows yet what it costs"),
        (QuestionKind.DUPLICATE, "k7m2p8", "2", "If I render it, it costs about 2 USD."),
    ],
)
def test_a_question_tells_what_a_confirmation_costs(
    kind: QuestionKind, about: str, reserved: str | None, text: str
) -> None:
    """Whatever it is about."""
    amount = None if reserved is None else Decimal(reserved)
    job = waiting(replace(REQUESTED, reserved=amount), kind, about)
    answer = questions.asked(job, unit="USD")
    assert text in answer.text
    assert checked_blocks([dict(block) for block in answer.blocks])
