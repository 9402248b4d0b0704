"""Many seeds at once, and what came of them in one table."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

import structlog

from tests.simulation.runner import Report, simulate

# Seeds are handed to the processes in pieces: large enough to cost nothing, small enough to share.
PIECE = 25


@dataclass(slots=True, kw_only=True)
class Summary:
    """The sum over many seeds."""

    seeds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    failed: list[Report] = field(default_factory=list)

    def add(self, report: Report) -> None:
        """Count one seed in."""
        self.seeds += 1
        self.faults += report.faults
        self.crashes += report.crashes
        self.steps += report.counts
        self.ends += report.ends
        if report.violations:
            self.failed.append(report)

    def lines(self) -> Iterator[str]:
        """Return what came of it, for people."""
        for report in self.failed:
            yield f"seed {report.seed} breaks a promise. Replay it: {replay_command(report.seed)}"
            for violation in report.violations[:3]:
                yield f"  {violation.invariant}: {violation.detail}"
        yield f"{self.seeds} seeds, {len(self.failed)} of them broke a promise"
        for title, counted in (
            ("jobs by end", self.ends),
            ("crashes by point", self.crashes),
            ("faults by kind", self.faults),
            ("steps by result", self.steps),
        ):
            yield f"{title}: {counted.total()}"
            yield from (f"  {number:8}  {name}" for name, number in sorted(counted.items()))


def run_seeds(seeds: Iterable[int], *, late_posts: bool = False) -> Summary:
    """Run seeds one after the other, without their logs."""
    summary = Summary()
    with silence():
        for seed in seeds:
            summary.add(simulate(seed, late_posts=late_posts))
    return summary


def run_parallel(seeds: range, processes: int, *, late_posts: bool = False) -> Summary:
    """Run seeds in several processes."""
    pieces = [seeds[at : at + PIECE] for at in range(0, len(seeds), PIECE)]
    summary = Summary()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for piece in pool.map(partial(_reports, late_posts=late_posts), pieces):
            for report in piece:
                summary.add(report)
    return summary


def replay_command(seed: int) -> str:
    """Return what to type to see one seed again."""
    return f"python -m tests.simulation --seed {seed} --trace"


@contextmanager
def silence() -> Iterator[None]:
    """Keep the bot's log to itself: the trace tells more."""
    held = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**held)


def _reports(seeds: range, *, late_posts: bool) -> list[Report]:
    with silence():
        return [simulate(seed, late_posts=late_posts) for seed in seeds]
