"""Tests of tables as CSV."""

from __future__ import annotations

import pytest

from bot.money.csv_text import csv_text


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("a lake", '"a lake"'),
        ('say "hi", twice', '"say ""hi"", twice"'),
        ("two\nlines", '"two\nlines"'),
        ("=1+1", '"\'=1+1"'),
        ("@SUM(A1)", '"\'@SUM(A1)"'),
        ("-2", '"\'-2"'),
        ("+1", '"\'+1"'),
        ("\t=1", '"\'\t=1"'),
        ("\uff1d1", '"\'\uff1d1"'),
        ("0.126", '"0.126"'),
        ("", '""'),
    ],
)
def test_a_cell_is_text_that_no_spreadsheet_runs(cell: str, written: str) -> None:
    assert csv_text(["what"], [[cell]]) == f'\ufeff"what"\r\n{written}\r\n'
