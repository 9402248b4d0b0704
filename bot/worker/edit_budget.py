"""A limit on the rate of progress edits in a workspace."""

from __future__ import annotations

from storage.job import Instant

# `chat.update` is Tier 3, about 50 calls a minute for a workspace.
# https://docs.slack.dev/apis/web-api/rate-limits
EDITS_PER_MINUTE = 50.0
# How many of these progress leaves to other edits, such as those of results.
RESERVE = 15.0
# The capacity of a workspace's bucket.
BURST = 10.0
# A full bucket and its refill during a minute are the most that progress takes in any minute.
REFILL_PER_SECOND = (EDITS_PER_MINUTE - RESERVE - BURST) / 60
# Other edits may overdraw the bucket. The debt is bounded, so that progress resumes in minutes.
LOWEST_LEVEL = -EDITS_PER_MINUTE


class EditBudget:
    """A token bucket for each workspace, from which edits that show progress are taken.

    In any minute progress takes at most `EDITS_PER_MINUTE - RESERVE` edits. Other edits are never
    refused, but they are counted, and leave fewer for progress.
    """

    def __init__(self) -> None:
        self._levels: dict[str, tuple[float, Instant]] = {}
        self._held_until: dict[str, Instant] = {}

    def try_take(self, team: str, now: Instant) -> bool:
        """Take one edit for progress; return `False` if none is left or during a `hold`."""
        level = self._level(team, now)
        if level < 1 or now < self._held_until.get(team, 0.0):
            return False
        self._levels[team] = (level - 1, now)
        return True

    def take(self, team: str, now: Instant) -> None:
        """Count an edit that is sent whether or not the budget has one left."""
        self._levels[team] = (max(self._level(team, now) - 1, LOWEST_LEVEL), now)

    def hold(self, team: str, until: Instant) -> None:
        """Refuse edits for progress before `until`, which Slack named in a `Retry-After`."""
        self._held_until[team] = max(until, self._held_until.get(team, 0.0))

    def _level(self, team: str, now: Instant) -> float:
        level, counted_at = self._levels.get(team, (BURST, now))
        return min(level + max(now - counted_at, 0.0) * REFILL_PER_SECOND, BURST)
