"""Notifications about one job in a channel that subscribed to them, and shares of its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import assert_never

from bot.base.ports import Message
from bot.jobs.view import JobView
from bot.messages import blocks, formatting
from bot.messages.job import cost_text, noun, prompt_of, reason_of, took, why_on_hold
from bot.messages.result import ai_label
from storage.notification import NotificationKind

PROMPT_SHOWN = 150

PRIVATE = "A video from a private conversation"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobNotification:
    """The data of a notification about one job."""

    kind: NotificationKind
    view: JobView
    asker: str
    """The requester's name as plain text, so that it is no mention."""
    detail: str
    """The event's detail."""
    link: str | None
    is_open: bool
    """Whether the channel may see the job: the request was made there, or in public.

    If not, the notification has no ID, no prompt, no name, and no words of another service.
    """
    note: str = ""
    """What else is known, in mrkdwn."""


def notification_message(notice: JobNotification) -> Message | None:
    """Return the notification; `None`: the channel may not see it, or the kind has none."""
    match notice.kind:
        case NotificationKind.FINISHED:
            return _finished(notice) if notice.is_open else None
        case NotificationKind.FAILED:
            return _failed(notice)
        case NotificationKind.PARKED:
            return _parked(notice)
        case NotificationKind.OPERATOR_NEEDED:
            return _operator_needed(notice)
        case (
            NotificationKind.UNREADABLE
            | NotificationKind.DIGEST
            | NotificationKind.SHARED
            | NotificationKind.RESENT
            | NotificationKind.FOLLOWED
            | NotificationKind.SETTING_CHANGED
            | NotificationKind.BUDGET_ALERT
            | NotificationKind.BUDGET_PACE
            | NotificationKind.PRICE_DRIFT
            | NotificationKind.BUDGETS_RESTORED
            | NotificationKind.BUDGET_CHANGED
            | NotificationKind.RAISE_ENDED
            | NotificationKind.APPROVAL_CARD
            | NotificationKind.APPROVAL_STATUS
            | NotificationKind.COST_FILE
            | NotificationKind.CAST_MEMBER
            | NotificationKind.POSTER
            | NotificationKind.WELCOME
            | NotificationKind.SET
            | NotificationKind.STITCHED
            | NotificationKind.DELETED
        ):
            return None
        case _:
            assert_never(notice.kind)


def unreadable_message(detail: str) -> Message:
    """Return the notification of a row that cannot be read; `detail` has its table and columns."""
    table, _, columns = detail.partition(": ")
    what = _TABLES.get(table, "A row of the store")
    return _message(
        f":construction: {what} cannot be read and is set aside. Everything else goes on.",
        f"It is kept as it was found, in the table `{table}`; what makes no sense is in "
        f"`{columns}`. `python -m bot jobs list` shows which row it is.",
    )


_TABLES: Mapping[str, str] = MappingProxyType(
    {
        "jobs": "A job",
        "job_events": "An event of a job's timeline",
        "notifications": "A notification",
        "settings": "A setting",
    }
)


def shared_message(
    view: JobView, *, sharer: str, asker: str, link: str | None, mark: str
) -> Message:
    """Return the message with which a video is shared: beside its file, or with a link to it.

    `sharer` and `asker` are names as plain text; by `mark` the message is found again.
    """
    made_for = f" · made for {blocks.escape(asker)}" if asker != sharer else ""
    name = _quoted(view, link)
    line = f":clapper: *{blocks.escape(sharer)}* shares {noun(view.job)}: {name}"
    message = _message(line, blocks.escape(view.model_title) + made_for)
    return replace(message, blocks=blocks.marked([*message.blocks, *ai_label(view)], mark))


def _finished(notice: JobNotification) -> Message:
    job = notice.view.job
    small = f"{notice.view.model_title} · {took(job)} · "
    return _message(
        f":clapper: {_whose(notice)} is ready: {_title(notice)}",
        small + cost_text(notice.view),
    )


def _failed(notice: JobNotification) -> Message:
    reason = reason_of(notice.view.job) or "No reason was given."
    small = f"{notice.view.model_title} · {cost_text(notice.view)}"
    if not notice.is_open:
        return _message(f":x: {PRIVATE} could not be made.", small)
    return _message(
        f":x: {_whose(notice)} could not be made: {_title(notice)}\n{reason}",
        f"{small} · job `{notice.view.job.id}`",
    )


def _parked(notice: JobNotification) -> Message:
    job = notice.view.job
    if not notice.is_open:
        return _message(
            f":construction: {PRIVATE} is on hold and needs a person to look.",
            "It is kept. `python -m bot jobs list --stage parked` shows it to whoever runs this "
            "bot.",
        )
    detail = formatting.sentence(notice.detail) if notice.detail != job.problem else ""
    reasons = [why_on_hold(job), detail]
    reason = blocks.literal(" ".join(filter(None, reasons)), keeps_code=True)
    return _message(
        f":construction: {_whose(notice)} is on hold and needs a person to look: {reason}",
        f"It is kept. `python -m bot jobs show {notice.view.job.id}` tells all, "
        f"`python -m bot jobs resume {notice.view.job.id}` lets it go on.",
    )


def _operator_needed(notice: JobNotification) -> Message:
    # The detail begins with the kind of the error, as in the timeline, and then it has our own
    # sentence; behind a further colon come the words of the service.
    problem = notice.detail.partition(": ")[2] or notice.detail
    if not notice.is_open:
        problem = f"{problem.partition(': ')[0].removesuffix('.')}."
    problem = formatting.sentence(problem)
    return _message(
        f":key: *Somebody must act.* {blocks.literal(problem, keeps_code=True)}"
        + (f" {notice.note}" if notice.note else ""),
        "Jobs wait meanwhile and go on by themselves once it is mended. The same trouble is "
        "told here once an hour at most.",
    )


def _whose(notice: JobNotification) -> str:
    return f"A video for *{blocks.literal(notice.asker)}*"


def _title(notice: JobNotification) -> str:
    return _quoted(notice.view, notice.link)


def _quoted(view: JobView, link: str | None) -> str:
    words = " ".join(prompt_of(view.job).split()) or view.job.model
    title = blocks.link_label(words, PROMPT_SHOWN)
    return f"“{title}”" if link is None else f"<{link}|“{title}”>"


def _message(line: str, small: str) -> Message:
    return Message(text=line, blocks=[blocks.section(line), blocks.context(small)])
