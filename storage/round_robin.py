"""Turns of workspaces, and of the people in each, at what is claimed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")

LAST = "\U0010ffff"
"""A name behind every ID."""


@dataclass(slots=True)
class LastServed:
    """Who was served last."""

    team: str = ""
    users: dict[str, str] = field(default_factory=dict)
    """By workspace."""


def round_robin(queues: Iterable[Iterable[T]]) -> Iterator[T]:
    """Yield the first item of each queue, then the second of each, and so on."""
    waiting = [iter(queue) for queue in queues]
    while waiting:
        left = []
        for queue in waiting:
            for item in queue:
                yield item
                left.append(queue)
                break
        waiting = left


def after_last(last: str, names: Iterable[str]) -> list[str]:
    """Return names in the order of turns: those behind the last one first."""
    return sorted(names, key=lambda name: (name <= last, name))
