"""Sends ephemeral messages in the background, because Slack's limit for the ack may be shorter."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from cachetools import FIFOCache

from bot.base.errors import BotError, OutcomeUnknownError, RetryLaterError
from bot.base.ports import Chat, Message, Place

TRIES = 3
PAUSE_SECONDS = 2.0
"""Pause before the next try, when Slack sends no `Retry-After`."""

MOST_CACHED = 2000
"""Remembered keys. Slack delivers a mention as two events and repeats what was not acknowledged."""

STOP_SECONDS = 3.0


class BackgroundEphemerals:
    """Implements the port `EphemeralMessages`. Best effort: the store has what must not be lost."""

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
        """Send a message to `user` in the background, once for each dedup key that is remembered.

        Uses `response_url` while that is valid, else an ephemeral message in `place`, or in the
        direct conversation if `place` is `None`.
        """
        if self.has_sent(key):
            return
        self._sent[key] = None
        task = asyncio.create_task(self._send(place, user, message, response_url))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def has_sent(self, key: str) -> bool:
        """Return whether a message was sent, or is being sent, under this dedup key."""
        return key in self._sent

    async def close(self) -> None:
        """Wait up to `STOP_SECONDS` for messages that are being sent, then cancel the rest."""
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
                target = place or Place(channel=await self._chat.open_direct(user))
                await self._chat.send_ephemeral(target, user, message, response_url)
            except BotError as error:
                is_temporary = isinstance(error, RetryLaterError | OutcomeUnknownError)
                if not is_temporary or not tries_left:
                    log = structlog.get_logger("slack")
                    log.warning("word_unsent", reason=str(error), code=error.code)
                    return
                await self._sleep(error.retry_after or PAUSE_SECONDS)
            else:
                return
