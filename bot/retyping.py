"""Writes an ask as the command that would ask for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from bot.catalog import Catalog
from bot.command import read_line
from bot.errors import UsageError
from bot.model_file import MODEL_FLAG
from bot.options import Asked
from bot.schema import PROMPT, Kind, Option
from bot.wording import shown
from storage.job import Json

_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9_.,:;/?@%+=#][A-Za-z0-9_.,:;/?@%+=#&~-]*")
# A dash could be taken for a flag's, and a quote could close in a flag's value.
_OPENING = re.compile(r"""(?<!\S)[-"“”„«]""")


def to_command(asked: Asked, catalog: Catalog) -> str:
    """Return the words behind `/video` that `parse_ask` reads as the same ask.

    The text is plain: escape it before Slack shows it. Raises `UsageError` when the model is not
    on offer any more.
    """
    model = catalog.get(asked.model)
    flags = [] if model is catalog.default else [f"--{MODEL_FLAG} {model.slug}"]
    for option in model.options:
        if option.name != PROMPT and option.name in asked.input:
            flags += _flags(option, asked.input[option.name])
    prompt = asked.input.get(PROMPT)
    if not isinstance(prompt, str):
        return " ".join(flags)
    return " ".join([prompt, *flags] if _is_plain(prompt) else [*flags, "--", prompt])


def _is_plain(prompt: str) -> bool:
    """Whether the words of a prompt are read as they stand, with flags behind them."""
    if _OPENING.search(prompt):
        return False
    try:
        command = read_line(prompt).split(lambda _flag, _word: True)
    except UsageError:
        return False
    return command.prompt == prompt and not command.flags


def _flags(option: Option, value: Json) -> Iterator[str]:
    match value:
        case bool():
            yield option.flag if value else f"--{option.negation}"
        case [*items] if option.kind is Kind.ARRAY and not option.choices:
            words = [item for item in items if _is_word(item)]
            if items and len(words) == len(items):
                yield from (f"{option.flag} {_quoted(shown(word))}" for word in words)
            else:
                yield f"{option.flag} '{json.dumps(value, ensure_ascii=False)}'"
        case _:
            yield f"{option.flag} {_quoted(shown(value))}"


def _is_word(item: Json) -> bool:
    """Whether an item of a list would not be taken for a list itself."""
    return isinstance(item, str) and not item.lstrip().startswith("[")


def _quoted(text: str) -> str:
    """Return a value as one word; straight quotes inside quotes are written twice."""
    if _NEEDS_NO_QUOTES.fullmatch(text):
        return text
    return '"' + text.replace('"', '""') + '"'
