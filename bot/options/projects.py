"""Reads the names of projects that people type. Pure."""

from __future__ import annotations

import unicodedata

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.options.form_elements import FormError, State, element
from bot.options.form_fields import PROJECT_BLOCK
from bot.options.wording import quoted

LONGEST_NAME = 40

# Letters of any script: `\w` is those, digits and the underscore.
_NAME = lazy_compile(rf"\w[\w.-]{{0,{LONGEST_NAME - 1}}}")


NONE = frozenset({"none", "off"})
"""Words for no project."""


def read_project_choice(text: str) -> str:
    """Return the name of a project, or nothing for `none`. Raises `UsageError`."""
    return "" if text.strip().casefold() in NONE else read_project(text)


def entered_project(state: State, usual: str | None) -> str | None:
    """Return the project that a form's field holds: a name, or nothing if it was emptied.

    `None`: nobody touched the empty field, or there is none. `usual` stood in it at first. Raises
    `FormError`.
    """
    value = element(state, PROJECT_BLOCK).get("value")
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        return None if PROJECT_BLOCK not in state or usual is None else ""
    try:
        return read_project_choice(text)
    except UsageError as error:
        raise FormError({PROJECT_BLOCK: error.problems[0]}) from None


def read_project(text: str) -> str:
    """Return the name of a project as it is stored. Raises `UsageError` for what is none."""
    name = unicodedata.normalize("NFC", text.strip()).casefold()
    if not _NAME.fullmatch(name) or name in NONE:
        raise UsageError(
            f"{quoted(text)} is no name of a project: one has letters, digits, `-`, `_` and `.`,"
            f" and at most {LONGEST_NAME} of them."
        )
    return name
