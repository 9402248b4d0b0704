"""An attack on the real process: what it does, what bound must hold, and what was measured."""

from __future__ import annotations

import pkgutil
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from tests.hardening import attacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What an attack came to."""

    figure: str
    """The measured value with its unit, as it stands in docs/promises.md."""
    held: bool
    """Whether the bound held."""


Run: TypeAlias = Callable[[Path], Awaitable[Measured]]
"""Runs an attack; the path is an empty folder of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """An attack, with the bound that must hold while it goes on and after it."""

    name: str
    bound: str
    run: Run
    is_alone: bool = False
    """Whether times are a part of the bound: no other test may run meanwhile."""
    is_timed: bool = False
    """Whether the bound is one of times alone: a machine that stands still for a moment breaks it
    too, so it is measured again if it was missed."""


def parts() -> Iterator[tuple[str, tuple[Attack, ...]]]:
    """Yield each part's name and its attacks, in alphabetical order."""
    for module in pkgutil.iter_modules(attacks.__path__):
        found: tuple[Attack, ...] = import_module(f"{attacks.__name__}.{module.name}").ATTACKS
        yield module.name, found
