"""Words that change the scene of an earlier prompt: they are added to it, or replace it. Pure."""

from __future__ import annotations

import re

from bot.base.patterns import lazy_compile
from storage.job import Json

# Words behind it replace the earlier prompt: `new:`, `new prompt:`, `prompt:`, `instead:`, and
# `change the prompt to`.
_REPLACES = lazy_compile(
    r"(?:(?:new|different)(?:\s+(?:prompt|scene|video|idea))?|prompt|instead)\s*[:=]\s*"
    r"|(?:change|replace)\s+(?:the\s+)?(?:prompt|scene)\s+(?:to|with|by)\b\s*:?\s*",
    re.IGNORECASE,
)
_ENDS_A_SENTENCE = (".", "!", "?", "…", "。", ",", ";", ":")


def changed_scene(earlier: str, words: str) -> str:
    """Return the prompt that `words` make of an earlier one: `a lake. make it night`."""
    replaces = _REPLACES.match(words)
    if replaces is not None:
        return words[replaces.end() :].strip()
    return in_one_scene(earlier.strip(), words)


def replaces_scene(words: str) -> bool:
    """Tell whether `words` replace an earlier prompt."""
    return _REPLACES.match(words) is not None


def in_one_scene(first: str, second: str) -> str:
    """Return two texts as sentences of one: `a lake. make it night`."""
    if not first or not second:
        return second or first
    return first + (" " if first.endswith(_ENDS_A_SENTENCE) else ". ") + second


def added_words(earlier: Json, prompt: Json) -> str | None:
    """Return the words that were added to an earlier prompt; `None`: it was not added to."""
    if not isinstance(earlier, str) or not isinstance(prompt, str):
        return None
    kept = earlier.strip()
    if not kept or not prompt.startswith(kept):
        return None
    words = prompt.removeprefix(kept).removeprefix(".").strip()
    return words if words and changed_scene(kept, words) == prompt else None
