"""Tests of words that look like shots or alternatives, and are written otherwise."""

from __future__ import annotations

import re

import pytest

from bot.options.catalog import Catalog
from bot.options.parser import read_text
from bot.options.request import read_request

KLING = Catalog.load()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0-3s: boats\n3-7s: the sea", "`0-3s: boats`"),
        ("0:00-0:03 boats\n0:03-0:07 the sea", "`0:00-0:03 boats`"),
        ("Shot 1: boats\n\nShot 2: the sea", "`Shot 1: boats`"),
        ("a harbour\n3s - boats\n4s - the sea", "`3s - boats`"),
        ("[3s] boats\n[4s] the sea", "`[3s] boats`"),
        ("0:00 boats\n0:03 the sea", "`0:00 boats`"),
        ("Intro (3s): boats\nEnd (4s): the sea", "`Intro (3s): boats`"),
        ("Opening shot [3 sec] boats\nthen [4 sec] the sea", "`Opening shot [3 sec] boats`"),
        ("• 3 seconds boats\n• 4 seconds the sea", "`• 3 seconds boats`"),
    ],
)
def test_lines_that_look_like_shots_are_asked_about(text: str, shown: str) -> None:
    """They would be one video of its usual length."""
    (doubt,) = read_request(read_text(text), KLING).doubts
    assert f"Lines such as {shown} are read as words of the prompt" in doubt.about


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a {red,blue} car", "`{red,blue}`"),
        ("a {red / blue} car", "`{red / blue}`"),
        ("a (red|blue) car", "`(red|blue)`"),
        ("a red|blue} car", "`red|blue}`"),
    ],
)
def test_words_that_look_like_alternatives_are_asked_about(text: str, shown: str) -> None:
    (doubt,) = read_request(read_text(text), KLING).doubts
    assert f"{shown} is read as words" in doubt.about


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a harbour at dawn tomorrow at 9", "`tomorrow at 9`"),
        ("every monday 9:00 a harbour", "`every monday 9:00`"),
        ("a harbour, 18:00 next friday", "`18:00 next friday`"),
        ("schedule a harbour for monday", "`schedule a harbour for monday`"),
        ("schedule a harbour at 18:00", "`schedule a harbour at 18:00`"),
        ("a harbour today at 18:00", "`today at 18:00`"),
        ("render tonight: a harbour", "`render tonight`"),
        ("post a harbour every monday", "`post a harbour every monday`"),
        ("repeat weekly please", "`repeat weekly please`"),
    ],
)
def test_a_start_in_words_is_asked_about(text: str, shown: str) -> None:
    """It would start at once."""
    (doubt,) = read_request(read_text(text), KLING).doubts
    assert f"{shown} is read as words, and the video starts at once" in doubt.about
    advice = " ".join(re.findall(r"`(--[^`]+)`", doubt.about))
    planned = read_request(read_text(f"a lake {advice}"), KLING)
    assert planned.at is not None
    assert planned.every is not None


def test_a_link_to_a_picture_in_words_is_asked_about() -> None:
    """The picture would not be looked at."""
    text = "animate https://a.example/car.png?w=9 at dawn"
    (doubt,) = read_request(read_text(text), KLING).doubts
    assert "`https://a.example/car.png?w=9` is read as words" in doubt.about
    assert "write `--image-urls` before it" in doubt.about


@pytest.mark.parametrize("text", ["3 more versions of a fox", "a fox in two variations"])
def test_a_number_of_videos_in_words_is_asked_about(text: str) -> None:
    (doubt,) = read_request(read_text(text), KLING).doubts
    assert "is read as words, and one video is made. `--times 3`" in doubt.about


@pytest.mark.parametrize(
    "text",
    [
        "three takes --times 3",
        "a market every sunday in rain",
        "a man who runs every day",
        "a city today",
        "see https://a.example/about for the style",
        'a sign "https://a.example/car.png"',
        "sunday morning in a city at 10",
        "a clock at 9:00 above a station",
        '"tomorrow at 9" on a sign',
        "3s: boats\n4s: the sea",
        "a lake\n10 boats\n3 men",
        "scene 1\na lake",
        "1. boats\n2. the sea",
        "a clock shows 12:30\nand a cat sits below it",
        "a race (10 km)\na finish (line)",
        "5 seconds of silence",
        "a car | a boat",
        "a {calm} lake",
        "-- 0-3s: boats\n3-7s: {red,blue} sea",
    ],
)
def test_other_words_are_not_asked_about(text: str) -> None:
    told = [doubt.about for doubt in read_request(read_text(text), KLING).doubts]
    assert not any("read as words" in about for about in told)
