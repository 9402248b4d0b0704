"""Whole jobs a second and processor time a job, beside the same flow written with DBOS.

`python -m bench.whole_jobs [JOBS [TRIALS]]`: the jobs are all accepted at once, and are done by the
bot and by DBOS in turn.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.dbos_flow import DONE, asked, installed_version
from bench.measurement import Measurement, table
from bench.process import processor_seconds
from bench.trials import RunFailedError, add_people
from bot.base.errors import ConfigurationError
from bot.jobs.accept import new_id
from sandbox.sandbox import Sandbox
from sandbox.slack.entities import GENERAL, TEAM, StoredMessage
from storage.job import Event, EventName, Job
from storage.sqlite.store import SqliteStore
from tests.support.bot_process import ROOT, RUN, bot_process
from tests.support.sandbox import running_sandbox

JOBS, TRIALS = 300, 3
GOAL = 3.0
CHECK_SECONDS = 0.02
PATIENCE_SECONDS = 240.0
# A render is over at the first look: what is measured is the work, and not the wait.
RENDER_SECONDS = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A program that does the jobs."""

    name: str
    arguments: tuple[str, ...]
    accept: Callable[[Sandbox, Mapping[str, str], int], Awaitable[None]]
    """Writes jobs to its file, all in one transaction."""
    is_over: Callable[[StoredMessage], bool]
    """Returns whether the message of a job shows its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a side needed for the jobs of one trial."""

    rate: float
    """Jobs a second, from the first call of Slack to the last."""
    processor: float
    """Seconds of processor time a job within that time."""
    calls: float
    """Calls of Slack a job."""


async def _accept_rows(_: Sandbox, environment: Mapping[str, str], jobs: int) -> None:
    """Insert jobs as the acknowledgement of a command does."""
    store = await SqliteStore.open(
        environment["DATABASE_URL"].removeprefix("sqlite:///"), owner=False
    )
    now = time.time()
    event = Event(at=now, name=EventName.ACCEPTED)
    await asyncio.gather(*(store.jobs.insert(_row(number, now), event) for number in range(jobs)))
    await store.close()


def _row(number: int, now: float) -> Job:
    ask = asked(number)
    return Job(
        id=new_id(),
        dedup_key=f"bench:{number}",
        team=TEAM,
        channel=ask["channel"],
        user=ask["user"],
        surface="command",
        model="kling-v3",
        input={"prompt": ask["prompt"]},
        kind="kling-v3 mode=std",
        created_at=now,
        due_at=now,
        counted_on=time.strftime("%Y-%m-%d", time.gmtime(now)),
    )


async def _enqueue(sandbox: Sandbox, environment: Mapping[str, str], jobs: int) -> None:
    """Enqueue workflows, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.dbos_flow", "accept", str(jobs)),
        cwd=sandbox.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    if await process.wait():
        raise RunFailedError("the jobs could not be enqueued")


def _dbos(name: str, journal: str) -> Side:
    return Side(
        name=name,
        arguments=("-m", "bench.dbos_flow", "work", journal),
        accept=_enqueue,
        is_over=lambda message: message.text.startswith(DONE),
    )


BOT = Side(
    name="the bot",
    arguments=RUN,
    accept=_accept_rows,
    is_over=lambda message: "Done in" in message.text and "bringing it" not in message.text,
)
DBOS = _dbos("DBOS, as it is", "DELETE")
DBOS_IN_WAL = _dbos("DBOS, its file in WAL mode as the bot's is", "WAL")
SIDES = (BOT, DBOS, DBOS_IN_WAL)


async def run(side: Side, jobs: int) -> Work:
    """Let a side do the jobs. Raises `RunFailedError` unless each is charged and brought once."""
    async with running_sandbox(render_seconds=RENDER_SECONDS, echo=False) as sandbox:
        add_people(sandbox)
        environment, calls = sandbox.environment(socket_mode=False), sandbox.slack.world.calls
        async with bot_process(environment, sandbox.folder, side.arguments) as process:
            await process.port()
            calls.clear()
            beginning = asyncio.create_task(_first_message(sandbox, process.pid))
            await side.accept(sandbox, environment, jobs)
            began, used_before = await beginning
            await _until_over(sandbox, side, jobs)
            used = processor_seconds(process.pid) - used_before
    _check(sandbox, jobs)
    return Work(rate=jobs / (calls[-1].at - began), processor=used / jobs, calls=len(calls) / jobs)


async def _first_message(sandbox: Sandbox, pid: int) -> tuple[float, float]:
    """Return when the first message was posted, and the processor time of the side until then."""
    workspace = sandbox.slack.world.workspace
    await workspace.changed_since(workspace.version)
    return time.time(), processor_seconds(pid)


async def _until_over(sandbox: Sandbox, side: Side, jobs: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while sum(map(side.is_over, _messages(sandbox))) < jobs:  # noqa: ASYNC110 - a few checks
            await asyncio.sleep(CHECK_SECONDS)


def _check(sandbox: Sandbox, jobs: int) -> None:
    """Raise `RunFailedError` unless each job was announced, charged and brought once."""
    messages = _messages(sandbox)
    roots = {one.ts for one in messages if one.thread_ts is None}
    brought = {one.thread_ts for one in messages if one.files}
    charges = len(sandbox.video.charges)
    if not (len(roots) == charges == jobs and brought == roots and len(messages) == 2 * jobs):
        raise RunFailedError(f"{len(messages)} messages and {charges} charges for {jobs} jobs")


def _messages(sandbox: Sandbox) -> list[StoredMessage]:
    return sandbox.slack.world.workspace.all_in(GENERAL)


def measurements(works: Mapping[str, Sequence[Work]]) -> list[Measurement]:
    """Return what each side needed, and how the bot compares, of the median trial."""
    return [one for side in SIDES for one in _of_side(side, works[side.name], works[BOT.name])]


def _of_side(side: Side, works: Sequence[Work], ours: Sequence[Work]) -> list[Measurement]:
    rate, processor = median(one.rate for one in works), median(one.processor for one in works)
    rates = f"{min(one.rate for one in works):.1f} to {max(one.rate for one in works):.1f}"
    found = [
        Measurement(label=f"{side.name}: jobs a second", value=f"{rate:.1f} ({rates})"),
        Measurement(
            label=f"{side.name}: processor time a job, calls of Slack a job",
            value=f"{processor * 1e3:.1f} ms, {median(one.calls for one in works):.1f}",
        ),
    ]
    if side is BOT:
        return found
    # Of each trial by itself: both sides of it found the machine equally busy.
    faster = median(our.rate / its.rate for our, its in zip(ours, works, strict=True))
    lighter = median(its.processor / our.processor for our, its in zip(ours, works, strict=True))
    return [
        *found,
        _ratio("the bot's rate, in units of that", faster),
        _ratio("that processor time, in units of the bot's", lighter),
    ]


def _ratio(label: str, ratio: float) -> Measurement:
    return Measurement(label=label, value=f"{ratio:.2f}", goal=f"≥ {GOAL:.0f}", met=ratio >= GOAL)


async def measure(jobs: int, trials: int) -> list[Measurement]:
    """Let all sides do the jobs, in turn."""
    works: dict[str, list[Work]] = {side.name: [] for side in SIDES}
    for _ in range(trials):
        for side in SIDES:
            works[side.name].append(await run(side, jobs))
    return measurements(works)


def main(arguments: Sequence[str]) -> None:
    """Measure, and print the figures."""
    usual = (JOBS, TRIALS)
    jobs, trials = (*map(int, arguments), *usual[len(arguments) :])
    try:
        dbos = installed_version()
    except ConfigurationError as error:
        sys.exit(str(error))
    print(f"{jobs} jobs at once, {trials} trials, DBOS {dbos}")  # noqa: T201 - what it is for
    print(table(asyncio.run(measure(jobs, trials)), "github"))  # noqa: T201 - as above


if __name__ == "__main__":
    main(sys.argv[1:])
