"""Measures how long a person waits for an acknowledgement while thousands of jobs are due."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from bench.acknowledge import RENDER_SECONDS
from bench.measurement import Measurement
from bench.trials import Trial, add_people, check_rows, latency, run_trial
from sandbox.slack.entities import ANA, GENERAL, TEAM
from storage.job import Event, EventName
from storage.sqlite.store import SqliteStore
from tests.support.bot_process import bot_process
from tests.support.job_samples import RENDERING
from tests.support.sandbox import running_sandbox

JOBS = 10_000
RATE = 20
SECONDS = 10
TRIALS = 5
GOAL_SECONDS = 0.050
HOUR = 3600.0


async def measure() -> list[Measurement]:
    """Return the latencies of commands right after a start with `JOBS` jobs due."""
    trials: list[Trial] = []
    for _ in range(TRIALS):
        async with running_sandbox(render_seconds=RENDER_SECONDS, echo=False) as sandbox:
            add_people(sandbox)
            path = sandbox.folder / "video-bot.db"
            await insert_due_jobs(path, JOBS)
            async with bot_process(sandbox.environment(socket_mode=False), sandbox.folder) as bot:
                secret = sandbox.slack.credentials.signing_secret
                trials.append(await run_trial(bot, secret, rate=RATE, seconds=SECONDS))
            check_rows(path, trials[-1].triggers)
    return [
        latency(f"acknowledgement, {RATE} commands/s, {JOBS:,} jobs due: p50", trials, 0.5),
        latency("the same: p99", trials, 0.99, GOAL_SECONDS),
        latency("the same: longest", trials, 1.0),
    ]


async def insert_due_jobs(path: Path, jobs: int) -> None:
    """Insert jobs as after an outage of an hour: the next poll of each was due an hour ago."""
    began = time.time() - HOUR
    store = await SqliteStore.open(str(path))
    job = replace(
        RENDERING,
        team=TEAM,
        channel=GENERAL,
        user=ANA,
        created_at=began,
        first_sent_at=began,
        submitted_at=began,
        due_at=began,
    )
    event = Event(at=began, name=EventName.ACCEPTED)
    await asyncio.gather(
        *(
            store.jobs.insert(
                replace(job, id=f"old{n}", dedup_key=f"old:{n}", task_id=f"old{n}"), event
            )
            for n in range(jobs)
        )
    )
    await store.close()
