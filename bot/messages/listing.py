"""The answer to `/video list`: a line for each job, with the link to its message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType

from slack_sdk.models.blocks import RichTextElement

from bot.base.ports import Message
from bot.jobs.view import JobView
from bot.messages import blocks
from bot.messages.job import (
    cost_text,
    is_cancelled,
    is_given_up,
    part_of,
    poster_of,
    poster_words,
    title_of,
)
from bot.messages.replies import words
from storage.job import TERMINAL, Instant, Job, Outcome, Stage

# In characters: a line of the list should fit into one line of a window.
PROMPT_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedJob:
    """One job of the list."""

    view: JobView
    link: str | None
    """The permalink of its message, if there is one."""


def job_list(
    listed: Sequence[ListedJob], *, has_more: bool, approved_only: bool = False
) -> Message:
    """Return a user's jobs, a line each: those under way first, then the last ones that ended.

    With `approved_only` those whose results are approved.
    """
    if not listed and approved_only:
        return words(
            "None of your videos is approved yet. `approve` in the thread of one says that it is "
            "good, and so does *Approve* in its *Details*."
        )
    if not listed:
        return words("You have not asked for anything yet. `/video help` tells how.")
    more = "These are the newest. " if has_more else ""
    hint = f"{more}`/video status ID` tells more of one, `/video again ID` renders it again."
    return Message(
        text="\n".join(map(_plain_line, listed)),
        blocks=[*_lines(listed), blocks.context(hint)],
    )


def _lines(listed: Sequence[ListedJob]) -> list[blocks.Block]:
    """Return the lines as one block, between those with a poster, which are blocks of their own."""
    shown: list[blocks.Block] = []
    for has_poster, some in groupby(listed, key=lambda one: poster_of(one.view.job) is not None):
        lines = list(some)
        if has_poster:
            shown += map(_with_poster, lines)
        else:
            shown.append(blocks.rich_lines(list(map(_line, lines))))
    return shown


def _with_poster(one: ListedJob) -> blocks.Block:
    job = one.view.job
    title = blocks.titled_link(one.link, _title(one))
    words = (
        f":{emoji_of(job)}: {title} · {_state_in_set(one.view)} · {blocks.moment(_time_of(job))}"
        f" · `{job.id}`"
    )
    return blocks.section_with_picture(words, poster_of(job), poster_words(one.view))


def _line(one: ListedJob) -> list[RichTextElement]:
    job = one.view.job
    return [
        blocks.emoji_part(emoji_of(job)),
        blocks.text_part(" "),
        blocks.link_part(one.link, _title(one)),
        blocks.text_part(f" · {_state_in_set(one.view)} · "),
        blocks.date_part(_time_of(job)),
        blocks.text_part(" · "),
        blocks.code_part(job.id),
    ]


def _plain_line(one: ListedJob) -> str:
    """Return a line for screen readers and notifications, without emoji and link."""
    return f"{blocks.literal(_title(one))} · {_state_in_set(one.view)} · {one.view.job.id}"


def _title(one: ListedJob) -> str:
    return blocks.shorten(title_of(one.view) or one.view.model_title, PROMPT_SHOWN)


def _state_in_set(view: JobView) -> str:
    return " · ".join(filter(None, [state_of(view), part_of(view)]))


def state_of(view: JobView) -> str:
    """Return the state of a job in a few words, with its cost if it is over."""
    job = view.job
    match job.stage:
        case Stage.RENDERING:
            return "queued at MindVideo" if job.started_at is None else "rendering"
        case Stage.REJECTED:
            return "cancelled" if is_cancelled(job) else "not started"
        case Stage.DELIVERED:
            review = [] if job.review is None else [job.review.kind.value]
            return ", ".join([_outcome(job), cost_text(view), *review])
        case _:
            return _STATES[job.stage]


_STATES: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.WAITING: "waiting for your answer",
        Stage.UNCONFIRMED: "not confirmed",
        Stage.PLANNED: "planned",
        Stage.ACCEPTED: "queued",
        Stage.ANNOUNCED: "queued",
        Stage.FINISHED: "finished, on its way",
        Stage.PARKED: "on hold",
    }
)
_EMOJI: Mapping[Stage, str] = MappingProxyType(
    {
        Stage.WAITING: "grey_question",
        Stage.UNCONFIRMED: "no_entry_sign",
        Stage.PLANNED: "alarm_clock",
        Stage.ACCEPTED: "hourglass_flowing_sand",
        Stage.ANNOUNCED: "hourglass_flowing_sand",
        Stage.RENDERING: "hourglass_flowing_sand",
        Stage.FINISHED: "hourglass_flowing_sand",
        Stage.DELIVERED: "x",
        Stage.REJECTED: "x",
        Stage.PARKED: "construction",
    }
)


def _time_of(job: Job) -> Instant:
    """Return the time that a line tells: when it was asked for, or when it is planned to start."""
    starts_at = job.starts_at if job.stage is Stage.PLANNED else None
    return job.created_at if starts_at is None else starts_at


def _outcome(job: Job) -> str:
    if job.deleted_at is not None:
        return "deleted"
    if is_cancelled(job):
        return "given up" if is_given_up(job) else "cancelled"
    return "done" if job.outcome is Outcome.SUCCEEDED else "failed"


def emoji_of(job: Job) -> str:
    """Return the name of the emoji for the state of a job."""
    if job.stage is Stage.RENDERING and job.started_at is not None:
        return "movie_camera"
    if job.deleted_at is not None:
        return "wastebasket"
    if job.stage in TERMINAL and is_cancelled(job):
        return "no_entry_sign"
    is_done = job.stage is Stage.DELIVERED and job.outcome is Outcome.SUCCEEDED
    return "white_check_mark" if is_done else _EMOJI[job.stage]
