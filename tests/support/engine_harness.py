"""The engine with its real adapters between the two simulated services, under a manual clock.

Real HTTP, real SQLite, no waiting: when nothing is due, the clock jumps to the next due time.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pysqlite3

from bot.base.ports import ContactSheets, Films, ReferenceImages
from bot.jobs.accept import Accepted, Interaction, accept, new_id
from bot.jobs.call_limits import CallLimits
from bot.jobs.services import Services
from bot.media.process import MediaProcess
from bot.media.reference_images import AttachedImages
from bot.media.video_frames import VideoFrames
from bot.mindvideo.client import Limits, MindVideoClient
from bot.notifications import NOTIFICATION_POOLS, NOTIFICATION_STEPS
from bot.options.parser import read_text
from bot.options.request import read_request
from bot.slack.attachments import SlackPersonFiles
from bot.slack.chat import SlackChat
from bot.slack.client import slack_client
from bot.steps import POOLS, STEPS
from bot.worker.engine import Engine, Step
from bot.worker.gate import Gate
from bot.worker.suspects import SuspectLock
from sandbox.sandbox import API_KEY, Sandbox
from sandbox.slack.entities import ANA, GENERAL, TEAM, StoredMessage
from sandbox.slack.limits import RateLimits
from storage.job import Event, Job, ReplyTo, Stage
from storage.notification import Notification
from storage.pace import Permit
from storage.sqlite.session import Session
from storage.sqlite.store import SqliteJobs, SqliteOutbox, SqliteStore
from tests.support.clock import ManualClock
from tests.support.films import FakeFilms
from tests.support.sandbox import running_sandbox
from tests.support.services import CATALOG, UNLIMITED_POSTS, services

HOUR = 3600.0
# So that the first poll finds it done: each poll before it takes two calls and two commits.
RENDER_SECONDS = 20.0
SEEN_SECONDS = 34.0
"""A render that a poll finds under way before another finds it done, as `COMMITS` has it."""
# Of real time, unlike all other times here: long enough for a loaded machine.
CALL_SECONDS = 20.0
# Above the size of the sandbox's files, and soon reached by an endless one.
LARGEST_FILE = 2**20
# Of real time: calls between parts of one process take less.
CALM_SECONDS = 0.03
# The events of all commits of a successful job that takes `SEEN_SECONDS`, in order.
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
    """The end of the process, as by SIGKILL; no handler of `Exception` catches it."""


class CrashingJobs(SqliteJobs):
    """Jobs whose process dies at a chosen commit, before or after it is durable."""

    event: str | None = None
    before: bool = False

    async def apply(
        self, before: Job, after: Job, event: Event | None, permit: Permit | None = None
    ) -> Job:
        """Apply, and crash if this is the chosen commit."""
        is_due = event is not None and event.name == self.event
        if is_due:
            self.event = None
        if is_due and self.before:
            raise Crash
        row = await super().apply(before, after, event, permit)
        if is_due:
            raise Crash
        return row


class CrashingOutbox(SqliteOutbox):
    """An outbox whose process dies at a chosen commit, before or after it is durable.

    Its rows have no events that could name the commit, so the commit is chosen by its number.
    """

    commits = 0
    """The number of commits that steps have requested."""
    last: int | None = None
    """The number of the commit at which the process dies."""
    before: bool = False

    async def apply(
        self,
        before: Notification,
        after: Notification,
        event: Event | None,
        permit: Permit | None = None,
    ) -> Notification:
        """Apply, and crash if this is the chosen commit."""
        self.commits += 1
        is_due = self.commits == self.last
        if is_due:
            self.last = None
        if is_due and self.before:
            raise Crash
        row = await super().apply(before, after, event, permit)
        if is_due:
            raise Crash
        return row


class CrashingStore(SqliteStore):
    """A store whose process dies at a chosen commit of the jobs or of the outbox."""

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
        """Die at the outbox's commit with this number, counted from now, the first being 1."""
        self.outbox.last, self.outbox.before = self.outbox.commits + commit, before

    @property
    def has_crashed(self) -> bool:
        """Whether the chosen commit has happened, or none was chosen."""
        return self.jobs.event is None and self.outbox.last is None


@dataclass
class EngineHarness:
    """A bot's engine that can be stopped and started again on the same file."""

    sandbox: Sandbox
    clock: ManualClock
    chat: SlackChat
    files: SlackPersonFiles
    video: MindVideoClient
    images: ReferenceImages
    path: Path
    store: CrashingStore
    poll_max: float = 30.0
    """The longest pause between two polls, in seconds; tests of whole days set it higher."""
    submit_delay: float = 0.0
    """Seconds from a job's message to its submit."""
    limits: CallLimits = UNLIMITED_POSTS
    steps: Mapping[str, Step[Job]] = field(default_factory=lambda: STEPS)
    films: Films | None = None
    """Takes the pictures for posters; `None`: there are none."""
    contact_sheets: ContactSheets | None = None
    """Draws the posters of sets; `None`: there are no sheets."""
    clock_error: float = 0.0
    """The seconds by which the bot's clock is ahead of the services' clock."""
    services: Services = field(init=False)
    _waits: list[float] = field(init=False, default_factory=list)
    _claiming: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    engine: Engine[Job] = field(init=False)
    outbox: Engine[Notification] = field(init=False)

    def __post_init__(self) -> None:
        """Build the parts that die with the process."""
        self.services = services(
            self.store,
            video=self.video,
            chat=self.chat,
            images=self.images,
            files=self.files,
            films=self.films,
            contact_sheets=self.contact_sheets,
            now=self.bot_time,
            # Older than each job: `may_be_restored` would search for its message otherwise.
            started_at=self.bot_time() - 1,
            poll_max=self.poll_max,
            submit_delay=self.submit_delay,
            limits=self.limits,
            wait_until=self._wait_until,
        )
        gate, suspects = Gate(), SuspectLock()
        self.engine = Engine(
            self.store.jobs,
            self.steps,
            self.services,
            kind="job",
            pools=POOLS,
            gate=gate,
            suspects=suspects,
        )
        self.outbox = Engine(
            self.store.outbox,
            NOTIFICATION_STEPS,
            self.services,
            kind="notification",
            pools=NOTIFICATION_POOLS,
            gate=gate,
            suspects=suspects,
        )

    def bot_time(self) -> float:
        """Return the time of the bot's clock."""
        return self.clock.now + self.clock_error

    async def _wait_until(self, at: float) -> None:
        """Let the clock jump to the first time that a step waits for, once every step waits.

        Before that more rows are claimed, as a process does whose steps wait.
        """
        self._waits.append(at)
        while self.bot_time() < at:
            await asyncio.sleep(CALM_SECONDS)
            async with self._claiming:
                if at == min(self._waits) and self._every_step_waits():
                    await self.engine.tick()
                    if self._every_step_waits():
                        self.clock.now = max(self.clock.now, at - self.clock_error)
        self._waits.remove(at)

    def _every_step_waits(self) -> bool:
        running = sum(len(engine._running) for engine in (self.engine, self.outbox))  # noqa: SLF001 - to be exact
        return running <= len(self._waits)

    async def request(self, text: str = "a red car", *, channel: str = GENERAL) -> Job:
        """Accept a request as the slash command does."""
        interaction = Interaction(
            team=TEAM,
            channel=channel,
            user=ANA,
            surface="command",
            dedup_key=f"command:{new_id()}",
            reply_to=ReplyTo(response_url=self.sandbox.slack.world.new_response_url(channel, ANA)),
        )
        request = read_request(read_text(text), CATALOG)
        accepted = await accept(request, interaction, self.services)
        assert isinstance(accepted, Accepted)
        return accepted.job

    async def run(self, hours: float = 2.0, until: Callable[[], bool] = lambda: False) -> None:
        """Run due rows until none is left, the time is over, or `until` returns true."""
        end = self.bot_time() + hours * HOUR
        while True:
            await self.tick()
            due = await self._next_due()
            if until() or due is None or due > end:
                return
            self.clock.now += max(due - self.bot_time(), 0.0)

    async def tick(self) -> None:
        """Run the steps of all rows that are due now, to their ends."""
        for engine in (self.engine, self.outbox):
            await engine.tick()
            await engine.drain()

    async def restart(self) -> None:
        """Start a new process on the same file; the old one ends as if killed."""
        await self.store.close()
        self.store = await CrashingStore.open(str(self.path))
        self.__post_init__()

    async def restore(self, backup: Path) -> None:
        """Start a new process on an earlier copy of the file."""
        await self.store.close()
        for leftover in ("-wal", "-shm"):
            Path(f"{self.path}{leftover}").unlink(missing_ok=True)
        shutil.copy(backup, self.path)
        self.store = await CrashingStore.open(str(self.path))
        self.__post_init__()

    async def job(self, job_id: str) -> Job:
        """Return the current row of a job."""
        job = await self.store.jobs.get(job_id)
        assert job is not None
        return job

    def messages(self, channel: str = GENERAL) -> list[StoredMessage]:
        """Return the public messages in a channel, outside of threads."""
        posted = self.sandbox.slack.world.workspace.all_in(channel)
        return [one for one in posted if not one.thread_ts and not one.ephemeral_for]

    def results(self, channel: str = GENERAL) -> list[StoredMessage]:
        """Return the public replies in the threads of a channel."""
        posted = self.sandbox.slack.world.workspace.all_in(channel)
        return [one for one in posted if one.thread_ts and not one.ephemeral_for]

    def ephemerals(self, channel: str = GENERAL) -> list[StoredMessage]:
        """Return the ephemeral messages in a channel."""
        posted = self.sandbox.slack.world.workspace.all_in(channel)
        return [one for one in posted if one.ephemeral_for]

    async def assert_delivered_once(self, job: Job) -> Job:
        """Check that the job has one charge, one message, one result, and its cost shown."""
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
        # The bot never asks for this, so the store has no method for it. In each pool a channel's
        # first notification holds up the others.
        with closing(pysqlite3.connect(str(self.path))) as db:
            query = """
                SELECT min(max(due_at, coalesce(lease_until, 0))) FROM (
                    SELECT due_at, lease_until FROM jobs WHERE due_at IS NOT NULL
                    UNION ALL
                    SELECT due_at, lease_until FROM (
                        SELECT min(seq), due_at, lease_until FROM notifications
                        WHERE due_at IS NOT NULL GROUP BY channel, kind = 'resent'
                    )
                )
            """
            (due,) = db.execute(query).fetchone()
            return None if due is None else float(due)


@asynccontextmanager
async def engine_harness(
    *,
    render_seconds: float = RENDER_SECONDS,
    poll_max: float = 30.0,
    call_seconds: float = CALL_SECONDS,
    submit_delay: float = 0.0,
    limits: CallLimits = UNLIMITED_POSTS,
    slack_limits: RateLimits | None = None,
    steps: Mapping[str, Step[Job]] = STEPS,
    films: Films | None = None,
    contact_sheets: ContactSheets | None = None,
) -> AsyncIterator[EngineHarness]:
    """Start the services and a bot's engine on loopback while the context lasts.

    A call of Slack without a response is given up after `call_seconds`. Slack refuses calls beyond
    `slack_limits`, and the bot keeps to `limits`.
    """
    clock = ManualClock()
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(
            running_sandbox(render_seconds=render_seconds, now=clock, limits=slack_limits)
        )
        client = await stack.enter_async_context(
            slack_client(
                token=sandbox.slack.credentials.bot_token or "",
                base_url=sandbox.slack.api_url,
                call_seconds=call_seconds,
            ),
        )
        chat = SlackChat(client, stall_seconds=call_seconds)
        await chat.identity()
        video = MindVideoClient(
            sandbox.video_url, API_KEY, now=clock, limits=Limits(download_bytes=LARGEST_FILE)
        )
        stack.push_async_callback(video.aclose)
        media = MediaProcess()
        stack.push_async_callback(media.close)
        path = sandbox.folder / "jobs.db"
        harness = EngineHarness(
            sandbox=sandbox,
            clock=clock,
            chat=chat,
            files=SlackPersonFiles(client, file_seconds=call_seconds),
            video=video,
            images=AttachedImages(
                SlackPersonFiles(client),
                None,
                CATALOG,
                media,
                VideoFrames(
                    files=SlackPersonFiles(client, file_seconds=call_seconds),
                    films=films or FakeFilms(),
                ),
            ),
            path=path,
            store=await CrashingStore.open(str(path)),
            poll_max=poll_max,
            submit_delay=submit_delay,
            limits=limits,
            steps=steps,
            films=films,
            contact_sheets=contact_sheets,
        )
        try:
            yield harness
        finally:
            await harness.store.close()
