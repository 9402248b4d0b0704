"""What an entry in the table of `/video`'s subcommands consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bot.jobs.services import Services
from bot.listeners.context import Handler

Bind: TypeAlias = Callable[[str, Services], Handler | None]
"""Reads what comes behind the word, as typed. `None`: this is no subcommand but a prompt.

Raises `UsageError`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcommand:
    """A word that may come first, and what it does.

    With more words behind it than `most` (`None`: any number) a text is a prompt; with fewer than
    `least` the person is told the usage, because nobody means to pay for a video of one such word.
    """

    usage: str
    """How it is typed, without `/video`: `status ID`."""
    about: str
    """What it does, for the manual: one sentence without its full stop."""
    bind: Bind
    least: int = 0
    most: int | None = 0
