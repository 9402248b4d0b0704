"""The message of a set, which lists its parts, and the answers about sets."""

from __future__ import annotations

from bot.base.ports import Message
from bot.jobs.sets import SetView
from storage.job import Instant


def set_message(view: SetView, now: Instant) -> Message:
    """Return the message of a set as its parts are now."""
    raise NotImplementedError
