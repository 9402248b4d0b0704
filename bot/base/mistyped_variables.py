"""Finds the variables that are probably meant for the bot, and that it does not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_NEAR = 0.9
"""How much of two names is equal, as `difflib` reckons it, if one may be meant for the other:
`MAX_ACTIVE_PER_PERSN` has 0.98, `DATABASE_URI` 0.92, `HOSTS` 0.89."""

_OF_OTHERS = ("OTEL_",)
"""How the names begin that a library reads by itself, and that are near to those of the bot.
https://opentelemetry.io/docs/languages/sdk-configuration/otlp-exporter/"""


def mistyped_variables(given: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each given name that is none of the known ones but near to one.

    A mistyped variable has no effect, and nothing else would say so: a limit would not hold. Names
    differ by case, too. No value is read.
    """
    # Most commands do not need it.
    from difflib import get_close_matches  # noqa: PLC0415

    names = tuple(known)
    for name in sorted({*given} - {*names}):
        if name.startswith(_OF_OTHERS):
            continue
        for meant in get_close_matches(name.upper(), names, n=1, cutoff=_NEAR):
            yield f"{_printable(name)} is no variable of the bot. Did you mean {meant}?"


def _printable(name: str) -> str:
    """Return a name with escapes for what a terminal may not show, or show as another letter."""
    return name if name.isascii() and name.isprintable() else ascii(name)
