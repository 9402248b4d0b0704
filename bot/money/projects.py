"""Reads the names of projects that people type. Pure."""

from __future__ import annotations

import re
import unicodedata

from bot.base.errors import UsageError
from bot.options.wording import quoted

LONGEST_NAME = 40

# Letters of any script: `\w` is those, digits and the underscore.
_NAME = re.compile(rf"\w[\w.-]{{0,{LONGEST_NAME - 1}}}")


def read_project(text: str) -> str:
    """Return the name of a project as it is stored. Raises `UsageError` for what is none."""
    name = unicodedata.normalize("NFC", text.strip()).casefold()
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{quoted(text)} is no name of a project: one has letters, digits, `-`, `_` and `.`,"
            f" and at most {LONGEST_NAME} of them."
        )
    return name
