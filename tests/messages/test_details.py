"""Everything about one job, in what Slack takes of one message."""

from __future__ import annotations

from dataclasses import replace

from bot.jobs.view import JobView
from bot.messages import blocks
from bot.messages.details import LINES_SHOWN, job_details
from sandbox.slack.blocks import checked_blocks
from storage.job import Event, EventName
from tests.support.store_samples import NOW, a_job

JOB = replace(a_job(1), parent_id="n4q8r2", task_id="task <1>", idempotency_key="slack:T1:C1:1.0")
VIEW = JobView(job=JOB, model_title="Kling V3")


def shown(*timeline: Event, options: tuple[tuple[str, str, bool], ...] = ()) -> str:
    """Return what the details show, as Slack would take it."""
    message = job_details(VIEW, options, timeline, NOW)
    return str(checked_blocks([dict(block) for block in message.blocks]))


def test_options_tell_whether_they_were_given() -> None:
    said = shown(options=(("Mode", "pro", True), ("Duration", "5", False)))
    assert "• Mode: pro\\n" in said
    assert "• Duration: 5 (default)" in said


def test_ids_are_told_as_far_as_there_are_any() -> None:
    """For whoever asks MindVideo's support, escaped like everything from outside."""
    said = shown()
    assert "Made from job: `n4q8r2`" in said
    assert "task: `task &lt;1&gt;`" in said
    assert "Idempotency key: `slack:T1:C1:1.0`" in said
    assert "request: `" not in said


def test_the_timeline_is_in_words_and_in_the_readers_zone() -> None:
    said = shown(
        Event(at=NOW, name=EventName.ACCEPTED, detail="command"),
        Event(at=NOW + 1, name=EventName.ANNOUNCED, detail="posted"),
        Event(at=NOW + 1, name=EventName.SUBMITTED, detail="task t1"),
        Event(at=NOW + 1, name=EventName.UPLOADED),
        Event(at=NOW + 1, name=EventName.RETRY, detail="RetryLater: <busy>"),
        Event(at=NOW + 2, name=EventName.COST_CORRECTED, detail="0.42"),
    )
    moment = blocks.moment(NOW, "{date_short_pretty} {time_secs}")
    assert f"{moment}: asked for by command" in said
    assert ": message posted\\n" in said
    assert ": taken by MindVideo as task t1" in said
    assert ": file brought\\n" in said
    assert "trying again after RetryLater: &lt;busy&gt;" in said
    assert "cost corrected to 0.42" in said


def test_a_long_timeline_is_shown_from_its_end_within_slacks_limits() -> None:
    """A job that was tried for a day still has details."""
    timeline = [
        Event(at=NOW + n, name=EventName.RETRY, detail=f"{n} " + "x" * 300) for n in range(400)
    ]
    said = shown(*timeline)
    assert f"… {400 - LINES_SHOWN} earlier" in said
    assert "after 399 " in said
    assert f"after {399 - LINES_SHOWN} " not in said
    assert blocks.ELLIPSIS in said


def test_a_job_without_words_has_no_empty_quote() -> None:
    """Slack refuses an empty text."""
    message = job_details(replace(VIEW, job=replace(JOB, input={})), (), (), NOW)
    assert "rich_text" not in [block["type"] for block in message.blocks]
    assert message.text.startswith("Details of job job1: ")
