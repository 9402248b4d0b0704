"""Formats durations, amounts and counted nouns for messages."""

from __future__ import annotations

from decimal import Decimal

MINUTE = 60
# The last three are the stops of Chinese, in which MindVideo may write too.
_STOPS = (".", "!", "?", "…", "\u3002", "\uff01", "\uff1f")
_CLOSING = "\"'”’»)]`"
HOUR = 3600
_ORDINALS = {1: "st", 2: "nd", 3: "rd"}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def duration(seconds: float) -> str:
    """Return a duration in seconds as words: `8 s`, `2 min 5 s`, `1 h 3 min`."""
    whole = max(round(seconds), 0)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        minutes, rest = divmod(whole, MINUTE)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(whole, HOUR)
    minutes = rest // MINUTE
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def money(amount: Decimal, unit: str | None) -> str:
    """Return an amount exactly as billed, with the operator's name for the unit if there is one.

    MindVideo's page names no currency, so none is assumed.
    """
    figure = f"{amount.normalize():f}"
    return f"{figure} {unit}" if unit else figure


def sentence(text: str) -> str:
    """Return a text of another service with a full stop, unless it ends like a sentence already.

    So what follows it in a message does not run into it.
    """
    ending = text.rstrip()
    return ending if not ending or ending.rstrip(_CLOSING).endswith(_STOPS) else f"{ending}."


def weekday(number: int) -> str:
    """Return the name of a weekday; 0 is Monday."""
    return _WEEKDAYS[number]


def capitalized(text: str) -> str:
    """Return a text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def ordinal(number: int) -> str:
    """Return the number of a day of a month as an ordinal: `1st`, `12th`, `23rd`."""
    is_teen = number // 10 == 1
    return f"{number}{'th' if is_teen else _ORDINALS.get(number % 10, 'th')}"


def count(number: int, noun: str) -> str:
    """Return a counted noun: `1 video`, `3 videos`."""
    return f"{number} {noun if number == 1 else noun + 's'}"
