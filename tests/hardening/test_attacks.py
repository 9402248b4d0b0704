"""Every attack of the table leaves its bound intact."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hardening.attack import Attack, parts

ATTACKS = [
    pytest.param(attack, id=f"{part}: {attack.name}") for part, found in parts() for attack in found
]


@pytest.mark.proof
@pytest.mark.parametrize("attack", ATTACKS)
async def test_the_bound_holds(attack: Attack, tmp_path: Path) -> None:
    measured = await attack.run(tmp_path)
    assert measured.held, f"{attack.bound}: measured {measured.figure}"
