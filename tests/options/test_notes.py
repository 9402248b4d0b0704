"""Tests for the notes with a time that people type about a video."""

from __future__ import annotations

import pytest

from bot.base.errors import UsageError
from bot.options.notes import TypedNote, clock, read_notes

NOTES: dict[str, list[tuple[float, str]]] = {
    "0:03 the logo is too small": [(3, "the logo is too small")],
    "at 0:03 the logo is too small": [(3, "the logo is too small")],
    "At 0:03.5: the logo": [(3.5, "the logo")],
    "[1:02] – too dark": [(62, "too dark")],
    "@0:03, too dark": [(3, "too dark")],
    "0:00:04 too dark": [(4, "too dark")],
    "0:03-0:05 too dark": [(3, "-0:05 too dark")],
    "• 0:01 one\n- 0:02 two\nand more\n\n3) 0:04,25 three": [
        (1, "one"),
        (2, "two and more"),
        (4.25, "three"),
    ],
    "0:03\nthe logo": [(3, "the logo")],
    "0:03s the logo": [(3, "the logo")],
    "TC 00:03 the logo": [(3, "the logo")],
    "from 0:03 to 0:05 it is too dark": [(3, "to 0:05 it is too dark")],
    # It would be charged if it was taken for options.
    "0:03 too long --duration 3": [(3, "too long --duration 3")],
    "the logo is too small at 0:03.": [(3, "the logo is too small")],
}
CHANGES = (
    "make it night",
    "3:2 please",
    "9:16 portrait of a queen",
    "at 3:30pm, in the rain",
    "-- a clock shows 0:03",
    "a clock shows 0:07",
    "a city at 10:30",
    "new: 0:03 is on the clock",
    "",
)


@pytest.mark.parametrize("text", NOTES)
def test_a_text_that_begins_with_a_time_consists_of_notes(text: str) -> None:
    expected = tuple(TypedNote(second=second, words=words) for second, words in NOTES[text])
    assert read_notes(text, 5.0) == expected
    assert read_notes(text, None) == expected


def test_any_other_text_is_none() -> None:
    assert [text for text in CHANGES if read_notes(text, 5.0) or read_notes(text, None)] == []


@pytest.mark.parametrize("text", ["the logo at 0:03 is too small", "logo too small (0:03)"])
def test_a_time_of_the_video_within_a_line_is_asked_about(text: str) -> None:
    with pytest.raises(UsageError, match="a note or a change"):
        read_notes(text, 5.0)
    assert read_notes(text, 2.0) == ()


@pytest.mark.parametrize("text", ["make it night\n0:03 too dark", "0:03", "0:03 dark\n0:04"])
def test_what_would_be_half_a_note_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="Nothing was noted or rendered"):
        read_notes(text, 5.0)


def test_a_time_is_shown_as_players_show_it() -> None:
    shown = [clock(second) for second in (0, 3.5, 59.9999, 62.25, 600)]
    assert shown == ["0:00", "0:03.5", "1:00", "1:02.25", "10:00"]
