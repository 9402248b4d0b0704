"""Sorts a failure of a render by what its model declares, and names the files at fault. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.base.failures import NO_SIGNS, classify
from bot.options.catalog import Model
from bot.options.schema import Option
from storage.job import Failure, Json


def failure_of(model: Model | None, code: str | None, message: str | None) -> Failure | None:
    """Return the class of a failure; `None`: nothing tells. A model that is gone declares none."""
    return classify(code, message, NO_SIGNS if model is None else model.failures)


def files_at_fault(model: Model, given: Mapping[str, Json], message: str | None) -> list[str]:
    """Return the files that a failure can be about, as users know them: `Reference images 2`.

    Those that the message names if it names any, else all that were given.
    """
    named = list(_files(model, given))
    said = message or ""
    exact = [label for label, spelling in named if re.search(spelling, said, re.IGNORECASE)]
    return exact or [label for label, _ in named]


def _files(model: Model, given: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Yield the label of each given file, and a pattern of how a message may name it."""
    for option in model.file_options:
        value = given.get(option.name)
        if isinstance(value, str):
            yield option.title, rf"\b({_spelling(option)})\b"
        elif isinstance(value, list | tuple):
            for index in range(len(value)):
                label = option.title if len(value) == 1 else f"{option.title} {index + 1}"
                place = rf"[\[. ]{index}\b" if len(value) > 1 else ""
                yield label, rf"\b({_spelling(option)})\b{place}"


def _spelling(option: Option) -> str:
    """Return a pattern of an option's name and title; a service may leave out `_image`."""
    stem = re.escape(option.name.removesuffix("_image"))
    words = stem.replace("_", "[ _-]")
    return rf"{words}([ _-]image)?|{re.escape(option.title)}"
