"""Virtual time: an asyncio loop that never waits, and in which nothing happens by itself."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    # https://docs.python.org/3/library/selectors.html names no type for what can be registered.
    from _typeshed import FileDescriptorLike

T = TypeVar("T")


class StandstillError(Exception):
    """Everybody waits and nothing will ever happen."""


class _Selector(selectors.BaseSelector):
    """Passes the time that the loop wants to wait at once; no file is ever ready."""

    def __init__(self) -> None:
        self.now = 0.0
        self._keys: dict[FileDescriptorLike, selectors.SelectorKey] = {}

    def register(
        self, fileobj: FileDescriptorLike, events: int, data: object = None
    ) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        self._keys[number] = selectors.SelectorKey(fileobj, number, events, data)
        return self._keys[number]

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._keys.pop(fileobj if isinstance(fileobj, int) else fileobj.fileno())

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise StandstillError("nothing is left that could happen")
        self.now += max(timeout, 0.0)
        return []

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return dict(self._keys)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time starts at 0, in seconds, and jumps to the next moment at which something is due."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        """Return how many seconds have passed."""
        return self._clock.now

    def work(self, seconds: float) -> None:
        """Let time pass in which nothing else happens, as code does that never awaits."""
        self._clock.now += seconds


def run(main: Coroutine[object, object, T]) -> T:
    """Run `main` in virtual time, from 0; return or raise what it does."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
