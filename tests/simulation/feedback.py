"""Thumbs in one world: who presses what under a result, and what must hold of it."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from bot.jobs.services import Services
from storage.feedback import Feedback
from tests.simulation.names import PEOPLE, TEAM
from tests.simulation.world import World

# A press before all others: it changes nothing, and is answered with what counts.
LONG_AGO = 1.0


def are_thumbs_pressed(world: World) -> bool:
    """Tell whether people press thumbs: it must not change what else chance decides.

    After a restore what they pressed may be unknown.
    """
    return world.seed % 13 == 6 and not world.is_restored


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumb:
    """Somebody presses a thumb, and Slack delivers that once or more, each after a while."""

    by: str
    is_good: bool
    delays: Sequence[float]
    pause: float
    """Before it; before the first one it is long enough for most results to be there."""


def draw_thumbs(world: World, job_id: str) -> Sequence[Thumb]:
    """Return what is pressed under one job's message, to and fro."""
    chance = random.Random(f"thumbs {world.seed} {job_id}")
    first = chance.uniform(100, 900)
    return [
        Thumb(
            by=chance.choice(PEOPLE),
            is_good=chance.random() < 0.5,
            delays=chance.choice(((0.0,), (0.0, 0.0), (0.0, 300.0), (2.0, 0.1))),
            pause=chance.choice((0.1, 1.0, 60.0, 300.0)) if number else first,
        )
        for number in range(chance.choice((2, 4, 8)))
    ]


class FeedbackBook:
    """Checks that the last press of each person counts, once for each job."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pressed: defaultdict[tuple[str, str], list[Feedback]] = defaultdict(list)
        """By job and person, whether or not the bot took it."""
        self._heard: dict[tuple[str, str], float] = {}
        """When the last press was made of which somebody heard that it counts."""
        self._is_checked = False

    @property
    def is_checked(self) -> bool:
        """Whether nothing is left to be checked."""
        return self._is_checked or not self._pressed

    def press(self, job_id: str, feedback: Feedback) -> None:
        """Note that somebody presses a thumb."""
        self._pressed[job_id, feedback.by].append(feedback)

    def hear(self, job_id: str, feedback: Feedback, *, is_good: bool) -> None:
        """Check what a press is answered with, which may be a later press."""
        self._world.count("thumb pressed")
        key = (job_id, feedback.by)
        self._heard[key] = max(self._heard.get(key, LONG_AGO), feedback.at)
        later = [one for one in self._pressed[key] if one.at >= feedback.at]
        if all(one.is_good is not is_good for one in later):
            self._world.violate("a press is answered with what counts", f"{job_id}: {feedback}")

    async def check(self, services: Services) -> None:
        """Check what is kept of all presses, by asking for it as a late repeat does."""
        store = services.store.feedback
        for (job_id, by), at in self._heard.items():
            given = await store.give(job_id, Feedback(by=by, is_good=True, at=LONG_AGO))
            kept = None if given is None else given.feedback
            if kept is None and given is not None and given.job.deleted_at is not None:
                continue
            if kept not in self._pressed[job_id, by] or kept.at < at:
                self._world.violate("the last press counts", f"{job_id}: {kept}")
        rows = len(await store.ratings(TEAM, -inf, inf))
        if not len(self._heard) <= rows <= len(self._pressed):
            self._world.violate("a press makes one row for each job and person", str(rows))
        self._is_checked = True
