"""Everything that the clock's tick drives, one after the other; the first goes before the rest."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Round(Protocol):
    """Something that looks what is due and begins it, without waiting for its end."""

    async def tick(self) -> object:
        """Begin what is due."""

    async def stop(self, seconds: float) -> None:
        """Begin nothing more, and give what is under way `seconds` to end."""


class Rounds:
    """Several of them as one."""

    def __init__(self, *rounds: Round) -> None:
        self._rounds = rounds

    async def tick(self) -> None:
        """Begin what is due, in order; trouble with the store ends the round."""
        for each in self._rounds:
            await each.tick()

    async def stop(self, seconds: float) -> None:
        """Stop all of them at the same time."""
        await asyncio.gather(*(each.stop(seconds) for each in self._rounds))
