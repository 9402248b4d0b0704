"""Many commands of one workspace, whose limits several workers share on one PostgreSQL.

`python -m bench.shared_limits [COMMANDS [CHANNELS [SECONDS [WORKERS [WEBS]]]]]`: the processes, a
Slack that refuses calls beyond its limits, and a second workspace that asks for one video.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import psycopg

from bench.formation import WEB, make_tables, running_formation, used_seconds
from bench.load import LoadReport, channel_id
from bench.measurement import Measurement, quantile, table
from bench.trials import add_people, send_load
from sandbox.postgres import running_server
from sandbox.sandbox import Sandbox
from sandbox.slack.entities import ANA, BOT, Channel, Kind
from sandbox.slack.faults import FaultKind
from sandbox.slack.limits import RateLimits
from storage.job import Event, EventName, Job
from storage.postgres.store import PostgresStore
from tests.support.bot_process import BotProcess
from tests.support.sandbox import running_sandbox

RENDER_SECONDS = 5.0
OTHER_TEAM, OTHER_CHANNEL = "T0OTHER", "C0OTHER"
ASK_AFTER_SECONDS = 3.0
"""When the second workspace asks: the first one's commands are coming in."""
WARM_UP = 100
"""The commands that come before the others, whose acknowledgements are not typical: they import
code, open connections and prepare statements."""
GOAL_ACK_SECONDS = 0.25
GOAL_RATIO = 1.2
_VARIABLES = {
    "SLACK_POSTS_PER_SECOND": "1",
    "SLACK_EDITS_PER_MINUTE": "50",
    "MAX_ACTIVE_PER_PERSON": "100000",
    "ALLOW_EXTERNAL_PEOPLE": "true",
    "POLL_MAX_SECONDS": "5",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is asked for, and of how many processes."""

    commands: int = 2000
    """Those that are counted; `WARM_UP` come before."""
    channels: int = 40
    seconds: float = 10.0
    workers: int = 4
    webs: int = 2

    @property
    def jobs(self) -> int:
        """The jobs of all commands."""
        return WARM_UP + self.commands

    @property
    def needed_seconds(self) -> float:
        """What the limits alone need: two messages a job, one a second in each channel."""
        return 2.0 * self.jobs / self.channels - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was measured. Times are in seconds; `acks` are sorted."""

    size: Size
    acks: list[float]
    delivered: int
    took: float
    """From the first command to the last result."""
    other_took: float
    """From the request of the second workspace to its result, with `RENDER_SECONDS`."""
    refused: int
    repeated: int
    """Refusals that followed another one of the same kind within a second."""
    processor: Mapping[str, float]
    """Processor time by process, as a share of one core."""

    @property
    def ratio(self) -> float:
        """How much longer it took than the limits alone need."""
        return self.took / self.size.needed_seconds


async def run(size: Size, *, patience: float = 3.0) -> Outcome:
    """Send the commands, and wait until all are delivered, or `patience` times what they need."""
    with running_server() as server:
        server.run("CREATE DATABASE bench")
        url = server.url("bench")
        async with AsyncExitStack() as stack:
            sandbox = await stack.enter_async_context(
                running_sandbox(render_seconds=RENDER_SECONDS, echo=False, limits=RateLimits())
            )
            _add_channels(sandbox, size)
            await make_tables(sandbox, url)
            formation = running_formation(
                sandbox, url, webs=size.webs, workers=size.workers, variables=_VARIABLES
            )
            bots = await stack.enter_async_context(formation)
            used = used_seconds(bots, server)
            began = time.time()
            other = asyncio.create_task(_ask_elsewhere(url))
            webs = [bot for name, bot in bots.items() if name.startswith(WEB)]
            report = await _load(sandbox, webs, size)
            deadline = began + size.seconds + patience * size.needed_seconds
            delivered = await _delivered(url, size.jobs, deadline)
            took = time.time() - began
            shares = {
                name: (seconds - used[name]) / took
                for name, seconds in used_seconds(bots, server).items()
            }
            return _outcome(
                sandbox,
                size,
                report,
                delivered=delivered,
                other=await other,
                processor=shares,
            )


def measurements(outcome: Outcome) -> list[Measurement]:
    """Return what was measured, with the goals."""
    size, acks = outcome.size, outcome.acks
    return [
        Measurement(
            label=f"{size.commands} commands in {size.seconds:.0f} s after {WARM_UP},"
            f" {size.channels} channels, {size.webs} web, {size.workers} workers: delivered",
            value=str(outcome.delivered),
            goal=str(size.jobs),
            met=outcome.delivered == size.jobs,
        ),
        Measurement(
            label="acknowledgement: p50, p99",
            value=f"{quantile(acks, 0.5) * 1e3:.0f} ms, {quantile(acks, 0.99) * 1e3:.0f} ms",
        ),
        Measurement(
            label="the longest",
            value=f"{acks[-1] * 1e3:.0f} ms",
            goal=f"≤ {GOAL_ACK_SECONDS * 1e3:.0f} ms",
            met=acks[-1] <= GOAL_ACK_SECONDS,
        ),
        Measurement(
            label="all results there, in units of what the limits need",
            value=f"{outcome.ratio:.2f} ({outcome.took:.0f} of {size.needed_seconds:.0f} s)",
            goal=f"≤ {GOAL_RATIO}",
            met=outcome.ratio <= GOAL_RATIO,
        ),
        Measurement(
            label="refusals of Slack's; those after the first of their kind in a second",
            value=f"{outcome.refused}; {outcome.repeated}",
            goal="0 of these",
            met=outcome.repeated == 0,
        ),
        Measurement(
            label=f"the second workspace's video, which renders for {RENDER_SECONDS:.0f} s, after",
            value=f"{outcome.other_took:.1f} s",
        ),
        Measurement(
            label="share of a core: " + ", ".join(outcome.processor),
            value=", ".join(f"{share:.2f}" for share in outcome.processor.values()),
        ),
    ]


def _add_channels(sandbox: Sandbox, size: Size) -> None:
    """Add the channels, with the bot in them, and the users."""
    add_people(sandbox)
    workspace = sandbox.slack.world.workspace
    names = [*(channel_id(number, size.channels) for number in range(size.channels)), OTHER_CHANNEL]
    for name in names:
        workspace.add(Channel(id=name, name=name.lower(), kind=Kind.PUBLIC, members={BOT}))


async def _load(sandbox: Sandbox, webs: Sequence[BotProcess], size: Size) -> LoadReport:
    """Send the commands."""
    return await send_load(
        [await web.port() for web in webs],
        sandbox.slack.credentials.signing_secret,
        rate=size.commands / size.seconds,
        seconds=size.seconds,
        channels=size.channels,
        warm_up=WARM_UP,
    )


async def _ask_elsewhere(url: str) -> str:
    """Let the second workspace ask for a video; return the job's ID."""
    await asyncio.sleep(ASK_AFTER_SECONDS)
    store = await PostgresStore.open(url, owner=False)
    now = await store.now() or 0.0
    job = Job(
        id="elsewhere",
        dedup_key="command:elsewhere",
        team=OTHER_TEAM,
        channel=OTHER_CHANNEL,
        user=ANA,
        surface="command",
        model="kling-v3",
        input={"prompt": "a hill"},
        kind="kling-v3 mode=std",
        created_at=now,
        due_at=now,
        counted_on=time.strftime("%Y-%m-%d", time.gmtime(now)),
    )
    await store.jobs.insert(job, Event(at=now, name=EventName.ACCEPTED))
    await store.close()
    return job.id


async def _delivered(url: str, jobs: int, deadline: float) -> dict[str, tuple[float, float]]:
    """Return when each job was asked for and delivered, once all are or time is over."""
    query = b"SELECT id, created_at, delivered_at FROM jobs WHERE delivered_at IS NOT NULL"
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as db:
        while True:
            rows = await (await db.execute(query)).fetchall()
            if len(rows) > jobs or time.time() > deadline:
                return {row[0]: (row[1], row[2]) for row in rows}
            await asyncio.sleep(0.5)


def _outcome(
    sandbox: Sandbox,
    size: Size,
    report: LoadReport,
    *,
    delivered: dict[str, tuple[float, float]],
    other: str,
    processor: Mapping[str, float],
) -> Outcome:
    asked_at, there_at = delivered.pop(other, (0.0, float("inf")))
    refused = [
        (call.method, str(call.args.get("channel") or call.args.get("channel_id")), call.at)
        for call in sandbox.slack.world.calls
        if call.outcome == FaultKind.RATE_LIMITED
    ]
    by_second = Counter(
        (method, channel if method != "chat.update" else "", int(at))
        for method, channel, at in refused
    )
    first = min((asked for asked, _ in delivered.values()), default=0.0)
    last = max((there for _, there in delivered.values()), default=float("inf"))
    return Outcome(
        size=size,
        acks=sorted(report.seconds),
        delivered=len(delivered),
        took=last - first,
        other_took=there_at - asked_at,
        refused=len(refused),
        repeated=sum(count - 1 for count in by_second.values()),
        processor=processor,
    )


def main(arguments: Sequence[str]) -> None:
    """Measure once, and print the figures."""
    usual = Size()
    whole = (usual.commands, usual.channels, usual.seconds, usual.workers, usual.webs)
    commands, channels, seconds, workers, webs = (*arguments, *map(str, whole[len(arguments) :]))
    size = Size(
        commands=int(commands),
        channels=int(channels),
        seconds=float(seconds),
        workers=int(workers),
        webs=int(webs),
    )
    print(table(measurements(asyncio.run(run(size))), "simple"))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(sys.argv[1:])
