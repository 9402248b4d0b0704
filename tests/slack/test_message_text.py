"""Tests of the words of messages that have them in blocks or attachments only."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.slack.markup import plain
from bot.slack.message_text import forwarded_files, text_of_attachments, text_of_blocks
from storage.job import Json


def rich(*parts: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return a rich text of one section."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [*parts]}]}


def words(text: str) -> Mapping[str, Json]:
    """Return words of a rich text."""
    return {"type": "text", "text": text}


@pytest.mark.parametrize(
    ("part", "markup"),
    [
        (words("a < b & c"), "a &lt; b &amp; c"),
        ({**words("red"), "style": {"bold": True}}, "red"),
        ({"type": "link", "url": "https://a.b"}, "<https://a.b>"),
        ({"type": "link", "url": "https://a.b", "text": "a > b"}, "<https://a.b|a &gt; b>"),
        ({"type": "user", "user_id": "U1"}, "<@U1>"),
        ({"type": "channel", "channel_id": "C1"}, "<#C1>"),
        ({"type": "usergroup", "usergroup_id": "S1"}, "<!subteam^S1>"),
        ({"type": "broadcast", "range": "here"}, "<!here>"),
        ({"type": "date", "timestamp": 1392734382, "fallback": "today"}, "today"),
        ({"type": "date", "timestamp": 1392734382}, "<!date^1392734382>"),
        ({"type": "emoji", "name": "flag-de", "unicode": "1f1e9-1f1ea"}, "\U0001f1e9\U0001f1ea"),
        ({"type": "emoji", "name": "party", "unicode": "x"}, ":party:"),
        ({"type": "color", "value": "#fff"}, ""),
    ],
)
def test_an_element_of_a_rich_text_is_read_as_a_texts_markup(
    part: Mapping[str, Json], markup: str
) -> None:
    assert text_of_blocks([rich(words("x"), part)]) == f"x{markup}"


def test_every_kind_of_block_with_words_is_read() -> None:
    listed: Json = {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_quote", "elements": [words("quoted")]},
            {
                "type": "rich_text_list",
                "elements": [
                    {"type": "rich_text_section", "elements": [words("one")]},
                    {"type": "rich_text_section", "elements": [words("two")]},
                ],
            },
        ],
    }
    section: Json = {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "a &amp; <@U1>"},
        "fields": [{"type": "plain_text", "text": "b & c"}],
    }
    context: Json = {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": "small"}, {"type": "image"}],
    }
    header: Json = {"type": "header", "text": {"type": "plain_text", "text": "Title"}}
    markdown: Json = {"type": "markdown", "text": "<b>"}
    blocks: Json = [header, section, listed, context, markdown, {"type": "divider"}, "odd"]
    assert plain(text_of_blocks(blocks)).split("\n") == [
        "Title",
        "a & <@U1>",
        "b & c",
        "quoted",
        "one",
        "two",
        "small",
        "<b>",
    ]


@pytest.mark.parametrize("blocks", [None, "x", 5, [None], [{"type": "rich_text"}], {"a": 1}])
def test_what_is_no_list_of_blocks_has_no_words(blocks: Json) -> None:
    assert text_of_blocks(blocks) == ""
    assert text_of_attachments(blocks) == ""


X = rich(words("x"))


@pytest.mark.parametrize(
    ("attachment", "text"),
    [
        ({"is_share": True, "text": "a lake", "fallback": "[1] ann: a lake"}, "a lake"),
        (
            {
                "is_msg_unfurl": True,
                "message_blocks": [{"message": {"blocks": [rich(words("x"))]}}],
            },
            "x",
        ),
        ({"is_share": True, "from_url": "https://a.b", "text": "a lake"}, "a lake"),
        ({"is_share": True, "fallback": "[1] ann: "}, ""),
        ({"text": "", "blocks": [rich(words("of an app"))]}, "of an app"),
        ({"fallback": "of an app"}, "of an app"),
        ({"from_url": "https://a.b", "title": "A page", "text": "its summary"}, ""),
    ],
)
def test_the_words_of_an_attachment(attachment: Mapping[str, Json], text: str) -> None:
    """Those of a link's preview are none of the person's."""
    assert text_of_attachments([attachment]) == text


def test_the_files_of_forwarded_messages_are_listed() -> None:
    attachments: Json = [{"files": [{"id": "F1"}]}, {}, {"files": None}, {"files": [{"id": "F2"}]}]
    assert forwarded_files(attachments) == [{"id": "F1"}, {"id": "F2"}]
    assert forwarded_files(None) == []
