"""Slack's limits on the rate of calls, for a simulated Slack that is to have them."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.slack.faults import Fault, FaultKind

POSTS = frozenset({"chat.postMessage", "files.completeUploadExternal"})
"""Methods that bring a message into a channel."""

MINUTE = 60.0
_EDIT = "edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """What a workspace takes of one app.

    https://docs.slack.dev/apis/web-api/rate-limits
    """

    post_seconds: float = 1.0
    """The shortest time between two messages in a channel; Slack also takes short bursts."""
    edits_per_minute: int = 50
    """The most calls of `chat.update` in any minute."""


class RateLimiter:
    """Refuses calls beyond the limits, and those that come before the pause it named is over."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits
        self._posted_at: dict[str, float] = {}
        self._edited_at: deque[float] = deque()
        self._open_at: dict[str, float] = {}

    def refuse(self, method: str, args: Mapping[str, object], now: float) -> Fault | None:
        """Return the refusal of a call, or `None` for one that may be taken."""
        place = _place(method, args)
        wait = max(self._free_at(place, now), self._open_at.get(place, now)) - now
        if wait <= 0:
            return None
        seconds = max(math.ceil(wait), 1)
        self._open_at[place] = now + seconds
        return Fault(kind=FaultKind.RATE_LIMITED, retry_after=str(seconds))

    def count(self, method: str, args: Mapping[str, object], now: float) -> None:
        """Count a call that was taken."""
        place = _place(method, args)
        if place == _EDIT:
            self._edited_at.append(now)
        elif place:
            self._posted_at[place] = now

    def _free_at(self, place: str, now: float) -> float:
        if not place:
            return now
        if place != _EDIT:
            return self._posted_at.get(place, -math.inf) + self._limits.post_seconds
        while self._edited_at and self._edited_at[0] <= now - MINUTE:
            self._edited_at.popleft()
        is_full = len(self._edited_at) >= self._limits.edits_per_minute
        return self._edited_at[0] + MINUTE if is_full else now


def _place(method: str, args: Mapping[str, object]) -> str:
    """Return what limits a call: edits, or the messages of a channel; empty: nothing."""
    if method in POSTS:
        return f"post {args.get('channel') or args.get('channel_id') or ''}"
    return _EDIT if method == "chat.update" else ""
