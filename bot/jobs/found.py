"""What `/video find` looks for and shows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from bot.jobs.view import JobView
from storage.find import MOST_WORDS


class FindSpec(BaseModel, frozen=True, defer_build=True):
    """What is looked for, as the buttons of a page carry it. It says nothing of who may see what.

    Each press looks at that anew, for whoever presses.
    """

    words: tuple[str, ...] = Field(default=(), max_length=MOST_WORDS)
    by: str | None = None
    channel: str | None = None
    days: int | None = None
    """How long ago it was asked for at most."""
    style: str | None = None
    kept: bool = False
    before: int | None = None
    after: int | None = None
    """The position next to which the page lies: see `storage.find.Page`."""

    def to_value(self) -> str:
        """Return the value of a button: at most 2,000 characters, as Slack takes."""
        return self.model_dump_json(exclude_defaults=True)

    def newest(self) -> FindSpec:
        """Return the same from the newest on."""
        return self.model_copy(update={"before": None, "after": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCard:
    """One job that was found."""

    view: JobView
    position: int
    link: str | None
    """The permalink of its message, if Slack told it in time."""
    is_gone: bool = False
    """Whether Slack has hidden or deleted its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """A page of what was found, the newest first."""

    spec: FindSpec
    reader: str
    cards: Sequence[FoundCard]
    has_newer: bool
    has_older: bool
    is_certain: bool
    """Whether Slack told in time which channels the reader may see."""
    is_complete: bool
    """Whether all jobs are indexed already."""
