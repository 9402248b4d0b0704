"""Lists of jobs and of spends, as people read them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.jobs.view import JobView
from bot.messages import replies
from bot.messages.blocks import moment
from storage.costs import Spend
from storage.job import Job, Outcome, Stage
from tests.support.store_samples import NOW, a_job


def of(job: Job) -> JobView:
    """Return a view of `job`."""
    return JobView(job=job, model_title="Kling V3")


def test_who_never_asked_is_told_how() -> None:
    assert "/video help" in replies.jobs([], [], NOW).text


def test_a_list_has_what_runs_and_what_ended() -> None:
    """Each with its ID, its channel and when it was asked for, in the reader's own time zone."""
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
def test_a_prompt_in_a_list_is_one_short_harmless_line(prompt: str | None, shown: str) -> None:
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
    ("total", "priced", "pending", "words"),
    [
        ("0", 0, 0, "nothing"),
        ("0.0756", 1, 0, "0.0756 USD for 1 render"),
        ("12.50", 3, 0, "12.5 USD for 3 renders"),
        ("1", 1, 1, "1 USD for 1 render, 1 render pending"),
        ("0", 0, 2, "2 renders pending"),
        ("0", 1, 0, "0 USD for 1 render"),
    ],
)
def test_a_spend_is_told_as_far_as_it_is_known(
    total: str, priced: int, pending: int, words: str
) -> None:
    spend = Spend(total=Decimal(total), priced=priced, pending=pending)
    message = replies.spends([("May 2026", [("you", spend)])], "USD")
    assert message.text.startswith(f"*May 2026*\n• you: {words}\n\n")
    assert "UTC" in message.text


def test_amounts_without_a_unit_are_as_billed() -> None:
    """MindVideo's page names no currency."""
    spend = Spend(total=Decimal(3), priced=1, pending=0)
    assert "as billed by MindVideo" in replies.spends([("May", [("you", spend)])], None).text
    assert "as billed by MindVideo" not in replies.spends([("May", [("you", spend)])], "USD").text
