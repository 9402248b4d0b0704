"""What a person is told about a job, or about their wish for one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.jobs.view import JobView
from bot.messages import replies
from bot.messages.blocks import moment
from storage.job import Stage
from tests.support.store_samples import NOW, a_job

JOB = a_job(1)
VIEW = JobView(job=JOB, model_title="Kling V3", options=[("Mode", "<pro>")], unit="USD")


def test_a_status_tells_who_where_when_and_with_which_options() -> None:
    message = replies.status(VIEW, NOW + 1)
    shown = str(message.blocks)
    assert message.text.startswith("Job job1: :hourglass_flowing_sand: *Queued*")
    assert f"Asked for by <@U1> in <#C1>, {moment(NOW + 1)} · Job `job1`" in shown
    assert "Kling V3 · Mode: &lt;pro&gt;" in shown
    assert "car number 1" in shown


def test_a_status_of_a_job_without_words_has_no_empty_quote() -> None:
    """Slack refuses an empty text."""
    message = replies.status(replace(VIEW, job=replace(JOB, input={})), NOW)
    assert [block["type"] for block in message.blocks] == [
        "section",
        "context",
        "context",
        "actions",
    ]


def test_what_was_not_sent_has_cost_nothing() -> None:
    assert "cost nothing so far" in replies.cost(VIEW).text


def test_what_was_sent_costs_what_mindvideo_names() -> None:
    """Until then it is pending, whatever the estimate says."""
    sent = replace(JOB, first_sent_at=NOW, cost_estimate=Decimal("0.4"))
    assert "cost pending (estimate 0.4 USD)" in replies.cost(replace(VIEW, job=sent)).text
    known = replace(sent, cost_actual=Decimal("0.5"))
    assert "cost 0.5 USD (estimate 0.4 USD)" in replies.cost(replace(VIEW, job=known)).text


def test_a_deleted_message_promises_a_free_cancel_only_before_the_submit() -> None:
    assert "ends it for free" in replies.deleted(JOB).text
    assert "what can still be done" in replies.deleted(replace(JOB, first_sent_at=NOW)).text
    assert "what can still be done" in replies.deleted(replace(JOB, stage=Stage.RENDERING)).text
