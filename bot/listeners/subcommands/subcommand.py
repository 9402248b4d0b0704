"""What an entry in the table of `/video`'s subcommands consists of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from bot.base.ports import Message
from bot.jobs.accept import Asker
from bot.listeners.context import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It was a subcommand and was done."""

    reply: Message | None = None
    """What only the person is told; `None`: what there is to see, a job's own message shows."""


Handler: TypeAlias = Callable[[Desk, Asker, str], Awaitable[Done | None]]
"""Gets what stands behind the word, as typed. `None`: this is no subcommand but a prompt.

Must be safe to repeat for the same `Asker.ask_key`. Raises `UsageError`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcommand:
    """A word that may stand first, and what it does.

    With more words behind it than `most` (`None`: any number) a text is a prompt; with fewer than
    `least` the person is told the usage, because nobody means to pay for a video of one such word.
    """

    usage: str
    """How it is typed, without `/video`: `status ID`."""
    about: str
    """What it does, for the manual: one sentence without its full stop."""
    run: Handler
    least: int = 0
    most: int | None = 0
