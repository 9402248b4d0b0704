"""Private words that follow an acknowledgement: Slack waits 3 s for it, a word may take longer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import structlog

from bot.base.errors import BotError, OutcomeUnknownError, RetryLaterError
from bot.base.ports import Chat, Message, Place

TRIES = 3
PAUSE_SECONDS = 2.0
"""Before the next try, when Slack does not say how long to wait."""

REMEMBER_MOST = 2000
"""One message comes under two kinds of event, and again when Slack doubts: it is answered once."""

STOP_SECONDS = 3.0


class Aside:
    """Says what only one person is told. Best effort: what must not be lost is in the store."""

    def __init__(
        self, chat: Chat, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._chat = chat
        self._sleep = sleep
        self._said: OrderedDict[str, None] = OrderedDict()
        self._saying: set[asyncio.Task[None]] = set()

    def say(
        self,
        key: str,
        place: Place | None,
        user: str,
        message: Message,
        response_url: str | None = None,
    ) -> None:
        """Tell `user` in the background, once for each `key` that is remembered.

        By `response_url` while that is good, else in `place`, or directly if there is none.
        """
        if self.has_said(key):
            return
        self._said[key] = None
        if len(self._said) > REMEMBER_MOST:
            self._said.popitem(last=False)
        task = asyncio.create_task(self._tell(place, user, message, response_url))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    def has_said(self, key: str) -> bool:
        """Tell whether something was said, or is being said, under this key."""
        return key in self._said

    async def close(self) -> None:
        """Finish what is being said, for a few seconds, and leave the rest unsaid."""
        if self._saying:
            _, unsaid = await asyncio.wait(self._saying, timeout=STOP_SECONDS)
            for task in unsaid:
                task.cancel()
            await asyncio.gather(*unsaid, return_exceptions=True)

    async def _tell(
        self, place: Place | None, user: str, message: Message, response_url: str | None
    ) -> None:
        for tries_left in reversed(range(TRIES)):
            try:
                here = place or Place(channel=await self._chat.open_direct(user))
                await self._chat.whisper(here, user, message, response_url)
            except BotError as error:
                passes = isinstance(error, RetryLaterError | OutcomeUnknownError)
                if not passes or not tries_left:
                    log = structlog.get_logger("slack")
                    log.warning("word_unsaid", reason=str(error), code=error.code)
                    return
                await self._sleep(error.retry_after or PAUSE_SECONDS)
            else:
                return
