"""The `Retry-After` header, as seconds (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime

from storage.job import Instant

SHORTEST_SECONDS = 1.0
"""The minimum, also for a header of 0 or of a time in the past."""

LONGEST_SECONDS = 15 * 60.0
"""The maximum, also for a header of a year."""


def read_seconds(value: str | None) -> float | None:
    """Return how many seconds to wait, from 1 s to 15 min, or `None` if there is no number.

    Slack sends no dates: https://docs.slack.dev/apis/web-api/rate-limits
    """
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return _within_bounds(seconds)


def read_retry_after(value: str | None, now: Instant) -> float | None:
    """Read a header that may hold a date, counted from `now`; else the same as `read_seconds`."""
    try:
        moment = parsedate_to_datetime(value or "").timestamp()
    except (ValueError, OverflowError):
        return read_seconds(value)
    return _within_bounds(moment - now)


def _within_bounds(seconds: float) -> float | None:
    return None if math.isnan(seconds) else min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
