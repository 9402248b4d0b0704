"""Where a connection's work runs: in a thread of its own, or right where it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")


class Lane(Protocol):
    """Runs one piece of work after the other, in the order in which they were given."""

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work`, which may block, and return or raise what it does."""

    def stop(self) -> None:
        """Let go of the lane, after the work that it has begun."""


class ThreadLane:
    """A thread of its own: the event loop goes on while SQLite waits for the disk."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def stop(self) -> None:
        """End the thread."""
        self._thread.shutdown()


class InlineLane:
    """The caller's own thread, at once: a simulation under virtual time needs one fixed order."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` without ever yielding to the event loop."""
        return work()

    def stop(self) -> None:
        """Do nothing: there is nothing to let go of."""
