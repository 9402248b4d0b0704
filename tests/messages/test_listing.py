"""Tests of the list of a user's jobs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.jobs.view import JobView
from bot.messages.listing import ListedJob, job_list
from sandbox.slack.blocks import checked_blocks
from storage.job import Film, Job, Outcome, Stage
from tests.support.job_samples import DONE, RENDERING, REQUESTED

LINK = "https://studio.example/archives/C1/p1"


def listed(job: Job, link: str | None = LINK) -> ListedJob:
    """Return a line's data for `job`."""
    return ListedJob(view=JobView(job=job, model_title="Kling V3", unit="USD"), link=link)


def test_an_empty_list_explains_how_to_request_a_video() -> None:
    assert "/video help" in job_list([], has_more=False).text


@pytest.mark.parametrize(
    ("job", "state"),
    [
        (REQUESTED, "queued"),
        (RENDERING, "queued at MindVideo"),
        (replace(RENDERING, started_at=1.0), "rendering"),
        (replace(DONE, stage=Stage.FINISHED), "finished, on its way"),
        (DONE, "done, cost 0.42 USD (estimate 0.4 USD)"),
        (replace(DONE, outcome=Outcome.FAILED, cost_actual=Decimal(0)), "failed, nothing was"),
        (replace(DONE, outcome=Outcome.CANCELLED), "cancelled, cost 0.42"),
        (replace(DONE, outcome=Outcome.CANCELLED, given_up_at=1.0), "given up, cost 0.42"),
        (replace(DONE, stage=Stage.PARKED, problem="p" * 4000), "on hold"),
        (replace(REQUESTED, stage=Stage.REJECTED, outcome=Outcome.FAILED), "not started"),
        (replace(REQUESTED, stage=Stage.REJECTED, outcome=Outcome.CANCELLED), "cancelled"),
    ],
)
def test_each_job_is_one_line_with_link_state_time_and_id(job: Job, state: str) -> None:
    message = job_list([listed(job), listed(job, None)], has_more=False)
    rich = checked_blocks([dict(block) for block in message.blocks])[0]
    first, second = map(str, rich["elements"])  # type: ignore[call-overload] # of a rich text
    assert "'text': 'a red sports car'" in first
    assert f"'url': '{LINK}'" in first
    assert "'timestamp': 1000" in first
    assert f" · {state}" in first
    assert "k7m2p9" in first
    assert LINK not in second
    assert message.text.count("\n") == 1
    assert f"a red sports car · {state}" in message.text


@pytest.mark.parametrize(
    ("prompt", "shown", "plain"),
    [
        ("a <!channel> & *b*", "a <!channel> & *b*", "a &lt;!channel&gt; &amp; \u2217b\u2217 ·"),
        ("one\n\n  two", "one two", "one two ·"),
        ("x" * 200, "x" * 59 + "…", "x" * 59 + "… ·"),
        (None, "Kling V3", "Kling V3 ·"),
    ],
    ids=["marks", "lines", "long", "none"],
)
def test_a_prompt_is_plain_text_on_one_line(prompt: str | None, shown: str, plain: str) -> None:
    message = job_list([listed(replace(DONE, input={"prompt": prompt}))], has_more=False)
    assert repr(shown) in str(message.blocks[0])
    assert message.text.startswith(plain)


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_has_words_and_an_emoji(stage: Stage) -> None:
    assert job_list([listed(replace(DONE, stage=stage))], has_more=False).text


def test_a_list_that_is_cut_says_so() -> None:
    assert "These are the newest." in str(job_list([listed(DONE)] * 10, has_more=True).blocks)
    assert "newest" not in str(job_list([listed(DONE)] * 10, has_more=False).blocks)


def test_a_job_with_a_poster_has_it_beside_its_line() -> None:
    """The order of the lines stays, and so do the link, the state, the time and the ID."""
    shown = replace(DONE, film=Film(width=8, height=8, poster="F1"))
    message = job_list([listed(DONE), listed(shown), listed(shown, None)], has_more=False)
    plain, first, second, _ = checked_blocks([dict(block) for block in message.blocks])
    assert plain["type"] == "rich_text"
    assert first["accessory"] == {
        "type": "image",
        "slack_file": {"id": "F1"},
        "alt_text": "A picture from the video: a red sports car",
    }
    assert f"<{LINK}|a red sports car> · done, cost 0.42 USD" in str(first["text"])
    assert "k7m2p9" in str(first["text"])
    assert LINK not in str(second["text"])
    assert message.text.count("\n") == 2
