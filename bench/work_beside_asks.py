"""Measures how much work goes on while people ask, and how long a result waits meanwhile.

`python -m bench.work_beside_asks [sqlite|postgres [SECONDS [RATE ...]]]`: accepted jobs come in
while nobody asks, then by commands at each rate. On PostgreSQL there are one `web` and one worker.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from bench.accepted_jobs import insert_accepted
from bench.acknowledge import GOAL_SECONDS
from bench.formation import WEB, WORKER, make_tables, running_formation
from bench.measurement import Measurement, load_average, quantile, table
from bench.process import processor_seconds, read_metrics
from bench.trials import RunFailedError, add_people, send_load
from sandbox.postgres import running_server
from sandbox.sandbox import Sandbox
from sandbox.slack.entities import GENERAL
from storage.postgres.store import PostgresStore
from storage.sqlite.store import SqliteStore
from storage.store import Store
from tests.support.bot_process import BotProcess, bot_process
from tests.support.sandbox import running_sandbox

StoreName: TypeAlias = Literal["sqlite", "postgres"]

SECONDS = 60
RATES = (50, 200)
RATE_ALONE = 5
"""How many jobs become due in a second while nobody asks: fewer than there is time for."""
START_AFTER_SECONDS = 3.0
"""When the first of these does: the bot has started."""
WARM_UP = 20
RENDER_SECONDS = 3.0
POLL_SECONDS = 1.0
DRAIN_SECONDS = 20.0
"""How long after the load a result may still come that was due during it."""
PAUSE_SECONDS = 0.5
GOAL_WAIT_SECONDS = 2.0
_VARIABLES = {
    "MAX_ACTIVE_PER_PERSON": "100000",
    "POLL_MIN_SECONDS": str(POLL_SECONDS),
    "POLL_MAX_SECONDS": str(POLL_SECONDS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """What listens and what works: one process, or two."""

    web: BotProcess
    worker: BotProcess


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What went on for some time. Times are in seconds."""

    rate: int
    """Commands a second."""
    seconds: float
    acks: Sequence[float]
    """Sorted, like `waits`."""
    steps: float
    submits: int
    results: int
    waits: Sequence[float]
    """From the end of each render until its result was at Slack."""
    busy: Sequence[float]
    """Share of a core of each process."""


async def measure(
    store: StoreName, seconds: int = SECONDS, rates: Sequence[int] = RATES
) -> list[Measurement]:
    """Return what goes on alone and beside commands at each rate."""
    alone = await _run(store, 0, seconds)
    measured = _measurements(alone, alone)
    for rate in rates:
        try:
            measured += _measurements(await _run(store, rate, seconds), alone)
        except RunFailedError as error:
            failed = Measurement(label=f"{rate} commands/s", value=str(error), met=False)
            measured.append(failed)
    return measured


async def _run(store: StoreName, rate: int, seconds: int) -> Beside:
    async with running_sandbox(render_seconds=RENDER_SECONDS, echo=False) as sandbox:
        add_people(sandbox)
        jobs = 0 if rate else RATE_ALONE * seconds
        start = _on_postgres if store == "postgres" else _on_sqlite
        async with start(sandbox, jobs) as bots:
            used = {bot.pid: processor_seconds(bot.pid) for bot in _each(bots)}
            began, before = time.time(), await _steps(bots)
            if rate:
                report = await send_load(
                    [await bots.web.port()],
                    sandbox.slack.credentials.signing_secret,
                    rate=rate,
                    seconds=seconds,
                    warm_up=WARM_UP,
                )
                acks = sorted(report.seconds)
            else:
                await asyncio.sleep(seconds)
                acks = []
            steps, ended = await _steps(bots) - before, time.time()
            busy = [
                (processor_seconds(pid) - seconds_before) / (ended - began)
                for pid, seconds_before in used.items()
            ]
            waits = await _waits(sandbox, began, ended)
    return Beside(
        rate=rate,
        seconds=ended - began,
        acks=acks,
        steps=steps,
        submits=sum(began <= charge.at <= ended for charge in sandbox.video.charges),
        results=sum(began <= at <= ended for at in _results(sandbox).values()),
        waits=waits,
        busy=busy,
    )


@asynccontextmanager
async def _on_sqlite(sandbox: Sandbox, jobs: int) -> AsyncIterator[Processes]:
    """Run the bot on a file with so many accepted jobs."""
    await _insert(await SqliteStore.open(str(sandbox.folder / "video-bot.db")), jobs)
    variables = sandbox.environment(socket_mode=False) | _VARIABLES
    async with bot_process(variables, sandbox.folder) as bot:
        await bot.port()
        yield Processes(web=bot, worker=bot)


@asynccontextmanager
async def _on_postgres(sandbox: Sandbox, jobs: int) -> AsyncIterator[Processes]:
    """Run `web` and a worker on a database with so many accepted jobs."""
    with running_server() as server:
        server.run("CREATE DATABASE bench")
        url = server.url("bench")
        await make_tables(sandbox, url)
        await _insert(await PostgresStore.open(url, owner=False), jobs)
        formation = running_formation(sandbox, url, workers=1, variables=_VARIABLES)
        async with formation as bots:
            yield Processes(web=bots[WEB], worker=bots[WORKER])


async def _insert(store: Store, jobs: int) -> None:
    """Insert jobs of which `RATE_ALONE` become due in a second."""
    first = time.time() + START_AFTER_SECONDS
    await insert_accepted(store, jobs, lambda number: first + number / RATE_ALONE)
    await store.close()


def _each(bots: Processes) -> list[BotProcess]:
    """Return each process once."""
    return [bots.web] if bots.web is bots.worker else [bots.web, bots.worker]


async def _steps(bots: Processes) -> float:
    """Return how many steps have ended so far."""
    samples = await read_metrics(await bots.worker.port())
    return sum(
        value for name, value in samples.items() if name[0] == "video_bot_step_seconds_count"
    )


def _results(sandbox: Sandbox) -> dict[str, float]:
    """Return when the result of each job came to Slack, by the job's own message."""
    return {
        message.thread_ts: float(message.ts)
        for message in sandbox.slack.world.workspace.all_in(GENERAL)
        if message.thread_ts is not None and message.files
    }


async def _waits(sandbox: Sandbox, began: float, ended: float) -> list[float]:
    """Return how long each result waited whose render ended in this time, sorted.

    One that does not come within `DRAIN_SECONDS` counts for as long as it was waited for.
    """
    # The idempotency key ends with the ID of the job's own message.
    ends = {
        (charge.key or "").rpartition(":")[2]: charge.at + RENDER_SECONDS
        for charge in sandbox.video.charges
        if began <= charge.at + RENDER_SECONDS <= ended
    }
    for _ in range(round(DRAIN_SECONDS / PAUSE_SECONDS)):
        if not ends.keys() - _results(sandbox).keys():
            break
        await asyncio.sleep(PAUSE_SECONDS)
    results, now = _results(sandbox), time.time()
    return sorted(results.get(message, now) - end for message, end in ends.items())


def _measurements(one: Beside, alone: Beside) -> list[Measurement]:
    what = f"{one.rate} commands/s" if one.rate else "nobody asks"
    waits = one.waits or [float("inf")]
    measured = [
        Measurement(
            label=f"{what}: steps, submits, results a second",
            value=f"{one.steps / one.seconds:.1f}, {one.submits / one.seconds:.1f},"
            f" {one.results / one.seconds:.1f}",
        ),
        Measurement(
            label="from a render's end to its result at Slack: p50, p99",
            value=f"{quantile(waits, 0.5):.2f} s, {quantile(waits, 0.99):.2f} s",
        ),
        Measurement(label="the longest", value=f"{waits[-1]:.2f} s"),
        Measurement(
            label="share of a core: " + ("the bot" if len(one.busy) == 1 else "web, worker"),
            value=", ".join(f"{share:.2f}" for share in one.busy),
        ),
    ]
    if not one.rate:
        return measured
    p99 = quantile(one.acks, 0.99)
    goal = max(alone.waits, default=0.0) + GOAL_WAIT_SECONDS
    measured[2] = Measurement(
        label="the longest",
        value=f"{waits[-1]:.2f} s",
        goal=f"≤ {goal:.2f} s: {GOAL_WAIT_SECONDS:.0f} s longer than while nobody asks",
        met=waits[-1] <= goal,
    )
    measured.insert(
        1,
        Measurement(
            label="acknowledgement: p50, p99, the longest",
            value=f"{quantile(one.acks, 0.5) * 1e3:.1f} ms, {p99 * 1e3:.1f} ms,"
            f" {one.acks[-1] * 1e3:.1f} ms",
            goal=f"p99 ≤ {GOAL_SECONDS * 1e3:.0f} ms",
            met=p99 <= GOAL_SECONDS,
        ),
    )
    return measured


def main(arguments: Sequence[str]) -> None:
    """Measure once, and print the figures."""
    name, *numbers = arguments or ("sqlite",)
    [store] = [known for known in get_args(StoreName) if known == name]
    seconds, *rates = map(int, numbers or (SECONDS,))
    load = load_average()
    measured = asyncio.run(measure(store, seconds, rates or RATES))
    print(table(measured, "github"), f"\nload average before: {load}", sep="\n")  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(sys.argv[1:])
