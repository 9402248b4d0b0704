"""Private words after an acknowledgement: said once, tried again, and never in the way."""

from __future__ import annotations

from collections import deque

import pytest

from bot.base.errors import BotError, RefusedError, RetryLaterError
from bot.base.ports import Chat, Message, Place
from bot.slack.ephemeral import PAUSE_SECONDS, REMEMBER_MOST, TRIES, Aside

HERE = Place(channel="C1")
WORD = Message(text="no")


class Ear:
    """Hears what is whispered, after failing as often as there are `troubles`."""

    def __init__(self, *troubles: BotError) -> None:
        self.troubles = deque(troubles)
        self.heard: list[str] = []
        self.slept: list[float] = []

    async def whisper(
        self, place: Place, user: str, message: Message, response_url: str | None
    ) -> None:
        assert (place, user, response_url) == (HERE, "U1", None)
        if self.troubles:
            raise self.troubles.popleft()
        self.heard.append(message.text)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def _aside(ear: Ear) -> Aside:
    chat: Chat = ear  # type: ignore[assignment] # it is only ever whispered to
    return Aside(chat, sleep=ear.sleep)


async def test_a_word_is_said_once_for_each_key() -> None:
    """One message comes as two events, and each of them may come again."""
    ear = Ear()
    aside = _aside(ear)
    for key in ("a", "a", "b"):
        aside.say(key, HERE, "U1", WORD)
    await aside.close()
    aside.say("a", HERE, "U1", WORD)
    await aside.close()
    assert ear.heard == ["no", "no"]


async def test_what_is_remembered_is_bounded() -> None:
    """A bot that runs for a year does not grow."""
    ear = Ear()
    aside = _aside(ear)
    for number in range(REMEMBER_MOST + 1):
        aside.say(str(number), HERE, "U1", WORD)
    aside.say("0", HERE, "U1", WORD)
    await aside.close()
    assert len(ear.heard) == REMEMBER_MOST + 2


async def test_passing_trouble_is_waited_out() -> None:
    """As long as Slack asks for, else a moment."""
    ear = Ear(RetryLaterError("busy", retry_after=7), RetryLaterError("busy"))
    aside = _aside(ear)
    aside.say("a", HERE, "U1", WORD)
    await aside.close()
    assert ear.heard == ["no"]
    assert ear.slept == [7, PAUSE_SECONDS]


@pytest.mark.parametrize(
    ("trouble", "tries"), [(RetryLaterError("busy"), TRIES), (RefusedError("too long"), 1)]
)
async def test_what_cannot_be_said_is_left_unsaid(trouble: BotError, tries: int) -> None:
    """The log has it; nobody is kept waiting by it."""
    ear = Ear(*[trouble] * (TRIES + 1))
    aside = _aside(ear)
    aside.say("a", HERE, "U1", WORD)
    await aside.close()
    assert ear.heard == []
    assert len(ear.troubles) == TRIES + 1 - tries


async def test_a_word_that_takes_too_long_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stopping has a promise of its own."""
    monkeypatch.setattr("bot.slack.ephemeral.STOP_SECONDS", 0.01)
    ear = Ear(RetryLaterError("busy", retry_after=3600))
    chat: Chat = ear  # type: ignore[assignment] # it is only ever whispered to
    aside = Aside(chat)
    aside.say("a", HERE, "U1", WORD)
    await aside.close()
    assert ear.heard == []
