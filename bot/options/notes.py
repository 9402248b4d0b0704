"""Reads notes with a time, as people type them: `0:03 the logo is too small`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.options.scene import replaces_scene

USUAL_SECONDS = 60.0
"""Where the length of a video is unknown, a later time behind words is taken for that of a day."""

_TIME = (
    r"(?:(?P<hours>[0-9]{1,2}):)?(?P<minutes>[0-9]{1,3}):(?P<seconds>[0-5][0-9](?:[.,][0-9]{1,3})?)"
)
# As an item of a list, in brackets, behind "at", before a mark.
_BEGINS = lazy_compile(
    rf"(?:[-*•–—]\s+|[0-9]{{1,2}}[.)]\s+)?(?:(?:at|around|about|from|tc|timecode)\s+|@\s*)?"
    rf"[\[(]?{_TIME}s?(?!\w|[:.,][0-9])[\])]?"
    r"(?:\s*[-–—:,.]+(?=\s|$))?\s*(?P<words>.*)",
    re.IGNORECASE,
)
# Shapes of pictures are written alike.
_SHAPE = lazy_compile(r"(?:9:16|9:21|10:16|16:10)\b")
_ENDS = lazy_compile(rf"(?P<words>.*\S)\s+(?:at\s+|@\s*){_TIME}[.!]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedNote:
    """One note as it was typed."""

    second: float
    words: str


_INSIDE = lazy_compile(rf"(?<![\w:.,]){_TIME}(?![\w:]|[.,][0-9])")


def read_notes(text: str, lasts: float | None) -> tuple[TypedNote, ...]:
    """Return the notes that a text consists of, a line each; none: it is something else.

    A text whose first line begins with a time consists of notes, and so does one line that ends
    with a time of the video, which `lasts` so many seconds. A line without a time goes on with the
    note above it. Raises `UsageError` for a note without words, for notes behind other words, and
    for a time of the video within a line: these would change the prompt, and be charged.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or replaces_scene(lines[0]) or _begins_with_shape(lines[0], lasts):
        return ()
    found = [_BEGINS.fullmatch(line) for line in lines]
    if found[0] is None:
        if any(found):
            raise UsageError(
                "I cannot tell the notes in this from a change: send the lines that begin with a "
                "time as a message of their own. Nothing was noted or rendered."
            )
        return _at_the_end(lines, lasts)
    notes: list[TypedNote] = []
    for line, match in zip(lines, found, strict=True):
        if match is not None:
            notes.append(TypedNote(second=_second(match), words=match["words"].strip()))
        else:
            earlier = notes.pop()
            words = f"{earlier.words} {line}".strip()
            notes.append(TypedNote(second=earlier.second, words=words))
    for note in notes:
        if not note.words:
            raise UsageError(
                f"Say what you noticed: `{clock(note.second)} the logo is too small`. Nothing was "
                "noted or rendered."
            )
    return tuple(notes)


def _begins_with_shape(line: str, lasts: float | None) -> bool:
    """Tell whether a line begins with the shape of a picture, and not with a time of the video."""
    begin = _BEGINS.fullmatch(line)
    return (
        begin is not None
        and _SHAPE.match(line) is not None
        and _second(begin) > (USUAL_SECONDS if lasts is None else lasts)
    )


def begins_with_time(text: str) -> bool:
    """Tell whether a text begins as a note does."""
    line = next(iter(text.strip().splitlines()), "").strip()
    return _BEGINS.fullmatch(line) is not None and not _begins_with_shape(line, None)


def _at_the_end(lines: list[str], lasts: float | None) -> tuple[TypedNote, ...]:
    match = _ENDS.fullmatch(lines[0]) if len(lines) == 1 else None
    if match is None or _second(match) > (USUAL_SECONDS if lasts is None else lasts):
        _refuse_time_inside(lines, lasts)
        return ()
    return (TypedNote(second=_second(match), words=match["words"]),)


def _refuse_time_inside(lines: list[str], lasts: float | None) -> None:
    """Raise `UsageError` for `the logo at 0:03 is too small`, if the video has that time."""
    if lasts is None or lines[0].startswith(("--", "—", "–")):
        return
    for line in lines:
        for found in _INSIDE.finditer(line):
            if _second(found) <= lasts and not _SHAPE.fullmatch(found[0]):
                raise UsageError(
                    "I cannot tell whether this is a note or a change. Begin a note with its time, "
                    f"`{found[0]} the logo is too small`; for a change of the video with that time "
                    "in its words, put two dashes before it. Nothing was noted or rendered."
                )


def _second(match: re.Match[str]) -> float:
    hours, minutes = int(match["hours"] or 0), int(match["minutes"])
    return 3600.0 * hours + 60.0 * minutes + float(match["seconds"].replace(",", "."))


def clock(second: float) -> str:
    """Return a time in a video as players show it: `0:03`, or `0:03.5`."""
    minutes, rest = divmod(round(second, 3), 60)
    whole, part = divmod(round(rest, 3), 1)
    decimals = f"{part:.3f}"[1:].rstrip("0").rstrip(".")
    return f"{int(minutes)}:{int(whole):02d}{decimals}"
