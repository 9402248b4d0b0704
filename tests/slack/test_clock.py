"""Tests of Slack's clock as its answers tell it."""

from __future__ import annotations

from pathlib import Path

from bot.slack.chat import SlackChat
from bot.slack.clock import FRESH_SECONDS, SlackClock
from tests.support.slack_sandbox import HELLO, HERE, client_of, running_slack

NOON = "Thu, 26 Nov 2026 12:00:00 GMT"
NOON_SECONDS = 1795694400.0


def test_an_answer_tells_the_time_for_some_seconds() -> None:
    age = [100.0]
    clock = SlackClock(lambda: age[0])
    assert clock.read() is None
    clock.hear(NOON)
    age[0] += FRESH_SECONDS
    assert clock.read() == NOON_SECONDS + FRESH_SECONDS
    age[0] += 0.1
    assert clock.read() is None


def test_an_answer_without_a_time_tells_nothing() -> None:
    """Not even that of the answer before: what comes between may have any length."""
    clock = SlackClock(lambda: 5.0)
    for date in ("", "yesterday", "Thu, 99 Nov 2026 12:00:00 GMT"):
        clock.hear(NOON)
        clock.hear(date)
        assert clock.read() is None


async def test_each_answer_tells_slacks_time(tmp_path: Path) -> None:
    """However far our clock is off; and a question for it is always asked."""
    age, slack_now = [0.0], [NOON_SECONDS]
    async with (
        running_slack(tmp_path, now=lambda: slack_now[0]) as slack,
        client_of(slack) as client,
    ):
        chat = SlackChat(client, clock=SlackClock(lambda: age[0]))
        assert chat.known_clock() is None
        await chat.post(HERE, HELLO, "k3f9")
        age[0] += 2
        assert chat.known_clock() == NOON_SECONDS + 2
        slack_now[0] += 9000
        assert await chat.read_clock() == NOON_SECONDS + 9000
        age[0] += FRESH_SECONDS
        assert chat.known_clock() is None
