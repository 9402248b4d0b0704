"""Names behind an `@` in a text: which there are, and which are nearly a known one. Pure."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

from bot.base.patterns import lazy_compile
from bot.options.edit_distance import is_within_one_error
from bot.options.saved_names import LONGEST_NAME, folded

# What is passed over: links, and mentions by ID. Then what stands behind an `@`: it ends with a
# letter or a digit, so that a mark behind it is not a part of it. The second mark is that of Asian
# keyboards.
_AT = lazy_compile(
    r"(?:[a-z][a-z0-9+.-]{0,20}:/|www\.|mailto:)\S*|(?-i:<@[UW][A-Z0-9]+(?:\|[^<>]*)?>)"
    r"|(?<![@\uff20.-])[@\uff20](\w(?:[\w-]*\w)?)(?![\w@\uff20])",
    re.IGNORECASE,
)
# Scripts with no spaces between words, and Korean, which joins particles to names: Thai and Lao,
# Burmese, Khmer, kana, ideographs, syllables, and forms and further ones of these. In turn the
# first character of a range, and the first behind it: `re` takes milliseconds for such a class.
_UNSPACED = (
    "\u0e00\u0f00\u1000\u10a0\u1780\u1800\u3040\u3100\u3400\u4dc0\u4e00\ua000\uac00\ud7b0"
    "\uf900\ufb00\uff66\uffa0\U00020000\U00040000"
)
_WITHIN_WORD = lazy_compile(r"\w")
# What joins a letter, and is none, goes on with the word.
_JOINED = frozenset({"Mn", "Mc", "Cf"})
# Names of one text that are compared with all known ones, each in half a millisecond: a text may
# have thousands.
_MOST_COMPARED = 20
# Fewer letters are one letter away from too much.
_SHORTEST_MISTYPED = 4
# Letters of an ending, as of a plural or a case.
_LONGEST_ENDING = 3


def has_names(texts: Iterable[str]) -> bool:
    """Tell whether there may be a name in texts."""
    return any(True for text in texts for _ in _runs(text))


def names_in(texts: Iterable[str], known: Collection[str] = ()) -> tuple[str, ...]:
    """Return what stands behind an `@` in texts, each once, in order: names, or none.

    Where words have no spaces between them, the longest of the `known` names ends one.
    """
    found = (_known_of(run, known) for text in texts for run in _runs(text))
    return tuple(dict.fromkeys(name for name in found if len(name) <= LONGEST_NAME))


def names_of_people(people: Iterable[str]) -> frozenset[str]:
    """Return what stands behind the `@` of people's names: of `Mia Chen` that is `mia`."""
    return frozenset(names_in(f"@{person.removeprefix('@')}" for person in people))


def name_of(text: str) -> str:
    """Return the name in a text that is nothing but `@name`; else nothing."""
    stripped = text.strip()
    return next((folded(run) for run in _runs(stripped) if run == stripped[1:]), "")


def mistyped(names: Iterable[str], known: Collection[str]) -> Mapping[str, str]:
    """Return the known name that each of these probably means, of those that are nobody's.

    Of the first of them: a text may have thousands.
    """
    nobodys = islice((name for name in names if name not in known), _MOST_COMPARED)
    meant = {name: _nearly(name, known) for name in nobodys}
    return {name: other for name, other in meant.items() if other is not None}


def _runs(text: str) -> Iterator[str]:
    """Yield the letters behind each `@` that is not within a word, an address or a link."""
    # Most texts have no mark, and the search for links looks at each letter several times.
    if "@" not in text and "\uff20" not in text:
        return
    for match in _AT.finditer(text):
        start, end = match.span()
        if match[1] is None:
            continue
        before, behind = text[max(0, start - 1) : start], text[end : end + 1]
        is_within = _WITHIN_WORD.match(before) and not _is_unspaced(before)
        if not is_within and unicodedata.category(behind or " ") not in _JOINED:
            yield match[1]


def _known_of(run: str, known: Collection[str]) -> str:
    """Return the longest known name with which a run of letters begins as a word; else all."""
    name = folded(run)
    if name in known:
        return name
    longest = min(len(run) - 1, LONGEST_NAME)
    ends = (place for place in range(longest, 0, -1) if _is_unspaced(run[place]))
    return next((cut for end in ends if (cut := folded(run[:end])) in known), name)


def _is_unspaced(char: str) -> bool:
    return bisect_right(_UNSPACED, char) % 2 == 1


def _nearly(name: str, known: Collection[str]) -> str | None:
    """Return the known name with one wrong letter, two swapped, or an ending behind it."""
    for other in known:
        longer = len(name) - len(other)
        if len(other) < _SHORTEST_MISTYPED or not -1 <= longer <= _LONGEST_ENDING:
            continue
        if name.startswith(other) or is_within_one_error(name, other):
            return other
    return None
