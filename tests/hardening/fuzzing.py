"""The search for inputs that break a property: short with every test run, long in `make soak`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.job import Json

T = TypeVar("T")

Keys: TypeAlias = "tuple[str | int, ...]"
"""The place of a value in JSON: keys of objects and indexes of lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to search."""

    examples: int
    """Of each round."""
    seconds: float
    """Rounds are added until so much time has passed."""
    repeatable: bool
    """Whether the examples are the same each time."""


SHORT = Effort(examples=40, seconds=0.0, repeatable=True)
LONG = Effort(examples=1_000, seconds=75.0, repeatable=False)
"""For each of eight searches: ten minutes in all."""

each_effort = pytest.mark.parametrize(
    "effort",
    [pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.soak)],
)


def search(effort: Effort, examples: st.SearchStrategy[T], check: Callable[[T], None]) -> None:
    """Call `check` with examples; fail with the smallest for which it raises."""

    @settings(
        max_examples=effort.examples,
        deadline=None,
        database=None,
        derandomize=effort.repeatable,
        suppress_health_check=list(HealthCheck),
    )
    @given(examples)
    def run(example: T) -> None:
        check(example)

    ends = time.monotonic() + effort.seconds
    run()
    while time.monotonic() < ends:
        run()


def within(seconds: float, per_megabyte: float, size: int, work: Callable[[], T]) -> T:
    """Return the result of `work`, which may take this much processor time for its input.

    Processor time, because other programs on the machine take none of it.
    """
    began = time.process_time()
    result = work()
    took = time.process_time() - began
    assert took <= seconds + per_megabyte * size / 1e6, f"{took:.2f} s for {size} characters"
    return result


SCALARS: st.SearchStrategy[Json] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["", " ", "0", "-1", "1e999", "NaN", "\x00", "\ud800", "\u202e", "<!channel>", "9" * 400]
    ),
    st.sampled_from([0, -1, 2**31, 2**63, 10**400, -(10**30), 0.1, 1e308]),
)

VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
"""Any JSON value, also one with halves of surrogate pairs or with huge numbers."""


def deep(levels: int) -> Json:
    """Return lists within objects, so many levels deep."""
    value: Json = "x"
    for level in range(levels):
        value = [value] if level % 2 else {"x": value}
    return value


def _repeated(unit: str, times: int) -> Json:
    return unit * times


def _listed(value: Json, times: int) -> Json:
    return [value] * times


HUGE: st.SearchStrategy[Json] = st.one_of(
    st.builds(_repeated, st.text(max_size=4), st.integers(0, 20_000)),
    st.builds(_listed, SCALARS, st.integers(0, 2_000)),
    st.builds(deep, st.integers(0, 300)),
)
_COIN: st.SearchStrategy[bool] = st.booleans()
ANYTHING: st.SearchStrategy[Json] = VALUES | HUGE


@st.composite
def mutated(draw: st.DrawFn, bases: Sequence[Json], most: int = 3) -> Json:
    """Return one of the values with some parts replaced, left out, doubled or added."""
    value = draw(st.sampled_from(bases))
    for _ in range(draw(st.integers(1, most))):
        places = list(_places(value))
        keys = draw(st.sampled_from(places))
        value = _changed(draw, value, keys)
    return value


def _places(value: Json, keys: Keys = ()) -> list[Keys]:
    inner: list[tuple[str | int, Json]] = []
    match value:
        case Mapping():
            inner = list(value.items())
        case str():
            pass
        case Sequence():
            inner = list(enumerate(value))
        case _:
            pass
    return [keys, *(place for key, part in inner for place in _places(part, (*keys, key)))]


def _changed(draw: st.DrawFn, value: Json, keys: Keys) -> Json:
    if not keys:
        return _replaced(draw, value)
    first, rest = keys[0], keys[1:]
    match value:
        case Mapping():
            if not rest and draw(_COIN):
                return {name: part for name, part in value.items() if name != first}
            return {
                name: _changed(draw, part, rest) if name == first else part
                for name, part in value.items()
            }
        case str():
            return value
        case Sequence():
            return [
                _changed(draw, part, rest) if index == first else part
                for index, part in enumerate(value)
            ]
        case _:
            return value


def _replaced(draw: st.DrawFn, value: Json) -> Json:
    """Return another value in the place of this one, or this one with more in it."""
    adds = draw(_COIN)
    match value:
        case Mapping() if adds:
            return {**value, draw(st.text(max_size=8)): draw(VALUES)}
        case list() if adds and value:
            more: Sequence[Json] = [*value, *value, draw(VALUES)]
            return more
        case _:
            return draw(ANYTHING)
