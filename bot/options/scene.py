"""Words that change the scene of an earlier prompt: they are added to it, or replace it. Pure."""

from __future__ import annotations

import re

from storage.job import Json

# Words behind it replace the earlier prompt.
_REPLACES = re.compile(r"new\s*:\s*", re.IGNORECASE)
_ENDS_A_SENTENCE = (".", "!", "?", "…", "。", ",", ";", ":")


def changed_scene(earlier: str, words: str) -> str:
    """Return the prompt that `words` make of an earlier one: `a lake. make it night`."""
    replaces = _REPLACES.match(words)
    if replaces is not None:
        return words[replaces.end() :].strip()
    kept = earlier.strip()
    if not kept or not words:
        return words or kept
    return kept + (" " if kept.endswith(_ENDS_A_SENTENCE) else ". ") + words


def added_words(earlier: Json, prompt: Json) -> str | None:
    """Return the words that were added to an earlier prompt; `None`: it was not added to."""
    if not isinstance(earlier, str) or not isinstance(prompt, str):
        return None
    kept = earlier.strip()
    if not kept or not prompt.startswith(kept):
        return None
    words = prompt.removeprefix(kept).removeprefix(".").strip()
    return words if words and changed_scene(kept, words) == prompt else None
