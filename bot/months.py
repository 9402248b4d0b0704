"""Calendar months, in UTC, as reports of costs count them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from storage.job import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month: the moments from `since` until before `until`."""

    name: str
    since: Instant
    until: Instant


def this_month(now: Instant) -> Month:
    """Return the month of a moment."""
    first = datetime.fromtimestamp(now, UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    # No month has more than 31 days, and the next has at least 28.
    following = (first + timedelta(days=32)).replace(day=1)
    return Month(name=f"{first:%B %Y}", since=first.timestamp(), until=following.timestamp())


def last_month(now: Instant) -> Month:
    """Return the month before that of a moment."""
    return this_month(this_month(now).since - 1)
