"""Tests of text in mrkdwn, and of blocks with pictures."""

from __future__ import annotations

import pytest

from bot.messages.blocks import (
    Block,
    link_label,
    literal,
    picture,
    section,
    section_with_picture,
    shows_picture,
    titled_link,
    without_pictures,
)
from storage.job import Json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a *red* car", "a \u2217red\u2217 car"),
        ("_slow_ and ~fast~", "\u02cdslow\u02cd and \u223cfast\u223c"),
        ("a `sea`", "a \u02cbsea\u02cb"),
        ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"),
        ("https://a.example/first_frame~1.png", "https://a.example/first_frame~1.png"),
    ],
)
def test_nothing_that_a_person_wrote_is_markup(text: str, shown: str) -> None:
    assert literal(text) == shown


def test_a_sentence_of_the_bot_keeps_its_code() -> None:
    assert literal("Type `/invite` *there*", keeps_code=True) == "Type `/invite` \u2217there\u2217"


def test_a_label_of_a_link_ends_where_it_should() -> None:
    assert link_label("a|b>c *d*", 20) == "a¦b&gt;c \u2217d\u2217"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/p1", "<https://a.example/p1|a &amp; b &lt;c&gt; ¦ \u2217d\u2217>"),
        (None, "a &amp; b &lt;c&gt; | \u2217d\u2217"),
    ],
)
def test_a_title_is_escaped_once_whether_it_is_a_link_or_not(url: str | None, shown: str) -> None:
    assert titled_link(url, "a & b <c> | *d*") == shown


def test_without_its_pictures_a_message_has_all_its_words() -> None:
    """Those beside words, those between words, and lines of nothing else."""
    image: Json = {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "a face"}
    name: Json = {"type": "mrkdwn", "text": "`@mascot`"}
    mixed: Block = {"type": "context", "elements": [image, name]}
    alone: Block = {"type": "context", "elements": [image]}
    drawn = [section_with_picture("a lake", "F1", "a"), picture("F1", "a"), mixed, alone]
    words = [section("a lake"), {"type": "context", "elements": [name]}]
    assert without_pictures(drawn) == words
    assert all(shows_picture([each]) for each in drawn)
    assert not shows_picture(words)
