"""How long a person waits for the acknowledgement of a command that is on disk."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from bench.measurement import Measurement, quantile
from bench.trials import Trial, check_rows, latency, of_trials, trial_of
from tests.support.bot_process import bot_process
from tests.support.sandbox import running_sandbox

RATE = 200
SECONDS = 6
# One disturbance from outside spoils a round, hardly most of them.
TRIALS = 5
GOAL_SECONDS = 0.010
# Nothing but asks is to be measured: no render ends while the load lasts.
RENDER_SECONDS = 3600.0
SYNCS = 300
PAGE = b"\0" * 4096


async def measure() -> list[Measurement]:
    """Return the bot's figures beside those of an empty Bolt app, round by round in turn."""
    asked: list[Trial] = []
    floor: list[Trial] = []
    disk: list[float] = []
    for _ in range(TRIALS):
        async with running_sandbox(render_seconds=RENDER_SECONDS, echo=False) as sandbox:
            disk += await asyncio.to_thread(_sync_seconds, sandbox.folder / "synced")
            secret = sandbox.slack.credentials.signing_secret
            empty = ("-m", "bench.empty_bolt", secret)
            async with bot_process({}, sandbox.folder, empty) as bolt:
                floor.append(await trial_of(bolt, secret, rate=RATE, seconds=SECONDS))
            async with bot_process(sandbox.environment(socket_mode=False), sandbox.folder) as bot:
                asked.append(await trial_of(bot, secret, rate=RATE, seconds=SECONDS))
            check_rows(sandbox.folder / "video-bot.db", asked[-1].triggers)
    disk.sort()
    return [
        latency(f"acknowledgement, {RATE} commands/s, on disk: p50", asked, 0.5),
        latency("the same: p99", asked, 0.99, GOAL_SECONDS),
        latency("the same: longest", asked, 1.0),
        of_trials("the same: processor time", [one.processor for one in asked]),
        latency("empty Bolt app, same run: p50", floor, 0.5),
        latency("the same: p99", floor, 0.99),
        latency("the same: longest", floor, 1.0),
        of_trials("the same: processor time", [one.processor for one in floor]),
        Measurement(
            what="disk, one fdatasync: p50, p99",
            value=f"{quantile(disk, 0.5) * 1e3:.1f} ms, {quantile(disk, 0.99) * 1e3:.1f} ms",
        ),
    ]


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
