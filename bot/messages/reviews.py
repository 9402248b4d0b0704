"""The messages about notes and reviews of results, and their parts of other messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from bot.base.ports import Message
from bot.messages import blocks, buttons
from bot.messages.formatting import count
from bot.messages.replies import words
from bot.messages.review_text import THUMBS_DOWN, THUMBS_UP
from bot.options.notes import clock
from storage.job import Job, ReviewKind
from storage.review import Note

WORDS_SHOWN = 300
NOTES_LIMIT = 2000
"""Characters of the notes beside a form: they stand above its fields."""


def noted(job: Job, notes: Sequence[Note]) -> Message:
    """Return the answer to notes, with the buttons that go on from them."""
    what = "this" if len(notes) == 1 else count(len(notes), "note")
    line = f":memo: Noted {what} about job `{job.id}`. Nothing was rendered or charged."
    told = "\n".join(note_lines(notes, shows_who=False))
    body = [
        blocks.section(line),
        blocks.context(blocks.shorten(told, NOTES_LIMIT)),
        blocks.actions([buttons.next_take(job), *buttons.to_review(job, ReviewKind.CHANGES)]),
    ]
    return Message(text=line, blocks=body)


def reviewed(job: Job, kind: ReviewKind) -> Message:
    """Return the answer to a review."""
    if kind is ReviewKind.APPROVED:
        return words(
            f":heavy_check_mark: Job `{job.id}` is approved. `/video list --approved` shows "
            "all of yours that are; `changes asked` takes it back."
        )
    line = f":memo: Job `{job.id}` is marked: changes are asked. Nothing was rendered or charged."
    body = [blocks.section(line), blocks.actions([buttons.next_take(job)])]
    return Message(text=line, blocks=body)


def feedback_kept(job: Job, *, is_good: bool) -> Message:
    """Return the answer to a press that says whether a result is good."""
    pressed = THUMBS_UP if is_good else THUMBS_DOWN
    return words(f"Noted: {pressed} for job `{job.id}`. Press the other one to change it.")


def next_take(job: Job) -> Message:
    """Return the answer to the word that asks for the next take: a message opens no form."""
    beside = f" with {count(job.notes, 'note')} beside it" if job.notes else ""
    line = f"*Next take* opens the form, filled with what job `{job.id}` was made of{beside}."
    body = [blocks.section(line), blocks.actions([buttons.next_take(job)])]
    return Message(text=line, blocks=body)


def beside_form(job: Job, notes: Sequence[Note]) -> str:
    """Return the notes beside the form of a next take, the newest if not all fit."""
    lines = last_note_lines(notes, NOTES_LIMIT, elsewhere=", in *Details*")
    return "\n".join([f"*What was said of job `{job.id}`*", *lines])


def last_note_lines(notes: Sequence[Note], limit: int, *, elsewhere: str = "") -> list[str]:
    """Return the lines of the newest notes, as many as `limit` characters hold.

    The first one says how many notes came before, and where they are to be read.
    """
    lines: list[str] = []
    for line in reversed([*note_lines(notes)]):
        limit -= len(line) + 1
        if limit < 0:
            earlier = count(len(notes) - len(lines), "earlier note")
            return [f"… {earlier}{elsewhere}", *lines]
        lines.insert(0, line)
    return lines


def note_lines(notes: Sequence[Note], *, shows_who: bool = True) -> Iterator[str]:
    """Yield a line of mrkdwn for each note."""
    for note in notes:
        said = blocks.literal(blocks.shorten(" ".join(note.words.split()), WORDS_SHOWN))
        at = "" if note.second is None else f"`{clock(note.second)}` "
        review = "" if note.review is None else f"*{_STATES[note.review]}* "
        who = f" ({_who(note)})" if shows_who else ""
        yield f"• {at}{review}{said}".rstrip() + who


def _who(note: Note) -> str:
    return f"<@{note.by}>, {blocks.moment(note.at)}"


_STATES: Mapping[ReviewKind, str] = MappingProxyType(
    {ReviewKind.APPROVED: "Approved", ReviewKind.CHANGES: "Changes asked"}
)
