"""Measures how long a start takes until the bot is ready, with live jobs in its file and without.

`python -m bench.start [JOBS]`: starts in alternation, each on a fresh copy of its file.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aiohttp

from bench.backlog import insert_due_jobs
from bench.measurement import Measurement, load_average, table
from bench.process import processor_seconds
from sandbox.sandbox import Sandbox
from tests.support import bot_process
from tests.support.sandbox import running_sandbox

JOBS = 10_000
STARTS = 5
GOAL_SECONDS = 1.0
PAUSE_SECONDS = 0.002
"""Between two requests of `/readyz`."""
_ENDS = ("", ".lock")
"""The store's file, and the one beside it: without that, the copy would be a restored backup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start, in seconds."""

    took: float
    """From the exec until `/readyz` answers 200."""
    processor: float
    """Processor time of the process until then."""


async def measure(jobs: int = JOBS) -> list[Measurement]:
    """Return how long starts take with that many live jobs, and with none."""
    empty: list[Start] = []
    full: list[Start] = []
    async with running_sandbox(echo=False) as sandbox:
        await insert_due_jobs(sandbox.folder / "empty", 0)
        await insert_due_jobs(sandbox.folder / "full", jobs)
        # The first start reads the program from the disk.
        await _start(sandbox, sandbox.folder / "empty")
        for _ in range(STARTS):
            empty.append(await _start(sandbox, sandbox.folder / "empty"))
            full.append(await _start(sandbox, sandbox.folder / "full"))
    return [
        _seconds("start to ready, no job", [one.took for one in empty]),
        _seconds(f"start to ready, {jobs:,} live jobs", [one.took for one in full], GOAL_SECONDS),
        _seconds("processor time until then, no job", [one.processor for one in empty]),
        _seconds(f"the same, {jobs:,} live jobs", [one.processor for one in full]),
    ]


async def _start(sandbox: Sandbox, template: Path) -> Start:
    """Start the bot on a copy of a store, and kill it once it is ready."""
    path = sandbox.folder / "started"
    for end in ("-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
    for end in _ENDS:
        shutil.copyfile(f"{template}{end}", f"{path}{end}")
    variables = sandbox.environment(socket_mode=False) | {"DATABASE_URL": f"sqlite:///{path}"}
    began = time.perf_counter()
    bot = await bot_process.start(variables, sandbox.folder)
    try:
        await _ready(await bot.port())
        took = time.perf_counter() - began
        return Start(took=took, processor=processor_seconds(bot.pid))
    finally:
        bot.process.kill()
        await bot.ended()


async def _ready(port: int) -> None:
    """Return once `/readyz` answers 200."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(bot_process.START_SECONDS):
        while True:
            async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                if answer.ok:
                    return
            await asyncio.sleep(PAUSE_SECONDS)


def _seconds(label: str, taken: Sequence[float], goal: float | None = None) -> Measurement:
    middle = median(taken)
    return Measurement(
        label=label,
        value=f"{middle:.2f} s ({min(taken):.2f} to {max(taken):.2f})",
        goal="" if goal is None else f"≤ {goal:.0f} s",
        met=None if goal is None else middle <= goal,
    )


def main(arguments: Sequence[str]) -> None:
    """Measure once, and print the figures."""
    load = load_average()
    measured = asyncio.run(measure(*map(int, arguments)))
    print(table(measured, "github"), f"\nload average before: {load}", sep="\n")  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(sys.argv[1:])
