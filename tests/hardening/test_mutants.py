"""Every planted fault is noticed; that each can be planted is looked at with every change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.hardening.mutant import ROOT, Mutant, is_noticed, mutated, parts

MUTANTS = [
    pytest.param(mutant, id=f"{part}: {mutant.name}") for part, found in parts() for mutant in found
]


def test_each_fault_can_be_planted_and_has_its_tests() -> None:
    faults = [mutant for _, found in parts() for mutant in found]
    assert [found for mutant in faults for found in _what_is_lost(mutant)] == []


def _what_is_lost(mutant: Mutant) -> Iterator[str]:
    """Yield why a fault cannot be planted, and the tests that are not there."""
    try:
        compile(mutated(mutant), mutant.file, "exec")
    except (OSError, ValueError, SyntaxError) as error:
        yield f"{mutant.name}: {error}"
    for test in mutant.tests:
        file, *names = test.partition("[")[0].split("::")
        source = _source(ROOT / file)
        if not all(re.search(rf"(def|class) {name}\b", source) for name in names):
            yield f"{mutant.name}: there is no {test}"


@cache
def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.soak
@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_fault_is_noticed(mutant: Mutant) -> None:
    assert is_noticed(mutant)
