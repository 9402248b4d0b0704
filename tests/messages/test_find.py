"""Tests of the answer to `/video find`: what is looked for in words, the cards and the notes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.jobs.found import FindSpec, FoundCard, FoundPage
from bot.jobs.view import JobView
from bot.messages.find import NEWER, OLDER, found_message
from sandbox.slack.blocks import checked_blocks
from storage.job import Film, Job, Outcome, Stage
from tests.support.job_samples import DONE, RENDERING

MOST_BLOCKS = 50
"""https://docs.slack.dev/reference/block-kit/blocks"""


def card(
    job: Job, position: int = 1, *, link: str | None = None, is_gone: bool = False
) -> FoundCard:
    """Return the card of a job."""
    view = JobView(job=job, model_title="Kling V3", options=(("Style", "*noir*"),))
    return FoundCard(view=view, position=position, link=link, is_gone=is_gone)


def page(
    *cards: FoundCard,
    spec: FindSpec = FindSpec(words=("lake",)),  # noqa: B008 - it is never changed
    is_certain: bool = True,
    is_complete: bool = True,
) -> FoundPage:
    """Return a page between two others, as the asker of the samples sees it."""
    return FoundPage(
        spec=spec,
        reader=DONE.user,
        cards=cards,
        has_newer=bool(cards),
        has_older=bool(cards),
        is_certain=is_certain,
        is_complete=is_complete,
    )


@pytest.mark.parametrize(
    ("spec", "title"),
    [
        (FindSpec(), "the newest videos"),
        (FindSpec(before=7), "videos"),
        (FindSpec(words=("a", "b")), "“a b”"),
        (FindSpec(by="U2", channel="C2", days=1), "videos by <@U2> in <#C2> in the last 1 day"),
        (
            FindSpec(words=("a",), days=30, style="n_*", kept=True),
            "“a” in the last 30 days in the style nˍ∗ that are kept",  # noqa: RUF001 - they look alike
        ),
    ],
)
def test_an_answer_says_what_was_looked_for(spec: FindSpec, title: str) -> None:
    assert title in found_message(page(card(DONE), spec=spec)).text
    assert f"Nothing found: {title}." in found_message(page(spec=spec)).text


def test_the_largest_page_fits_into_a_message() -> None:
    """And nothing that somebody wrote is markup, or notifies anybody."""
    words = "<!everyone> *a* | `b` > " * 200
    job = replace(DONE, input={"prompt": words}, kept_by="U9", user="U8")
    cards = [card(job, number, link="https://slack.example/p1") for number in range(5)]
    message = found_message(page(*cards, is_certain=False, is_complete=False), replaces=True)
    blocks = checked_blocks([dict(block) for block in message.blocks])
    assert len(blocks) <= MOST_BLOCKS
    assert message.replaces
    for shown in (str(blocks), message.text):
        assert "<!everyone>" not in shown
    assert "kept by <@U9>" in str(blocks)
    assert "did not tell in time" in message.text
    assert "found in a while" in message.text


def test_the_buttons_carry_the_question_and_a_position() -> None:
    message = found_message(page(card(DONE, 9), card(DONE, 4)))
    rows = str(message.blocks)
    for action_id, spec in (
        (NEWER, FindSpec(words=("lake",), after=9)),
        (OLDER, FindSpec(words=("lake",), before=4)),
    ):
        assert action_id in rows
        assert spec.to_value() in rows
        assert FindSpec.model_validate_json(spec.to_value()) == spec


@pytest.mark.parametrize(
    ("job", "is_gone", "state"),
    [
        (DONE, False, "done in "),
        (DONE, True, "made, but its file is gone from Slack"),
        (RENDERING, False, "on its way"),
        (replace(DONE, outcome=Outcome.FAILED), False, "not made"),
        (replace(DONE, outcome=Outcome.CANCELLED), False, "cancelled"),
        (replace(DONE, outcome=Outcome.CANCELLED, given_up_at=1.0), False, "given up"),
        (replace(DONE, stage=Stage.REJECTED, outcome=None), False, "not made"),
    ],
)
def test_a_card_says_how_a_job_ended(job: Job, state: str, *, is_gone: bool) -> None:
    """A file that Slack has hidden is not said to be there."""
    message = found_message(page(card(job, is_gone=is_gone)))
    assert state in message.text
    assert ("deletes them after a" in str(message.blocks)) is is_gone
    assert checked_blocks([dict(block) for block in message.blocks])


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_card_shows_the_poster_as_long_as_the_file_is_there(*, is_gone: bool) -> None:
    """Slack refuses a message with a picture that it does not find."""
    shown = replace(DONE, film=Film(width=8, height=8, poster="F1"))
    blocks = str(found_message(page(card(shown, is_gone=is_gone))).blocks)
    assert ("'slack_file': {'id': 'F1'}" in blocks) is not is_gone
    assert "A picture from the video" in blocks or is_gone
