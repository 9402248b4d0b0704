"""Finds which option a typed flag means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.base.errors import UsageError
from bot.options.catalog import Catalog, Model
from bot.options.model_file import MODEL_FLAG
from bot.options.parser import TypedText
from bot.options.schema import Kind, Option, spelling
from bot.options.wording import nearest, quoted

_SINGLE_DASH = re.compile(r"-([A-Za-z][\w-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a flag means for one model."""

    flag: str
    """The flag in full, as it should be typed."""
    option: Option | None
    """`None`: the flag that chooses the model."""
    is_negation: bool = False

    def takes(self, word: str) -> bool:
        """Whether the word after the flag is its value.

        A boolean flag takes only `true` and `false`, which are hardly meant for the prompt.
        """
        if self.is_negation:
            return False
        if self.option is None or self.option.kind is not Kind.BOOLEAN:
            return True
        return word.casefold() in {"true", "false"}


class Flags:
    """The flags of one model; an error names the other model that has an unknown flag."""

    def __init__(self, model: Model, catalog: Catalog) -> None:
        self._model = model
        self._catalog = catalog
        self._in_full = _in_full(model)
        self._exact = {**_aliases(model), **self._in_full}

    def meaning_of(self, name: str) -> Meaning:
        """Return what a flag means, typed in full, by an alias, or in part if that is unambiguous.

        Raises `UsageError` that names the nearest flags, or the model that has this one.
        """
        typed = spelling(name)
        if typed in self._exact:
            return self._exact[typed]
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

    def refuse_single_dash(self, typed: TypedText) -> None:
        """Raise `UsageError` for `-duration`: it would be paid for as a word of the prompt."""
        for word in typed.bare_words:
            dashed = _SINGLE_DASH.fullmatch(word)
            meaning = self._exact.get(spelling(dashed[1])) if dashed else None
            if meaning is not None:
                raise UsageError(
                    f"Write `{meaning.flag}` with two dashes; you gave {quoted(word)}."
                )

    def _unknown(self, name: str) -> UsageError:
        typed = spelling(name)
        for other in self._catalog.models:
            if typed in _in_full(other) or typed in _aliases(other):
                return UsageError(
                    f"{quoted(f'--{name}')} is an option of `{other.slug}`, not of "
                    f"`{self._model.slug}`. Add `--{MODEL_FLAG} {other.slug}` to use it."
                )
        close = nearest(typed, self._exact)
        advice = (
            f"Did you mean `--{close}`?"
            if close
            else f"`/video help {self._model.slug}` lists all; "
            "words behind a lone `--` belong to the prompt."
        )
        return UsageError(f"{self._model.title} has no option {quoted(f'--{name}')}. {advice}")


def _in_full(model: Model) -> Mapping[str, Meaning]:
    """Return all flags of a model as they are written in full."""
    table = {MODEL_FLAG: Meaning(flag=f"--{MODEL_FLAG}", option=None)}
    for option in model.options:
        table[spelling(option.name)] = Meaning(flag=option.flag, option=option)
        if option.negation is not None:
            flag = f"--{option.negation}"
            table[option.negation] = Meaning(flag=flag, option=option, is_negation=True)
    return table


def _aliases(model: Model) -> Mapping[str, Meaning]:
    return {
        spelling(alias): Meaning(flag=option.flag, option=option)
        for option in model.options
        for alias in option.aliases
    }
