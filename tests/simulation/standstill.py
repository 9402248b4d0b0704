"""A process, or an engine of it, that stands still for a while and does not know it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from storage.job import Event, Instant
from storage.pace import Permit
from storage.store import ClaimLimit, Queue, Row
from tests.simulation.world import World

AT_COMMIT = 0.2
"""How likely it stands still after a commit, where another one may go on meanwhile."""


class Standstill:
    """Nothing leaves what stands still, and nothing arrives there."""

    def __init__(self, world: World, *, at_commits: bool = False) -> None:
        self._world = world
        self._at_commits = at_commits
        """Whether one may begin between a commit and the call that is to follow it."""
        self._until = 0.0
        self.began_at = 0.0
        """When the last one began, by the age of the world."""

    def begin(self, seconds: float) -> None:
        """Stand still for so long."""
        self.began_at, self._until = self._world.age, self._world.age + seconds

    def after_commit(self) -> None:
        """Stand still now, if chance wants it."""
        if self._at_commits and self._world.faulty and self._world.odds(AT_COMMIT):
            self._world.count("stands still after a commit")
            self.begin(self._world.between(1, 200))

    async def over(self) -> None:
        """Return when it is over."""
        while (rest := self._until - self._world.age) > 0:
            await self._world.sleep(rest)


class StoppableQueue(Generic[Row]):
    """A queue whose answers are heard, and which is called, only when nothing stands still."""

    def __init__(self, queue: Queue[Row], standstill: Standstill) -> None:
        self._queue: Queue[Row] = queue
        self._standstill = standstill

    async def claim(
        self, now: Instant, lease_seconds: float, limits: Sequence[ClaimLimit]
    ) -> list[Row]:
        """See `Queue`."""
        await self._standstill.over()
        claimed = await self._queue.claim(now, lease_seconds, limits)
        await self._standstill.over()
        return claimed

    async def renew(self, rows: Sequence[Row], until: Instant) -> frozenset[str]:
        """See `Queue`."""
        await self._standstill.over()
        kept = await self._queue.renew(rows, until)
        await self._standstill.over()
        return kept

    async def apply(
        self, before: Row, after: Row, event: Event | None, permit: Permit | None = None
    ) -> Row:
        """See `Queue`."""
        await self._standstill.over()
        written = await self._queue.apply(before, after, event, permit)
        self._standstill.after_commit()
        await self._standstill.over()
        return written
