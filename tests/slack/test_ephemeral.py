"""Ephemeral messages after an acknowledgement: sent once, tried again, and never in the way."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial

import pytest

from bot.base.errors import BotError, RefusedError, RetryLaterError
from bot.base.ports import Chat, Message, Place
from bot.slack.ephemeral import MOST_CACHED, PAUSE_SECONDS, TRIES, BackgroundEphemerals
from storage.store import StoreError

HERE = Place(channel="C1")
WORD = Message(text="no")


class Person:
    """Gets what is sent, after failing as often as there are `failures`."""

    def __init__(self, *failures: BotError) -> None:
        self.failures = deque(failures)
        self.got: list[str] = []
        self.elsewhere: set[str] = set()
        self.slept: list[float] = []

    async def send_ephemeral(
        self, place: Place, user: str, message: Message, response_url: str | None
    ) -> None:
        assert (place, user, response_url) == (HERE, "U1", None)
        if self.failures:
            raise self.failures.popleft()
        self.got.append(message.text)

    async def update(self, channel: str, ts: str, message: Message) -> None:
        assert (channel, ts) == ("C1", "1.1")
        if self.failures:
            raise self.failures.popleft()
        self.got.append(f"edited: {message.text}")

    async def may_answer(self, key: str) -> bool:
        if key == "in doubt":
            raise StoreError("the store is down")
        return key not in self.elsewhere

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def _ephemerals(person: Person) -> BackgroundEphemerals:
    chat: Chat = person  # type: ignore[assignment] # it only ever gets ephemeral messages
    return BackgroundEphemerals(chat, person.may_answer, sleep=person.sleep)


async def test_a_message_is_sent_once_for_each_key() -> None:
    """One message comes as two events, and each of them may come again."""
    person = Person()
    ephemerals = _ephemerals(person)
    for key in ("a", "a", "b"):
        ephemerals.send(key, HERE, "U1", WORD)
    await ephemerals.close()
    ephemerals.send("a", HERE, "U1", WORD)
    await ephemerals.close()
    assert person.got == ["no", "no"]


async def test_what_another_process_sends_is_left_to_it() -> None:
    """If nobody knows whether one does, twice is better than not at all."""
    person = Person(RetryLaterError("busy"))
    person.elsewhere.add("a")
    ephemerals = _ephemerals(person)
    for key in ("a", "b", "in doubt"):
        ephemerals.send(key, HERE, "U1", WORD)
    await ephemerals.close()
    assert person.got == ["no", "no"]


async def test_what_is_remembered_is_bounded() -> None:
    """A bot that runs for a year does not grow."""
    person = Person()
    ephemerals = _ephemerals(person)
    for number in range(MOST_CACHED + 1):
        ephemerals.send(str(number), HERE, "U1", WORD)
    ephemerals.send("0", HERE, "U1", WORD)
    await ephemerals.close()
    assert len(person.got) == MOST_CACHED + 2


async def test_a_passing_failure_is_waited_out() -> None:
    """As long as Slack asks for, else a moment."""
    person = Person(RetryLaterError("busy", retry_after=7), RetryLaterError("busy"))
    ephemerals = _ephemerals(person)
    ephemerals.send("a", HERE, "U1", WORD)
    await ephemerals.close()
    assert person.got == ["no"]
    assert person.slept == [7, PAUSE_SECONDS]


@pytest.mark.parametrize(
    ("failure", "tries"), [(RetryLaterError("busy"), TRIES), (RefusedError("too long"), 1)]
)
async def test_what_cannot_be_sent_is_left_unsent(failure: BotError, tries: int) -> None:
    """The log has it; nobody is kept waiting by it."""
    person = Person(*[failure] * (TRIES + 1))
    ephemerals = _ephemerals(person)
    ephemerals.send("a", HERE, "U1", WORD)
    await ephemerals.close()
    assert person.got == []
    assert len(person.failures) == TRIES + 1 - tries


async def test_a_message_that_takes_too_long_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stopping has a promise of its own."""
    monkeypatch.setattr("bot.slack.ephemeral.STOP_SECONDS", 0.01)
    person = Person(RetryLaterError("busy", retry_after=3600))
    chat: Chat = person  # type: ignore[assignment] # it only ever gets ephemeral messages
    ephemerals = BackgroundEphemerals(chat, person.may_answer)
    ephemerals.send("a", HERE, "U1", WORD)
    await ephemerals.close()
    assert person.got == []


async def test_a_drawing_in_the_background_is_tried_again_and_never_in_the_way() -> None:
    """A message that is gone stays so; the next drawing is made all the same."""
    person = Person(RetryLaterError("busy"), RefusedError("gone"))
    edits = _ephemerals(person)
    for _ in range(2):
        edits.draw("a", partial(person.update, "C1", "1.1", WORD))
        await edits.close()
    assert person.got == ["edited: no"]


async def test_a_message_is_drawn_by_one_at_a_time_and_at_last_as_it_was_asked_for_last() -> None:
    """What came in between is left out; another message does not wait for it."""
    person, goes_on = Person(), asyncio.Event()
    edits = _ephemerals(person)

    async def draw(text: str) -> None:
        if text == "first":
            await goes_on.wait()
        await person.update("C1", "1.1", Message(text=text))

    for text in ("first", "second", "third"):
        edits.draw("a", partial(draw, text))
        await asyncio.sleep(0)
    edits.draw("b", partial(draw, "other"))
    await asyncio.sleep(0)
    goes_on.set()
    await edits.close()
    assert person.got == ["edited: other", "edited: first", "edited: third"]
