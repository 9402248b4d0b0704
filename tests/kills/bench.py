"""A town, the lives of a bot in it, and the people who go on asking while it dies."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from bot.worker.engine import CRASHED
from sandbox.slack.delivery import Delivery
from storage.job import TERMINAL, IllegalTransitionError
from storage.sqlite.store import SqliteStore
from tests.kills import invariants
from tests.kills.call_killer import CallKiller
from tests.kills.processes import BotLife, Launcher, launcher
from tests.support.running_bot import FAST
from tests.support.sandbox import running_sandbox
from tests.support.slack_user import SlackUser

POLL_SECONDS = 0.05
# All that was asked in a run ends within this after the last kill, on a busy machine too.
END_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KillBench(SlackUser):
    """Everything that a run of kills needs."""

    launcher: Launcher
    call_killer: CallKiller
    asked: list[Delivery] = field(default_factory=list)
    takes: Iterator[int] = field(default_factory=count)

    @property
    def store(self) -> Path:
        """The file that all lives share."""
        return self.sandbox.folder / "video-bot.db"

    async def live(self, variables: Mapping[str, str] | None = None) -> BotLife:
        """Start a life and let Slack deliver to it, if it comes to listen."""
        environment = self.sandbox.environment(socket_mode=False) | FAST
        life = await self.launcher.start({**environment, **(variables or {})})
        port = await life.listens()
        if port is not None:
            self.sandbox.deliver_to_port(port)
        return life

    async def ask(self) -> Delivery:
        """Type a command unlike all others; whether it is acknowledged is another matter."""
        delivery = await self.type(f"{invariants.PROMPT}, take {next(self.takes)}")
        self.asked.append(delivery)
        return delivery

    async def ask_again(self) -> None:
        """Deliver what nobody acknowledged once more, as it is: Slack does so at times."""
        for delivery in self.asked:
            if delivery.acks[-1].problem is not None:
                await self.sandbox.slack.dispatcher.deliver_again(delivery)

    async def all_end(self) -> None:
        """Wait until every job in the store has ended.

        A job that was in flight at three kills is parked: an operator lets it go on.
        """
        async with asyncio.timeout(END_SECONDS):
            while True:
                jobs = await asyncio.to_thread(invariants.rows, self.store)
                if all(job.stage in TERMINAL for job in jobs):
                    return
                await self._resume(job.id for job in jobs if job.problem == CRASHED)
                await asyncio.sleep(POLL_SECONDS)

    async def _resume(self, job_ids: Iterable[str]) -> None:
        for job_id in job_ids:
            store = await SqliteStore.open(str(self.store), owner=False)
            with suppress(IllegalTransitionError):
                await store.jobs.resume(job_id, 0.0)
            await store.close()

    async def conclude(self) -> None:
        """Let a last life finish everything, stop it politely, and check all promises."""
        life = await self.live()
        await self.ask_again()
        await self.all_end()
        life.send(signal.SIGTERM)
        assert await life.end() == 0
        acknowledged = invariants.acknowledged(self.asked)
        invariants.check(self.sandbox, invariants.rows(self.store), acknowledged)
        lines = (line for life in self.launcher.lives for line in life.lines())
        invariants.check_log(self.sandbox, lines)


RENDER_SECONDS = 0.05
"""Of a usual render: long enough for a kill between two polls."""


@asynccontextmanager
async def kill_bench(render_seconds: float = RENDER_SECONDS) -> AsyncIterator[KillBench]:
    """Set everything up while the context lasts; no bot lives yet."""
    call_killer = CallKiller()
    async with (
        running_sandbox(
            render_seconds=render_seconds, middlewares=[call_killer.middleware()]
        ) as place,
        launcher(place.folder) as lives,
    ):
        yield KillBench(sandbox=place, launcher=lives, call_killer=call_killer)
