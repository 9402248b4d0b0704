"""Slack's markup in a typed text, reverted once."""

from __future__ import annotations

import pytest

from bot.slack.markup import mentioned_names, plain, without_mention


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("see <https://a.b/c?d=1&amp;e=2|a label> now", "see a label now"),
        (
            "a lake --image <https://a.b/c?d=1&amp;e=2|a label>",
            "a lake --image https://a.b/c?d=1&e=2",
        ),
        ("--image=<http://a.b|a.b> and <http://a.b|a.b>", "--image=http://a.b and a.b"),
        ('\u2014image "<https://a.b|x>"', '\u2014image "https://a.b"'),
        ("<ftp://a.b|files> <slack://x>", "files slack://x"),
        ("<mailto:a@b.c> <tel:123>", "a@b.c 123"),
        ("see <http://a.b>.", "see http://a.b."),
        ("<mailto:a@b.c|a@b.c> <tel:+123|+1 23>", "a@b.c +1 23"),
        ("R&amp;D &lt;3 &gt;", "R&D <3 >"),
        ("&amp;amp; &amp;lt;", "&amp; &lt;"),
        ("&lt;https://a.b|c&gt;", "<https://a.b|c>"),
        ("<@U123|ann> <#C1|general> <!channel>", "@ann #general @channel"),
        ("<!here> <!here|@here> <!everyone>", "@here @here @everyone"),
        ("<!subteam^S1|@design> <!subteam^S1|design>", "@design @design"),
        ("<!date^1392734382^{date}^https://a.b|18 February>", "18 February"),
        ("<!date^1392734382^{date}> <!date^x>", "2014-02-18 14:39 UTC "),
        ("<@U1> <@W1|> <#C1|> <!subteam^S1>", "<@U1> <@W1|> <#C1|> <!subteam^S1>"),
        ("<!unknown^x|label>", "@label"),
        ("one\r\ntwo", "one\ntwo"),
        ("a < b and c > d", "a < b and c > d"),
    ],
)
def test_markup_becomes_what_the_user_typed(typed: str, meant: str) -> None:
    assert plain(typed) == meant


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("a lake <@U1> at dawn", "a lake at dawn"),
        ("a lake at dawn <@U1|video>", "a lake at dawn"),
        ("<@U1>: a lake", "a lake"),
        ("<@U1> <@U2> in a car &amp; a dog", "<@U2> in a car &amp; a dog"),
        ("<@U1>", ""),
        ("<@U2> a lake", None),
    ],
)
def test_the_mentions_of_the_bot_are_removed_and_those_of_others_stay(
    text: str, rest: str | None
) -> None:
    assert without_mention(text, "U1") == rest


def test_the_names_of_those_who_are_mentioned_are_told_apart() -> None:
    """People and groups with a name; neither a channel nor a link, nor one without a name."""
    typed = "<@U1|Ben> <@U2> <!subteam^S1|@Design> <#C1|general> <https://x.example|x> @hero"
    assert mentioned_names(typed) == {"ben", "design"}
