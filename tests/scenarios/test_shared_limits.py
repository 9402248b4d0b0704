"""Four workers on one PostgreSQL share what Slack takes of a workspace, under a manual clock.

Real HTTP and a real server, no waiting: when every worker is at rest, the clock goes on to the next
tick, of which there are two in a second.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from bot.jobs.accept import Accepted, Interaction, accept, new_id
from bot.jobs.call_limits import CallLimits
from bot.jobs.services import Services
from bot.mindvideo.client import MindVideoClient
from bot.options.parser import read_text
from bot.options.request import read_request
from bot.slack.chat import SlackChat
from bot.slack.client import slack_client
from bot.steps import POOLS, STEPS
from bot.worker.engine import Engine
from bot.worker.gate import Gate
from bot.worker.scheduler import TICK_SECONDS
from bot.worker.suspects import SuspectLock
from sandbox.sandbox import API_KEY, Sandbox
from sandbox.slack.entities import ANA, BOT, TEAM, Channel, Kind
from sandbox.slack.faults import FaultKind
from sandbox.slack.limits import POSTS, RateLimits
from storage.job import Job, ReplyTo, Stage
from storage.postgres.store import PostgresStore
from storage.store import JobFilter
from tests.support.clock import START, ManualClock
from tests.support.postgres import Server, emptied_database
from tests.support.sandbox import running_sandbox
from tests.support.services import CATALOG, services

WORKERS = 4
RENDER_SECONDS = 5.0
PAUSE_SECONDS = 0.002
"""Of real time, between two looks whether every step waits."""
OTHER_TEAM, OTHER_CHANNEL = "T0OTHER", "C0OTHER"
GOAL = 1.2
"""The most that all may take, in units of what the limits alone need."""


@dataclass
class Formation:
    """Several workers, and the simulated services."""

    sandbox: Sandbox
    clock: ManualClock
    workers: list[Services] = field(default_factory=list)
    engines: list[Engine[Job]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    went_on: asyncio.Condition = field(default_factory=asyncio.Condition)
    """Notified whenever the clock has gone on."""

    async def wait_until(self, at: float) -> None:
        """Return when the clock shows this time."""
        self.waits.append(at)
        async with self.went_on:
            await self.went_on.wait_for(lambda: self.clock.now >= at)
        self.waits.remove(at)

    def _every_step_waits(self) -> bool:
        running = sum(len(engine._running) for engine in self.engines)  # noqa: SLF001 - to be exact
        return running == sum(at > self.clock.now for at in self.waits)

    async def ask(self, number: int, channel: str, team: str = TEAM) -> Job:
        """Accept a command in one of the processes."""
        interaction = Interaction(
            team=team,
            channel=channel,
            user=ANA,
            surface="command",
            dedup_key=f"command:{new_id()}",
            reply_to=ReplyTo(),
        )
        request = read_request(read_text(f"lake number {number}"), CATALOG)
        worker = self.workers[number % len(self.workers)]
        accepted = await accept(request, interaction, replace(worker, team=team))
        assert isinstance(accepted, Accepted)
        return accepted.job

    async def run(self, seconds: float) -> None:
        """Let all workers tick together for so long, also while steps of theirs wait."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            await asyncio.gather(*(engine.tick() for engine in self.engines))
            while not self._every_step_waits():  # noqa: ASYNC110 - no engine tells of it
                await asyncio.sleep(PAUSE_SECONDS)
            async with self.went_on:
                self.clock.now = min(end, self._next_tick(), *self.waits)
                self.went_on.notify_all()

    def _next_tick(self) -> float:
        return START + TICK_SECONDS * (1 + (self.clock.now - START) // TICK_SECONDS)


@asynccontextmanager
async def formation(server: Server) -> AsyncIterator[Formation]:
    """Run the workers between services that have Slack's limits."""
    clock, url = ManualClock(), emptied_database(server)
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(
            running_sandbox(
                render_seconds=RENDER_SECONDS, now=clock, echo=False, limits=RateLimits()
            )
        )
        client = await stack.enter_async_context(
            slack_client(
                token=sandbox.slack.credentials.bot_token or "", base_url=sandbox.slack.api_url
            )
        )
        chat = SlackChat(client)
        await chat.identity()
        made = Formation(sandbox, clock)
        for _ in range(WORKERS):
            store = await PostgresStore.open(url)
            stack.push_async_callback(store.close)
            video = MindVideoClient(sandbox.video_url, API_KEY, now=clock)
            stack.push_async_callback(video.aclose)
            worker = services(
                store,
                video=video,
                chat=chat,
                now=clock,
                uptime=clock,
                started_at=clock() - 1,
                poll_max=5.0,
                limits=CallLimits(),
                wait_until=made.wait_until,
            )
            made.workers.append(worker)
            engine = Engine(
                store.jobs,
                STEPS,
                worker,
                kind="job",
                pools=POOLS,
                gate=Gate(),
                suspects=SuspectLock(),
            )
            made.engines.append(engine)
        yield made


@pytest.mark.proof
@pytest.mark.parametrize(("channels", "jobs"), [(4, 16), (20, 200)])
async def test_workers_share_what_slack_takes(postgres: Server, channels: int, jobs: int) -> None:
    """No call is refused, all results are there in time, and nobody waits for another workspace."""
    async with formation(postgres) as bots:
        workspace = bots.sandbox.slack.world.workspace
        names = [f"C{number:08}" for number in range(channels)]
        for name in (*names, OTHER_CHANNEL):
            workspace.add(Channel(id=name, name=name.lower(), kind=Kind.PUBLIC, members={BOT}))
        for number in range(jobs):
            await bots.ask(number, names[number % channels])
        await bots.run(3.0)
        other = await bots.ask(jobs, OTHER_CHANNEL, OTHER_TEAM)
        needed = 2.0 * jobs / channels - 1
        await bots.run(needed * GOAL - 3.0 + RENDER_SECONDS)
        store = bots.workers[0].store
        rows = await store.jobs.jobs(JobFilter(team=TEAM, limit=jobs + 1))
        alone = await store.jobs.get(other.id)
        calls = bots.sandbox.slack.world.calls
    assert [call for call in calls if call.outcome == FaultKind.RATE_LIMITED] == []
    assert Counter(row.stage for row in rows) == {Stage.DELIVERED: jobs}
    posted = Counter(call.args.get("channel_id") for call in calls if call.method in POSTS)
    assert {posted[name] for name in names} == {jobs // channels}
    assert alone is not None
    assert (alone.delivered_at or START + 1e6) - alone.created_at < RENDER_SECONDS + 4.0
