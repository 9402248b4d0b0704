"""Limits how often lines of one kind are logged, whoever causes them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock

from cachetools import LRUCache

from bot.base.patterns import lazy_compile

SECONDS = 60.0
"""An operator learns of a kind within a minute, and a flood costs a line a minute."""

MOST_KINDS = 256
"""The kinds that are remembered. Beyond them the one that was seen longest ago is forgotten."""

_DIGITS = lazy_compile(r"\d+")
_SHOWN = 80


@dataclass(slots=True)
class _Kind:
    until: float
    held: int = 0


class Throttle:
    """Admits one event of each kind in `seconds`, and counts those that it holds back.

    Threads may share one.
    """

    def __init__(self, seconds: float = SECONDS, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._now = now
        self._kinds: LRUCache[Hashable, _Kind] = LRUCache(MOST_KINDS)
        self._lock = Lock()

    def admit(self, kind: Hashable) -> int | None:
        """Return how many events of the kind were held back before this one; `None`: hold it back.

        Each is counted once: in the number that the next admitted event gets.
        """
        now = self._now()
        with self._lock:
            known = self._kinds.get(kind)
            if known is not None and now < known.until:
                known.held += 1
                return None
            self._kinds[kind] = _Kind(until=now + self._seconds)
            return 0 if known is None else known.held


def throttled_records(throttle: Throttle) -> Callable[[logging.LogRecord], bool]:
    """Return a filter for a log handler that throttles the records of libraries.

    asyncio logs each failed `accept`, 128 times a second while no file can be opened; others do the
    like for each request. Records of the bot itself are structlog's, whose message is no text.
    """

    def is_admitted(record: logging.LogRecord) -> bool:
        if not isinstance(record.msg, str):
            return True
        held = throttle.admit(_kind_of(record))
        if held:
            record.msg += f" ({held} more since the last such line)"
        return held is not None

    return is_admitted


def _kind_of(record: logging.LogRecord) -> Hashable:
    """Return what records of one cause have in common: the place, the words, the exception."""
    words = _DIGITS.sub("", str(record.msg).partition("\n")[0])[:_SHOWN]
    return record.name, record.lineno, words, record.exc_info and record.exc_info[0]
