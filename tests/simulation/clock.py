"""Virtual time: an asyncio loop that never waits, and in which nothing happens by itself."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    # https://docs.python.org/3/library/selectors.html names no type for what can be registered.
    from _typeshed import FileDescriptorLike

T = TypeVar("T")

# An answer takes milliseconds, but the machine may be busy.
_ANSWER_SECONDS = 60.0


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


class _DatabaseSelector(selectors.DefaultSelector):
    """Waits in real time while an answer is on its way; else time passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # The loop's own pipe is always there.
        is_asked = len(self.get_map()) > 1
        # Also if something else could go on: else it would depend on the machine what comes first.
        ready = super().select(_ANSWER_SECONDS if is_asked else 0)
        if is_asked and not ready:
            raise StandstillError("the database does not answer")
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise StandstillError("nothing is left that could happen")
        self.now += max(timeout, 0.0)
        return []


class DatabaseLoop(asyncio.SelectorEventLoop):
    """Virtual time beside a real database: while that is asked, no virtual time passes."""

    def __init__(self) -> None:
        self._clock = _DatabaseSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        """Return how many seconds have passed."""
        return self._clock.now


def run(
    main: Coroutine[object, object, T],
    loop: Callable[[], asyncio.AbstractEventLoop] = VirtualLoop,
) -> T:
    """Run `main` in virtual time, from 0; return or raise what it does."""
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main)
