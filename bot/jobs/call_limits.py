"""How many calls the services take: the limits from which permits for calls are taken."""

from __future__ import annotations

from dataclasses import dataclass, replace

from storage.pace import Limit

POSTS_PER_SECOND = 1.0
"""Slack takes about one message a second in a channel.
https://docs.slack.dev/apis/web-api/rate-limits"""

EDITS_PER_MINUTE = 50.0
"""`chat.update` is Tier 3, about 50 calls a minute for a workspace; see the same page."""

# Calls arrive at Slack a little earlier or later than they leave.
_POST_MARGIN = 1.1
# A row of which the process was busy keeps its place among those of its channel for so long.
_LATE_SECONDS = 30.0
# In any minute at most all edits that Slack takes: this share may come at once, the rest follow at
# an even rate.
_AT_ONCE = 0.14
# Progress leaves room for so many results that come at once.
_RESULTS_AT_ONCE = 2
# A message that was not edited for so long has half the room that there is for progress.
_HALF_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """The limits of one bot. A rate of 0 stands for any number of calls."""

    posts_per_second: float = POSTS_PER_SECOND
    edits_per_minute: float = EDITS_PER_MINUTE

    def posts(self, team: str, channel: str) -> Limit:
        """Return the limit of messages in a channel; a pause is for all of a workspace's."""
        interval = _POST_MARGIN / self.posts_per_second if self.posts_per_second else 0.0
        return Limit(
            key=f"post {team} {channel}",
            interval=interval,
            gap=interval,
            late=_LATE_SECONDS,
            held_by=_posts_of(team),
        )

    def edits(self, team: str) -> Limit:
        """Return the limit of edits of messages in a workspace."""
        rate = self.edits_per_minute
        interval = 60.0 / (rate * (1 - _AT_ONCE)) if rate else 0.0
        tolerance = max(rate * _AT_ONCE - 1, 0.0) * interval
        key = _edits_of(team)
        return Limit(key=key, interval=interval, tolerance=tolerance, held_by=key)

    def progress(self, team: str, age: float) -> Limit:
        """Return the limit of edits that only show progress: where results wait, there is none.

        A message that was edited `age` seconds ago goes behind those that were not for longer.
        """
        edits = self.edits(team)
        tolerance = max(edits.tolerance - _RESULTS_AT_ONCE * edits.interval, 0.0)
        return replace(edits, tolerance=tolerance * age / (age + _HALF_SECONDS))


def uploads(team: str) -> Limit:
    """Return the limit of uploads of a workspace: as many as there are, unless Slack objects."""
    key = f"upload {team}"
    return Limit(key=key, interval=0.0, held_by=key)


def provider() -> Limit:
    """Return the limit of MindVideo's API key, which names no rate, but may ask for a pause."""
    key = "mindvideo"
    return Limit(key=key, interval=0.0, held_by=key)


def _posts_of(team: str) -> str:
    # A 429 blocks a method for a workspace. https://docs.slack.dev/apis/web-api/rate-limits
    return f"post {team}"


def _edits_of(team: str) -> str:
    return f"edit {team}"
