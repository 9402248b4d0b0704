"""Finds words that name nothing to show: `make a video`, or values of options alone. Pure.

As words of a prompt they would change nothing, and in a thread be added to the scene.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.base.patterns import lazy_compile
from bot.options.catalog import Catalog
from bot.options.characters import visible
from bot.options.doubts import Doubt, doubted
from bot.options.flags import Flags
from bot.options.parser import Split, Word, read_text
from bot.options.schema import Kind, Option
from bot.options.stop_words import ARTICLES, STOP_WORDS
from bot.options.wording import allowed, short

_MARKS = ".,;:!?()[]*_`"
_SILENT = frozenset({"mute", "muted", "silent"})
_SOUND = "sound"
_OFF = _SILENT | {"no", "without", "off", "none", "remove", "drop", "delete", "disable"}
_CUTS = frozenset({"cut", "trim"})
"""Words that shorten a video, or turn its sound off."""
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


def options_in(text: str, catalog: Catalog) -> str | None:
    """Return what `options_said` does of the words of a text, as options of the default model."""
    typed = read_text(text)
    words = [token for token in typed.tokens if isinstance(token, Word)]
    return None if typed.has_flags else options_said(words, Flags(catalog.default, catalog))


def options_said(words: Sequence[Word], flags: Flags) -> str | None:
    """Return how the options are written whose values words say, and nothing else; `None`: more.

    `vertical, 10 seconds` is `--aspect-ratio 9:16 --duration 10`, and `with sound` is `--audio`. An
    option's name beside its value looks like an option, which is asked about elsewhere.
    """
    if any(word.quoted for word in words):
        return None
    bare = [_bare(word.value) for word in words]
    said = [word for word in bare if word and word not in STOP_WORDS | ARTICLES]
    return _written(said, flags, only_values=True) if said else None


def _written(words: Sequence[str], flags: Flags, *, only_values: bool = False) -> str | None:
    """Return how the options are written that words mean, if each word is of one."""
    values: dict[str, list[str]] = {}
    named: list[Option] = []
    at = 0
    while at < len(words):
        taken = next(_values_at(words, at, flags), None)
        if taken is not None:
            count, flag, value = taken
            values.setdefault(flag, []).append(value)
            at += count
            continue
        word = _SOUND if words[at] in _SILENT else words[at]
        if word not in _OFF | _CUTS:
            # `pro mode`
            option = _option(word, flags)
            if option is None or (only_values and option.kind is not Kind.BOOLEAN):
                return None
            named.append(option)
        at += 1
    switches = {one.name: one for one in named if one.kind is Kind.BOOLEAN}
    if not switches and not _OFF.isdisjoint(words):
        # `no 4k` wants another value.
        return None
    is_off = not _OFF.isdisjoint(words) or not _CUTS.isdisjoint(words)
    parts = [f"{flag} {_alternatives(given)}" for flag, given in values.items()]
    parts += [f"--{one.negations[0]}" if is_off else one.flag for one in switches.values()]
    return f"`{' '.join(parts)}`" if parts else _without_value(named)


def _alternatives(given: Sequence[str]) -> str:
    """Return a value, or several as they are typed for one video of each: `{16:9|1:1}`."""
    each = tuple(dict.fromkeys(given))
    return each[0] if len(each) == 1 else f"{{{'|'.join(each)}}}"


def _without_value(named: Sequence[Option]) -> str | None:
    """Return how the one option is written that is named without a value: `higher quality`."""
    match named:
        case [option, *others] if all(other is option for other in others):
            is_told = bool(option.choices) or option.kind in _NUMBERS
            return f"`{option.flag}` with {allowed(option.schema)}" if is_told else None
        case _:
            return None


def _values_at(words: Sequence[str], at: int, flags: Flags) -> Iterator[tuple[int, str, str]]:
    """Yield how many words from a place are a value, its flag and the value, the most first."""
    for count in range(min(_LONGEST_VALUE, len(words) - at), 0, -1):
        named = flags.named_by_choice(" ".join(words[at : at + count]))
        if named is not None:
            flag, _, value = named.partition(" ")
            yield count, flag, value


def _option(name: str, flags: Flags) -> Option | None:
    """Return the option with a name, here or in other programs."""
    meaning = flags.find(name) or flags.find_otherwise(name)
    return None if meaning is None else meaning.option


def _bare(word: str) -> str:
    return visible(word).strip(_MARKS).casefold()
