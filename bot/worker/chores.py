"""Chores of which one process of many does each, without a leader."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from storage.job import Instant
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """Work that is done every so many seconds, by the process that is first to begin it.

    It makes up for what an earlier one has left, because a process may die during it.
    """

    name: str
    work: Callable[[], Awaitable[object]]
    seconds: float
    store: Store
    now: Callable[[], Instant]

    async def run(self) -> bool:
        """Do the work, unless it was begun for this moment before; return whether it was done."""
        # The schedulers of two processes call this at one moment, each by a clock of its own.
        moment = round(self.now() / self.seconds) * self.seconds
        if not await self.store.begin_chore(self.name, moment):
            return False
        await self.work()
        return True
