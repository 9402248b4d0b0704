"""Every planted fault is noticed; that each can be planted is looked at with every change."""

from __future__ import annotations

import re

import pytest

from tests.hardening.mutant import ROOT, Mutant, is_noticed, mutated, parts

MUTANTS = [
    pytest.param(mutant, id=f"{part}: {mutant.name}") for part, found in parts() for mutant in found
]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_fault_can_be_planted(mutant: Mutant) -> None:
    compile(mutated(mutant), mutant.file, "exec")
    for test in mutant.tests:
        file, *names = test.partition("[")[0].split("::")
        source = (ROOT / file).read_text(encoding="utf-8")
        assert all(re.search(rf"(def|class) {name}\b", source) for name in names), test


@pytest.mark.soak
@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_fault_is_noticed(mutant: Mutant) -> None:
    assert is_noticed(mutant)
