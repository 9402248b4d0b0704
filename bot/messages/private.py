"""What one person is told and nobody else sees."""

from __future__ import annotations

from collections.abc import Sequence

from bot import blocks, figures
from bot.messages import buttons
from bot.ports import Message
from storage.job import Instant, Job
from storage.store import StoreBrokenError, StoreError


def store_trouble(error: StoreError) -> Message:
    """Return the answer to an ask that met trouble in the store: not taken, or nobody knows."""
    if isinstance(error, StoreBrokenError):
        return words(
            "My disk failed just now, so I am not sure that I took this. If I did, its message "
            "appears within a few minutes; please ask again only if it does not."
        )
    return words(
        "I cannot write anything down right now, so I did not take this. Nothing was started and "
        "nothing was charged. Please try again later."
    )


def refusal(problem: str) -> Message:
    """Return what a person is told about something they typed; `problem` is plain text."""
    return words(f":warning: {blocks.escape(problem)}\nNothing was started or charged.")


def asked_before(job: Job, now: Instant) -> Message:
    """Return the question whether the same ask, made again so soon, is meant."""
    ago = figures.duration(now - job.created_at)
    line = (
        f":eyes: You asked for exactly this {ago} ago, and job `{job.id}` is on its way. "
        "I did not start a second one, because it would be charged again."
    )
    anyway = blocks.actions([buttons.again_anyway(job)])
    return Message(text=line, blocks=[blocks.section(line), anyway])


def taken_without(titles: Sequence[str]) -> Message:
    """Return what a person is told whose ask was taken for a model that has fewer options."""
    left_out = blocks.escape(", ".join(titles))
    return words(f"Taken. That model does not have these, so they were left out: {left_out}.")


def words(mrkdwn: str) -> Message:
    """Return a few words for one person."""
    return Message(text=mrkdwn, blocks=blocks.sections(mrkdwn))


def cannot_enter() -> str:
    """Return why a job cannot be announced in a channel that the bot may not enter."""
    return "I cannot post in that channel. Type `/invite` there, choose this app, and ask again."
