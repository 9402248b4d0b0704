"""Tests of the edit distance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.options.edit_distance import edit_distance, is_within_one_error


@pytest.mark.parametrize(
    ("one", "other", "errors"),
    [
        ("list", "list", 0),
        ("lsit", "list", 1),
        ("lst", "list", 1),
        ("liist", "list", 1),
        ("lust", "list", 1),
        ("hlep", "help", 1),
        ("cat", "cost", 2),
        ("ca", "abc", 3),
        ("", "abc", 3),
        ("abc", "", 3),
    ],
)
def test_a_letter_added_left_out_changed_or_swapped_is_one_error(
    one: str, other: str, errors: int
) -> None:
    assert edit_distance(one, other) == edit_distance(other, one) == errors


_FEW_LETTERS = st.text("ab", max_size=6)


@given(_FEW_LETTERS, _FEW_LETTERS)
def test_one_error_is_told_without_the_distance(one: str, other: str) -> None:
    assert is_within_one_error(one, other) == (edit_distance(one, other) <= 1)
