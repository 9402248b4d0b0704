"""A user's Home tab as a row: when it was opened, and when it must be published again."""

from __future__ import annotations

from dataclasses import dataclass

from storage.job import Instant

OPEN_SECONDS = 3600.0
"""How long after `opened_at` a tab counts as open, in seconds; Slack reports no closing."""

REDRAW_SECONDS = 3.0
"""The shortest pause between two publications of one tab, in seconds.

Slack accepts about a hundred views a minute from a workspace, so each user gets a few of them:
https://docs.slack.dev/reference/methods/views.publish
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """One user's Home tab."""

    id: str
    team: str
    user: str
    opened_at: Instant
    changed_at: Instant
    """When data that the tab shows last changed."""
    pages: int = 1
    """How many pages of finished jobs it shows."""
    kept_only: bool = False
    """Whether it shows only those that somebody keeps."""
    published_at: Instant = 0.0
    """When the tab was last published; 0: never."""

    due_at: Instant | None = None
    """When to publish it; `None`: no change is known since `published_at`."""
    lease_until: Instant | None = None
    fence: int = 0
    """Raised by one with each claim; a write with an older fence is refused."""
    attempts: int = 0
    """Failed tries in a row."""
    crashes: int = 0
    """How many processes died during a step of this row, since the last result of a step."""

    @property
    def step(self) -> str:
        """The step that the row is due for."""
        return PUBLISH

    def due_again(self, now: Instant) -> Instant:
        """Return when the row is due after one of its signals changed.

        The pause after a failed try is kept, because it may come from Slack's `Retry-After`.
        """
        if self.attempts and self.due_at is not None:
            return self.due_at
        return max(now, self.published_at + REDRAW_SECONDS)

    @property
    def signals(self) -> tuple[Instant | None, ...]:
        """The fields that may change while a step runs; a change makes the row due again."""
        return self.opened_at, self.changed_at


PUBLISH = "draw"
"""The only step of a Home tab."""


def home_id(team: str, user: str) -> str:
    """Return the ID of a user's Home tab."""
    return f"{team}:{user}"
