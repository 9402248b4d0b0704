"""Sends ephemeral messages and edits in the background, because Slack waits for the ack."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

import structlog
from cachetools import FIFOCache

from bot.base.errors import BotError, OutcomeUnknownError, RetryLaterError
from bot.base.ports import Chat, Message, Place
from storage.store import StoreError

TRIES = 3
PAUSE_SECONDS = 2.0
"""Pause before the next try, when Slack sends no `Retry-After`."""

MOST_CACHED = 2000
"""Remembered keys. Slack delivers a mention as two events and repeats what was not acknowledged."""

STOP_SECONDS = 3.0


class BackgroundEphemerals:
    """Implements the ports `EphemeralMessages` and `MessageEdits`.

    Best effort: the store has what must not be lost.
    """

    def __init__(
        self,
        chat: Chat,
        may_answer: Callable[[str], Awaitable[bool]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`may_answer` tells whether no other process sends the message with a dedup key."""
        self._chat = chat
        self._may_answer = may_answer
        self._sleep = sleep
        self._sent: FIFOCache[str, None] = FIFOCache(MOST_CACHED)
        self._sending: set[asyncio.Task[None]] = set()
        self._to_draw: dict[str, Callable[[], Awaitable[None]] | None] = {}
        """The next drawing of each message that is being drawn; `None`: there is none."""

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

        async def send() -> None:
            target = place or Place(channel=await self._chat.open_direct(user))
            await self._chat.send_ephemeral(target, user, message, response_url)

        self._start(self._send_once(key, send))

    def draw(self, key: str, draw: Callable[[], Awaitable[None]]) -> None:
        """Draw the message with this key; once more, with the last `draw`, if it is being drawn.

        In one process no two edits of a message are on their way, of which the older may come last.
        """
        is_drawing = key in self._to_draw
        self._to_draw[key] = draw
        if not is_drawing:
            self._start(self._draw_all(key))

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

    def _start(self, sending: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(sending)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _draw_all(self, key: str) -> None:
        try:
            while draw := self._to_draw[key]:
                self._to_draw[key] = None
                await self._try(draw)
        finally:
            del self._to_draw[key]

    async def _send_once(self, key: str, send: Callable[[], Awaitable[None]]) -> None:
        """Send a message, unless another process does; twice is better than not at all."""
        try:
            is_own = await self._may_answer(key)
        except StoreError:
            is_own = True
        if is_own:
            await self._try(send)

    async def _try(self, call: Callable[[], Awaitable[None]]) -> None:
        """Make a call that is safe to repeat, up to `TRIES` times."""
        for tries_left in reversed(range(TRIES)):
            try:
                await call()
            except BotError as error:
                is_temporary = isinstance(error, RetryLaterError | OutcomeUnknownError)
                if not is_temporary or not tries_left:
                    log = structlog.get_logger("slack")
                    log.warning("word_unsent", reason=error.in_full, code=error.code)
                    return
                await self._sleep(error.retry_after or PAUSE_SECONDS)
            else:
                return
