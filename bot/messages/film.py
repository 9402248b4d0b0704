"""The message of a film that was joined from the clips of a chain."""

from __future__ import annotations

from collections.abc import Sequence

from bot.base.ports import Message
from bot.jobs.view import JobView
from bot.messages import blocks
from bot.messages.replies import words
from bot.messages.result import ai_label
from bot.options.continuation import Link
from storage.job import Job


def film_message(chain: Sequence[Link], view: JobView, *, by: str, mark: str) -> Message:
    """Return the message beside a film. `by` is who wanted it; `mark` is how it is found again.

    `view` is that of the last clip.
    """
    who = f"<@{by}> here" if by else "Here"
    line = f"{who} is the film of {len(chain)} clips, joined. Nothing was rendered or charged."
    names = " → ".join(_name(link) for link in chain)
    body = [blocks.section(line), blocks.context(names), *ai_label(view)]
    return Message(text=line, blocks=blocks.marked(body, mark))


def _name(link: Link) -> str:
    cut = "" if link.until is None else f" (until {link.until:g} s)"
    return f"`{link.job.id}`{cut}"


def made_of(chain: Sequence[Link]) -> str:
    """Return the comment in a film's file: that it was made with AI, and of which jobs."""
    return f"Made with AI. Joined from {', '.join(link.job.id for link in chain)}."


def joining(job: Job, clips: int, *, is_new: bool) -> Message:
    """Return the answer to a request to join a chain."""
    if not is_new:
        return words(
            f"The {clips} clips up to job `{job.id}` were joined before, or are being joined: the "
            "film is in its thread."
        )
    return words(
        f"I am joining the {clips} clips up to job `{job.id}`. The film comes into its thread in "
        f"{blocks.place(job.channel)}. Nothing is rendered and nothing is charged."
    )


def not_joined_message(job: Job, problem: str) -> Message:
    """Return the message to the user whose film cannot be made."""
    return words(f"There is no film up to job `{job.id}`: {blocks.escape(problem)}")
