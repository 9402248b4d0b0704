"""The outbox engine over a real store and a simulated Slack, under a manual clock."""

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
from bot.worker.suspects import SuspectLock
from sandbox.slack.entities import ANA, CREW, GENERAL, TEAM, StoredMessage
from sandbox.slack.service import SlackSandbox
from storage.job import Event, EventName, Forecast, ForecastKind, Job, Outcome, Price, Stage
from storage.notification import NOTIFY, Level, Notification, channel_scope
from storage.pace import Limit
from storage.sqlite.store import SqliteStore
from tests.support.clock import ManualClock
from tests.support.services import services
from tests.support.slack_sandbox import client_of, running_slack

# Long enough on a loaded machine, short enough for a call without a response.
CALL_SECONDS = 1.0


@dataclass
class OutboxHarness:
    """The engine that posts notifications, its store and the simulated Slack."""

    slack: SlackSandbox
    store: SqliteStore
    clock: ManualClock
    services: Services
    engine: Engine[Notification]
    digests: Digests
    jobs: int = 0

    async def subscribe(self, level: Level, channel: str = CREW) -> None:
        """Subscribe a channel to this level of notifications."""
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
        forecast: str | None = None,
        price_key: str | None = None,
        team: str = TEAM,
    ) -> Job:
        """Insert a job with a message in its channel, as the jobs' engine would."""
        self.jobs += 1
        now = self.clock()
        message = self.slack.world.workspace.post(channel, ANA, prompt)
        made = Job(
            id=f"job{self.jobs}",
            dedup_key=f"test:{self.jobs}",
            team=team,
            channel=channel,
            user=user,
            surface="command",
            model="kling-v3",
            input={"prompt": prompt},
            kind="kling-v3",
            created_at=now,
            stage=stage,
            outcome=outcome,
            message_ts=message.ts,
            first_sent_at=now,
            chargeable_since=now,
            submitted_at=now,
            finished_at=now + seconds,
            price=None if price_key is None else Price(key=price_key),
            forecast=None
            if forecast is None
            else Forecast(kind=ForecastKind.OBSERVED, amount=Decimal(forecast)),
            cost_estimate=Decimal("0.4"),
            cost_actual=None if cost is None else Decimal(cost),
        )
        await self.store.jobs.insert(made, Event(at=now, name=EventName.ACCEPTED))
        return made

    async def deliver(self, job: Job) -> Job:
        """Commit that the job was delivered."""
        return await self.record_event(job, "delivered", stage=Stage.DELIVERED)

    async def record_event(
        self,
        job: Job,
        event: str,
        detail: str = "",
        *,
        stage: Stage | None = None,
        problem: str | None = None,
    ) -> Job:
        """Commit an event of a job."""
        after = replace(job, stage=stage or job.stage, problem=problem)
        if after.stage is Stage.PARKED:
            after = replace(after, parked_from=job.stage)
        return await self.store.jobs.apply(
            job, after, Event(at=self.clock(), name=EventName(event), detail=detail)
        )

    async def run(self, seconds: float = 600.0) -> None:
        """Post what becomes due within this time, second by second."""
        for _ in range(round(seconds)):
            while await self.engine.tick():
                await self.engine.drain()
            self.clock.now += 1.0

    def restart(self) -> None:
        """Replace the engine, as a new process on the same store would."""
        self.services = replace(self.services, started_at=self.clock())
        self.engine = outbox_engine(self.services)

    def posted(self, channel: str = CREW) -> list[StoredMessage]:
        """Return the bot's messages in the channel."""
        messages = self.slack.world.workspace.all_in(channel)
        return [one for one in messages if one.user != ANA]


def outbox_engine(of: Services) -> Engine[Notification]:
    """Return the engine that posts notifications."""
    return Engine(
        of.store.outbox,
        NOTIFICATION_STEPS,
        of,
        kind="notification",
        pools=NOTIFICATION_POOLS,
        gate=Gate(),
        suspects=SuspectLock(),
    )


def record_calls(
    harness: OutboxHarness, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[str]]:
    """Return a function that lists Slack's calls, with `intent` where one was committed."""
    record = Claim.record

    async def recorded(
        claim: Claim[Notification],
        after: Notification,
        name: EventName,
        detail: str = "",
        *,
        limit: Limit | None = None,
    ) -> Notification:
        row = await record(claim, after, name, detail, limit=limit)
        if row.delivery.intent_at is not None and row.delivery.ts is None:
            harness.slack.world.note("intent", {}, "ok")
        return row

    monkeypatch.setattr(Claim, "record", recorded)
    return lambda: [call.method for call in harness.slack.world.calls]


@asynccontextmanager
async def outbox_harness(folder: Path) -> AsyncIterator[OutboxHarness]:
    """Open the store and start the simulated Slack while the context lasts."""
    clock = ManualClock()
    async with (
        running_slack(folder, now=clock) as slack,
        client_of(slack, call_seconds=CALL_SECONDS) as client,
    ):
        store = await SqliteStore.open(str(folder / "jobs.db"))
        made = services(
            store,
            chat=SlackChat(client, stall_seconds=CALL_SECONDS),
            directory=SlackDirectory(client, now=clock),
            now=clock,
            # Before all events of a test; a restart is after them.
            started_at=0.0,
        )
        engine = outbox_engine(made)
        digests = Digests(store, team=TEAM, now=clock)
        try:
            yield OutboxHarness(slack, store, clock, made, engine, digests)
        finally:
            await engine.stop(CALL_SECONDS)
            await store.close()


async def all_notifications(harness: OutboxHarness) -> list[dict[str, object]]:
    """Return all rows of the outbox."""
    read = harness.store._session.read  # noqa: SLF001 - the bot never reads all rows
    return await read(lambda db: list(db["notifications"].rows))


async def change_rows(harness: OutboxHarness, assignments: str) -> None:
    """Change all rows, as a crash or a restored backup might leave them."""
    write = harness.store._session.write  # noqa: SLF001 - the store has no method for it
    await write(lambda db: db.execute(f"UPDATE notifications SET {assignments}"))  # noqa: S608 - from the tests
