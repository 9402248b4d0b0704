"""Splits typed text into words of the prompt and flags, without knowing which flags exist.

A token is text between white space. Quotes are delimiters only where a token begins, so an
apostrophe in prose is text; the value of a flag may also be a piece of JSON with spaces in it.
Parsing takes time proportional to the length of the text.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile, zip_longest
from typing import TypeAlias, assert_never

from bot.base.patterns import lazy_compile
from bot.options.characters import (
    FIXED_SPACES,
    HYPHENS,
    INVISIBLE,
    LONG_DASHES,
    hyphenated,
    visible,
)
from bot.options.wording import quoted

_ANY_DASH = HYPHENS + LONG_DASHES
# Bounded, so that a text of nothing else is read in time proportional to its length.
_UNSEEN = f"[{INVISIBLE}]{{0,16}}"
_GAP = f"[{INVISIBLE}{FIXED_SPACES}]{{0,16}}"
# Phones turn two hyphens into an em dash, and macOS a hyphen into an en dash. Either begins a flag
# only before a letter: `— calm` is prose, `-5` and `–5` are numbers.
_DASHES = (
    f"{_UNSEEN}(?:[{LONG_DASHES}][{_ANY_DASH}{INVISIBLE}]{{0,16}}"
    f"|[{HYPHENS}]{_GAP}[{_ANY_DASH}][{_ANY_DASH}{INVISIBLE}{FIXED_SPACES}]{{0,16}})"
)
_FLAG = lazy_compile(rf"{_DASHES}([^\W\d_][^\s=]*)(=?)")
_FLAG_START = lazy_compile(rf"(?<!\S){_DASHES}[^\W\d_]")
_END = rf"{_GAP}(?=[^\S{FIXED_SPACES}]|\Z)"
_END_OF_OPTIONS = lazy_compile(rf"{_UNSEEN}[{HYPHENS}]{_UNSEEN}[{HYPHENS}]{_END}")
# At the very beginning of the text, where a phone may have turned two hyphens into one dash.
_END_OF_OPTIONS_FIRST = lazy_compile(
    rf"{_UNSEEN}(?:[{HYPHENS}]{_UNSEEN}[{HYPHENS}]|[{LONG_DASHES}][{HYPHENS}]?){_END}"
)
_WORD = lazy_compile(r"\S+")
# `3s:`, also as an item of a list, and as keyboards of other languages have the colon.
_SHOT = lazy_compile(
    rf"^[^\S\n]*({_UNSEEN}"
    r"(?:(?:[•◦▪‣*–-]|[0-9]{1,2}[.)])[^\S\n]{1,4})?"
    r"([0-9]{1,4}(?:[.,][0-9]{1,2})?)[^\S\n]?(?:s|secs?|seconds?)[^\S\n]?[:\uff1a][^\S\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
# The same behind other words of a line, also behind the mark that ends them.
_SECONDS = lazy_compile(
    r"(?<![^\s;|/])[0-9]{1,2}[^\S\n]?(?:s|secs?|seconds?)[^\S\n]?[:\uff1a]", re.IGNORECASE
)
_EMPTY_LINE = lazy_compile(r"\n[^\S\n]*\n\s*")

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
_SINGLE_CLOSE = lazy_compile(r"(?<!\s)['’](?=$|[\s.,;:!?)])")
_JSON_CLOSING: Mapping[str, str] = {**_CLOSING, "'": "'’", "‘": "’'"}
# Straight quotes may hold straight quotes, each written twice.
_STRAIGHT = lazy_compile(r'"([^"]*(?:""[^"]*)*)"')
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
    """Without dashes before it and `=`, without invisible characters, with plain hyphens."""
    value: str | None
    """`None`: it has no value."""
    is_quoted: bool = False
    """Whether quotes enclose the whole value."""


Takes: TypeAlias = Callable[[Flag, Sequence[str]], int]
"""Returns how many of the words between a flag and the next one belong to the flag's value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedShot:
    """A shot as typed: `3s: boats leave`."""

    seconds: str
    words: str
    """With the white space between them as typed; it may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A text divided into its prompt, its shots, and its flags with their values."""

    prompt: str
    """All words that belong to no flag and to no shot, with the white space between them as typed.
    """
    words: tuple[Word, ...]
    """The words of the prompt and of the shots before the `--` that ends the options."""
    flags: tuple[Flag, ...]
    behind: tuple[tuple[Word, ...], ...] = ()
    """For each flag, the words from its value to the next flag or shot, which are no part of it."""
    shots: tuple[TypedShot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedText:
    """A text split into words and flags; the value of a flag may still be the word after it."""

    text: str
    tokens: tuple[Word | Flag, ...]
    rest: str
    """The text after the `--` that ends the options, as typed."""
    problems: tuple[str, ...] = ()
    """A sentence for each quote that is not closed."""
    people: frozenset[str] = frozenset()
    """The names of people and groups that it mentions: behind an `@` they are nobody else."""
    json_spans: tuple[tuple[int, int], ...] = ()
    """Where pieces of JSON begin and end that are values of flags, in the order of the text."""

    def value_of(self, name: str) -> str | None:
        """Return the value of the first flag called `name`; `None` when there is none.

        For the flag that chooses the model: the other flags depend on it.
        """
        for token, following in zip_longest(self.tokens, self.tokens[1:]):
            if isinstance(token, Flag) and token.name.casefold() == name:
                if token.value is None and isinstance(following, Word):
                    return following.value
                return token.value
        return None

    @property
    def flag_names(self) -> Iterator[str]:
        """The names of its flags, as typed."""
        return (token.name for token in self.tokens if isinstance(token, Flag))

    @property
    def has_flags(self) -> bool:
        """Whether a flag stands anywhere."""
        return any(isinstance(token, Flag) for token in self.tokens)

    @property
    def begins_with_flag(self) -> bool:
        """Whether a flag comes first."""
        return bool(self.tokens) and isinstance(self.tokens[0], Flag)

    @property
    def begins_with_shot(self) -> bool:
        """Whether a shot comes first."""
        first = self.tokens[0] if self.tokens else None
        return isinstance(first, Word) and first.start in _shot_starts(self.text)

    @property
    def has_shots(self) -> bool:
        """Whether a line begins a shot, such as `3s: boats leave`."""
        starts = _shot_starts(self.text)
        return any(isinstance(token, Word) and token.start in starts for token in self.tokens)

    def split(self, takes: Takes, *, with_shots: bool = False) -> Split:
        """Divide the text; `takes` tells where the value of each flag ends.

        Without `with_shots` the lines that begin shots belong to the prompt. A shot goes on until
        the next one, or until an empty line.
        """
        flags: list[Flag] = []
        runs: list[list[Word]] = [[]]
        for token in self.tokens:
            match token:
                case Flag():
                    flags.append(token)
                    runs.append([])
                case Word():
                    runs[-1].append(token)
                case _:
                    assert_never(token)
        starts = _shot_starts(self.text) if with_shots else {}
        valued: list[Flag] = []
        behind: list[tuple[Word, ...]] = []
        for flag, run in zip(flags, runs[1:], strict=True):
            offered = list(takewhile(lambda word: word.start not in starts, run))
            count = takes(flag, [word.value for word in offered]) if offered else 0
            valued.append(_with_value(flag, run[:count]))
            behind.append(tuple(offered[count:]))
            del run[:count]
        parts = self._in_shots(runs, starts) if starts else [_Part(shot=None, runs=runs)]
        prompt = [self._words(run) for part in parts if part.shot is None for run in part.runs]
        return Split(
            prompt=" ".join(filter(None, [*prompt, self.rest])),
            words=tuple(word for run in runs for word in run),
            flags=tuple(valued),
            behind=tuple(behind),
            shots=tuple(self._shot(part.shot, part.runs) for part in parts if part.shot),
        )

    def _in_shots(
        self, runs: Sequence[list[Word]], starts: Mapping[int, re.Match[str]]
    ) -> list[_Part]:
        """Divide the words between flags into those of the prompt and those of each shot."""
        empty = [found.start() for found in _EMPTY_LINE.finditer(self.text)]
        parts = [_Part(shot=None, runs=[])]
        passed = 0
        for run in runs:
            parts[-1].runs.append([])
            for word in run:
                # Flags may stand between an empty line and the word.
                is_apart = bisect_left(empty, word.start) > passed
                passed = bisect_left(empty, word.end)
                shot = starts.get(word.start)
                if shot is not None or (parts[-1].shot is not None and is_apart):
                    parts.append(_Part(shot=shot, runs=[[]]))
                parts[-1].runs[-1].append(word)
        return parts

    def _shot(self, found: re.Match[str], runs: Sequence[list[Word]]) -> TypedShot:
        """Return the shot that begins with these words between flags."""
        # The words may stand behind the seconds without a space.
        is_glued = any(word.start < found.end() < word.end for word in runs[0])
        if is_glued:
            begin = self.text[found.end() : runs[0][-1].end]
        else:
            begin = self._words([word for word in runs[0] if word.start >= found.end()])
        words = " ".join(filter(None, [begin, *map(self._words, runs[1:])]))
        return TypedShot(seconds=found[2].replace(",", "."), words=words)

    def _words(self, run: list[Word]) -> str:
        """Return words as typed; quotes around a single word are left out as delimiters."""
        match run:
            case []:
                return ""
            case [word] if word.quoted:
                return word.value
            case _:
                return self.text[run[0].start : run[-1].end]


def seconds_inside(words: str) -> str | None:
    """Return what would begin a shot if it began a line; `None`: there is nothing of it."""
    found = _SECONDS.search(words)
    return None if found is None else found[0]


def _shot_starts(text: str) -> Mapping[int, re.Match[str]]:
    """Return how each line begins that is a shot, by the place of its first character."""
    return {found.start(1): found for found in _SHOT.finditer(text)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The words of the prompt, or of one shot, between flags."""

    shot: re.Match[str] | None
    """How the shot begins; `None`: they belong to the prompt."""
    runs: list[list[Word]]


def _with_value(flag: Flag, words: Sequence[Word]) -> Flag:
    if not words:
        return flag
    pieces = [*filter(None, [flag.value]), *(word.value for word in words)]
    is_quoted = len(pieces) == 1 and words[0].quoted
    return Flag(name=flag.name, value=" ".join(pieces), is_quoted=is_quoted)


def straightened(text: str) -> str:
    """Return text of the same length with straight double quotes for curly ones."""
    return text.translate(_STRAIGHTENED)


def read_text(text: str) -> TypedText:
    """Split a text without markup into words and flags.

    A quote that is not closed is text, and one of the `problems`.
    """
    return _Reader(text).read()


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._unclosed: dict[str, str] = {}
        """A sentence for each mark that opens a quote and is not closed from some place on."""
        self._json_spans: list[tuple[int, int]] = []

    # Each of these is a pass over the text, and few texts have the quotes or the JSON that need it.

    @cached_property
    def _straight(self) -> str:
        return straightened(self._text)

    @cached_property
    def _single_closes(self) -> Sequence[int]:
        return [found.start() for found in _SINGLE_CLOSE.finditer(self._text)]

    @cached_property
    def _flag_starts(self) -> Sequence[int]:
        return [found.start() for found in _FLAG_START.finditer(self._text)]

    def read(self) -> TypedText:
        tokens: list[Word | Flag] = []
        end_of_options = _END_OF_OPTIONS_FIRST
        position = 0
        while (found := _WORD.search(self._text, position)) is not None:
            end = end_of_options.match(self._text, found.start())
            if end is not None:
                return self._typed(tokens, self._text[end.end() :].strip())
            end_of_options = _END_OF_OPTIONS
            token, position = self._token(found.start(), after=tokens[-1] if tokens else None)
            tokens.append(token)
        return self._typed(tokens, "")

    def _typed(self, tokens: Sequence[Word | Flag], rest: str) -> TypedText:
        problems = tuple(self._unclosed.values())
        return TypedText(
            text=self._text,
            tokens=tuple(tokens),
            rest=rest,
            problems=problems,
            json_spans=tuple(self._json_spans),
        )

    def _token(self, start: int, after: Word | Flag | None) -> tuple[Word | Flag, int]:
        flag = _FLAG.match(self._text, start)
        if flag is None:
            is_value = isinstance(after, Flag) and after.value is None
            word = self._word(start, is_value=is_value)
            return word, word.end
        name = hyphenated(visible(flag[1]))
        if flag[2] == "" or _WORD.match(self._text, flag.end()) is None:
            return Flag(name=name, value=None), flag.end()
        word = self._word(flag.end(), is_value=True)
        return Flag(name=name, value=word.value, is_quoted=word.quoted), word.end

    def _word(self, start: int, *, is_value: bool) -> Word:
        inner, end = self._delimited(start, is_value=is_value) or ("", start)
        tail = _WORD.match(self._text, end)
        if tail is None:
            is_quoted = self._text[start] in _CLOSING or self._text[start] in _SINGLE_OPEN
            return Word(start=start, end=end, value=inner, quoted=is_quoted)
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
        is_closed = self._text[end : end + 1] in tuple(closings)
        if closings and (not is_closed or _WORD.match(self._text, end + 1)):
            return None
        self._json_spans.append((first, end))
        return piece, end + 1 if closings else end

    def _double(self, start: int) -> tuple[str, int] | None:
        mark = self._text[start]
        if mark in self._unclosed:
            return None
        straight = _STRAIGHT.match(self._text, start)
        if straight is not None:
            return straight[1].replace('""', '"'), straight.end()
        for closing in _CLOSING[mark]:
            end = self._text.find(closing, start + 1)
            if end >= 0:
                return self._text[start + 1 : end], end + 1
        self._unclosed[mark] = (
            f"The quote that opens at {quoted(self._text[start:])} is not closed. "
            "Close it, or leave it out."
        )
        return None

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
