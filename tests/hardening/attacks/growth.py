"""Growth: a long history is erased beside acknowledgements."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from bot.options.catalog import Catalog
from bot.worker.retention import Eraser
from storage.job import Stage
from storage.rows import JOBS
from storage.sqlite.connection import connect_writer
from storage.sqlite.migrations import migrate
from storage.sqlite.store import SqliteStore
from tests.hardening.attack import Attack, Measured
from tests.support.store_samples import ACCEPTED, NOW, a_job

JOBS_KEPT = 10_000
EVENTS_A_JOB = 10
DAYS_LATER = 1_000
ASKS_A_SECOND = 100
MOST_MS = 50.0
"""Of the 500 ms within which an honest command is acknowledged."""
MOST_PAUSE_MS = 1_000.0


async def erase_beside_asks(folder: Path) -> Measured:
    """Erase all details of a store without a pause, while commands are committed."""
    path = str(folder / "jobs.db")
    _fill(path)
    store = await SqliteStore.open(path)
    now = NOW + DAYS_LATER * 86_400.0
    eraser = Eraser(
        store.retention, Catalog.load(), now=lambda: now, details_days=400, texts_days=None
    )
    calls = asyncio.create_task(_erase_all(eraser, store, now))
    waits: list[float] = []
    while not calls.done():
        waits.append(await _ask(store, len(waits), now))
    pauses = calls.result()
    await store.close()
    p99 = sorted(waits)[int(len(waits) * 0.99)] * 1_000
    pause = max(pauses) * 1_000
    figure = (
        f"a commit {p99:.1f} ms at p99, a call {pause:.0f} ms at most; "
        f"all is erased after {sum(pauses):.1f} s of calls"
    )
    return Measured(figure=figure, held=p99 < MOST_MS and pause < MOST_PAUSE_MS)


async def _erase_all(eraser: Eraser, store: SqliteStore, now: float) -> list[float]:
    """Call the chore until nothing is left; return how many seconds each call took."""
    pauses: list[float] = []
    while await store.retention.erase_details(now, 1):
        began = time.perf_counter()
        await eraser.erase_due()
        pauses.append(time.perf_counter() - began)
    return pauses


async def _ask(store: SqliteStore, number: int, now: float) -> float:
    await asyncio.sleep(1 / ASKS_A_SECOND)
    job = replace(a_job(JOBS_KEPT + number), created_at=now)
    began = time.perf_counter()
    await store.jobs.insert(job, ACCEPTED)
    return time.perf_counter() - began


def _fill(path: str) -> None:
    """Write a long history, as an earlier version has left it."""
    with closing(connect_writer(path, create=True)) as db:
        migrate(db)
        db.execute("BEGIN")
        for number in range(JOBS_KEPT):
            job = replace(a_job(number), stage=Stage.DELIVERED, due_at=None)
            db.table(JOBS.name).insert(JOBS.to_row(job))
            db.conn.executemany(
                "INSERT INTO job_events (job_id, at, name, detail) VALUES (?, ?, ?, ?)",
                [(job.id, NOW, "state", "rendering")] * EVENTS_A_JOB,
            )
        db.execute("COMMIT")


ATTACKS = (
    Attack(
        name="the details of 100,000 events are too old at once",
        bound=f"a commit takes at most {MOST_MS:.0f} ms at p99 meanwhile, a call of the chore "
        f"{MOST_PAUSE_MS:.0f} ms",
        run=erase_beside_asks,
        is_alone=True,
    ),
)
