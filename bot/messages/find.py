"""The answer to `/video find`: a card for each job, and buttons to the pages beside."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import ButtonElement

from bot.base.ports import Message
from bot.jobs.found import FindSpec, FoundCard, FoundPage
from bot.messages import blocks, buttons
from bot.messages.blocks import Block
from bot.messages.formatting import count
from bot.messages.job import (
    cost_text,
    deleted_words,
    is_cancelled,
    is_given_up,
    part_of,
    poster_of,
    poster_words,
    title_of,
    took,
)
from bot.messages.review_text import review_parts
from storage.job import UNDER_WAY, Outcome

NEWER = "find_newer"
OLDER = "find_older"
"""Action IDs of the buttons to the pages beside; their values are a `FindSpec`."""

PROMPT_SHOWN = 150
PROMPT_SPOKEN = 50

GONE = (
    "The file is gone from Slack: its free plan hides files after 90 days and deletes them after a "
    "year. *Again* makes a new one."
)
_HOW = (
    "All words must be in what was asked for, the last may be begun. "
    "`--by @ana`, `--in #launch`, `--last 30d`, `--style noir` and `--kept` narrow it."
)
_AS_A_PROMPT = "For a video of these words type `/video -- find …`."
_UNCERTAIN = (
    "Slack did not tell in time which channels you can see, so these are only your own and those "
    "of this channel. Ask again in a moment for the others."
)
_INCOMPLETE = "Older videos are still being added to the index, and are found in a while."


def found_message(page: FoundPage, *, replaces: bool = False) -> Message:
    """Return a page; `replaces`: it comes in place of the page on which a button was pressed."""
    title = _title(page.spec)
    notes = [
        *([] if page.is_certain else [_UNCERTAIN]),
        *([] if page.is_complete else [_INCOMPLETE]),
    ]
    if not page.cards:
        line = f":mag: Nothing found: {title}."
        hint = f"{_HOW} {_AS_A_PROMPT}" if page.spec.words else _HOW
        body = [blocks.section(line), *map(blocks.context, [hint, *notes])]
        return Message(text="\n".join([line, hint, *notes]), blocks=body, replaces=replaces)
    head = f":mag: *Found:* {title}"
    body = [blocks.section(head)]
    for card in page.cards:
        body += [blocks.divider(), *_card(card, page.reader)]
    row = _pages(page)
    body += [*([blocks.divider(), blocks.actions(row)] if row else []), *map(blocks.context, notes)]
    lines = [_plain(card) for card in page.cards]
    return Message(text="\n".join([head, *lines, *notes]), blocks=body, replaces=replaces)


def page_gone() -> Message:
    """Return the answer to a button whose page cannot be read any more."""
    line = "I cannot read this page any more. `/video find` finds anew."
    return Message(text=line, blocks=[blocks.section(line)])


def _title(spec: FindSpec) -> str:
    """Return what is looked for, in words."""
    parts = [
        "videos" if not spec.words else f"“{blocks.literal(' '.join(spec.words))}”",
        *([] if spec.by is None else [f"by <@{spec.by}>"]),
        *([] if spec.channel is None else [f"in {blocks.place(spec.channel)}"]),
        *([] if spec.days is None else [f"in the last {count(spec.days, 'day')}"]),
        *([] if spec.style is None else [f"in the style {blocks.literal(spec.style)}"]),
        *(["that are kept"] if spec.kept else []),
    ]
    if spec == spec.newest() and len(parts) == 1 and not spec.words:
        return "the newest videos"
    return " ".join(parts)


def _card(card: FoundCard, reader: str) -> list[Block]:
    job = card.view.job
    told = f"*{blocks.titled_link(card.link, _words(card))}*\n{_state(card)}"
    poster = None if card.is_gone else poster_of(job)
    return [
        blocks.section_with_picture(told, poster, poster_words(card.view)),
        blocks.context(_small(card, reader)),
        *([blocks.context(GONE)] if card.is_gone else []),
        blocks.actions(
            [
                _again(card),
                blocks.button("Edit", buttons.EDIT, job.id, spoken=_spoken("Edit", card)),
                *buttons.more(job),
            ]
        ),
    ]


def _state(card: FoundCard) -> str:
    job = card.view.job
    if job.stage in UNDER_WAY:
        return ":hourglass_flowing_sand: on its way"
    charge = cost_text(card.view)
    if job.deleted_at is not None:
        return f":wastebasket: deleted {deleted_words(job)} · {charge}"
    if is_cancelled(job):
        return f":no_entry_sign: {'given up' if is_given_up(job) else 'cancelled'} · {charge}"
    if job.outcome is not Outcome.SUCCEEDED:
        return f":x: not made · {charge}"
    gone = "made, but its file is gone from Slack" if card.is_gone else f"done in {took(job)}"
    emoji = ":wastebasket:" if card.is_gone else ":white_check_mark:"
    return " · ".join([f"{emoji} {gone}", charge, *review_parts(job)])


def _small(card: FoundCard, reader: str) -> str:
    job = card.view.job
    where = blocks.place(job.channel, whose="your ")
    options = [blocks.literal(f"{title}: {value}") for title, value in card.view.options]
    kept = [] if job.kept_by is None else [f":bookmark: kept by {_who(job.kept_by, reader)}"]
    asked = f"asked by {_who(job.user, reader)} in {where} {blocks.moment(job.created_at)}"
    part = [part_of(card.view)] if job.set_id is not None else []
    return " · ".join([asked, *options, *part, *kept, f"`{job.id}`"])


def _who(user: str, reader: str) -> str:
    return "you" if user == reader else f"<@{user}>"


def _plain(card: FoundCard) -> str:
    """Return a line for screen readers and notifications."""
    state = _state(card).split(maxsplit=1)[1]
    return f"{blocks.literal(_words(card))} · {state} · {card.view.job.id}"


def _words(card: FoundCard) -> str:
    words = title_of(card.view) or card.view.model_title
    return blocks.shorten(words, PROMPT_SHOWN)


def _again(card: FoundCard) -> ButtonElement:
    spoken = _spoken("Again", card)
    return buttons.again(card.view.job, "Again", card.view.prices, spoken=spoken)


def _spoken(label: str, card: FoundCard) -> str:
    # A screen reader should not read out markup.
    words = _words(card).replace("<", "").replace(">", "")
    return f"{label}: {blocks.shorten(words, PROMPT_SPOKEN)}"


def _pages(page: FoundPage) -> Sequence[ButtonElement]:
    first, last = page.cards[0].position, page.cards[-1].position
    newer = page.spec.newest().model_copy(update={"after": first})
    older = page.spec.newest().model_copy(update={"before": last})
    return [
        *([blocks.button("← Newer", NEWER, newer.to_value())] if page.has_newer else []),
        *([blocks.button("Older →", OLDER, older.to_value())] if page.has_older else []),
    ]
