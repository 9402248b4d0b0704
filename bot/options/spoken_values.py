"""Finds words that name nothing to show: `make a video`, or values of options alone. Pure.

As words of a prompt they would change nothing, and in a thread be added to the scene.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.base.patterns import lazy_compile
from bot.options.characters import visible
from bot.options.doubts import Doubt, doubted
from bot.options.flags import Flags
from bot.options.parser import Split
from bot.options.schema import Kind, Option
from bot.options.stop_words import ARTICLES, STOP_WORDS
from bot.options.wording import allowed, short

_MARKS = ".,;:!?()[]*_`"
_OFF = frozenset({"no", "without", "off", "mute", "muted", "none", "silent"})
_NUMBERS = frozenset({Kind.INTEGER, Kind.NUMBER})
_MOST_WORDS = 24
"""Longer texts say more."""
_LONGEST_VALUE = 3
"""The most words of a value, such as `9 by 16`."""
_NAMES_SOMETHING = lazy_compile(r"[^\W\d_]{2}|[^\x00-\x7f]")
"""Two letters of a word, or a sign of another script, which may be a word."""


def spoken_values(split: Split, flags: Flags, *, is_change: bool) -> tuple[Doubt, ...]:
    """Return the doubt about words that are values of options, and nothing else.

    In a request of its own a word with an article, such as `the portrait`, may be the scene; a
    figure is none.
    """
    said = _said(split)
    if not said or len(said) > _MOST_WORDS or any(word.quoted for word in split.words):
        return ()
    words = [word for word in said if word not in ARTICLES]
    typed = _typed(split)
    if not is_change and words != said and not any(map(str.isdigit, typed)):
        return ()
    written = _written(words, flags)
    if written is None:
        return ()
    return (
        doubted(f"“{short(typed)}” is read as the prompt. If it is an option, write {written}."),
    )


def nothing_to_show(split: Split) -> tuple[Doubt, ...]:
    """Return the doubt about the words of a request that name nothing: `make a video`, `x2`."""
    typed = _typed(split)
    is_quoted = any(word.quoted for word in split.words)
    if not typed or is_quoted or any(map(_NAMES_SOMETHING.search, _said(split))):
        return ()
    return (doubted(f"“{short(typed)}” names nothing to show. Say it as in “a lake at dawn”."),)


def says_nothing(split: Split) -> bool:
    """Tell whether the words outside of flags are there, and name nothing to show: `make it`."""
    return bool(split.words) and not _said(split)


def words_say_nothing(text: str) -> bool:
    """Tell whether a text has words, and they name nothing to show: `from here please`."""
    words = text.split()
    return bool(words) and all(_bare(word) in STOP_WORDS | ARTICLES for word in words)


def _typed(split: Split) -> str:
    return " ".join(word.value for word in split.words)


def _said(split: Split) -> Sequence[str]:
    """Return the words that say something, with their articles; articles alone say nothing."""
    words = [
        word.value if word.quoted else _bare(word.value)
        for word in split.words
        if word.quoted or _bare(word.value) not in STOP_WORDS
    ]
    return words if any(word not in ARTICLES and word for word in words) else []


def _written(words: Sequence[str], flags: Flags) -> str | None:
    """Return how the options are written that words mean, if each word is of one."""
    switch = _switch(words, flags)
    if switch is not None:
        return f"`{switch}`"
    values: list[str] = []
    names: list[str] = []
    at = 0
    while at < len(words):
        taken = next(_values_at(words, at, flags), None)
        if taken is not None:
            at += taken[0]
            values.append(taken[1])
        elif flags.is_named(words[at]):
            # `pro mode`
            names.append(words[at])
            at += 1
        else:
            return None
    if values:
        return f"`{' '.join(dict.fromkeys(values))}`"
    # `longer`, `higher quality`
    option, *others = [_option(name, flags) for name in names]
    if option is None or any(other is not option for other in others):
        return None
    if not option.choices and option.kind not in _NUMBERS:
        return None
    return f"`{option.flag}` with {allowed(option.schema)}"


def _values_at(words: Sequence[str], at: int, flags: Flags) -> Iterator[tuple[int, str]]:
    """Yield how many words from a place are a value, and the option with it, the most first."""
    for count in range(min(_LONGEST_VALUE, len(words) - at), 0, -1):
        flag = flags.named_by_choice(" ".join(words[at : at + count]))
        if flag is not None:
            yield count, flag


def _switch(words: Sequence[str], flags: Flags) -> str | None:
    """Return the switch that words turn on or off: `without sound`, `sound on`."""
    others = [word for word in words if word not in _OFF]
    option = _option(others[0], flags) if len(others) == 1 else None
    if option is None or option.kind is not Kind.BOOLEAN:
        return None
    return f"--{option.negations[0]}" if len(others) < len(words) else option.flag


def _option(name: str, flags: Flags) -> Option | None:
    """Return the option with a name, here or in other programs."""
    meaning = flags.find(name) or flags.find_otherwise(name)
    return None if meaning is None else meaning.option


def _bare(word: str) -> str:
    return visible(word).strip(_MARKS).casefold()
