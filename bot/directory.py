"""What words and rules need to know of Slack: who people are, who may see what, where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of the workspace."""

    name: str
    """As plain text: naming somebody so rings no bell."""
    zone: str
    """The time zone's name, such as `Europe/Berlin`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A conversation as the bot sees it."""

    is_public: bool
    """Everybody in the workspace may read it."""
    has_us: bool
    """The bot is a member."""


class Directory(Protocol):
    """Slack, asked and never changed: every method is a read.

    Each may raise `RetryLaterError` and `OperatorMustActError`.
    """

    async def person(self, user: str) -> Person:
        """Return who this is; somebody whom Slack does not know has no name and lives in UTC."""

    async def room(self, channel: str) -> Room:
        """Return what kind of conversation this is; one that the bot cannot see is not public."""

    async def is_in(self, channel: str, user: str) -> bool:
        """Tell whether somebody is a member. Raises `UnreachablePlaceError`."""

    async def permalink(self, channel: str, ts: str) -> str | None:
        """Return the link to a message; `None`: it is gone."""
