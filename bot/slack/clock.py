"""Slack's clock, as the answers tell it that come anyway."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime

from bot.base.clock import uptime
from storage.job import Instant

FRESH_SECONDS = 10.0
"""How long an answer tells the time."""


class SlackClock:
    """The time of Slack's last answer, and how long ago it came.

    `uptime` returns seconds that never go back, and that include pauses of the machine.
    """

    def __init__(self, uptime: Callable[[], float] = uptime) -> None:
        self._uptime = uptime
        self._date = ""
        self._heard_at = float("-inf")

    def hear(self, date: str) -> None:
        """Note the header `Date` of an answer that has just come; an empty one tells nothing.

        https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1
        """
        self._date, self._heard_at = date, self._uptime()

    def read(self) -> Instant | None:
        """Return the time; `None` if no answer of the last `FRESH_SECONDS` tells it."""
        age = self._uptime() - self._heard_at
        if age > FRESH_SECONDS:
            return None
        try:
            return instant_of(self._date) + age
        except (ValueError, OverflowError):
            return None


def instant_of(date: str) -> Instant:
    """Return the time of a header `Date`, in whole seconds.

    Raises `ValueError` or `OverflowError` for one that is none.
    """
    return parsedate_to_datetime(date).timestamp()
