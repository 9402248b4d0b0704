"""Measures how many jobs one worker, two and four bring to their end on one PostgreSQL.

`python -m bench.workers [JOBS [REPEATS]]`: the same accepted jobs for each number of workers, no
limits of Slack's, and renders that take a second.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

import psycopg

from bench.accepted_jobs import insert_accepted
from bench.formation import DATABASE, SIMULATED, make_tables, running_formation, used_seconds
from bench.measurement import Measurement, load_average, table
from bench.trials import RunFailedError, add_people
from sandbox.postgres import Server, running_server
from storage.postgres.store import PostgresStore
from tests.support.sandbox import running_sandbox

JOBS = 300
REPEATS = 2
WORKERS = (1, 2, 4)
RENDER_SECONDS = 1.0
LONGEST_SECONDS = 100.0
"""How long one run may take."""
PAUSE_SECONDS = 0.5
_VARIABLES = {
    "MAX_ACTIVE_PER_PERSON": "100000",
    "POLL_MIN_SECONDS": "1",
    "POLL_MAX_SECONDS": "1",
}
_LATER = 3600.0
"""Seconds until the jobs are due, unless they are made due before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What some workers did with all jobs; times are in seconds."""

    workers: int
    jobs: int
    took: float
    """From when all jobs became due until the last result was there."""
    processor: Mapping[str, float]
    """Processor time by process."""

    @property
    def rate(self) -> float:
        """Jobs a second."""
        return self.jobs / self.took

    @property
    def by_workers(self) -> float:
        """Processor time of all workers for each job."""
        others = {DATABASE, SIMULATED}
        used = (used for name, used in self.processor.items() if name not in others)
        return sum(used) / self.jobs

    @property
    def busy(self) -> float:
        """How many cores all processes together kept busy."""
        return sum(self.processor.values()) / self.took


async def measure(jobs: int = JOBS, repeats: int = REPEATS) -> list[Measurement]:
    """Return the rates, and what bounds them; every second round goes from many workers to few."""
    with running_server() as server:
        runs = [
            await _run(server, f"bench_{number}_{workers}", workers, jobs)
            for number in range(repeats)
            for workers in WORKERS[:: -1 if number % 2 else 1]
        ]
    alone = mean(run.rate for run in runs if run.workers == 1)
    return [
        _measurement([run for run in runs if run.workers == workers], alone) for workers in WORKERS
    ]


async def _run(server: Server, database: str, workers: int, jobs: int) -> Run:
    server.run(f"CREATE DATABASE {database}")
    url = server.url(database)
    async with running_sandbox(render_seconds=RENDER_SECONDS, echo=False) as sandbox:
        add_people(sandbox)
        await make_tables(sandbox, url)
        store = await PostgresStore.open(url, owner=False)
        later = time.time() + _LATER
        await insert_accepted(store, jobs, lambda _: later)
        await store.close()
        formation = running_formation(sandbox, url, webs=0, workers=workers, variables=_VARIABLES)
        async with formation as bots:
            before = used_seconds(bots, server)
            took = await _all_delivered(url, jobs)
            after = used_seconds(bots, server)
    return Run(
        workers=workers,
        jobs=jobs,
        took=took,
        processor={name: after[name] - before[name] for name in after},
    )


async def _all_delivered(url: str, jobs: int) -> float:
    """Make all jobs due; return after how many seconds the last result was there.

    Raises `RunFailedError` if that takes too long.
    """
    query = b"SELECT count(*), max(delivered_at) FROM jobs WHERE delivered_at IS NOT NULL"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as db:
        changed = await db.execute(
            b"UPDATE jobs SET due_at = bot_now(), created_at = bot_now() RETURNING due_at"
        )
        [(began,), *_] = await changed.fetchall()
        for _ in range(round(LONGEST_SECONDS / PAUSE_SECONDS)):
            [(delivered, last)] = await (await db.execute(query)).fetchall()
            if delivered == jobs:
                return float(last - began)
            await asyncio.sleep(PAUSE_SECONDS)
    raise RunFailedError(f"not all jobs were delivered within {LONGEST_SECONDS:.0f} s")


def _measurement(runs: Sequence[Run], alone: float) -> Measurement:
    rates = [run.rate for run in runs]
    rate = mean(rates)
    workers = mean(run.by_workers for run in runs)
    database, simulated = (
        mean(run.processor[name] / run.jobs for run in runs) for name in (DATABASE, SIMULATED)
    )
    busy = mean(run.busy for run in runs)
    return Measurement(
        label=f"{runs[0].workers} workers" if runs[0].workers > 1 else "1 worker",
        value=f"{rate:.1f} jobs/s ({min(rates):.1f} to {max(rates):.1f}), {rate / alone:.2f} times"
        f" one; processor time a job: workers {workers * 1e3:.0f}, database {database * 1e3:.0f},"
        f" simulated services {simulated * 1e3:.0f} ms; {busy:.1f} of {os.cpu_count()} cores busy",
    )


def main(arguments: Sequence[str]) -> None:
    """Measure once, and print the figures."""
    load = load_average()
    measured = asyncio.run(measure(*map(int, arguments)))
    print(table(measured, "github"), f"\nload average before: {load}", sep="\n")  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(sys.argv[1:])
