"""Claim the notices that are due, tell them, and keep what came of it: the engine's sibling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias, assert_never

import structlog

from bot.base.errors import BotError
from bot.worker.retry import GiveUp, Pause, next_try
from bot.worker.telling import NoticeTools, Telling
from storage.notification import Notice
from storage.store import StaleFenceError, StoreBrokenError, StoreError

# Longer than the slowest telling, whose every call has its own limit, so none needs renewing; a
# restart frees what it held.
LEASE_SECONDS = 300.0
# One a channel at a time, so that what happened first is told first; this many channels at once.
CHANNELS = 8


Tell: TypeAlias = Callable[[Telling], Awaitable[None]]
"""Tells one notice, and records what came of it."""


class NoticeBoard:
    """Tells channels what they want to hear. `tick` is what the clock and the tests drive.

    `chance` gives random numbers from 0 to 1.
    """

    def __init__(self, tools: NoticeTools, tell: Tell, *, chance: Callable[[], float]) -> None:
        self._tools = tools
        self._tell = tell
        self._chance = chance
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._broken: StoreBrokenError | None = None
        self._log = structlog.get_logger("notices")

    async def tick(self) -> int:
        """Begin to tell what is due, as far as there is room; return how many were begun.

        Raises `StoreBrokenError` once the store cannot tell what is on disk.
        """
        if self._broken:
            raise self._broken
        room = CHANNELS - len(self._running)
        if self._stopping or room <= 0:
            return 0
        claimed = await self._tools.notices.claim_notices(self._tools.now(), LEASE_SECONDS, room)
        for notice in claimed:
            task = asyncio.create_task(self._run(notice), name=notice.id)
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(claimed)

    async def drain(self) -> None:
        """Wait until everything that was begun has been committed."""
        while self._running:
            await asyncio.wait(self._running)

    async def stop(self, seconds: float) -> None:
        """Begin nothing more, and give what is under way `seconds` to end.

        What is cut off is safe: its intent is on disk, and the next claim looks first.
        """
        self._stopping = True
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, notice: Notice) -> None:
        telling = Telling(notice, self._tools)
        try:
            await self._attempt(telling)
            await telling.record(replace(telling.notice, lease_until=None))
        except StaleFenceError:
            self._log.warning("claim_lost", notice=notice.id)
        except StoreBrokenError as error:
            self._broken = error
        except StoreError as error:
            # The row keeps its lease and comes up again when that has run out.
            self._log.error("store_trouble", notice=notice.id, problem=str(error))

    async def _attempt(self, telling: Telling) -> None:
        log = self._log.bind(notice=telling.notice.id, kind=telling.notice.kind)
        try:
            await self._tell(telling)
        except StoreError:
            raise
        except BotError as error:
            log.warning("notice_trouble", trouble=type(error).__name__, problem=str(error))
            await telling.record(self._after(telling.notice, error))
        except Exception as error:
            log.exception("notice_failed")
            await telling.record(self._after(telling.notice, error))

    def _after(self, notice: Notice, error: Exception) -> Notice:
        """Return the row after a try that got nowhere."""
        verdict = next_try(notice.attempts, error, self._chance())
        match verdict:
            case Pause():
                due_at = self._tools.now() + verdict.seconds
                return replace(notice, due_at=due_at, attempts=verdict.kept + 1)
            case GiveUp():
                return replace(notice, due_at=None, problem=verdict.problem)
            case _:
                assert_never(verdict)
