"""Counts the typing errors between two words: the edit distance with transpositions. Pure."""

from __future__ import annotations


def edit_distance(one: str, other: str) -> int:
    """Return how many letters must be added, left out, changed, or swapped with their neighbour.

    The optimal string alignment distance, so `lsit` is one error away from `list`:
    https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance . Takes time proportional to
    the product of the lengths.
    """
    before: list[int] = []
    last: list[int] = [*range(len(other) + 1)]
    for row, letter in enumerate(one, start=1):
        current: list[int] = [row]
        for column, wanted in enumerate(other, start=1):
            cost = min(
                last[column] + 1,
                current[column - 1] + 1,
                last[column - 1] + (letter != wanted),
            )
            if row > 1 and column > 1 and one[row - 2] == wanted and other[column - 2] == letter:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, last = last, current
    return last[-1]


def is_within_one_error(one: str, other: str) -> bool:
    """Tell whether the edit distance is at most one, in time proportional to the lengths."""
    pairs = zip(one, other, strict=False)
    at = next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    rest, wanted = one[at:], other[at:]
    is_swapped = rest[:2] == wanted[:2][::-1] and rest[2:] == wanted[2:]
    return is_swapped or rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:]
