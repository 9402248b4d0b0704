"""The `Retry-After` header, as seconds (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime

from storage.job import Instant

SHORTEST_SECONDS = 1.0
"""A server that says 0 or a moment in the past still gets time to breathe."""

LONGEST_SECONDS = 15 * 60.0
"""A server that says a year is asked again all the same."""


def read_retry_after(value: str | None, now: Instant) -> float | None:
    """Return how many seconds to wait, from 1 s to 15 min, or `None` if the header tells none.

    `value` is a number of seconds or an HTTP date; `now` is what a date is counted from.
    """
    if value is None:
        return None
    seconds = _seconds(value.strip(), now)
    if seconds is None or math.isnan(seconds):
        return None
    return min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS)


def _seconds(text: str, now: Instant) -> float | None:
    try:
        return float(text)
    except ValueError:
        pass  # then it is a date, or nothing
    try:
        return parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError):
        return None
