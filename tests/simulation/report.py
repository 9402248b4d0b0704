"""Many seeds at once, and what came of them in one table."""

from __future__ import annotations

import gc
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from multiprocessing import get_context

import structlog

from tests.simulation.mutants import MUTANTS, Catch, catch
from tests.simulation.runner import Report, simulate
from tests.simulation.shared import simulate_shared
from tests.support.postgres import Server, running_server

# Seeds are handed to the processes in pieces: large enough to cost nothing, small enough to share.
PIECE = 25
# A broken bot must be noticed by a seed below this.
CATCH_BOUND = 800
# Objects between two collections: most of a run's garbage is gone without.
GARBAGE = 50_000


@dataclass(slots=True, kw_only=True)
class Summary:
    """The sum over many seeds."""

    shared: bool = False
    """Whether several processes shared a database."""
    seeds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    doubled: Counter[str] = field(default_factory=Counter)
    failed: list[Report] = field(default_factory=list)

    def add(self, report: Report) -> None:
        """Count one seed in."""
        self.seeds += 1
        self.faults += report.faults
        self.crashes += report.crashes
        self.steps += report.counts
        self.ends += report.ends
        self.doubled += report.doubled
        if report.violations:
            self.failed.append(report)

    def lines(self) -> Iterator[str]:
        """Return what came of it, for people."""
        for report in self.failed:
            again = replay_command(report.seed, shared=self.shared)
            yield f"seed {report.seed} breaks a promise. Replay it: {again}"
            for violation in report.violations[:3]:
                yield f"  {violation.invariant}: {violation.detail}"
        yield f"{self.seeds} seeds, {len(self.failed)} of them broke a promise"
        for title, counted in (
            ("jobs by end", self.ends),
            ("crashes by point", self.crashes),
            ("faults by kind", self.faults),
            ("steps by result", self.steps),
            ("doubled by a post that came after it was looked for", self.doubled),
        ):
            yield f"{title}: {counted.total()}"
            yield from (f"  {number:8}  {name}" for name, number in sorted(counted.items()))


def run_seeds(seeds: Iterable[int]) -> Summary:
    """Run seeds one after the other, without their logs."""
    summary = Summary()
    with quiet():
        for seed in seeds:
            summary.add(simulate(seed))
    return summary


def run_shared(seeds: Iterable[int], server: Server) -> Summary:
    """Run seeds on a server of PostgreSQL, one after the other, without their logs."""
    summary = Summary(shared=True)
    with quiet():
        for seed in seeds:
            summary.add(simulate_shared(seed, server))
    return summary


def run_shared_parallel(seeds: range, processes: int) -> Summary:
    """Run seeds in several processes, each with a server of its own."""
    pieces = [seeds[at : at + PIECE] for at in range(0, len(seeds), PIECE)]
    summary = Summary(shared=True)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for piece in pool.map(_shared_reports, pieces):
            for report in piece:
                summary.add(report)
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


def replay_command(seed: int, *, shared: bool = False) -> str:
    """Return what to type to see one seed again."""
    place = " --postgres" if shared else ""
    return f"python -m tests.simulation{place} --seed {seed} --trace"


def catch_all(processes: int, bound: int = CATCH_BOUND) -> Iterator[tuple[str, Catch | None]]:
    """Return, for each way to break the bot, a seed that notices it, below `bound` if any."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        names = [mutant.name for mutant in MUTANTS]
        yield from zip(names, pool.map(_catch, range(len(MUTANTS)), repeat(bound)), strict=True)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the bot's log to itself, because the trace tells more, and collect garbage rarely."""
    held, thresholds = structlog.get_config(), gc.get_threshold()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        cache_logger_on_first_use=False,
    )
    gc.set_threshold(GARBAGE)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        structlog.configure(**held)


def _reports(seeds: range, *, late_posts: bool) -> list[Report]:
    with quiet():
        return [simulate(seed, late_posts=late_posts) for seed in seeds]


def _shared_reports(seeds: range) -> list[Report]:
    with running_server() as server, quiet():
        return [simulate_shared(seed, server) for seed in seeds]


def _catch(number: int, bound: int) -> Catch | None:
    with quiet():
        return catch(MUTANTS[number], range(bound))
