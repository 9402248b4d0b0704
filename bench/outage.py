"""How long a person waits for an acknowledgement while thousands of jobs are due at once."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from bench.acknowledge import RENDER_SECONDS
from bench.figure import Figure
from bench.rounds import Round, check_rows, latency, round_of
from sandbox.slack.entities import ANA, GENERAL, TEAM
from storage.job import Event, EventName
from storage.sqlite.store import SqliteStore
from tests.bot_process import bot_process
from tests.job_samples import RENDERING
from tests.town import town

JOBS = 10_000
RATE = 20
SECONDS = 10
ROUNDS = 5
GOAL_SECONDS = 0.050
HOUR = 3600.0


async def measure() -> list[Figure]:
    """Return what commands waited right after a start with so many jobs due."""
    rounds: list[Round] = []
    for _ in range(ROUNDS):
        async with town(render_seconds=RENDER_SECONDS, echo=False) as place:
            path = place.folder / "video-bot.db"
            await _fill(path)
            async with bot_process(place.environment(socket_mode=False), place.folder) as bot:
                secret = place.slack.credentials.signing_secret
                rounds.append(await round_of(bot, secret, rate=RATE, seconds=SECONDS))
            check_rows(path, rounds[-1].triggers)
    return [
        latency(f"acknowledgement, {RATE} commands/s, {JOBS:,} jobs due: p50", rounds, 0.5),
        latency("the same: p99", rounds, 0.99, GOAL_SECONDS),
        latency("the same: longest", rounds, 1.0),
    ]


async def _fill(path: Path) -> None:
    """Let an outage of an hour lie behind: every job's next look has long been due."""
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
            for n in range(JOBS)
        )
    )
    await store.close()
