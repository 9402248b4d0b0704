"""Styles: words around a prompt, and options, that people save under a name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.options.edit_distance import is_within_one_error
from bot.options.parser import TypedText
from bot.options.saved_names import NONE, not_saved, read_saved_name
from bot.options.schema import PROMPT
from bot.options.wording import quoted
from storage.job import Json, UsedStyle
from storage.style_words import PLACE, uncomposed

STYLE_FLAG = "style"
"""The flag that names a style; a model with an option of this name keeps it."""

_IN_BRACES = lazy_compile(r"\{(\w+)\}")

MARKS = " .,;:"
"""Left out at the end of a prompt where words of a style follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The words and the options of a style; it may have either alone."""

    name: str
    words: str = ""
    """With `{prompt}` at most once, where the prompt stands; without it they follow the prompt."""
    options: Mapping[str, Json] = field(default_factory=dict)
    """The values by property."""

    @classmethod
    def of_value(cls, name: str, value: Mapping[str, Json]) -> Self:
        """Return the style that is saved as `value`."""
        words, options = value.get("words"), value.get("options")
        return cls(
            name=name,
            words=words if isinstance(words, str) else "",
            options=options if isinstance(options, Mapping) else {},
        )

    @classmethod
    def of_job(cls, used: UsedStyle) -> Self:
        """Return the style of a job, whose options are among the job's."""
        return cls(name=used.name, words=used.words)

    def to_value(self) -> dict[str, Json]:
        """Return the value that `of_value` reads."""
        return {"words": self.words, "options": dict(self.options)}


Styles = Mapping[str, Style]
"""The styles that a person may use in a place, by their names."""

NO_STYLES: Styles = MappingProxyType({})


def read_style_name(text: str) -> str:
    """Return the name of a style as it is stored. Raises `UsageError` for what is none."""
    return read_saved_name(text, "style")


def read_style_choice(text: str) -> str:
    """Return the name of a style, or nothing for `none`. Raises `UsageError`."""
    return "" if text.strip().casefold() in NONE else read_style_name(text)


def may_name_style(typed: TypedText) -> bool:
    """Tell whether a text has the flag that names a style, perhaps among alternatives."""
    return any(name.casefold() == STYLE_FLAG for name in typed.flag_names) or (
        "{" in typed.text and f"--{STYLE_FLAG}" in typed.text
    )


def check_words(words: str) -> None:
    """Raise `UsageError` for more than one place for the prompt, or a mistyped one."""
    if len(PLACE.findall(words)) > 1:
        raise UsageError("`{prompt}` may stand in a style once; you gave it more than once.")
    for found in _IN_BRACES.finditer(words):
        name = found[1].casefold()
        if name != PROMPT and is_within_one_error(name, PROMPT):
            raise UsageError(f"{quoted(found[0])} would stay as it is. Did you mean `{{prompt}}`?")


def find_style(name: str, styles: Styles) -> Style:
    """Return the style of this name. Raises `UsageError` that names the nearest."""
    style = styles.get(name)
    if style is None:
        raise not_saved(name, "style", styles, "/video styles")
    return style


def composed(words: str, prompt: str) -> str:
    """Return a prompt in the words of a style: in their `{prompt}`, or before them.

    Marks at the end of the prompt are left out where words follow it. Without a prompt the words
    stand alone.
    """
    place = PLACE.search(words)
    if place is None:
        return _joined(prompt.strip(), words.strip())
    before, after = words[: place.start()], words[place.end() :]
    if not prompt.strip():
        return _joined(before.rstrip(MARKS), after.lstrip(MARKS)).strip()
    middle = prompt.strip() if not after.strip() else prompt.strip().rstrip(MARKS)
    return f"{before}{middle}{after}".strip()


def asked_items(words: str, value: Json) -> Json:
    """Return a list of objects, such as shots, with the texts that were put into a style's words.

    Every other value is returned as it is.
    """
    if not words or not isinstance(value, list | tuple):
        return value
    return [
        {
            name: uncomposed(words, part) if isinstance(part, str) else part
            for name, part in item.items()
        }
        if isinstance(item, Mapping)
        else item
        for item in value
    ]


def _joined(first: str, second: str) -> str:
    if not first or not second:
        return first or second
    return f"{first.rstrip(MARKS)}, {second}"
