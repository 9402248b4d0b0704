"""What Slack does to typed text is undone, once."""

from __future__ import annotations

import pytest

from bot.slack.markup import plain


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("<https://a.b/c?d=1&amp;e=2|a label>", "https://a.b/c?d=1&e=2"),
        ("see <http://a.b>.", "see http://a.b."),
        ("<mailto:a@b.c|a@b.c> <tel:+123|+1 23>", "a@b.c +1 23"),
        ("R&amp;D &lt;3 &gt;", "R&D <3 >"),
        ("&amp;amp; &amp;lt;", "&amp; &lt;"),
        ("&lt;https://a.b|c&gt;", "<https://a.b|c>"),
        ("<@U123|ann> <#C1|general> <!channel>", "<@U123|ann> <#C1|general> <!channel>"),
        ("one\r\ntwo", "one\ntwo"),
        ("a < b and c > d", "a < b and c > d"),
    ],
)
def test_markup_becomes_what_was_typed(typed: str, meant: str) -> None:
    assert plain(typed) == meant
