"""Lets a row that became due in one process be found by another before its next look.

Best effort: each process looks for due rows twice a second by itself, and an error here is none of
the request that made the row due.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from storage.job import Instant
from storage.store import Notice, Store, StoreError

SEND_SECONDS = 0.2
"""The shortest pause between two notices: the server orders the transactions that send them."""

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
"""The pauses before the connection on which notices are heard is made anew."""


class Notices:
    """Sends notices to the other processes that share a store, and hears theirs."""

    def __init__(self, store: Store, *, now: Callable[[], Instant]) -> None:
        self._store = store
        self._now = now
        self._sent_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._sending: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("notices")

    def wake_others(self) -> None:
        """Let the other processes look for due rows soon, at most five times a second."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._sent_at + SEND_SECONDS, self._begin)

    @asynccontextmanager
    async def subscribed(self, wake: Callable[[], None], url: str | None) -> AsyncIterator[None]:
        """Call `wake` when another process says that a row became due, while the context lasts.

        `url` is another address of the store, for a connection that stays the same.
        """
        task = asyncio.create_task(self._listen(wake, url), name="notices of other processes")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def close(self) -> None:
        """Send what is to be sent, and no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._begin()
        if self._sending is not None:
            await self._sending

    def _begin(self) -> None:
        self._timer = None
        self._sent_at = asyncio.get_running_loop().time()
        self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        try:
            await self._store.send_notice(Notice.DUE)
        except StoreError as error:
            self._log.debug("notice_unsent", problem=str(error))

    async def _listen(self, wake: Callable[[], None], url: str | None) -> None:
        pause = FIRST_PAUSE_SECONDS

        async def hear(notice: Notice) -> None:
            nonlocal pause
            pause = FIRST_PAUSE_SECONDS
            if notice is Notice.DUE:
                wake()
            else:
                with suppress(StoreError):
                    await self._store.pacing.refresh(self._now())

        while True:
            try:
                await self._store.listen(url, hear)
            except StoreError as error:
                self._log.warning("not_listening", problem=str(error), again_in=pause)
            else:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
