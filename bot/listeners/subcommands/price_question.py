"""Finds the words whose price a text asks for, as in `how much is a lake at dawn?`. Pure."""

from __future__ import annotations

import re

from bot.base.patterns import lazy_compile
from bot.listeners.subcommands.command_words import NOUNS
from bot.options.characters import visible
from bot.options.stop_words import ARTICLES, STOP_WORDS

# In characters: a longer text is a prompt. It bounds the time that the patterns take, too.
_LONGEST = 400
_MARKS = " .,;:!?"

_POLITE = r"(?:(?:please|pls|hey|hi|ok|so|and|can you|could you|would you) )*"
_ASKING = r"(?:what'?s|what is|tell me|give me|show me|get me|check)"
_PRICE = r"(?:price|pricing|cost|quote|estimate)"
# `the cost of a war` is a scene, and so is `cost of living`.
_FORMS = (
    rf"{_ASKING} (?:the |an? )?{_PRICE} (?:of|for) (.+)",
    rf"{_PRICE} (?:(?:of|for) )?((?:an? |\d).+)",
    r"how much (?:is|are|for|to (?:make|render)) (.+)",
    r"how much (?:would|will|does|do) (?:it|that|this) (?:be|cost) (.+)",
    r"(?:how much|what) (?:would|will|does|do) (.+?) cost",
    r"(.+?)\W+how much(?: (?:is|would|will|does|for) (?:it|that|this)(?: (?:be|cost))?)?",
    r"(.+)\W+price\?",
    r"dry[- ]run(?: of| for|:)? (.+)",
)
_QUESTION = lazy_compile(
    "|".join(rf"{_POLITE}{form}\W*" for form in _FORMS), re.IGNORECASE | re.DOTALL
)
_OF_THE_SERVICE = frozenset(NOUNS) | {
    *("left", "remaining", "spent", "style", "styles", "cast", "model", "models", "team"),
    *("channel", "month", "week", "day", "everyone", "workspace", "project", "plan"),
}


def priced_words(text: str) -> str | None:
    """Return the words whose price a text asks for; `None`: it asks for none.

    The price of what names nothing to show, or of something of the service's, is none of a video.
    """
    asked = _QUESTION.fullmatch(" ".join(text.split())) if len(text) <= _LONGEST else None
    if asked is None:
        return None
    words = next(group for group in asked.groups() if group is not None).strip(_MARKS)
    named = {visible(word).strip(_MARKS).casefold() for word in words.split()}
    is_shown = bool(named - STOP_WORDS - ARTICLES) and named.isdisjoint(_OF_THE_SERVICE)
    return words if is_shown else None
