"""Where a text is typed, and what may be typed there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from bot.listeners.context import Handler
from bot.listeners.subcommands.subcommand import Subcommand
from bot.options.catalog import Catalog


def _no_command(_: str) -> Handler | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextContext:
    """Where a text is typed, and what may be typed there."""

    table: Mapping[str, Subcommand]
    catalog: Catalog
    is_conversation: bool = False
    """Whether people chat there, also in single words; a slash command is no conversation."""
    has_files: bool = False
    """Whether files came with the text, so that a single word may well be a prompt."""
    thread_words: Collection[str] = ()
    thread_command: Callable[[str], Handler | None] = _no_command
    """Returns the command of a job's thread that a text is. Raises `UsageError`."""
