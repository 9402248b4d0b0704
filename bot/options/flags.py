"""Finds which option a typed flag means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.options.alternatives import EACH_IMAGE_FLAG, TIMES_FLAG
from bot.options.cast import CAST_FLAG
from bot.options.catalog import MOST_MODELS, Catalog, Model
from bot.options.characters import hyphenated, visible
from bot.options.model_file import DRY_FLAG, DRY_FLAGS, MODEL_FLAG, PROJECT_FLAG
from bot.options.parser import Flag, Word
from bot.options.schema import Kind, Option, spelling
from bot.options.styles import STYLE_FLAG
from bot.options.times import AT_FLAG, EVERY_FLAG, MOST_TIME_WORDS, find_wall_time
from bot.options.values import BOOLEANS, is_choice, synonym_of
from bot.options.wording import nearest, quoted

_SINGLE_DASH = lazy_compile(r"-([A-Za-z][\w-]+)(?:=.*)?", re.DOTALL)
# Names that other programs have for the bot's own flags; a model's file has those of its options.
_OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("count", "number", "videos", "takes", "copies", "variations"), TIMES_FLAG)
    | dict.fromkeys(("when", "date", "schedule", "later"), AT_FLAG)
    | dict.fromkeys(("repeat", "recurring", "daily", "weekly", "monthly"), EVERY_FLAG)
    | dict.fromkeys(("cost", "price", "estimate", "preview"), DRY_FLAG)
    | dict.fromkeys(("campaign", "tag", "folder", "for"), PROJECT_FLAG)
    | dict.fromkeys(("preset", "look", "template"), STYLE_FLAG)
    | dict.fromkeys(("character", "actor"), CAST_FLAG)
)
# The most words of a choice's synonym, such as `9 by 16`.
_LONGEST_SYNONYM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a flag means for one model."""

    flag: str
    """The flag in full, as it should be typed."""
    option: Option | None
    """`None`: one of the bot's own: for the model, the project, the style, the cast, how many, one
    of each image, the time to start at, how often, or to look only."""
    is_negation: bool = False
    takes_none: bool = False
    """Whether it is one of the bot's own that take no value."""

    def takes(self, value: str | None, following: Sequence[str]) -> int:
        """Return how many of the words between this flag and the next belong to its value.

        `value` is what stands behind `=`. A boolean flag takes `true` and `false`, which are hardly
        meant for the prompt, and `on`, `off` and their like where nothing follows them.
        """
        option = self.option
        if self.is_negation or self.takes_none or not following:
            return 0
        if option is None:
            is_time = self.flag == f"--{AT_FLAG}"
            return _words_of_time(value, following) if is_time else int(value is None)
        if option.kind is Kind.BOOLEAN:
            word = following[0].casefold()
            is_value = word in {"true", "false"} or (len(following) == 1 and word in BOOLEANS)
            return int(value is None and is_value)
        given = [] if value is None else [value]
        for count in range(_LONGEST_SYNONYM, 0, -1):
            words = [*given, *following[: count - len(given)]]
            if len(words) == count and synonym_of(" ".join(words), option) is not None:
                return count - len(given)
        return int(value is None)


def _words_of_time(value: str | None, following: Sequence[str]) -> int:
    """Return how many words behind a flag are the longest time that can be read."""
    given = [] if value is None else [value]
    for count in range(min(MOST_TIME_WORDS, len(following)), 0, -1):
        if find_wall_time(" ".join([*given, *following[:count]])) is not None:
            return count
    return int(value is None)


class Flags:
    """The flags of one model; an error names the other model that has an unknown flag."""

    def __init__(self, model: Model, catalog: Catalog) -> None:
        self._model = model
        self._catalog = catalog
        self._in_full = _in_full(model)
        self._exact = _exact(model)

    def meaning_of(self, name: str) -> Meaning:
        """Return what a flag means, typed in full, by an alias, or in part if that is unambiguous.

        Raises `UsageError` that names the nearest flags, the option that has it as a value, or the
        model that has it as a flag.
        """
        typed = spelling(name)
        if typed in self._exact:
            return self._exact[typed]
        if self.named_by_choice(name) is not None:
            raise self._unknown(name)
        longer = [full for flag, full in self._in_full.items() if flag.startswith(typed)]
        match longer:
            case [only] if only.option is not None:
                return only
            case [_]:
                raise UsageError(f"Write `--{MODEL_FLAG}` in full; you gave {quoted(f'--{name}')}.")
            case []:
                raise self._unknown(name)
            case several:
                flags = " or ".join(f"`{meaning.flag}`" for meaning in several)
                raise UsageError(f"{quoted(f'--{name}')} could be {flags}. Write more of it.")

    def find(self, name: str) -> Meaning | None:
        """Return what a flag means, typed in full or by an alias; `None`: there is none."""
        return self._exact.get(spelling(name))

    def option(self, name: str) -> Option | None:
        """Return the option with a name, in full or by an alias; `None`: there is none."""
        meaning = self.find(name)
        return None if meaning is None else meaning.option

    def find_otherwise(self, name: str) -> Meaning | None:
        """Return what has that name in other programs; `None`: nothing."""
        flag = self._called_otherwise(spelling(name))
        return None if flag is None else self.find(flag.removeprefix("--"))

    def find_any(self, name: str) -> Meaning | None:
        """Return what a flag means, also typed in part; `None`: nothing, or more than one."""
        try:
            return self.meaning_of(name)
        except UsageError:
            return None

    def takes(self, flag: Flag, following: Sequence[str]) -> int:
        """Return how many of the words after a flag belong to its value; one if it is unknown."""
        meaning = self.find_any(flag.name)
        return int(flag.value is None) if meaning is None else meaning.takes(flag.value, following)

    def refuse_single_dash(self, words: Iterable[Word]) -> None:
        """Raise `UsageError` for `-duration`: it would be paid for as a word of the prompt."""
        problems = []
        for word in words:
            dashed = _SINGLE_DASH.fullmatch(hyphenated(visible(word.value)))
            meaning = self._exact.get(spelling(dashed[1])) if dashed and not word.quoted else None
            if meaning is not None:
                problems.append(
                    f"Write `{meaning.flag}` with two dashes; you gave {quoted(word.value)}."
                )
        if problems:
            raise UsageError(*problems)

    def named_by_choice(self, name: str) -> str | None:
        """Return the flag and the value that a choice alone names: `--mode pro` for `pro`."""
        for option in self._model.options:
            choice = synonym_of(name, option) or (name if is_choice(name, option) else None)
            if choice is not None:
                return f"{option.flag} {choice}"
        return None

    def is_named(self, name: str) -> bool:
        """Tell whether a word is the name of an option, or another program's name of it."""
        return name in self._exact or self._called_otherwise(name) is not None

    def _unknown(self, name: str) -> UsageError:
        typed = spelling(name)
        for other in self._catalog.models:
            if typed in _exact(other):
                return UsageError(
                    f"{quoted(f'--{name}')} is an option of `{other.slug}`, not of "
                    f"`{self._model.slug}`. Add `--{MODEL_FLAG} {other.slug}` to use it."
                )
        close = (
            self.named_by_choice(name)
            or self._called_otherwise(typed)
            or self._nearest(typed.partition(":")[0])
        )
        advice = (
            f"Did you mean `--{close.removeprefix('--')}`?"
            if close
            else f"`/video help {self._model.slug}` lists all; "
            "words behind a lone `--` belong to the prompt."
        )
        return UsageError(f"{self._model.title} has no option {quoted(f'--{name}')}. {advice}")

    def _nearest(self, typed: str) -> str | None:
        """Return the flag that was probably meant, here or in another program; `None`: none."""
        others = {**_OTHER_NAMES, **_other_names(self._model)}
        close = nearest(typed, [*self._exact, *others])
        return close if close in self._exact else others.get(close or "")

    def _called_otherwise(self, typed: str) -> str | None:
        """Return the flag of what has that name in other programs."""
        return _other_names(self._model).get(typed) or _OTHER_NAMES.get(typed)


@lru_cache(MOST_MODELS)
def _exact(model: Model) -> Mapping[str, Meaning]:
    """Return all flags of a model as they are written in full, and their aliases."""
    return {**_aliases(model), **_in_full(model)}


@lru_cache(MOST_MODELS)
def _other_names(model: Model) -> Mapping[str, str]:
    """Return the flags of a model by the names that other programs have for them."""
    return {spelling(name): option.flag for option in model.options for name in option.other_names}


@lru_cache(MOST_MODELS)
def _in_full(model: Model) -> Mapping[str, Meaning]:
    """Return all flags of a model as they are written in full."""
    table = {MODEL_FLAG: Meaning(flag=f"--{MODEL_FLAG}", option=None)}
    for option in model.options:
        table[spelling(option.name)] = Meaning(flag=option.flag, option=option)
        table |= _negations(option, option.negations[:1])
    return table


def _aliases(model: Model) -> Mapping[str, Meaning]:
    """Return the flags that are never typed in part, so that `--d` goes on to mean an option."""
    dry = Meaning(flag=f"--{DRY_FLAG}", option=None, takes_none=True)
    each = Meaning(flag=f"--{EACH_IMAGE_FLAG}", option=None, takes_none=True)
    own = {
        name: Meaning(flag=f"--{name}", option=None)
        for name in (PROJECT_FLAG, STYLE_FLAG, CAST_FLAG, TIMES_FLAG, AT_FLAG, EVERY_FLAG)
    }
    own[spelling(EACH_IMAGE_FLAG)] = each
    table = {**dict.fromkeys(map(spelling, DRY_FLAGS), dry), **own}
    for option in model.options:
        for alias in option.aliases:
            table[spelling(alias)] = Meaning(flag=option.flag, option=option)
        table |= _negations(option, option.negations[1:])
    return table


def _negations(option: Option, names: Sequence[str]) -> Mapping[str, Meaning]:
    return {
        name: Meaning(flag=f"--{option.negations[0]}", option=option, is_negation=True)
        for name in names
    }
