"""Ephemeral messages that follow an acknowledgement: they may take longer than Slack waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from cachetools import FIFOCache

from bot.base.errors import BotError, OutcomeUnknownError, RetryLaterError
from bot.base.ports import Chat, Message, Place

TRIES = 3
PAUSE_SECONDS = 2.0
"""Before the next try, when Slack does not say how long to wait."""

MOST_CACHED = 2000
"""One message comes under two kinds of event, and again when Slack doubts: it is answered once."""

STOP_SECONDS = 3.0


class BackgroundEphemerals:
    """The port `EphemeralMessages`. Best effort: what must not be lost is in the store."""

    def __init__(
        self, chat: Chat, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._chat = chat
        self._sleep = sleep
        self._sent: FIFOCache[str, None] = FIFOCache(MOST_CACHED)
        self._sending: set[asyncio.Task[None]] = set()

    def send(
        self,
        key: str,
        place: Place | None,
        user: str,
        message: Message,
        response_url: str | None = None,
    ) -> None:
        """Show a message to `user` in the background, once for each `key` that is remembered.

        By `response_url` while that is good, else in `place`, or directly if there is none.
        """
        if self.has_sent(key):
            return
        self._sent[key] = None
        task = asyncio.create_task(self._send(place, user, message, response_url))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def has_sent(self, key: str) -> bool:
        """Tell whether something was sent, or is being sent, under this key."""
        return key in self._sent

    async def close(self) -> None:
        """Finish what is being sent, for a few seconds, and leave the rest."""
        if self._sending:
            _, unsent = await asyncio.wait(self._sending, timeout=STOP_SECONDS)
            for task in unsent:
                task.cancel()
            await asyncio.gather(*unsent, return_exceptions=True)

    async def _send(
        self, place: Place | None, user: str, message: Message, response_url: str | None
    ) -> None:
        for tries_left in reversed(range(TRIES)):
            try:
                here = place or Place(channel=await self._chat.open_direct(user))
                await self._chat.send_ephemeral(here, user, message, response_url)
            except BotError as error:
                passes = isinstance(error, RetryLaterError | OutcomeUnknownError)
                if not passes or not tries_left:
                    log = structlog.get_logger("slack")
                    log.warning("word_unsent", reason=str(error), code=error.code)
                    return
                await self._sleep(error.retry_after or PAUSE_SECONDS)
            else:
                return
