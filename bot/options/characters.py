"""The characters that phones and word processors put in the place of a hyphen, or around it."""

from __future__ import annotations

from bot.base.patterns import lazy_compile

HYPHENS = (
    "-"
    "\u02d7\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2043\u2212\u2e17\u2e1a\u2e40\u2e5d"
    "\u301c\u3030\u30a0\ufe63\uff0d\U00010d6e\U00010ead"
)
"""What stands for one hyphen: two of them begin a flag."""

LONG_DASHES = "\u2013\u2014\u2015\u2e3a\u2e3b\ufe31\ufe32\ufe58"
"""What phones make of two hyphens, and macOS of one: one of them begins a flag."""

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
"""Joiners, marks of direction, the byte order mark and their like, as a class of `re`."""

FIXED_SPACES = "\u00a0\u2007\u202f"
"""Spaces at which no line breaks; unlike others they may be inside of a flag."""

_INVISIBLE = lazy_compile(f"[{INVISIBLE}]")
_AS_HYPHEN = str.maketrans(dict.fromkeys(HYPHENS + LONG_DASHES, "-"))


def visible(text: str) -> str:
    """Return a text without its invisible characters."""
    return _INVISIBLE.sub("", text)


def without_line_breaks(text: str) -> str:
    """Return a text on one line, without white space around it."""
    return " ".join(filter(None, map(str.strip, text.splitlines())))


def hyphenated(text: str) -> str:
    """Return a text with a plain hyphen for every kind of dash."""
    return text.translate(_AS_HYPHEN)
