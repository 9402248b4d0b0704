"""How many progress edits a workspace still takes."""

from __future__ import annotations

from storage.job import Instant


class EditBudget:
    """How many progress edits a workspace still takes: a token bucket.

    Slack's `chat.update` is Tier 3, about 50 a minute for a workspace
    (https://docs.slack.dev/apis/web-api/rate-limits). In any minute progress takes at most what
    `reserve` leaves of them; results are never held back, and what they take, progress lacks.
    """

    def __init__(
        self, per_minute: float = 50.0, reserve: float = 15.0, burst: float = 10.0
    ) -> None:
        self._burst = burst
        # A full bucket and what flows in during a minute are the most of any minute.
        self._per_second = (per_minute - reserve - burst) / 60
        self._deepest = -per_minute
        self._tokens: dict[str, tuple[float, float]] = {}
        self._held: dict[str, float] = {}

    def try_take(self, team: str, now: Instant) -> bool:
        """Take one edit for progress if the workspace can spare it."""
        left = self._left(team, now)
        if left < 1 or now < self._held.get(team, 0.0):
            return False
        self._tokens[team] = (left - 1, now)
        return True

    def take(self, team: str, now: Instant) -> None:
        """Count an edit that could not wait."""
        self._tokens[team] = (max(self._left(team, now) - 1, self._deepest), now)

    def hold(self, team: str, until: Instant) -> None:
        """Take nothing for progress before this moment: Slack said when to come back."""
        self._held[team] = max(until, self._held.get(team, 0.0))

    def _left(self, team: str, now: Instant) -> float:
        tokens, then = self._tokens.get(team, (self._burst, now))
        return min(tokens + max(now - then, 0.0) * self._per_second, self._burst)
