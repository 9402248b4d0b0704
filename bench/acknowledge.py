"""Measures how long a person waits for the acknowledgement of a command that is on disk."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from pydantic import BaseModel

from bench.measurement import Measurement, quantile, table, write_data
from bench.trials import Trial, add_people, check_rows, latency, median_of, run_trial
from tests.support.bot_process import bot_process
from tests.support.sandbox import running_sandbox

RATE = 200
SECONDS = 6
# Several, because another process on the machine may disturb a trial, but hardly most of them.
TRIALS = 5
GOAL_SECONDS = 0.010
# No render ends during the load, so commands alone are measured.
RENDER_SECONDS = 3600.0
SYNCS = 300
PERCENTS = (10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9)
PAGE = b"\0" * 4096


class AcknowledgeData(BaseModel, frozen=True):
    """How long an acknowledgement took at most, for each share of the commands."""

    rate: int
    percents: tuple[float, ...]
    seconds: dict[str, tuple[float, ...]]
    """By what was measured, the median of the trials for each of `percents`."""


async def measure() -> list[Measurement]:
    """Return latencies of the bot and of an empty Bolt app, in alternate trials."""
    measured: list[Trial] = []
    baseline: list[Trial] = []
    disk: list[float] = []
    for _ in range(TRIALS):
        async with running_sandbox(render_seconds=RENDER_SECONDS, echo=False) as sandbox:
            add_people(sandbox)
            disk += await asyncio.to_thread(_sync_seconds, sandbox.folder / "synced")
            secret = sandbox.slack.credentials.signing_secret
            empty = ("-m", "bench.empty_bolt", secret)
            async with bot_process({}, sandbox.folder, empty) as bolt:
                baseline.append(await run_trial(bolt, secret, rate=RATE, seconds=SECONDS))
            async with bot_process(sandbox.environment(socket_mode=False), sandbox.folder) as bot:
                measured.append(await run_trial(bot, secret, rate=RATE, seconds=SECONDS))
            check_rows(sandbox.folder / "video-bot.db", measured[-1].triggers)
    disk.sort()
    write_data(
        "acknowledge",
        AcknowledgeData(
            rate=RATE,
            percents=PERCENTS,
            seconds={
                "the bot": _percentiles(measured),
                "an empty Bolt app": _percentiles(baseline),
            },
        ),
    )
    return [
        latency(f"acknowledgement, {RATE} commands/s, on disk: p50", measured, 0.5),
        latency("the same: p99", measured, 0.99, GOAL_SECONDS),
        latency("the same: longest", measured, 1.0),
        median_of("the same: processor time", [one.processor for one in measured]),
        latency("empty Bolt app, same run: p50", baseline, 0.5),
        latency("the same: p99", baseline, 0.99),
        latency("the same: longest", baseline, 1.0),
        median_of("the same: processor time", [one.processor for one in baseline]),
        Measurement(
            label="disk, one fdatasync: p50, p99",
            value=f"{quantile(disk, 0.5) * 1e3:.1f} ms, {quantile(disk, 0.99) * 1e3:.1f} ms",
        ),
    ]


def _percentiles(trials: Sequence[Trial]) -> tuple[float, ...]:
    return tuple(
        median(quantile(one.latencies, percent / 100) for one in trials) for percent in PERCENTS
    )


def _sync_seconds(path: Path) -> list[float]:
    """Return how long the disk takes to make a page durable, sorted."""
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(PAGE)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return sorted(taken)


if __name__ == "__main__":
    print(table(asyncio.run(measure()), "github"))  # noqa: T201 - its purpose
