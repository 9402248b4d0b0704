"""Parse the text after `/video notify`: the subscriptions of a channel. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import TypeAlias

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.notifications.schedule import Every
from bot.options.mentions import CHANNEL
from bot.options.wording import quoted
from storage.notification import Level

_TIME = lazy_compile(r"(\d{1,2})(?::(\d{2}))?")
HERE = "here"
NINE = time(9)
# `here digest weekly at 09:00`; a longer text is a prompt that begins with `notify`.
MOST_WORDS = 5

FORMS = (
    "Type `/video notify #channel all`, `failures` or `off`, or `/video notify here digest daily` "
    "or `weekly` (with `at 09:00` for another hour) or `off`. "
    "For a video of these words type `/video -- notify …`, with the two dashes."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Show the subscriptions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLevel:
    """Subscribe a channel to notifications about single jobs, or end the subscription."""

    channel: str | None
    """`None`: the channel in which the command is typed."""
    level: Level | None
    """`None`: end the subscription."""

    @property
    def is_end(self) -> bool:
        """Whether the subscription ends."""
        return self.level is None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDigest:
    """Subscribe a channel to digests, or end the subscription."""

    channel: str | None
    """`None`: the channel in which the command is typed."""
    every: Every | None
    """`None`: end the subscription."""
    at: time

    @property
    def is_end(self) -> bool:
        """Whether the subscription ends."""
        return self.every is None


Subscription: TypeAlias = Show | SetLevel | SetDigest


def read_subscription(text: str) -> Subscription | None:
    """Return the subscription to show or set; `None`: the text is the beginning of a prompt.

    Raises `UsageError` for a text that resembles a subscription but is none.
    """
    words = text.split()
    if not words:
        return Show()
    if len(words) > MOST_WORDS:
        return None
    place, *rest = words
    found = CHANNEL.fullmatch(place)
    if found is None and place.casefold() != HERE:
        if not place.startswith("#"):
            return None
        raise UsageError(
            f"Slack did not tell me which channel {quoted(place)} is. Choose it from the list "
            "that opens behind `#`, or type the command there, with `here`."
        )
    return _parse(found[1] if found else None, [word.casefold() for word in rest])


def _parse(channel: str | None, words: Sequence[str]) -> Subscription:
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
            return SetDigest(channel=channel, every=Every(every), at=_parse_time(hour))
        case _:
            raise UsageError(f"I do not understand {quoted(' '.join(words))}. {FORMS}")


def _parse_time(typed: str) -> time:
    found = _TIME.fullmatch(typed)
    try:
        return time(int(found[1]), int(found[2] or 0)) if found else time.fromisoformat(typed)
    except ValueError:
        raise UsageError(
            f"{quoted(typed)} is no time of day. Write it as 09:00 or 17:30."
        ) from None
