"""What was asked for of a text that was put into the words of a style. Pure."""

from __future__ import annotations

import re

PLACE = re.compile(r"\{\s*prompt\s*\}", re.IGNORECASE)
"""Where the prompt stands in the words of a style."""


def uncomposed(words: str, text: str) -> str:
    """Return a prompt that `composed` put into the words of a style; another text as it is.

    Composed again it is the same text. Marks at its end that were left out stay so.
    """
    place = PLACE.search(words)
    if place is None:
        before, after = "", f", {words.strip()}" if words.strip() else ""
    else:
        before, after = words[: place.start()].lstrip(), words[place.end() :].rstrip()
    is_composed = text.startswith(before) and text.endswith(after)
    if not is_composed or len(text) < len(before) + len(after):
        return text
    return text[len(before) : len(text) - len(after)]
