"""Tests of the words for sets: the message, its menus, the question, and what a cancel did."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from bot.base.ports import Message
from bot.jobs.sets import SetView
from bot.jobs.verdict import Verdict
from bot.jobs.view import JobView
from bot.messages import questions, sets
from storage.job import Forecast, ForecastKind, Job, Outcome, QuestionKind, Stage, waiting
from tests.support.job_samples import DONE, REQUESTED

HOSTILE = "<!channel> *{red|blue}* " + "x" * 3000


def view_of(*jobs: Job, words: str = "a car", label: str = "red", sheet: str = "") -> SetView:
    """Return the view of a set with these parts."""
    return SetView(
        id="set-1",
        words=words,
        parts=[
            JobView(job=replace(job, id=f"j{number}", set_id="set-1", part=number), model_title="K")
            for number, job in enumerate(jobs, start=1)
        ],
        labels=[label] * len(jobs),
        sheet=sheet or None,
    )


def menus_of(message: Message) -> list[dict[str, list[dict[str, Any]]]]:
    """Return the menus under the message of a set that is over."""
    return cast("list[dict[str, list[dict[str, Any]]]]", message.blocks[-1]["elements"])


def test_the_message_of_twelve_keeps_slacks_limits_and_names_nobody() -> None:
    view = view_of(*[DONE] * 12, words=HOSTILE, label="y" * 200, sheet="F1")
    message = sets.set_message(view)
    assert len(message.blocks) <= 50
    assert len(message.text) < 1000
    assert "<!channel>" not in message.text
    # As rich text it is no mention.
    assert {"type": "rich_text"}.items() <= message.blocks[1].items()
    for menu in menus_of(message):
        assert len(menu["options"]) == 12
        assert all(len(option["text"]["text"]) <= 75 for option in menu["options"])


def test_a_set_is_cancelled_while_it_can_be_and_kept_when_it_is_over() -> None:
    under_way = sets.set_message(view_of(DONE, REQUESTED))
    assert "Cancel all" in str(under_way.blocks)
    assert "1 of 2 done" in under_way.text
    failed = replace(DONE, outcome=Outcome.FAILED, outputs=(), cost_actual=Decimal(0))
    kept = replace(DONE, kept_by="U2")
    over = sets.set_message(view_of(DONE, failed, kept))
    assert "2 of 3 done, the others ended without a video · cost 0.84" in over.text
    keep, again = menus_of(over)
    assert [option["value"] for option in keep["options"]] == ["keep j1"]
    assert [option["value"] for option in again["options"]] == [
        "again j1",
        "again j2",
        "again j3",
    ]


def test_a_part_keeps_its_number_beside_one_that_cannot_be_read() -> None:
    """A reply names it by that number."""
    view = view_of(DONE, DONE, DONE)
    keep, _ = menus_of(sets.set_message(replace(view, parts=view.parts[1:])))
    assert [option["text"]["text"] for option in keep["options"]] == ["2 · red", "3 · red"]


def test_the_question_tells_the_number_and_the_total() -> None:
    forecast = Forecast(kind=ForecastKind.LISTED, amount=Decimal("0.38"))
    asked = replace(REQUESTED, forecast=forecast, reserved=forecast.amount)
    part = waiting(asked, QuestionKind.PRICE, "1")
    told = questions.set_asked([part] * 6, (), "USD")
    assert told.text == (
        ":moneybag: 6 videos, about 2.28 USD in all. I ask before I render what costs more than "
        "1 USD. Nothing was started or charged yet."
    )
    assert "Render 6 videos for about 2.28 USD" in str(told.blocks)
    without = questions.set_asked([part] * 6, ["Mode"], "USD")
    assert "That model does not have Mode." in without.text
    unknown = waiting(REQUESTED, QuestionKind.PRICE, "")
    assert "Nobody knows yet what this costs" in questions.set_asked([unknown] * 2).text


def test_a_cancel_tells_how_many_were_free() -> None:
    view = view_of(*[REQUESTED] * 6)
    all_free = sets.cancelled(view, {Verdict.FREE: [REQUESTED] * 6})
    assert all_free.text.startswith("All 6 are cancelled; nothing was sent to MindVideo")
    some = sets.cancelled(view, {Verdict.FREE: [REQUESTED] * 4, Verdict.BILLED: [REQUESTED] * 2})
    assert "4 of 6 are cancelled" in some.text
    assert "2 of 6 are at MindVideo already" in some.text


def test_a_part_that_is_rejected_counts_as_over() -> None:
    rejected = replace(REQUESTED, stage=Stage.REJECTED, outcome=Outcome.CANCELLED)
    message = sets.set_message(view_of(rejected, rejected))
    assert "0 of 2 done" in message.text
    assert "nothing was charged" in message.text
