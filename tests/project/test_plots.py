"""The plots of measurements are light, the same wherever they are drawn, and told in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.bot_process import ROOT

PLOTS = sorted((ROOT / "docs" / "plots").glob("*.svg"))
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
MOST_BYTES = 40_000


def test_there_are_plots() -> None:
    assert PLOTS


@pytest.mark.parametrize("path", PLOTS, ids=lambda path: path.name)
def test_a_plot_is_light_and_names_neither_day_nor_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text) < MOST_BYTES
    assert not re.search(r"<dc:date>|<dc:creator>|/(home|tmp|work|root|usr)/", text)


@pytest.mark.parametrize("path", PLOTS, ids=lambda path: path.name)
def test_a_plot_has_its_data_and_is_told_to_who_does_not_see_it(path: Path) -> None:
    assert (path.parent / "data" / f"{path.stem}.json").exists()
    told = re.search(rf"!\[([^\]]+)\]\(plots/{re.escape(path.name)}\)", PAGE)
    assert told
    assert len(told[1]) > 60
