"""Names of what people save. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.options.characters import hyphenated, visible
from bot.options.wording import nearest, quoted

LONGEST_NAME = 30

NONE = frozenset({"none", "off"})
"""Words for nothing of what is saved."""

# Letters of any script: `\w` is those, digits and the underscore.
_NAME = lazy_compile(rf"\w[\w-]{{0,{LONGEST_NAME - 1}}}")


def folded(text: str) -> str:
    """Return a name as it is stored."""
    return unicodedata.normalize("NFC", hyphenated(visible(text.strip()))).casefold()


def read_saved_name(text: str, noun: str) -> str:
    """Return the name of a `noun` as it is stored. Raises `UsageError` for what is none."""
    name = folded(text)
    if not _NAME.fullmatch(name) or name in NONE:
        raise UsageError(
            f"{quoted(text)} is no name of a {noun}: one has letters, digits, `-` and `_`, and at "
            f"most {LONGEST_NAME} of them."
        )
    return name


def not_saved(name: str, noun: str, names: Iterable[str], lists: str) -> UsageError:
    """Return the refusal of a name that nothing has; `lists` is the command that lists them."""
    close = nearest(name, names)
    advice = f"Did you mean `{close}`? " if close else ""
    return UsageError(
        f"There is no {noun} {quoted(name)} for you here. {advice}`{lists}` lists them."
    )
