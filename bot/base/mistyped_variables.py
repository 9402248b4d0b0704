"""Finds the variables that are probably meant for the bot, and that it does not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_NEAR = 0.9
"""How much of two names is equal, as `difflib` reckons it, if one may be meant for the other: 0.98
of `MAX_ACTIVE_PER_PERSN`, and 0.88 of OpenTelemetry's own `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`."""


def mistyped_variables(given: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each given name that is none of the known ones but near to one.

    A mistyped variable has no effect, and nothing else would say so: a limit would not hold. Names
    differ by case, too. No value is read.
    """
    # Only the processes of the service and `doctor` need it, and no other command.
    from difflib import get_close_matches  # noqa: PLC0415

    names = tuple(known)
    for name in sorted({*given} - {*names}):
        for meant in get_close_matches(name.upper(), names, n=1, cutoff=_NEAR):
            yield f"{name} is no variable of the bot. Did you mean {meant}?"
