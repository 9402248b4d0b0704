"""Tests of ephemeral answers: status, lists, spending, refusals."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.jobs.view import JobView
from bot.messages import form, replies
from bot.messages.blocks import moment
from storage.job import Stage
from storage.store import (
    StoreBrokenError,
    StoreError,
    StoreFullError,
    StoreUnsureError,
    Unreadable,
    UnreadableRowError,
)
from tests.support.store_samples import NOW, a_job

JOB = a_job(1)
VIEW = JobView(job=JOB, model_title="Kling V3", options=[("Mode", "<pro>")], unit="USD")


def test_a_status_shows_user_channel_time_and_options() -> None:
    message = replies.status(VIEW, NOW + 1)
    shown = str(message.blocks)
    assert message.text.startswith("Job job1: :hourglass_flowing_sand: *Queued*")
    assert f"Asked for by <@U1> in <#C1>, {moment(NOW + 1)} · Job `job1`" in shown
    assert "Kling V3 · Mode: &lt;pro&gt;" in shown
    assert "car number 1" in shown


def test_a_status_of_a_job_without_a_prompt_has_no_empty_quote() -> None:
    """Slack refuses an empty text."""
    message = replies.status(replace(VIEW, job=replace(JOB, input={})), NOW)
    assert [block["type"] for block in message.blocks] == [
        "section",
        "context",
        "context",
        "actions",
    ]


def test_a_job_that_was_not_submitted_has_cost_nothing() -> None:
    assert "nothing was charged so far" in replies.cost(VIEW).text


def test_a_submitted_job_costs_what_mindvideo_billed() -> None:
    """Until then it is pending, whatever the estimate."""
    sent = replace(JOB, chargeable_since=NOW, cost_estimate=Decimal("0.4"))
    assert "cost pending (estimate 0.4 USD)" in replies.cost(replace(VIEW, job=sent)).text
    known = replace(sent, cost_actual=Decimal("0.5"))
    assert "cost 0.5 USD (estimate 0.4 USD)" in replies.cost(replace(VIEW, job=known)).text


def test_a_free_cancel_is_promised_only_before_the_submit() -> None:
    assert "ends it for free" in replies.deleted(JOB).text
    assert "what can still be done" in replies.deleted(replace(JOB, chargeable_since=NOW)).text
    assert "what can still be done" in replies.deleted(replace(JOB, stage=Stage.RENDERING)).text


def test_a_request_that_could_not_be_written_is_reported_as_not_accepted() -> None:
    for error in (StoreFullError("no space"), StoreError("refused")):
        assert "try again later" in replies.store_failed(error).text
        assert "nothing was started" in form.store_failed(error)


def test_a_job_that_cannot_be_read_is_not_taken_for_a_full_disk() -> None:
    error = UnreadableRowError(Unreadable(table="jobs", id="ab12", columns=("input",)))
    text = replies.store_failed(error).text
    assert "Whoever runs me has been told" in text
    assert "try again" not in text


@pytest.mark.parametrize(
    "error", [StoreBrokenError("fsync failed"), StoreUnsureError("ended at a commit")]
)
def test_a_request_that_may_be_on_disk_is_not_reported_as_refused(error: StoreError) -> None:
    for text in (replies.store_failed(error).text, form.store_failed(error)):
        assert "not sure" in text
        assert "nothing was" not in text.lower()


@pytest.mark.parametrize(
    ("channel", "place"), [("C1", "in <#C1>, "), ("D1", "in direct messages with me, ")]
)
def test_a_place_is_named_as_people_know_it(channel: str, place: str) -> None:
    """Slack shows the ID of a direct conversation as it is, and nobody knows that."""
    view = replace(VIEW, job=replace(JOB, channel=channel))
    assert place in str(replies.status(view, NOW).blocks)
    assert place.rstrip(", ") in replies.resending(view.job).text
    assert place.rstrip(", ") in replies.not_resent(view.job).text
