"""Tests of how an ask is counted that nobody answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.base.errors import UsageError
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.services import Services
from bot.listeners.context import Handler, answer
from storage.job import ReplyTo
from storage.sqlite.store import SqliteJobs
from storage.store import StoreFullError
from tests.support.forms import entries, submit
from tests.support.http_client import http_client
from tests.support.listener_harness import ListenerHarness, listener_harness
from tests.support.running_bot import running_bot
from tests.support.services import SilentObserver


class Counted(SilentObserver):
    """Remembers the kinds of answers."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def ask_answered(self, surface: str, answer: str, seconds: float) -> None:
        """See `Observer`."""
        del surface, seconds
        self.kinds.append(answer)


ASK = Interaction(
    team="T1", channel="C1", user="U1", surface="command", dedup_key="1.1", reply_to=ReplyTo()
)


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ListenerHarness]:
    async with listener_harness(tmp_path) as listeners:
        yield listeners


async def test_an_ask_that_the_store_refuses_counts_as_failed(harness: ListenerHarness) -> None:
    """The person is told, and the operator hears of it."""
    counted = Counted()
    reply = await answer(failing(StoreFullError("full")), ASK, counting(harness, counted))
    assert reply is not None
    assert counted.kinds == ["failed"]


async def test_an_ask_at_which_the_bot_breaks_counts_as_failed(harness: ListenerHarness) -> None:
    """The error goes on, to the log."""
    counted = Counted()
    with pytest.raises(ZeroDivisionError):
        await answer(failing(ZeroDivisionError()), ASK, counting(harness, counted))
    assert counted.kinds == ["failed"]


async def test_a_mistyped_ask_does_not(harness: ListenerHarness) -> None:
    counted = Counted()
    await answer(failing(UsageError("no")), ASK, counting(harness, counted))
    assert counted.kinds == ["refused"]


async def test_a_form_that_the_store_refuses_counts_as_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The form tells its user, as the command does."""

    async def insert(_store: SqliteJobs, *_request: object) -> None:
        raise StoreFullError("full")

    async with running_bot() as bot, http_client() as client:
        await bot.type("")
        monkeypatch.setattr(SqliteJobs, "insert", insert)
        await submit(bot, values=entries(prompt="a lake"))
        answered = await client.get(f"http://127.0.0.1:{bot.service.port}/metrics")
    assert 'video_bot_asks_total{answer="failed",surface="form"} 1.0' in answered.text
    assert 'answer="refused",surface="form"' not in answered.text


def counting(harness: ListenerHarness, counted: Counted) -> Services:
    """Return the services with this observer."""
    return replace(harness.services, observer=counted)


def failing(error: Exception) -> Handler:
    """Return a handler that raises the error."""

    async def handle(interaction: Interaction, services: Services) -> Message | None:
        del interaction, services
        raise error

    return handle
