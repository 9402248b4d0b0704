"""Tests of the details of a job, within Slack's limits of a message."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.base.ports import MOST_CLIPS
from bot.jobs.takes import MOST_LINKED, MOST_TAKES
from bot.jobs.view import ChainView, ClipView, JobView, Take
from bot.messages import blocks
from bot.messages.details import LINES_SHOWN, details_view, job_details
from bot.options.continuation import Link
from sandbox.slack.blocks import checked_blocks, checked_view
from storage.job import Event, EventName, Film, Review, ReviewKind, Stage
from storage.review import Note
from tests.support.store_samples import NOW, a_job

JOB = replace(a_job(1), parent_id="n4q8r2", task_id="task <1>", idempotency_key="slack:T1:C1:1.0")
VIEW = JobView(job=JOB, model_title="Kling V3")


def shown(*timeline: Event, options: tuple[tuple[str, str, bool], ...] = ()) -> str:
    """Return the details as JSON, with blocks that Slack accepts."""
    message = job_details(VIEW, options, timeline, NOW)
    return str(checked_blocks([dict(block) for block in message.blocks]))


def test_options_are_marked_when_they_are_defaults() -> None:
    text = shown(options=(("Mode", "pro", True), ("Duration", "5", False)))
    assert "• Mode: pro\\n" in text
    assert "• Duration: 5 (default)" in text


def test_only_existing_ids_are_shown() -> None:
    """They are escaped, like all text from outside."""
    text = shown()
    assert "Made from job: `n4q8r2`" in text
    assert "task: `task &lt;1&gt;`" in text
    assert "Idempotency key: `slack:T1:C1:1.0`" in text
    assert "request: `" not in text


def test_the_timeline_has_sentences_and_times_in_the_readers_zone() -> None:
    text = shown(
        Event(at=NOW, name=EventName.ACCEPTED, detail="command"),
        Event(at=NOW + 1, name=EventName.ANNOUNCED, detail="posted"),
        Event(at=NOW + 1, name=EventName.SUBMITTED, detail="task t1"),
        Event(at=NOW + 1, name=EventName.UPLOADED),
        Event(at=NOW + 1, name=EventName.RETRY, detail="RetryLater: <busy>"),
        Event(at=NOW + 2, name=EventName.COST_CORRECTED, detail="0.42"),
    )
    moment = blocks.moment(NOW, "{date_short_pretty} {time_secs}")
    assert f"{moment}: asked for by command" in text
    assert ": message posted\\n" in text
    assert ": taken by MindVideo as task t1" in text
    assert ": file brought\\n" in text
    assert "trying again after RetryLater: &lt;busy&gt;" in text
    assert "cost corrected to 0.42" in text


def test_a_job_whose_texts_were_erased_says_so_and_when() -> None:
    """And a line of its timeline that lost its detail still reads as a sentence."""
    erased = replace(VIEW, job=replace(JOB, input={"duration": 10}, problem="", erased_at=NOW))
    events = [Event(at=NOW, name=name) for name in EventName]
    message = job_details(erased, (), events, NOW)
    text = str(checked_blocks([dict(block) for block in message.blocks]))
    assert f"was erased {blocks.moment(NOW, '{date_short_pretty}')}" in text
    plain = str(details_view(erased, (), events, NOW, shows_ids=False))
    assert "MindVideo says something that is not kept any longer" in plain


def test_a_long_timeline_shows_its_end_within_slacks_limits() -> None:
    """A job that was retried for a day still has details."""
    timeline = [
        Event(at=NOW + n, name=EventName.RETRY, detail=f"{n} " + "x" * 300) for n in range(400)
    ]
    text = shown(*timeline)
    assert f"… {400 - LINES_SHOWN} earlier" in text
    assert "after 399 " in text
    assert f"after {399 - LINES_SHOWN} " not in text
    assert blocks.ELLIPSIS in text


def test_a_job_without_a_prompt_has_no_empty_quote() -> None:
    """Slack refuses an empty text."""
    message = job_details(replace(VIEW, job=replace(JOB, input={})), (), (), NOW)
    assert "rich_text" not in [block["type"] for block in message.blocks]
    assert message.text.startswith("Details of job job1: ")


def modal(*timeline: Event, shows_ids: bool) -> str:
    """Return the modal as text, with blocks that Slack accepts."""
    view = details_view(VIEW, (), timeline, NOW, shows_ids=shows_ids)
    return str(checked_view({**view}))


TIMELINE = (
    Event(at=NOW, name=EventName.ACCEPTED, detail="command"),
    Event(at=NOW, name=EventName.SUBMITTED, detail="task t1"),
    Event(at=NOW, name=EventName.STATE, detail="processing"),
    Event(at=NOW, name=EventName.UPLOADING, detail="F1"),
    Event(at=NOW, name=EventName.RETRY, detail="RetryLater: busy"),
    Event(at=NOW, name=EventName.DELIVERED, detail="1800000000.000100"),
)


def test_a_modal_shows_no_ids_until_they_are_wanted() -> None:
    text = modal(*TIMELINE, shows_ids=False)
    for technical in ("n4q8r2", "slack:T1:C1:1.0", "t1", "F1", "RetryLater", "1800000000.000100"):
        assert technical not in text.replace("Details", "")
    assert ": taken by MindVideo\\n" in text
    assert ": MindVideo says processing\\n" in text
    assert ": delivered" in text
    assert "Show IDs" in text


def test_a_modal_with_ids_has_all_of_the_timeline() -> None:
    text = modal(*TIMELINE, shows_ids=True)
    for technical in ("n4q8r2", "slack:T1:C1:1.0", "task t1", "RetryLater", "1800000000.000100"):
        assert technical in text
    assert "Show IDs" not in text


def test_a_refused_job_has_no_pending_cost_in_its_details() -> None:
    refused = replace(VIEW, job=replace(JOB, stage=Stage.REJECTED, cost_estimate=Decimal(1)))
    text = str(details_view(refused, (), (), NOW, shows_ids=False))
    assert "*Cost*\\n• Nothing was charged" in text
    assert "ending" not in text


@pytest.mark.parametrize(
    ("film", "words"),
    [
        (
            Film(width=1280, height=720, seconds=5.04, has_sound=True),
            "720 pixels · 5 s · with sound",
        ),
        (Film(width=640, height=360, seconds=9.96), "640 by 360 pixels · 10 s · no sound"),
        (Film(width=640, height=360, seconds=4.25), "360 pixels · 4.2 s · no sound"),
        (Film(width=640, height=360), "640 by 360 pixels · no sound"),
    ],
)
def test_the_properties_of_the_video_are_told(film: Film, words: str) -> None:
    view = replace(VIEW, job=replace(JOB, film=film))
    assert words in str(job_details(view, (), (), NOW).blocks)


def chain_of(clips: int, takes: int, *, link_length: int = 0) -> ChainView:
    """Return the longest chain that is shown, with links of this length."""

    def take(clip: int, number: int) -> Take:
        review = Review(kind=ReviewKind.APPROVED, by="U1", at=NOW) if number == 2 else None
        job = replace(a_job(100 * clip + number), id=f"{clip:05}{number:05}", review=review)
        return Take(number=number, job=job)

    made = [[take(clip, number) for number in range(1, takes + 1)] for clip in range(clips)]
    return ChainView(
        clips=[ClipView(link=Link(job=one[0].job, until=2.5), takes=one, more=90) for one in made],
        links={
            one.job.id: f"https://example.com/{'x' * link_length}" if link_length else None
            for takes_of in made
            for one in takes_of
        },
    )


def test_the_longest_chain_with_its_takes_is_within_slacks_limits() -> None:
    """Also as a message, of which a block more would be too many, and with long links."""
    view = replace(VIEW, chain=chain_of(MOST_CLIPS, MOST_TAKES))
    timeline = [Event(at=NOW, name=EventName.RETRY, detail="x" * 300) for _ in range(LINES_SHOWN)]
    options = tuple((f"Option {number}", "x" * 200, True) for number in range(40))
    assert "◦ *take 1 (this one)*" in str(
        checked_view({**details_view(view, options, timeline, NOW, shows_ids=True)})
    )
    message = job_details(view, options, timeline, NOW)
    text = str(checked_blocks([dict(block) for block in message.blocks]))
    assert text.count("take 2 `") == MOST_CLIPS
    assert text.count(":heavy_check_mark: approved") == MOST_CLIPS
    assert text.count("and 90 more") == MOST_CLIPS

    linked = replace(VIEW, chain=chain_of(MOST_LINKED // MOST_TAKES, MOST_TAKES, link_length=250))
    text = str(checked_blocks([dict(block) for block in job_details(linked, (), (), NOW).blocks]))
    assert blocks.ELLIPSIS not in text


def test_the_notes_of_a_result_leave_room_for_the_rest() -> None:
    """The last ones are shown, and how many came before."""
    notes = [Note(by="U1", at=NOW, second=3, words=f"<{n}>" + "&" * 300) for n in range(900)]
    timeline = [Event(at=NOW, name=EventName.RETRY, detail="x" * 300) for _ in range(LINES_SHOWN)]
    options = tuple((f"Option {number}", "x" * 200, True) for number in range(40))
    chain = chain_of(MOST_LINKED // MOST_TAKES, MOST_TAKES, link_length=250)
    view = replace(VIEW, chain=chain, notes=notes)
    assert checked_view({**details_view(view, options, timeline, NOW, shows_ids=True)})
    message = job_details(view, options, timeline, NOW)
    text = str(checked_blocks([dict(block) for block in message.blocks]))
    assert "&lt;899&gt;" in text
    assert "&lt;0&gt;" not in text
    (earlier,) = re.findall(r"… (\d+) earlier notes\\n", text)
    assert int(earlier) + len(re.findall(r"&lt;\d{3}", text)) == len(notes)


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (Stage.PLANNED, "planned"),
        (Stage.RENDERING, "under way"),
        (Stage.PARKED, "on hold"),
    ],
)
def test_a_take_that_is_not_over_tells_what_it_waits_for(stage: Stage, words: str) -> None:
    chain = chain_of(1, 3)
    first, second, third = chain.clips[0].takes
    waits = replace(third, job=replace(third.job, stage=stage))
    clip = replace(chain.clips[0], takes=(first, second, waits))
    view = replace(VIEW, chain=replace(chain, clips=(clip,)))
    assert f"take 3 `{third.job.id}`, {words} · and" in str(job_details(view, (), (), NOW).blocks)


def test_a_job_that_continues_nothing_shows_its_takes() -> None:
    text = str(job_details(replace(VIEW, chain=chain_of(1, 2)), (), (), NOW).blocks)
    assert "*Takes*\\n• *take 1 (this one)*" in text
    assert "Clip 1" not in text
