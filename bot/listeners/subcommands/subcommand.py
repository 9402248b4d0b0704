"""The type of an entry in the table of `/video`'s subcommands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bot.jobs.services import Services
from bot.listeners.context import Handler

Bind: TypeAlias = Callable[[str, Services], Handler | None]
"""Returns the handler for the text after the first word; `None`: the whole text is a prompt.

Raises `UsageError`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcommand:
    """A subcommand, named by the first word of a text.

    A text with more than `most` words after the first is a prompt (`None`: no limit). One with
    fewer than `least` is refused with the usage, because hardly any user means to pay for a video
    of that one word.
    """

    usage: str
    """How it is typed, without `/video`: `status ID`."""
    about: str
    """Its description in the manual: one sentence without its full stop."""
    bind: Bind
    least: int = 0
    most: int | None = 0
