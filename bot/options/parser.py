"""Splits typed text into words of the prompt and flags, without knowing which flags exist.

A token is text between white space. Quotes are delimiters only where a token begins, so an
apostrophe in prose is text; the value of a flag may also be a piece of JSON with spaces in it.
Parsing takes time proportional to the length of the text.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from bot.base.errors import UsageError
from bot.options.wording import quoted

# Phones turn two hyphens into an em dash, and macOS a hyphen into an en dash. Either begins a flag
# only before a letter: `— calm` is prose, `-5` and `–5` are numbers.
_FLAG = re.compile(r"(?:--|[–—])[-–—]*([^\W\d_][^\s=]*)(=?)")
_FLAG_START = re.compile(r"(?<!\S)(?:--|[–—])[-–—]*[^\W\d_]")
_END_OF_OPTIONS = re.compile(r"--(?!\S)")
# At the very beginning of the text, where a phone may have turned two hyphens into one dash.
_END_OF_OPTIONS_FIRST = re.compile(r"(?:--|[–—]-?)(?!\S)")
_WORD = re.compile(r"\S+")

# The marks that may close each quote, the likeliest first: keyboards mix them.
_CLOSING: Mapping[str, str] = {
    '"': '"”“',
    "“": '”"',
    "”": '”"',
    "„": '“”"',
    "«": "»",
}
_SINGLE_OPEN = "'‘"
# A single quote closes only where a word ends; anywhere else it is an apostrophe.
_SINGLE_CLOSE = re.compile(r"(?<!\s)['’](?=$|[\s.,;:!?)])")
_JSON_CLOSING: Mapping[str, str] = {**_CLOSING, "'": "'’", "‘": "’'"}
# Straight quotes may hold straight quotes, each written twice.
_STRAIGHT = re.compile(r'"([^"]*(?:""[^"]*)*)"')
_STRAIGHTENED = str.maketrans("“”„", '"""')


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Text between white space."""

    start: int
    end: int
    value: str
    """The word without its quotes."""
    quoted: bool
    """Whether quotes enclose the whole word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A flag as typed."""

    name: str
    """Without dashes and `=`."""
    value: str | None
    """`None`: it has no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedText:
    """A text split into words and flags; the value of a flag may still be the word after it."""

    text: str
    tokens: tuple[Word | Flag, ...]
    rest: str
    """The text after the `--` that ends the options, as typed."""

    def value_of(self, name: str) -> str | None:
        """Return the value of the first flag called `name`; `None` when there is none.

        For the flag that chooses the model: the other flags depend on it.
        """
        _, flags = self.split(lambda _flag, _word: True)
        return next((flag.value for flag in flags if flag.name.casefold() == name), None)

    @property
    def begins_with_flag(self) -> bool:
        """Whether a flag comes first."""
        return bool(self.tokens) and isinstance(self.tokens[0], Flag)

    @property
    def bare_words(self) -> tuple[str, ...]:
        """The words that no quotes enclose."""
        return tuple(
            token.value for token in self.tokens if isinstance(token, Word) and not token.quoted
        )

    def split(self, takes: Callable[[str, str], bool]) -> tuple[str, tuple[Flag, ...]]:
        """Return the prompt and the flags.

        The prompt is all words that are no flag's value, with the white space between them as
        typed. `takes(name, word)` tells whether the flag takes the word after it as its value.
        """
        flags: list[Flag] = []
        runs: list[list[Word]] = [[]]
        for token in self.tokens:
            match token:
                case Flag():
                    flags.append(token)
                    runs.append([])
                case Word() if _lacks_value(flags, runs) and takes(flags[-1].name, token.value):
                    flags[-1] = Flag(name=flags[-1].name, value=token.value)
                case Word():
                    runs[-1].append(token)
                case _:
                    assert_never(token)
        return " ".join(filter(None, [*map(self._words, runs), self.rest])), tuple(flags)

    def _words(self, run: list[Word]) -> str:
        """Return words as typed; quotes around a single word are left out as delimiters."""
        match run:
            case []:
                return ""
            case [word] if word.quoted:
                return word.value
            case _:
                return self.text[run[0].start : run[-1].end]


def _lacks_value(flags: list[Flag], runs: list[list[Word]]) -> bool:
    """Tell whether the last token is a flag without a value."""
    return bool(flags) and flags[-1].value is None and not runs[-1]


def straightened(text: str) -> str:
    """Return text of the same length with straight double quotes for curly ones."""
    return text.translate(_STRAIGHTENED)


def read_text(text: str) -> TypedText:
    """Split a text without markup into words and flags.

    Raises `UsageError` for a quote that is not closed.
    """
    return _Reader(text).read()


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._straight = straightened(text)
        self._single_closes = [found.start() for found in _SINGLE_CLOSE.finditer(text)]
        self._flag_starts = [found.start() for found in _FLAG_START.finditer(text)]

    def read(self) -> TypedText:
        tokens: list[Word | Flag] = []
        end_of_options = _END_OF_OPTIONS_FIRST
        position = 0
        while (found := _WORD.search(self._text, position)) is not None:
            end = end_of_options.match(self._text, found.start())
            if end is not None:
                rest = self._text[end.end() :].strip()
                return TypedText(text=self._text, tokens=tuple(tokens), rest=rest)
            end_of_options = _END_OF_OPTIONS
            token, position = self._token(found.start(), after=tokens[-1] if tokens else None)
            tokens.append(token)
        return TypedText(text=self._text, tokens=tuple(tokens), rest="")

    def _token(self, start: int, after: Word | Flag | None) -> tuple[Word | Flag, int]:
        flag = _FLAG.match(self._text, start)
        if flag is None:
            is_value = isinstance(after, Flag) and after.value is None
            word = self._word(start, is_value=is_value)
            return word, word.end
        if flag[2] == "" or _WORD.match(self._text, flag.end()) is None:
            return Flag(name=flag[1], value=None), flag.end()
        word = self._word(flag.end(), is_value=True)
        return Flag(name=flag[1], value=word.value), word.end

    def _word(self, start: int, *, is_value: bool) -> Word:
        inner, end = self._delimited(start, is_value=is_value) or ("", start)
        tail = _WORD.match(self._text, end)
        if tail is None:
            quoted = self._text[start] in _CLOSING or self._text[start] in _SINGLE_OPEN
            return Word(start=start, end=end, value=inner, quoted=quoted)
        return Word(start=start, end=tail.end(), value=inner + tail[0], quoted=False)

    def _delimited(self, start: int, *, is_value: bool) -> tuple[str, int] | None:
        """Return the text between delimiters that open at `start`, and where they end."""
        mark = self._text[start]
        piece = self._json(start) if is_value else None
        if piece is not None:
            return piece
        if mark in _CLOSING:
            return self._double(start)
        if mark in _SINGLE_OPEN:
            return self._single(start, is_value=is_value)
        return None

    def _json(self, start: int) -> tuple[str, int] | None:
        """Find a piece of JSON, in quotes or bare; quotes inside it are no delimiters."""
        closings = _JSON_CLOSING.get(self._text[start], "")
        first = start + 1 if closings else start
        if not self._text.startswith(("{", "["), first):
            return None
        end = _json_end(self._text, first) or _json_end(self._straight, first)
        if end is None:
            return None
        piece = self._text[first:end]
        if not closings:
            return piece, end
        is_closed = self._text[end : end + 1] in tuple(closings)
        return (piece, end + 1) if is_closed and not _WORD.match(self._text, end + 1) else None

    def _double(self, start: int) -> tuple[str, int]:
        straight = _STRAIGHT.match(self._text, start)
        if straight is not None:
            return straight[1].replace('""', '"'), straight.end()
        for closing in _CLOSING[self._text[start]]:
            end = self._text.find(closing, start + 1)
            if end >= 0:
                return self._text[start + 1 : end], end + 1
        raise UsageError(
            f"The quote that opens at {quoted(self._text[start:])} is not closed. "
            "Close it, or leave it out."
        )

    def _single(self, start: int, *, is_value: bool) -> tuple[str, int] | None:
        """Find single quotes; one that does not close before the next flag is an apostrophe."""
        found = bisect_left(self._single_closes, start + 1)
        if found == len(self._single_closes):
            return None
        end = self._single_closes[found]
        flag = bisect_left(self._flag_starts, start)
        if not is_value and flag < len(self._flag_starts) and self._flag_starts[flag] < end:
            return None
        return self._text[start + 1 : end], end + 1


def _json_end(text: str, start: int) -> int | None:
    """Return where a piece of JSON that begins at `start` ends, if it is one."""
    try:
        return json.JSONDecoder().raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None
