"""A person's Home tab as a row: whether it is open, and when it must be drawn again."""

from __future__ import annotations

from dataclasses import dataclass

from storage.job import Instant

OPEN_SECONDS = 3600.0
"""How long after it was opened a tab is taken for open; Slack does not tell when one is left."""

REDRAW_SECONDS = 3.0
"""The shortest pause between two drawings of a tab.

Slack takes about a hundred views a minute of a workspace, so each person gets a few of them:
https://docs.slack.dev/reference/methods/views.publish
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """One person's Home tab."""

    id: str
    team: str
    user: str
    opened_at: Instant
    changed_at: Instant
    """When something that it shows changed last."""
    drawn_at: Instant = 0.0

    due_at: Instant | None = None
    """When to draw it; `None`: it is up to date, as far as anybody knows."""
    lease_until: Instant | None = None
    fence: int = 0
    """Raised by each claim; a write that names an older fence writes nothing."""
    attempts: int = 0
    """Tries in a row that got nowhere."""

    @property
    def step(self) -> str:
        """Which step the row is due for."""
        return DRAW

    def due_again(self, now: Instant) -> Instant:
        """Return when the row is due after one of its signals changed.

        The pause after a failed try stays: Slack may have said when to come back.
        """
        if self.attempts and self.due_at is not None:
            return self.due_at
        return max(now, self.drawn_at + REDRAW_SECONDS)

    @property
    def signals(self) -> tuple[Instant | None, ...]:
        """What others may change while a step runs; a change makes the row due again."""
        return self.opened_at, self.changed_at


DRAW = "draw"
"""The one step of a Home tab."""


def home_id(team: str, user: str) -> str:
    """Return the ID of a person's Home tab."""
    return f"{team}:{user}"
