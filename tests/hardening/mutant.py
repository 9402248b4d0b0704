"""A fault planted in the source, and the tests that must notice it."""

from __future__ import annotations

import os
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.hardening import mutants

ROOT = Path(__file__).parents[2]
COPIED = ("bot", "storage", "sandbox", "tests", "tools")
_SECONDS = 300.0
_TESTS_FAILED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A broken bot: `old` becomes `new` in one file."""

    name: str
    """What the broken bot does, as in "decodes before it verifies"."""
    file: str
    """The path from the root of the project."""
    old: str
    """The text to replace; it occurs exactly once."""
    new: str
    tests: tuple[str, ...]
    """The node IDs of quick tests, at least one of which must fail."""


def parts() -> Iterator[tuple[str, tuple[Mutant, ...]]]:
    """Yield each part's name and its mutants, in alphabetical order."""
    for module in pkgutil.iter_modules(mutants.__path__):
        found: tuple[Mutant, ...] = import_module(f"{mutants.__name__}.{module.name}").MUTANTS
        yield module.name, found


def mutated(mutant: Mutant) -> str:
    """Return the text of the file with the fault in it.

    Raises `ValueError` unless the text to replace occurs exactly once.
    """
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    if source.count(mutant.old) != 1:
        raise ValueError(f"{mutant.file} does not hold {mutant.old!r} exactly once")
    return source.replace(mutant.old, mutant.new)


def is_noticed(mutant: Mutant) -> bool:
    """Return whether the mutant's tests fail in a copy of the tree that holds its fault.

    Raises `RuntimeError` if they cannot be run, which would prove nothing.
    """
    with TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        (copy / mutant.file).write_text(mutated(mutant), encoding="utf-8")
        ended = subprocess.run(  # noqa: S603 - our own arguments
            # Python 3.11 cannot parse every source for a report of pytest's own.
            [sys.executable, "-m", "pytest", "-xq", "--tb=native", *mutant.tests],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    if ended.returncode not in (0, _TESTS_FAILED):
        raise RuntimeError(f"{mutant.name}: the tests did not run\n{ended.stdout}{ended.stderr}")
    return ended.returncode == _TESTS_FAILED
