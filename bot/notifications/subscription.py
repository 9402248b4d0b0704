"""Reads the words behind `/video notify`: what a channel is subscribed to. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import TypeAlias

from bot.base.errors import UsageError
from bot.notifications.schedule import Every
from bot.options.wording import quoted
from storage.notification import Level

# https://docs.slack.dev/messaging/formatting-message-text#linking-channels
_CHANNEL = re.compile(r"<#([A-Z0-9]+)(?:\|[^>]*)?>")
_HOUR = re.compile(r"(\d{1,2})(?::(\d{2}))?")
HERE = "here"
OFF = "off"
NINE = time(9)
# `here digest weekly at 09:00`; more words are a prompt that begins with the same one.
MOST_WORDS = 5

FORMS = (
    "Type `/video notify #channel all`, `failures` or `off`, or `/video notify here digest daily` "
    "or `weekly` (with `at 09:00` for another hour) or `off`. "
    "For a video of these words type `/video -- notify …`, with the two dashes."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Tell what is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLevel:
    """Tell a channel about single jobs; `None`: no more."""

    channel: str | None
    """`None`: where it is typed."""
    level: Level | None

    @property
    def is_end(self) -> bool:
        """Whether the channel is to be told no more."""
        return self.level is None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDigest:
    """Send a channel digests; `None`: no more."""

    channel: str | None
    every: Every | None
    at: time

    @property
    def is_end(self) -> bool:
        """Whether the channel is to get no more."""
        return self.every is None


Subscription: TypeAlias = Show | SetLevel | SetDigest


def read_subscription(text: str) -> Subscription | None:
    """Return what is asked for; `None`: the words are none of it, so they begin a prompt.

    Raises `UsageError` where it looks like one of these and is none.
    """
    words = text.split()
    if not words:
        return Show()
    if len(words) > MOST_WORDS:
        return None
    place, *rest = words
    found = _CHANNEL.fullmatch(place)
    if found is None and place.casefold() != HERE:
        if not place.startswith("#"):
            return None
        raise UsageError(
            f"Slack did not tell me which channel {quoted(place)} is. Choose it from the list "
            "that opens behind `#`, or type the command there, with `here`."
        )
    return _read(found[1] if found else None, [word.casefold() for word in rest])


def _read(channel: str | None, words: Sequence[str]) -> Subscription:
    match words:
        case []:
            return Show()
        case [level] if level in set(Level):
            return SetLevel(channel=channel, level=Level(level))
        case ["off"]:
            return SetLevel(channel=channel, level=None)
        case ["digest", "off"]:
            return SetDigest(channel=channel, every=None, at=NINE)
        case ["digest", every] if every in set(Every):
            return SetDigest(channel=channel, every=Every(every), at=NINE)
        case ["digest", every, hour] | ["digest", every, "at", hour] if every in set(Every):
            return SetDigest(channel=channel, every=Every(every), at=_hour(hour))
        case _:
            raise UsageError(f"I do not understand {quoted(' '.join(words))}. {FORMS}")


def _hour(typed: str) -> time:
    found = _HOUR.fullmatch(typed)
    try:
        return time(int(found[1]), int(found[2] or 0)) if found else time.fromisoformat(typed)
    except ValueError:
        raise UsageError(
            f"{quoted(typed)} is no time of day. Write it as 09:00 or 17:30."
        ) from None
