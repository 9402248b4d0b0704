"""Tests of ephemeral answers: status, lists, spending, refusals."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.jobs.view import JobView
from bot.messages import form, replies
from bot.messages.blocks import moment
from storage.costs import Spend
from storage.job import Job, Outcome, Stage
from storage.store import StoreBrokenError, StoreError, StoreFullError
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
    assert "cost nothing so far" in replies.cost(VIEW).text


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


def of(job: Job) -> JobView:
    """Return a view of `job`."""
    return JobView(job=job, model_title="Kling V3")


def test_an_empty_list_explains_how_to_request_a_video() -> None:
    assert "/video help" in replies.jobs([], [], NOW).text


def test_a_list_has_running_and_recent_jobs() -> None:
    """Each job has its ID, its channel and its time in the reader's own zone."""
    done = replace(a_job(2), stage=Stage.DELIVERED, outcome=Outcome.SUCCEEDED, finished_at=NOW + 9)
    message = replies.jobs([of(a_job(1))], [of(done)], NOW + 9)
    running, recent = message.text.split("*Recent*")
    assert "car number 1\n:hourglass_flowing_sand: *Queued*" in running
    assert f"`job1` · {moment(NOW + 1)} · <#C1>" in running
    assert "car number 2" in recent
    assert "*Done* in 7 s" in recent
    assert all(str(part) in str(message.blocks) for part in ("car number 1", "car number 2"))


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("a <!channel> & b", "a &lt;!channel&gt; &amp; b\n"),
        ("one\n\n  two", "one two\n"),
        ("x" * 200, "x" * 79 + "…\n"),
        (None, "Kling V3\n"),
    ],
    ids=["marks", "lines", "long", "none"],
)
def test_a_prompt_in_a_list_is_one_short_escaped_line(prompt: str | None, shown: str) -> None:
    job = replace(a_job(1), input={"prompt": prompt})
    assert replies.jobs([of(job)], [], NOW).text.startswith(f"*Running*\n\n{shown}")


def test_a_full_list_stays_within_slacks_limits() -> None:
    """At most 50 blocks, of at most 3,000 characters each.

    https://docs.slack.dev/reference/block-kit/blocks
    """
    long = replace(a_job(1), stage=Stage.PARKED, problem="p" * 4000, input={"prompt": "&" * 4000})
    message = replies.jobs([of(long)] * 10, [of(long)] * 10, NOW)
    assert len(message.blocks) <= 50
    assert all(len(str(block)) < 3200 for block in message.blocks)


@pytest.mark.parametrize(
    ("total", "priced", "pending", "text"),
    [
        ("0", 0, 0, "nothing"),
        ("0.0756", 1, 0, "0.0756 USD for 1 render"),
        ("12.50", 3, 0, "12.5 USD for 3 renders"),
        ("1", 1, 1, "1 USD for 1 render, 1 render pending"),
        ("0", 0, 2, "2 renders pending"),
        ("0", 1, 0, "0 USD for 1 render"),
    ],
)
def test_spending_separates_known_and_pending_amounts(
    total: str, priced: int, pending: int, text: str
) -> None:
    spend = Spend(total=Decimal(total), priced=priced, pending=pending)
    message = replies.spends([("May 2026", [("you", spend)])], "USD")
    assert message.text.startswith(f"*May 2026*\n• you: {text}\n\n")
    assert "UTC" in message.text


def test_amounts_without_a_unit_are_as_billed() -> None:
    """MindVideo's documentation names no currency."""
    spend = Spend(total=Decimal(3), priced=1, pending=0)
    assert "as billed by MindVideo" in replies.spends([("May", [("you", spend)])], None).text
    assert "as billed by MindVideo" not in replies.spends([("May", [("you", spend)])], "USD").text


def test_a_request_that_could_not_be_written_is_reported_as_not_accepted() -> None:
    for error in (StoreFullError("no space"), StoreError("refused")):
        assert "try again later" in replies.store_failed(error).text
        assert "nothing was started" in form.store_failed(error)


def test_a_request_that_may_be_on_disk_is_not_reported_as_refused() -> None:
    broken = StoreBrokenError("fsync failed")
    for text in (replies.store_failed(broken).text, form.store_failed(broken)):
        assert "not sure" in text
        assert "nothing was" not in text.lower()
