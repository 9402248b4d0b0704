"""The message of a set, which lists its parts, and the answers about sets."""

from __future__ import annotations

from bot.base.ports import Message
from bot.jobs.sets import SetView
from bot.jobs.view import JobView
from bot.messages import blocks, formatting
from bot.messages.job import status_line
from bot.messages.replies import words
from storage.job import Instant, Job


def set_message(view: SetView, now: Instant) -> Message:
    """Return the message of a set as its parts are now."""
    user = view.parts[0].job.user
    many = formatting.count(len(view.parts), "video")
    asked = f":clapper: <@{user}> asked for {many}"
    body = [blocks.section(asked)]
    if view.words:
        body.append(blocks.quote(view.words))
    body.append(blocks.section("\n".join(_line(part, now) for part in view.parts)))
    if view.sheet is not None:
        body.append(blocks.picture(view.sheet, f"Pictures of the videos: {view.words}"))
    body.append(blocks.context(f"Set `{view.id}`"))
    return Message(text=f"A set of {many}", blocks=body)


def status(view: SetView, now: Instant) -> Message:
    """Return the status of a set and its parts, as an answer."""
    return set_message(view, now)


def cancelled(view: SetView, *, free: int, billed: int, on_hold: int) -> Message:
    """Return the answer to a cancel of a set: how many were free, and how many go on."""
    told = []
    if free:
        told.append(f"{_of(free, view)} cancelled, and free of charge.")
    if billed:
        told.append(f"{_of(billed, view)} at MindVideo already, which bills them.")
    if on_hold:
        told.append(f"{_of(on_hold, view)} on hold: whoever runs this bot decides.")
    if not told:
        return words(f"There is nothing left to cancel of set `{view.id}`.")
    return words(" ".join(told))


def which_part(part: Job) -> Message:
    """Return the answer to what would be about one part of a set that is not named."""
    return words(
        "This is about a set of videos, and I do not know which of them you mean, so I did "
        "nothing. The buttons under a video are about that one, and so is `/video again ID` with "
        "its ID and what to change. `status` and `cancel` are about the whole set. "
        f"It is set `{part.set_id}`."
    )


def unknown_set(typed: str) -> str:
    """Return the sentence about an ID that is that of no set which the user may see."""
    return f"I know no set {typed}."


def _line(view: JobView, now: Instant) -> str:
    return f"{view.job.part}. {status_line(view, now)}"


def _of(count: int, view: SetView) -> str:
    are = "is" if count == 1 else "are"
    return f"{count} of {len(view.parts)} {are}"
