"""The notice board over a real store and a simulated Slack, under a clock set by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.jobs.services import Services
from bot.notifications import NOTIFICATION_POOLS, NOTIFICATION_STEPS
from bot.notifications.schedule import Digests
from bot.slack.chat import SlackChat
from bot.slack.directory import SlackDirectory
from bot.worker.context import Claim
from bot.worker.engine import Engine
from bot.worker.gate import Gate
from sandbox.slack.entities import ANA, CREW, GENERAL, TEAM, Said
from sandbox.slack.service import SlackSandbox
from storage.job import Event, EventName, Job, Outcome, Stage
from storage.notification import NOTIFY, Level, Notification, channel_scope
from storage.sqlite.store import SqliteStore
from tests.support.services import services
from tests.support.slack_sandbox import client_of, running_slack
from tests.support.workbench import START, HandClock

# Long enough for a loaded machine, short enough for a call that is never answered.
CALL_SECONDS = 1.0


@dataclass
class OutboxBench:
    """What tells channels, and what surrounds it."""

    slack: SlackSandbox
    store: SqliteStore
    clock: HandClock
    services: Services
    engine: Engine[Notification]
    digests: Digests
    jobs: int = 0

    async def listen(self, level: Level, channel: str = CREW) -> None:
        """Let a channel listen."""
        await self.store.settings.set(channel_scope(TEAM, channel), NOTIFY, level)

    async def job(
        self,
        prompt: str = "a lake",
        *,
        channel: str = GENERAL,
        user: str = ANA,
        stage: Stage = Stage.FINISHED,
        cost: str | None = "0.5",
        seconds: float = 60.0,
        outcome: Outcome | None = Outcome.SUCCEEDED,
    ) -> Job:
        """Put a job into the store, with a message in its channel, as claimed by the engine."""
        self.jobs += 1
        now = self.clock()
        said = self.slack.world.workspace.say(channel, ANA, prompt)
        made = Job(
            id=f"job{self.jobs}",
            dedup_key=f"test:{self.jobs}",
            team=TEAM,
            channel=channel,
            user=user,
            surface="command",
            model="kling-v3",
            input={"prompt": prompt},
            kind="kling-v3",
            created_at=now,
            stage=stage,
            outcome=outcome,
            message_ts=said.ts,
            first_sent_at=now,
            submitted_at=now,
            finished_at=now + seconds,
            cost_estimate=Decimal("0.4"),
            cost_actual=None if cost is None else Decimal(cost),
        )
        await self.store.jobs.insert(made, Event(at=now, name=EventName.ACCEPTED))
        return made

    async def deliver(self, job: Job) -> Job:
        """Let the job reach its person."""
        return await self.happen(job, "delivered", stage=Stage.DELIVERED)

    async def happen(
        self,
        job: Job,
        event: str,
        detail: str = "",
        *,
        stage: Stage | None = None,
        problem: str | None = None,
    ) -> Job:
        """Commit something that happens to a job."""
        after = replace(job, stage=stage or job.stage, problem=problem)
        if after.stage is Stage.PARKED:
            after = replace(after, parked_from=job.stage)
        return await self.store.jobs.apply(
            job, after, Event(at=self.clock(), name=EventName(event), detail=detail)
        )

    async def run(self, seconds: float = 600.0) -> None:
        """Tell what becomes due within so many seconds."""
        for _ in range(round(seconds)):
            while await self.engine.tick():
                await self.engine.drain()
            self.clock.moment += 1.0

    def restart(self) -> None:
        """Begin anew, as a new process on the same store would."""
        self.services = replace(self.services, started_at=self.clock())
        self.engine = outbox_engine(self.services)

    def told(self, channel: str = CREW) -> list[Said]:
        """Return what the channel was told."""
        said = self.slack.world.workspace.all_in(channel)
        return [one for one in said if one.user != ANA]


def outbox_engine(of: Services) -> Engine[Notification]:
    """Return the engine that posts notifications."""
    return Engine(
        of.store.outbox,
        NOTIFICATION_STEPS,
        of,
        kind="notification",
        pools=NOTIFICATION_POOLS,
        gate=Gate(),
    )


def journal_of(bench: OutboxBench, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Return what tells the calls that Slack got, with `intent` where one came onto the disk."""
    record = Claim.record

    async def recorded(
        claim: Claim[Notification], after: Notification, name: EventName, detail: str = ""
    ) -> Notification:
        row = await record(claim, after, name, detail)
        if row.delivery.intent_at is not None and row.delivery.ts is None:
            bench.slack.world.note("intent", {}, "ok")
        return row

    monkeypatch.setattr(Claim, "record", recorded)
    return lambda: [call.method for call in bench.slack.world.calls]


@asynccontextmanager
async def outbox_bench(folder: Path) -> AsyncIterator[OutboxBench]:
    """Set everything up while the context lasts."""
    clock = HandClock(START)
    async with (
        running_slack(folder, now=clock) as slack,
        client_of(slack, call_seconds=CALL_SECONDS) as client,
    ):
        store = await SqliteStore.open(str(folder / "bench.db"))
        made = services(
            store,
            chat=SlackChat(client, stall_seconds=CALL_SECONDS),
            directory=SlackDirectory(client, now=clock),
            now=clock,
            # Before anything that the tests let happen; a restart is after it.
            started_at=0.0,
        )
        engine = outbox_engine(made)
        digests = Digests(store, team=TEAM, now=clock)
        try:
            yield OutboxBench(slack, store, clock, made, engine, digests)
        finally:
            await engine.stop(CALL_SECONDS)
            await store.close()
