"""Tests of the plan of polls: how late an end is noticed, and after how many polls."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from bot.jobs import pacing
from bot.options.catalog import Catalog
from bot.options.usual_time import UsualTime
from storage.job import Json

PUBLISHED = UsualTime(60.0, 180.0)
FIXED = 10.0
RENDERS = 8_000
BETWEEN_KINDS = 100
"""So many renders share one history."""


@dataclass(frozen=True)
class Watched:
    """What polls of many renders cost, and how late the ends were noticed; means of a render."""

    polls: float
    delay: float


def test_a_history_halves_the_delay_of_fixed_pauses_without_more_polls() -> None:
    """Twenty past renders that differ by a quarter: nobody polls better than 2.1 s by as many."""
    fixed, ours = compared(spread=0.25, past=20)
    assert ours.polls <= 1.01 * fixed.polls
    assert ours.delay <= 0.52 * fixed.delay


def test_even_renders_that_differ_by_half_are_noticed_sooner() -> None:
    """Here who knows the distribution needs 3.6 s by as many polls (`bench.pauses`)."""
    fixed, ours = compared(spread=0.5, past=20)
    assert ours.polls <= fixed.polls
    assert ours.delay <= 0.85 * fixed.delay


@pytest.mark.parametrize("spread", [0.25, 0.5])
def test_what_is_published_is_no_worse_than_fixed_pauses(spread: float) -> None:
    """The first render of all is polled by what the model file says."""
    fixed, ours = compared(spread=spread, past=0)
    assert ours.polls <= fixed.polls
    assert ours.delay <= fixed.delay


def test_a_render_unlike_all_others_is_noticed_too() -> None:
    """After two minutes always, one takes ten seconds and one an hour."""
    history = [115.0, 120.0, 125.0] * 7
    polls, delay = watch(10.0, ours(history))
    assert (polls, delay) == (1, 20.0)
    polls, delay = watch(3600.0, ours(history))
    assert delay <= 30.0


def test_polls_are_closest_where_renders_end() -> None:
    """Before and after that they are rare."""
    plan = ours([110.0, 120.0, 130.0] * 7)
    assert plan(0.0) == 30.0
    assert plan(119.0) < 3.0
    assert plan(300.0) > 15.0


@pytest.mark.parametrize(
    ("given", "usual"),
    [({"mode": "4k"}, UsualTime(120, 300)), ({"mode": "pro"}, PUBLISHED), ({}, PUBLISHED)],
)
def test_the_model_file_says_how_long_a_render_takes(
    given: dict[str, Json], usual: UsualTime
) -> None:
    """By the first line that fits, and by the default of an option that is not given."""
    assert Catalog.load().default.usual_time(given) == usual


def ours(history: list[float]) -> Callable[[float], float]:
    """Return the bot's pauses by the age of a render."""
    return lambda age: pacing.next_poll(age, history, PUBLISHED, shortest=1.0, longest=30.0)


def compared(*, spread: float, past: int) -> tuple[Watched, Watched]:
    """Return fixed pauses and the bot's over the same renders, of two minutes on the median."""
    chance = random.Random(7)

    def draw() -> float:
        return 120.0 * math.exp(chance.gauss(0, spread))

    totals = [[0.0, 0.0], [0.0, 0.0]]
    for _ in range(RENDERS // BETWEEN_KINDS):
        history = [draw() for _ in range(past)]
        for ends in (draw() for _ in range(BETWEEN_KINDS)):
            for total, pause in zip(totals, (lambda _: FIXED, ours(history)), strict=True):
                polls, delay = watch(ends, pause)
                total[0] += polls
                total[1] += delay
    fixed, bot = (Watched(polls / RENDERS, delay / RENDERS) for polls, delay in totals)
    return fixed, bot


def watch(ends: float, pause: Callable[[float], float]) -> tuple[int, float]:
    """Return how many polls find the end of a render, and how late."""
    age, polls = 0.0, 0
    while age < ends:
        age += pause(age)
        polls += 1
    return polls, age - ends
