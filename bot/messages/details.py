"""The details of one job, in a modal: all options, the cost, the timeline; IDs behind a button."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from slack_sdk.models.blocks import PlainTextObject
from slack_sdk.models.views import View

from bot.base.ports import Message
from bot.jobs.view import ChainView, ClipView, JobView, Take
from bot.messages import blocks, buttons, formatting
from bot.messages.blocks import Block
from bot.messages.job import cost_text, part_of, prompt_and_shots, status_line
from bot.messages.review_text import REVIEW_EMOJI
from bot.messages.reviews import last_note_lines
from storage.job import UNDER_WAY, Event, EventName, Film, Instant, Job, Json, ReviewKind, Stage

# A message holds 50 blocks of 3,000 characters; earlier lines of a timeline are rarely needed.
LINES_SHOWN = 40
NOTES_SHOWN = 24_000
"""Characters of notes: with the longest chain, timeline and options they make 50 blocks at most."""
LINE_LENGTH = 240
PROMPT_SHOWN = 2900

WORDS: Mapping[EventName, str] = MappingProxyType(
    {
        EventName.ASKED: "asked back:",
        EventName.CONFIRMED: "confirmed by",
        EventName.EXPIRED: "not confirmed in time",
        EventName.ACCEPTED: "asked for by",
        EventName.PLANNED: "planned by",
        EventName.STARTED: "its time came",
        EventName.POSTING: "posting the message",
        EventName.NOT_POSTED: "message not posted",
        EventName.ANNOUNCED: "message",
        EventName.SUBMITTING: "handing over to MindVideo",
        EventName.SUBMITTED: "taken by MindVideo as",
        EventName.STATE: "MindVideo says",
        EventName.LATE: "taking longer than usual, MindVideo says",
        EventName.MISSING: "looking again:",
        EventName.FINISHED: "render ended, MindVideo says",
        EventName.FRESH_LINK: "asked MindVideo for a fresh link",
        EventName.UPLOADING: "bringing the file",
        EventName.UPLOADED: "file brought",
        EventName.FILE_GONE: "file gone from Slack, bringing it again",
        EventName.LINK_ONLY: "a link in place of the file:",
        EventName.SHARING: "posting the result",
        EventName.NOT_SHARED: "result not posted",
        EventName.SHARE_LOST: "result not to be seen, posting it again",
        EventName.SHARED: "result posted",
        EventName.RESULT_POSTING: "posting the last word",
        EventName.RESULT_NOT_POSTED: "last word not posted",
        EventName.TOLD: "told you",
        EventName.DIRECT: "telling you directly, in",
        EventName.DELIVERED: "delivered as message",
        EventName.ESTIMATE: "MindVideo estimates the cost,",
        EventName.COST: "MindVideo names the cost,",
        EventName.COST_CORRECTED: "cost corrected to",
        EventName.POSTER: "poster brought as file",
        EventName.DELETED: "deleted by",
        EventName.PARKED: "on hold:",
        EventName.REJECTED: "not started:",
        EventName.RETRY: "trying again after",
        EventName.HELD: "waiting for whoever runs this bot,",
    }
)
"""Texts for event names in the timeline, put before the detail; other names are shown unchanged."""


PLAIN_WORDS: Mapping[EventName, str] = MappingProxyType(
    {
        EventName.ACCEPTED: "asked for",
        EventName.PLANNED: "planned",
        EventName.STARTED: "its time came",
        EventName.ANNOUNCED: "message posted",
        EventName.SUBMITTED: "taken by MindVideo",
        EventName.STATE: "MindVideo says {detail}",
        EventName.LATE: "taking longer than usual",
        EventName.FINISHED: "render ended, MindVideo says {detail}",
        EventName.GIVEN_UP: "given up",
        EventName.SHARED: "result posted",
        EventName.DELIVERED: "delivered",
        EventName.DELETED: "deleted",
        EventName.COST_CORRECTED: "cost corrected to {detail}",
        EventName.PARKED: "on hold",
        EventName.REJECTED: "not started",
        EventName.HELD: "waiting for whoever runs this bot",
    }
)
"""The events in the timeline without IDs, and their texts."""


def job_details(
    view: JobView,
    options: Sequence[tuple[str, str, bool]],
    timeline: Sequence[Event],
    now: Instant,
) -> Message:
    """Return the details with IDs as a message, for a user to whom no modal can be shown."""
    text = f"Details of job {view.job.id}: {status_line(view, now)}"
    heading = blocks.section(f"*Details of job `{view.job.id}`*")
    return Message(
        text=text, blocks=[heading, *_body(view, options, timeline, now, shows_ids=True)]
    )


def details_view(
    view: JobView,
    options: Sequence[tuple[str, str, bool]],
    timeline: Sequence[Event],
    now: Instant,
    *,
    shows_ids: bool,
) -> Mapping[str, Json]:
    """Return the modal; without IDs it has a button that shows them.

    `options` holds title, value, and whether it was given, of each. Times are shown in the
    reader's time zone.
    """
    body = _body(view, options, timeline, now, shows_ids=shows_ids)
    job = view.job
    row = [] if shows_ids else [blocks.button("Show IDs", buttons.DETAILS_IDS, job.id)]
    if job.is_shown:
        row += buttons.to_review(job, *ReviewKind)
    if row:
        body.append(blocks.actions(row))
    return View(
        type="modal",
        title=PlainTextObject(text="Details"),
        close=PlainTextObject(text="Close"),
        blocks=[dict(block) for block in body],
    ).to_dict()


def _body(
    view: JobView,
    options: Sequence[tuple[str, str, bool]],
    timeline: Sequence[Event],
    now: Instant,
    *,
    shows_ids: bool,
) -> list[Block]:
    """Return status, prompt, options, cost and timeline, and the IDs if they are wanted."""
    job = view.job
    body = [blocks.section(status_line(view, now))]
    prompt = prompt_and_shots(view, PROMPT_SHOWN)
    if prompt:
        body.append(blocks.quote(prompt))
    if job.erased_at is not None:
        body.append(blocks.section(_erased(job.erased_at)))
    body += _sections(["*Options*", *_options(view, options)])
    if job.film is not None:
        body += _sections(["*Video*", f"• {film_facts(job.film)}"])
    if view.chain is not None:
        body += _sections([*_chain(view.chain)])
    if view.notes:
        body += _sections(["*Said of it*", *last_note_lines(view.notes, NOTES_SHOWN)])
    body += _sections(["*Cost*", f"• {_cost(view)}"])
    if shows_ids:
        body += _sections(["*IDs*", *(f"• {name}: `{value}`" for name, value in _ids(view))])
    lines = _timeline(timeline) if shows_ids else _plain_timeline(timeline)
    return body + _sections(["*Timeline*", *lines])


def film_facts(film: Film) -> str:
    """Return the size of a video, how long it lasts, and whether it has sound."""
    seconds = [] if film.seconds is None else [f"{film.seconds:.1f}".removesuffix(".0") + " s"]
    sound = "with sound" if film.has_sound else "no sound"
    return " · ".join([f"{film.width} by {film.height} pixels", *seconds, sound])


def _cost(view: JobView) -> str:
    return formatting.capitalized(cost_text(view).removeprefix("cost "))


def _erased(at: Instant) -> str:
    return f"_What was written for it was erased {blocks.moment(at, '{date_short_pretty}')}._"


def _options(view: JobView, options: Sequence[tuple[str, str, bool]]) -> Iterator[str]:
    if view.job.set_id is not None:
        yield f"• Set: {part_of(view)}"
    yield f"• Model: {blocks.escape(view.model_title)}"
    if view.job.project is not None:
        yield f"• Project: {blocks.literal(view.job.project)}"
    if view.job.style is not None:
        yield f"• Style: {blocks.literal(view.job.style.name)}"
    for title, value, was_given in options:
        usual = "" if was_given else " (default)"
        yield f"• {blocks.escape(title)}: {blocks.literal(value)}{usual}"


def _chain(chain: ChainView) -> Iterator[str]:
    if len(chain.clips) == 1:
        yield "*Takes*"
        yield f"• {_takes(chain.clips[0], chain.links)}"
        return
    yield "*Chain*"
    for number, clip in enumerate(chain.clips, start=1):
        link = clip.link
        cut = "" if link.until is None else f", until {link.until:g} s"
        yield f"• Clip {number}: {_named(link.job, link.job.id, chain.links)}{cut}"
        if clip.takes:
            yield f"    ◦ {_takes(clip, chain.links)}"


def _takes(clip: ClipView, links: Mapping[str, str | None]) -> str:
    """Return the takes of a place in a line; the one of the chain is bold."""
    told = [_take(take, clip.link.job, links) for take in clip.takes]
    return " · ".join([*told, *([f"and {clip.more} more"] if clip.more else [])])


def _take(take: Take, used: Job, links: Mapping[str, str | None]) -> str:
    job, name = take.job, f"take {take.number}"
    label = f"*{name} (this one)*" if job.id == used.id else _named(job, name, links)
    if job.review is not None:
        return f"{label} {REVIEW_EMOJI[job.review.kind]} {job.review.kind.value}"
    if job.stage in UNDER_WAY:
        return f"{label}, {_NOT_ACTIVE.get(job.stage, 'under way')}"
    return label


_NOT_ACTIVE: Mapping[Stage, str] = MappingProxyType(
    {Stage.PLANNED: "planned", Stage.PARKED: "on hold"}
)


def _named(job: Job, name: str, links: Mapping[str, str | None]) -> str:
    """Return the name of a job as a link to its message; without one, by its ID."""
    url = links.get(job.id)
    if url is not None:
        return blocks.link(url, name)
    return f"`{job.id}`" if name == job.id else f"{name} `{job.id}`"


def _ids(view: JobView) -> Iterator[tuple[str, str]]:
    job = view.job
    known = (
        ("Job", job.id),
        ("Part of set", None if job.set_id is None else f"{job.set_id}, number {job.part}"),
        ("Made from job", None if view.hides_parent else job.parent_id),
        ("Idempotency key", job.idempotency_key),
        ("MindVideo's task", job.task_id),
        ("MindVideo's request", job.request_id),
    )
    for name, value in known:
        if value is not None:
            yield name, blocks.escape(value)


def _plain_timeline(timeline: Sequence[Event]) -> Iterator[str]:
    known = [event for event in timeline if event.name in PLAIN_WORDS]
    for event in known[-LINES_SHOWN:]:
        at = blocks.moment(event.at, "{date_short_pretty} {time_secs}")
        detail = event.detail or "something that is not kept any longer"
        text = PLAIN_WORDS[event.name].format(detail=detail)
        yield f"• {at}: {blocks.literal(blocks.shorten(text, LINE_LENGTH))}"


def _timeline(timeline: Sequence[Event]) -> Iterator[str]:
    left_out = len(timeline) - LINES_SHOWN
    if left_out > 0:
        yield f"• … {left_out} earlier"
    for event in timeline[-LINES_SHOWN:]:
        at = blocks.moment(event.at, "{date_short_pretty} {time_secs}")
        text = f"{WORDS.get(event.name, event.name)} {event.detail}".strip(" ,:")
        yield f"• {at}: {blocks.literal(blocks.shorten(text, LINE_LENGTH), keeps_code=True)}"


def _sections(lines: Sequence[str]) -> list[Block]:
    """Join lines into as few sections as Slack's limit of their length allows."""
    parts: list[str] = []
    for line in lines:
        if parts and len(parts[-1]) + 1 + len(line) <= blocks.SECTION_LIMIT:
            parts[-1] = f"{parts[-1]}\n{line}"
        else:
            parts.append(line)
    return [blocks.section(part) for part in parts]
