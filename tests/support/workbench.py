"""The engine with its real adapters between the two simulated services, under a clock set by hand.

Real HTTP, real SQLite, no waiting: when nothing is due, the clock jumps to what is due next.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pysqlite3

from bot.jobs.accept import Accepted, Interaction, accept, new_id
from bot.jobs.services import Services
from bot.mindvideo.client import Limits, MindVideoClient
from bot.notifications import NOTIFICATION_POOLS, NOTIFICATION_STEPS
from bot.options.parser import read_text
from bot.options.request import read_request
from bot.slack.chat import SlackChat
from bot.slack.client import slack_client
from bot.steps import POOLS, STEPS
from bot.worker.engine import Engine, Step
from bot.worker.gate import Gate
from sandbox.both import API_KEY, Sandbox
from sandbox.slack.entities import ANA, GENERAL, TEAM, Said
from storage.job import Event, Job, ReplyTo, Stage
from storage.notification import Notification
from storage.sqlite.session import Session
from storage.sqlite.store import SqliteJobs, SqliteOutbox, SqliteStore
from tests.support.sandbox import running_sandbox
from tests.support.services import CATALOG, services

START = 1_800_000_000.0
HOUR = 3600.0
RENDER_SECONDS = 60.0
# Of the wall clock, unlike all other times here: long enough for a machine however loaded.
CALL_SECONDS = 20.0
# Enough for the sandbox's files, and soon reached by one without end.
LARGEST_FILE = 2**20
# Every commit of a job that goes well, by its event, in order.
COMMITS = [
    "posting",
    "announced",
    "submitting",
    "submitted",
    "state",
    "finished",
    "uploading",
    "uploaded",
    "sharing",
    "shared",
    "delivered",
]


class Crash(BaseException):
    """The process ends here, as by SIGKILL: nobody may handle it."""


@dataclass
class HandClock:
    """Time that stands still until it is moved."""

    moment: float = START

    def __call__(self) -> float:
        """Return the present moment."""
        return self.moment


class CrashingJobs(SqliteJobs):
    """Jobs whose process dies at a chosen commit, before or after it is on disk."""

    event: str | None = None
    before: bool = False

    async def apply(self, before: Job, after: Job, event: Event | None) -> Job:
        """Apply, and crash if this is the commit."""
        strikes = event is not None and event.name == self.event
        if strikes:
            self.event = None
        if strikes and self.before:
            raise Crash
        row = await super().apply(before, after, event)
        if strikes:
            raise Crash
        return row


class CrashingOutbox(SqliteOutbox):
    """An outbox whose process dies at a chosen commit, before or after it is on disk.

    Its rows have no timeline that could name the commit, so it is known by its number.
    """

    commits = 0
    """How many commits a step has asked for."""
    last: int | None = None
    """The number of the commit at which to die."""
    before: bool = False

    async def apply(
        self, before: Notification, after: Notification, event: Event | None
    ) -> Notification:
        """Apply, and crash if this is the commit."""
        self.commits += 1
        strikes = self.commits == self.last
        if strikes:
            self.last = None
        if strikes and self.before:
            raise Crash
        row = await super().apply(before, after, event)
        if strikes:
            raise Crash
        return row


class CrashingStore(SqliteStore):
    """A store whose process dies at a chosen commit of a job, or of the outbox."""

    jobs: CrashingJobs
    outbox: CrashingOutbox

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.jobs = CrashingJobs(session)
        self.outbox = CrashingOutbox(session)

    def crash(self, event: str, *, before: bool) -> None:
        """Die at the next commit of a job with this event."""
        self.jobs.event, self.jobs.before = event, before

    def crash_outbox(self, commit: int, *, before: bool) -> None:
        """Die at the commit of the outbox that is the so-manieth from now, counted from 1."""
        self.outbox.last, self.outbox.before = self.outbox.commits + commit, before

    @property
    def has_crashed(self) -> bool:
        """Whether the process has died, or was never to die."""
        return self.jobs.event is None and self.outbox.last is None


@dataclass
class Workbench:
    """One bot that can be stopped and started again on the same file."""

    sandbox: Sandbox
    clock: HandClock
    chat: SlackChat
    video: MindVideoClient
    path: Path
    store: CrashingStore
    poll_max: float = 30.0
    """The longest pause between two looks, in seconds; tests of whole days set it higher."""
    steps: Mapping[str, Step[Job]] = field(default_factory=lambda: STEPS)
    clock_error: float = 0.0
    """By how many seconds the bot's own clock is ahead of the services' one."""
    services: Services = field(init=False)
    engine: Engine[Job] = field(init=False)
    outbox: Engine[Notification] = field(init=False)

    def __post_init__(self) -> None:
        """Make the parts that die with the process."""
        self.services = services(
            self.store,
            video=self.video,
            chat=self.chat,
            now=self.own_time,
            # No job is asked for in the very moment in which its process begins.
            started_at=self.own_time() - 1,
            poll_max=self.poll_max,
        )
        gate = Gate()
        self.engine = Engine(
            self.store.jobs, self.steps, self.services, kind="job", pools=POOLS, gate=gate
        )
        self.outbox = Engine(
            self.store.outbox,
            NOTIFICATION_STEPS,
            self.services,
            kind="notification",
            pools=NOTIFICATION_POOLS,
            gate=gate,
        )

    def own_time(self) -> float:
        """Return what the bot's clock says."""
        return self.clock.moment + self.clock_error

    async def ask(self, text: str = "a red car", *, channel: str = GENERAL) -> Job:
        """Take a request as the slash command does."""
        interaction = Interaction(
            team=TEAM,
            channel=channel,
            user=ANA,
            surface="command",
            dedup_key=f"command:{new_id()}",
            reply_to=ReplyTo(response_url=self.sandbox.slack.world.new_answer_url(channel, ANA)),
        )
        request = read_request(read_text(text), CATALOG)
        accepted = await accept(request, interaction, self.services)
        assert isinstance(accepted, Accepted)
        return accepted.job

    async def run(self, hours: float = 2.0, until: Callable[[], bool] = lambda: False) -> None:
        """Run what is due until nothing is, the time is over, or `until` says so."""
        end = self.own_time() + hours * HOUR
        while True:
            await self.tick()
            due = await self._next_due()
            if until() or due is None or due > end:
                return
            self.clock.moment += max(due - self.own_time(), 0.0)

    async def tick(self) -> None:
        """Run the steps of all that is due now, to their ends."""
        for engine in (self.engine, self.outbox):
            await engine.tick()
            await engine.drain()

    async def restart(self) -> None:
        """Start a new process on the same file; the old one is gone as it stood."""
        await self.store.close()
        self.store = await CrashingStore.open(str(self.path))
        self.__post_init__()

    async def restore(self, backup: Path) -> None:
        """Start a new process on a copy of the file that was made before."""
        await self.store.close()
        for leftover in ("-wal", "-shm"):
            Path(f"{self.path}{leftover}").unlink(missing_ok=True)
        shutil.copy(backup, self.path)
        self.store = await CrashingStore.open(str(self.path))
        self.__post_init__()

    async def job(self, job_id: str) -> Job:
        """Return the job as it stands."""
        job = await self.store.jobs.get(job_id)
        assert job is not None
        return job

    def messages(self, channel: str = GENERAL) -> list[Said]:
        """Return the bot's messages in a channel, outside of threads, seen by all."""
        said = self.sandbox.slack.world.workspace.all_in(channel)
        return [one for one in said if not one.thread_ts and not one.ephemeral_for]

    def results(self, channel: str = GENERAL) -> list[Said]:
        """Return what stands in the threads of a channel, seen by all."""
        said = self.sandbox.slack.world.workspace.all_in(channel)
        return [one for one in said if one.thread_ts and not one.ephemeral_for]

    def ephemerals(self, channel: str = GENERAL) -> list[Said]:
        """Return what only one person sees."""
        said = self.sandbox.slack.world.workspace.all_in(channel)
        return [one for one in said if one.ephemeral_for]

    async def assert_one_of_each(self, job: Job) -> Job:
        """Hold the promise: delivered, one charge, one message, one result, the cost told."""
        row = await self.job(job.id)
        assert row.stage is Stage.DELIVERED, (row.stage, await self.store.jobs.events(job.id))
        (charge,) = self.sandbox.video.charges
        (message,) = self.messages()
        (result,) = self.results()
        assert charge.key == f"slack:{TEAM}:{GENERAL}:{message.ts}"
        assert result.thread_ts == message.ts
        assert result.files
        assert row.cost_actual == charge.amount
        assert f"cost {charge.amount.normalize():f}" in message.text
        return row

    async def _next_due(self) -> float | None:
        # Not a question that the bot ever asks, so the store has no method for it.
        with closing(pysqlite3.connect(str(self.path))) as db:
            query = """
                SELECT min(max(due_at, coalesce(lease_until, 0))) FROM (
                    SELECT due_at, lease_until FROM jobs WHERE due_at IS NOT NULL
                    UNION ALL
                    SELECT due_at, lease_until FROM notifications WHERE due_at IS NOT NULL
                )
            """
            (due,) = db.execute(query).fetchone()
            return None if due is None else float(due)


@asynccontextmanager
async def workbench(
    *,
    render_seconds: float = RENDER_SECONDS,
    poll_max: float = 30.0,
    call_seconds: float = CALL_SECONDS,
    steps: Mapping[str, Step[Job]] = STEPS,
) -> AsyncIterator[Workbench]:
    """Set everything up on loopback while the context lasts.

    A call of Slack that gets no answer is given up after `call_seconds`.
    """
    clock = HandClock()
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(
            running_sandbox(render_seconds=render_seconds, now=clock)
        )
        client = await stack.enter_async_context(
            slack_client(
                token=place.slack.credentials.bot_token or "",
                base_url=place.slack.api_url,
                call_seconds=call_seconds,
            ),
        )
        chat = SlackChat(client, stall_seconds=call_seconds)
        await chat.identity()
        video = MindVideoClient(
            place.video_url, API_KEY, now=clock, limits=Limits(download_bytes=LARGEST_FILE)
        )
        stack.push_async_callback(video.aclose)
        path = place.folder / "bench.db"
        bench = Workbench(
            sandbox=place,
            clock=clock,
            chat=chat,
            video=video,
            path=path,
            store=await CrashingStore.open(str(path)),
            poll_max=poll_max,
            steps=steps,
        )
        try:
            yield bench
        finally:
            await bench.store.close()
