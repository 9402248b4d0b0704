"""Tests of the words about planned jobs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.jobs.view import JobView
from bot.messages.job import status_line
from bot.messages.planned import asked_first
from bot.messages.questions import asked
from storage.budget import AskFirst
from storage.job import (
    Forecast,
    ForecastKind,
    Outcome,
    QuestionKind,
    Repeat,
    RepeatEvery,
    Stage,
    waiting,
)
from tests.support.job_samples import REQUESTED

PLANNED = replace(
    REQUESTED,
    stage=Stage.PLANNED,
    starts_at=2000.0,
    forecast=Forecast(kind=ForecastKind.LISTED, amount=Decimal("0.38")),
)


@pytest.mark.parametrize(
    ("every", "told"),
    [
        (RepeatEvery.DAY, "about 0.38 USD; a month, with at most 31 of them, about 11.78 USD."),
        (RepeatEvery.WEEK, "about 0.38 USD; a month, with at most 5 of them, about 1.9 USD."),
        (RepeatEvery.MONTH, "Each costs about 0.38 USD."),
    ],
)
def test_the_question_about_a_repeat_tells_what_a_month_costs(
    every: RepeatEvery, told: str
) -> None:
    """Whoever says yes once pays each time."""
    repeat = Repeat(id="a1", every=every, first="2027-03-01T09:00:00", zone="UTC")
    job = waiting(replace(PLANNED, repeat=repeat), QuestionKind.REPEAT, "It may not move.")
    text = asked(job, unit="USD").text
    assert told in text
    assert f"every {every}" in text
    assert ":warning: It may not move." in text


@pytest.mark.parametrize(("counted_on", "ends"), [(None, True), ("2027-01-15", False)])
def test_a_cancel_before_its_time_ends_the_repeat(counted_on: str | None, *, ends: bool) -> None:
    """After its time the next one is planned already."""
    repeat = Repeat(id="a1", every=RepeatEvery.DAY, first="2027-03-01T09:00:00", zone="UTC")
    job = replace(
        PLANNED,
        stage=Stage.REJECTED,
        outcome=Outcome.CANCELLED,
        repeat=repeat,
        counted_on=counted_on,
    )
    line = status_line(JobView(job=job, model_title="Kling V3"), 1000.0)
    assert ("not repeated any more" in line) is ends


def test_what_is_dearer_than_agreed_is_told_with_both_amounts() -> None:
    told = asked_first(AskFirst(kind=QuestionKind.PRICE, about="0.30"), PLANNED, "USD")
    assert "about 0.38 USD" in told
    assert "0.3 USD" in told
