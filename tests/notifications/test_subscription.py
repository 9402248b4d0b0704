"""Tests of the reading of `/video notify`, and of prompts that begin with `notify`."""

from __future__ import annotations

from datetime import time

import pytest

from bot.base.errors import UsageError
from bot.notifications.schedule import Every
from bot.notifications.subscription import (
    SetDigest,
    SetLevel,
    Show,
    Subscription,
    read_subscription,
)
from storage.notification import Level


@pytest.mark.parametrize(
    ("text", "subscription"),
    [
        ("", Show()),
        ("here", Show()),
        ("<#C1|crew>", Show()),
        ("<#C1|crew> all", SetLevel(channel="C1", level=Level.ALL)),
        ("<#C1> failures", SetLevel(channel="C1", level=Level.FAILURES)),
        ("<#C1|> OFF", SetLevel(channel="C1", level=None)),
        ("here all", SetLevel(channel=None, level=Level.ALL)),
        ("Here digest daily", SetDigest(channel=None, every=Every.DAILY, at=time(9))),
        (
            "here digest weekly at 17:30",
            SetDigest(channel=None, every=Every.WEEKLY, at=time(17, 30)),
        ),
        ("here digest weekly 8", SetDigest(channel=None, every=Every.WEEKLY, at=time(8))),
        ("<#C1|x> digest off", SetDigest(channel="C1", every=None, at=time(9))),
    ],
)
def test_a_subscription_is_read(text: str, subscription: Subscription) -> None:
    assert read_subscription(text) == subscription


@pytest.mark.parametrize(
    "text",
    [
        "the king of his sins",
        "me",
        "here is a city that never sleeps",
        "<#C1|crew> by night, in snow, and fog",
    ],
)
def test_other_text_is_a_prompt(text: str) -> None:
    assert read_subscription(text) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("#crew all", ["`#crew`", "here"]),
        ("here everything", ["`everything`", "failures", "/video -- notify"]),
        ("here digest monthly", ["`digest monthly`", "weekly"]),
        ("here digest daily at 25:00", ["`25:00`", "09:00"]),
        ("here digest daily at 9:75", ["`9:75`"]),
        ("here digest daily at noon", ["`noon`"]),
    ],
)
def test_a_malformed_subscription_is_refused_with_an_explanation(
    text: str, parts: list[str]
) -> None:
    """It is not rendered as a prompt, because that would be charged."""
    with pytest.raises(UsageError) as raised:
        read_subscription(text)
    for part in parts:
        assert part in str(raised.value)
