"""Removes from a text what it quotes of prompts: services quote them, and the log must not."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from itertools import groupby
from operator import itemgetter

from bot.base.patterns import lazy_compile

PROMPTS: ContextVar[Sequence[str]] = ContextVar("PROMPTS", default=())
"""The prompts that a log line must not quote, set by whoever handles a job."""

QUOTED = "[prompt]"

# Shorter runs of letters and shorter words occur in any sentence, and tell nothing of a prompt.
LONG_RUN = 8
LONG_WORD = 5
SHORTEST_PROMPT = 3
# Where a letter is a word, or half of one.
DENSE_RUN = 2
FIRST_DENSE = "\u2e80"

_WORD = lazy_compile(r"\w+")
_GAP = lazy_compile(r"[\W_]+")
_IN_QUOTES = lazy_compile(r"""["'`“”„‘’«»「」『』]\s*(\w+)[\s.,]*["'`“”„‘’«»「」『』]""")


def without_prompts(text: str, prompts: Sequence[str]) -> str:
    """Return a text with `[prompt]` in place of everything in it that may come from a prompt.

    That is each run of 8 letters, whatever their case and what stands between them (2 letters in
    scripts without spaces), each word of 5 letters, each word in quotation marks, and a whole
    prompt of 3 letters or more. So some words of our own sentences go as well, if the prompt has
    them. Linear in the lengths of the text and the prompts.
    """
    known = [letters for letters in map(_letters, prompts) if letters]
    if not known:
        return text
    hidden = [False] * len(text)
    for start, end in _quotes(text, known, _words(prompts)):
        hidden[start:end] = [True] * (end - start)
    return _replaced(text, hidden)


def _quotes(text: str, known: Sequence[str], words: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield where a text quotes a prompt: the first index, and the one behind the last."""
    positions = list(_normalized(text))
    letters = "".join(letter for letter, _ in positions)
    lengths = {LONG_RUN, DENSE_RUN, *(len(one) for one in known if len(one) < LONG_RUN)}
    for length in lengths:
        runs = {one[at : at + length] for one in known for at in range(len(one) - length + 1)}
        wholes = {one for one in known if len(one) == length >= SHORTEST_PROMPT}
        for at in range(len(letters) - length + 1):
            run = letters[at : at + length]
            is_long = length >= LONG_RUN or (length == DENSE_RUN and min(run) >= FIRST_DENSE)
            if run in wholes or (is_long and run in runs):
                yield positions[at][1], positions[at + length - 1][1] + 1
    for found in _WORD.finditer(text):
        if len(found[0]) >= LONG_WORD and _folded(found[0]) in words:
            yield found.span()
    for found in _IN_QUOTES.finditer(text):
        if _folded(found[1]) in words:
            yield found.span(1)


def _replaced(text: str, hidden: list[bool]) -> str:
    """Return the text with one mark for each run of hidden words."""
    for gap in _GAP.finditer(text):
        start, end = gap.span()
        if start > 0 and end < len(text) and hidden[start - 1] and hidden[end]:
            hidden[start:end] = [True] * (end - start)
    runs = groupby(zip(hidden, text, strict=True), key=itemgetter(0))
    return "".join(
        QUOTED if is_hidden else "".join(char for _, char in run) for is_hidden, run in runs
    )


def _letters(text: str) -> str:
    return "".join(letter for letter, _ in _normalized(text))


def _normalized(text: str) -> Iterator[tuple[str, int]]:
    """Yield each letter and digit without case and width, with the index of its character."""
    for index, char in enumerate(text):
        # A line break in the `repr` of a text.
        if char in "nrt" and text[index - 1 : index] == "\\":
            continue
        for letter in _folded(char):
            if letter.isalnum():
                yield letter, index


def _words(prompts: Sequence[str]) -> frozenset[str]:
    return frozenset(_folded(word) for prompt in prompts for word in _WORD.findall(prompt))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
