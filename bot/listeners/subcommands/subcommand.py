"""The type of an entry in the table of `/video`'s subcommands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from bot.base.errors import UsageError
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.access import require_member
from bot.jobs.services import Services
from bot.listeners.context import Handler
from bot.options.catalog import Catalog

Bind: TypeAlias = Callable[[str, Catalog], Handler | None]
"""Returns the handler for the text after the first word; `None`: that text does not fit.

Pure. Raises `UsageError`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcommand:
    """A subcommand, named by the first word of a text.

    More than `most` words after the first do not fit (`None`: no limit). Fewer than `least` are
    refused with the usage, because hardly any user means to pay for a video of that one word.
    """

    usage: str
    """How it is typed, without `/video`: `status ID`."""
    about: str
    """Its description in the manual: one sentence without its full stop."""
    bind: Bind
    least: int = 0
    most: int | None = 0
    words: frozenset[str] = frozenset()
    """Words that it takes. With one of them mistyped, a long text is no prompt either."""
    openings: tuple[str, ...] = ()
    """Words that are easily left out before the others: `set here` of `budget 5 per day`."""
    takes_prose: bool = False
    """Whether any words fit, so that they do not tell whether it is meant."""
    is_of_the_team: bool = False
    """Whether it shows or changes what is not the user's own: only members may run it."""

    def match(self, rest: str, catalog: Catalog) -> Handler | None:
        """Return the handler for the text after the first word; `None`: that text does not fit.

        Raises `UsageError`, also for fewer words than it takes.
        """
        given = len(rest.split())
        if self.most is not None and given > self.most:
            return None
        if given < self.least:
            word = self.usage.split()[0]
            raise UsageError(
                f"Type `/video {self.usage}`; for a video of this word, `/video -- {word}`."
            )
        handler = self.bind(rest, catalog)
        if handler is None or not self.is_of_the_team:
            return handler
        return partial(_for_members, handler)


async def _for_members(
    handler: Handler, interaction: Interaction, services: Services
) -> Message | None:
    await require_member(interaction, services)
    return await handler(interaction, services)
