"""Everything about one job, for one person: all options, IDs, the timeline, the costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from bot.base.ports import Message
from bot.jobs.view import Sheet
from bot.messages import blocks
from bot.messages.blocks import Block
from bot.messages.job import cost_words, prompt_of, status_line
from storage.job import Event, Instant, Job

# A message holds 50 blocks of 3,000 letters; what came before these lines is rarely asked for.
LINES_SHOWN = 40
LINE_LENGTH = 240
PROMPT_SHOWN = 2900

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "accepted": "asked for by",
        "posting": "posting the message",
        "not posted": "message not posted",
        "announced": "message",
        "submitting": "handing over to MindVideo",
        "submitted": "taken by MindVideo as",
        "state": "MindVideo says",
        "late": "taking longer than usual, MindVideo says",
        "missing": "looking again:",
        "finished": "render ended, MindVideo says",
        "fresh link": "asked MindVideo for a fresh link",
        "uploading": "bringing the file",
        "uploaded": "file brought",
        "file gone": "file gone from Slack, bringing it again",
        "link only": "a link in place of the file:",
        "sharing": "posting the result",
        "not shared": "result not posted",
        "share lost": "result not to be seen, posting it again",
        "shared": "result posted",
        "telling": "posting the last word",
        "not told": "last word not posted",
        "told": "told you",
        "direct": "telling you directly, in",
        "delivered": "delivered as message",
        "cost": "MindVideo names the cost,",
        "cost corrected": "cost corrected to",
        "parked": "on hold:",
        "rejected": "not started:",
        "retry": "trying again after",
        "held": "waiting for whoever runs this bot,",
    }
)
"""The timeline's stable words in words for people, before the detail; others speak as they are."""


def job_details(
    job: Job,
    sheet: Sheet,
    options: Sequence[tuple[str, str, bool]],
    timeline: Sequence[Event],
    now: Instant,
) -> Message:
    """Return all that is known of a job; `options` are titles, values, and whether each was given.

    Times are shown in the reader's zone.
    """
    status = status_line(job, sheet, now)
    body = [blocks.section(f"*Details of job `{job.id}`*\n{status}")]
    prompt = prompt_of(job)
    if prompt:
        body.append(blocks.quote(blocks.shorten(prompt, PROMPT_SHOWN)))
    body += _sections(["*Options*", *_options(sheet, options)])
    body += _sections(["*Cost*", f"• {cost_words(job, sheet).removeprefix('cost ')}"])
    body += _sections(["*IDs*", *(f"• {name}: `{value}`" for name, value in _ids(job))])
    body += _sections(["*Timeline*", *_timeline(timeline)])
    return Message(text=f"Details of job {job.id}: {status}", blocks=body)


def _options(sheet: Sheet, options: Sequence[tuple[str, str, bool]]) -> Iterator[str]:
    yield f"• Model: {blocks.escape(sheet.model_title)}"
    for title, value, was_given in options:
        usual = "" if was_given else " (default)"
        yield f"• {blocks.escape(title)}: {blocks.escape(value)}{usual}"


def _ids(job: Job) -> Iterator[tuple[str, str]]:
    known = (
        ("Job", job.id),
        ("Made from job", job.parent_id),
        ("Idempotency key", job.idempotency_key),
        ("MindVideo's task", job.task_id),
        ("MindVideo's request", job.request_id),
    )
    for name, value in known:
        if value is not None:
            yield name, blocks.escape(value)


def _timeline(timeline: Sequence[Event]) -> Iterator[str]:
    left_out = len(timeline) - LINES_SHOWN
    if left_out > 0:
        yield f"• … {left_out} earlier"
    for event in timeline[-LINES_SHOWN:]:
        at = blocks.moment(event.at, "{date_short_pretty} {time_secs}")
        said = f"{WORDS.get(event.name, event.name)} {event.detail}".strip(" ,:")
        yield f"• {at}: {blocks.escape(blocks.shorten(said, LINE_LENGTH))}"


def _sections(lines: Sequence[str]) -> list[Block]:
    """Return lines as paragraphs, none of which Slack would find too long."""
    parts: list[str] = []
    for line in lines:
        if parts and len(parts[-1]) + 1 + len(line) <= blocks.SECTION_LIMIT:
            parts[-1] = f"{parts[-1]}\n{line}"
        else:
            parts.append(line)
    return [blocks.section(part) for part in parts]
