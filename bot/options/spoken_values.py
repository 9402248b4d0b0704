"""Finds words that say nothing but values of options, as `in 4k please and 10 seconds`. Pure.

As words of a prompt they would change nothing, and in a thread be added to the scene.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.options.characters import visible
from bot.options.doubts import Doubt, doubted
from bot.options.flags import Flags
from bot.options.parser import Split
from bot.options.schema import Kind, Option
from bot.options.wording import short

_MARKS = ".,;:!?()[]*_`"
_SAYS_NOTHING = frozenset(
    {"again", "also", "and", "as", "at", "be", "but", "can", "could", "do", "export", "final"}
    | {"for", "from", "give", "get", "here", "i", "in", "is", "it", "just", "let", "long", "make"}
    | {"me", "need", "now", "of", "on", "once", "one", "only", "pls", "please", "put", "render"}
    | {"same", "set", "should", "thanks", "that", "this", "time", "to", "try", "turn", "upscale"}
    | {"use", "version", "video", "want", "we", "with", "you", "your"}
)
_ARTICLES = frozenset({"a", "an", "the"})
_OFF = frozenset({"no", "without", "off", "mute", "muted", "none", "silent"})
_MOST_WORDS = 24
"""Longer texts say more."""
_LONGEST_VALUE = 3
"""The most words of a value, such as `9 by 16`."""


def spoken_values(split: Split, flags: Flags, *, is_change: bool) -> tuple[Doubt, ...]:
    """Return the doubt about words that are values of options, and nothing else.

    In a request of its own a word alone, such as `portrait`, may be the scene; a figure is none.
    """
    said = _said(split)
    if not said or len(said) > _MOST_WORDS or any(word.quoted for word in split.words):
        return ()
    words = [word for word in said if word not in _ARTICLES]
    typed = " ".join(word.value for word in split.words)
    if not is_change and not any(map(str.isdigit, typed)):
        return ()
    meant = _flags_of(words, flags)
    if not meant:
        return ()
    options = " ".join(meant)
    return (
        doubted(f"“{short(typed)}” is read as the prompt. If it is an option, write `{options}`."),
    )


def says_nothing(split: Split) -> bool:
    """Tell whether the words outside of flags are there, and name nothing to show: `make it`."""
    return bool(split.words) and not _said(split)


def words_say_nothing(text: str) -> bool:
    """Tell whether a text has words, and they name nothing to show: `from here please`."""
    words = text.split()
    return bool(words) and all(_bare(word) in _SAYS_NOTHING | _ARTICLES for word in words)


def _said(split: Split) -> Sequence[str]:
    """Return the words that say something, with their articles; articles alone say nothing."""
    words = [
        word.value if word.quoted else _bare(word.value)
        for word in split.words
        if word.quoted or _bare(word.value) not in _SAYS_NOTHING
    ]
    return words if any(word not in _ARTICLES and word for word in words) else []


def _flags_of(words: Sequence[str], flags: Flags) -> Sequence[str]:
    """Return the options that words mean, if each word is of one; else none."""
    switch = _switch(words, flags)
    if switch is not None:
        return (switch,)
    found: list[str] = []
    at = 0
    while at < len(words):
        taken = next(_values_at(words, at, flags), None)
        if taken is not None:
            at += taken[0]
            found.append(taken[1])
        elif flags.is_named(words[at]):
            # `pro mode`
            at += 1
        else:
            return ()
    return tuple(dict.fromkeys(found))


def _values_at(words: Sequence[str], at: int, flags: Flags) -> Iterator[tuple[int, str]]:
    """Yield how many words from a place are a value, and the option with it, the most first."""
    for count in range(min(_LONGEST_VALUE, len(words) - at), 0, -1):
        flag = flags.named_by_choice(" ".join(words[at : at + count]))
        if flag is not None:
            yield count, flag


def _switch(words: Sequence[str], flags: Flags) -> str | None:
    """Return the switch that words turn on or off: `without sound`, `sound on`."""
    others = [word for word in words if word not in _OFF]
    option = _boolean(others[0], flags) if len(others) == 1 else None
    if option is None:
        return None
    return f"--{option.negations[0]}" if len(others) < len(words) else option.flag


def _boolean(name: str, flags: Flags) -> Option | None:
    option = flags.option(name)
    return option if option is not None and option.kind is Kind.BOOLEAN else None


def _bare(word: str) -> str:
    return visible(word).strip(_MARKS).casefold()
