"""The notice board over a real store and a simulated Slack, under a clock set by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.notifications import tell
from bot.notifications.digests import Digests
from bot.slack.chat import SlackChat
from bot.slack.directory import SlackDirectory
from bot.worker.board import NoticeBoard
from bot.worker.telling import NoticeTools, Telling
from sandbox.slack.entities import ANA, CREW, GENERAL, TEAM, Said
from sandbox.slack.service import SlackSandbox
from storage.job import Event, Job, Outcome, Stage
from storage.notification import NOTIFY, Level, Notice, channel_scope
from storage.sqlite.store import SqliteStore
from tests.slack_sandbox import client_of, running_slack
from tests.workbench import CATALOG, START, HandClock

# Long enough for a loaded machine, short enough for a call that is never answered.
CALL_SECONDS = 1.0


@dataclass
class NoticeBench:
    """What tells channels, and what surrounds it."""

    slack: SlackSandbox
    store: SqliteStore
    clock: HandClock
    tools: NoticeTools
    board: NoticeBoard
    digests: Digests
    jobs: int = 0

    async def listen(self, level: Level, channel: str = CREW) -> None:
        """Let a channel listen."""
        await self.store.set(channel_scope(TEAM, channel), NOTIFY, level)

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
            ask_key=f"test:{self.jobs}",
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
        await self.store.insert(made, Event(at=now, name="accepted"))
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
        return await self.store.apply(job, after, Event(at=self.clock(), name=event, detail=detail))

    async def run(self, seconds: float = 600.0) -> None:
        """Tell what becomes due within so many seconds."""
        for _ in range(round(seconds)):
            while await self.board.tick():
                await self.board.drain()
            self.clock.moment += 1.0

    def restart(self) -> None:
        """Begin anew, as a new process on the same store would."""
        self.tools = replace(self.tools, started_at=self.clock())
        self.board = NoticeBoard(self.tools, tell, chance=lambda: 0.5)

    def told(self, channel: str = CREW) -> list[Said]:
        """Return what the channel was told."""
        said = self.slack.world.workspace.all_in(channel)
        return [one for one in said if one.user != ANA]


def journal_of(bench: NoticeBench, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Return what tells the calls that Slack got, with `intent` where one came onto the disk."""
    record = Telling.record

    async def recorded(telling: Telling, after: Notice) -> Notice:
        row = await record(telling, after)
        if after.intent_at is not None and after.posted_ts is None:
            bench.slack.world.note("intent", {}, "ok")
        return row

    monkeypatch.setattr(Telling, "record", recorded)
    return lambda: [call.method for call in bench.slack.world.calls]


@asynccontextmanager
async def notice_bench(folder: Path) -> AsyncIterator[NoticeBench]:
    """Set everything up while the context lasts."""
    clock = HandClock(START)
    async with (
        running_slack(folder, now=clock) as slack,
        client_of(slack, call_seconds=CALL_SECONDS) as client,
    ):
        store = await SqliteStore.open(str(folder / "bench.db"))
        tools = NoticeTools(
            jobs=store,
            notices=store,
            chat=SlackChat(client, stall_seconds=CALL_SECONDS),
            directory=SlackDirectory(client, now=clock),
            catalog=CATALOG,
            now=clock,
            # Before anything that the tests let happen; a restart is after it.
            started_at=0.0,
        )
        board = NoticeBoard(tools, tell, chance=lambda: 0.5)
        digests = Digests(store, team=TEAM, now=clock)
        try:
            yield NoticeBench(slack, store, clock, tools, board, digests)
        finally:
            await board.stop(CALL_SECONDS)
            await store.close()
