"""What a channel is told about one job without having asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from bot.base.ports import Message
from bot.jobs.view import JobView
from bot.messages import blocks, formatting
from bot.messages.job import cost_words, prompt_of, why_on_hold
from storage.job import Stage
from storage.notification import NotificationKind

PROMPT_SHOWN = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class JobNotice:
    """What a notification about one job is made of."""

    kind: NotificationKind
    view: JobView
    asker: str
    """Their name as plain text, so that it notifies nobody."""
    detail: str
    """What happened, in words; of a result that somebody shares, their name as plain text."""
    link: str | None
    is_open: bool
    """The channel may know what was asked for: it was asked there, or in public."""


def notification_message(notice: JobNotice) -> Message | None:
    """Return what a channel is told about one job; `None`: it is not this channel's business."""
    match notice.kind:
        case NotificationKind.FINISHED:
            return _finished(notice) if notice.is_open else None
        case NotificationKind.FAILED:
            return _failed(notice)
        case NotificationKind.PARKED:
            return _parked(notice)
        case NotificationKind.OPERATOR_NEEDED:
            return _operator_needed(notice)
        case NotificationKind.SHARED:
            return _shared(notice) if notice.is_open else None
        case NotificationKind.DIGEST | NotificationKind.RESENT:
            return None
        case _:
            assert_never(notice.kind)


def _finished(notice: JobNotice) -> Message:
    job = notice.view.job
    took = (job.finished_at or 0.0) - (job.submitted_at or job.created_at)
    small = f"{notice.view.model_title} · {formatting.duration(took)} · "
    return _message(
        f":clapper: {_whose(notice)} is ready: {_title(notice)}",
        small + cost_words(notice.view),
    )


def _shared(notice: JobNotice) -> Message:
    sharer = f"*{blocks.escape(notice.detail)}*"
    made_for = f" · made for {blocks.escape(notice.asker)}" if notice.asker != notice.detail else ""
    return _message(
        f":clapper: {sharer} shares a video: {_title(notice)}", notice.view.model_title + made_for
    )


def _failed(notice: JobNotice) -> Message:
    reason = blocks.escape(notice.view.job.problem or "no reason was given")
    charge = (
        "nothing was charged"
        if notice.view.job.stage is Stage.REJECTED
        else cost_words(notice.view)
    )
    return _message(
        f":x: {_whose(notice)} could not be made: {_title(notice)}\n{reason}",
        f"{notice.view.model_title} · {charge} · job `{notice.view.job.id}`",
    )


def _parked(notice: JobNotice) -> Message:
    job = notice.view.job
    told = [why_on_hold(job), notice.detail if notice.detail != job.problem else ""]
    reason = blocks.escape(" ".join(filter(None, told)))
    return _message(
        f":construction: {_whose(notice)} is on hold and needs a person to look: {reason}",
        f"It is kept. `python -m bot jobs show {notice.view.job.id}` tells all, "
        f"`python -m bot jobs resume {notice.view.job.id}` lets it go on.",
    )


def _operator_needed(notice: JobNotice) -> Message:
    # The timeline's line begins with the kind of the error.
    problem = blocks.escape(notice.detail.partition(": ")[2] or notice.detail)
    return _message(
        f":key: *Somebody must act.* {problem}",
        "Jobs wait meanwhile and go on by themselves once it is mended. The same trouble is "
        "told here once an hour at most.",
    )


def _whose(notice: JobNotice) -> str:
    if not notice.is_open:
        return "A video from a private conversation"
    return f"A video for *{blocks.escape(notice.asker)}*"


def _title(notice: JobNotice) -> str:
    if not notice.is_open:
        return f"job `{notice.view.job.id}`"
    words = " ".join(prompt_of(notice.view.job).split()) or notice.view.job.model
    # A link's label ends at `|` and `>`; the latter is escaped with the rest.
    title = blocks.escape(blocks.shorten(words, PROMPT_SHOWN)).replace("|", "¦")
    return f"“{title}”" if notice.link is None else f"<{notice.link}|“{title}”>"


def _message(line: str, small: str) -> Message:
    return Message(text=line, blocks=[blocks.section(line), blocks.context(small)])
