"""A MindVideo that lives in memory, keeps a ledger, and fails; and the port to it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.base.errors import KeyConflictError, NotFoundError, RefusedError, RetryLaterError
from bot.base.ports import Download, Snapshot, TaskState
from bot.mindvideo.exchange import TaskCall, call_of, memo_of
from bot.mindvideo.protocol import KEY_LIFETIME_SECONDS
from storage.job import Instant, Json
from tests.simulation.line import Call, Line
from tests.simulation.tasks import NEVER, Task, draw_task
from tests.simulation.world import ACTOR, World

# How long a key is remembered: what the bot assumes.
KEY_MEMORY_SECONDS = 24 * 3600.0
# A prompt with this word is refused, however often it is sent.
REFUSED_WORD = "forbidden"
SUBMIT_SECONDS = 30.0
# A bot that heard for so long that a task, or its file, is missing does well to give it up.
EXCUSED_SECONDS = 10 * 60.0
# After a silence of this and two looks it cannot know what happened in between.
SILENCE_SECONDS = 10 * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A render that somebody pays for."""

    job_id: str
    key: str
    task_id: str
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    body: bytes
    task_id: str
    at: Instant


class MindVideo:
    """The service itself: it outlives every process of the bot. `audit` hears of each effect."""

    def __init__(self, world: World, audit: Callable[[str], None]) -> None:
        self.world = world
        self.charges: list[Charge] = []
        self.bodies: dict[str, dict[str, set[bytes]]] = defaultdict(lambda: defaultdict(set))
        """Of each job: the keys that came, and the bodies under each."""
        self.heard: dict[str, list[Decimal]] = defaultdict(list)
        """Of each job: the final costs that the bot was told, in order."""
        self._fresh: dict[str, Decimal] = {}
        """Of each job: the cost that was told to a step which has committed nothing since."""
        self._confirmed: set[str] = set()
        """Jobs of which such a step was told that the task is there."""
        self.tasks: dict[str, Task] = {}
        self.clock_errs = False
        """Whether the bot's clock may jump, so that its patience ends at any time."""
        self._keys: dict[str, _Key] = {}
        self._denied_since: dict[str, Instant] = {}
        self._denied_at: dict[str, Instant] = {}
        self._given_up: set[str] = set()
        """Jobs whose task, or its file, was denied for so long that parking them is right."""
        self._audit = audit
        self.before_send: Callable[[str], None] = lambda _: None
        """Is told each job of which a request is about to leave the bot."""

    def submit(self, body: bytes, key: str, job_id: str) -> Snapshot:
        """Take a request that arrived; the same key and bytes give the same task."""
        now = self.world.now()
        self.bodies[job_id][key].add(body)
        known = self._keys.get(key)
        if known is None or now - known.at > KEY_MEMORY_SECONDS:
            if REFUSED_WORD.encode() in body:
                self._audit(job_id)
                raise RefusedError("this prompt is not accepted")
            known = self._start(body, key, job_id)
        self._audit(job_id)
        if known.body != body:
            raise KeyConflictError("the key is in use for another input")
        return self.tasks[known.task_id].snapshot(now, TaskCall.EVENTS)

    def get_task(self, task_id: str, call: TaskCall) -> Snapshot:
        """Tell about a task, not always the truth of this moment."""
        world, now = self.world, self.world.now()
        task = self.tasks.get(task_id)
        if task is None or now < task.known_from or world.happens("task unknown for once"):
            raise NotFoundError("there is no such task")
        told = task.snapshot(now, call)
        if world.happens("state goes back"):
            return task.snapshot(world.between(task.born, now), call)
        if not told.state.is_terminal and world.happens("unknown state"):
            told = replace(told, state=TaskState.UNKNOWN, state_text="simmering")
        if call is TaskCall.EVENTS and world.happens("events give way to the task"):
            told = replace(told, memo=memo_of(TaskCall.TASK))
        return told

    def deny(self, job_id: str) -> None:
        """Note that the bot heard that a job's task, or its file, is not there."""
        now = self.world.now()
        self._confirmed.discard(job_id)
        if now - self._denied_at.get(job_id, now) > SILENCE_SECONDS + 2 * self.world.poll_max:
            self._denied_since.pop(job_id, None)
        self._denied_at[job_id] = now
        since = self._denied_since.setdefault(job_id, now)
        if self.clock_errs or now - since > EXCUSED_SECONDS:
            self._given_up.add(job_id)

    def confirm(self, job_id: str) -> None:
        """Note that the bot heard that a job's task is there."""
        self._confirmed.add(job_id)

    def bill(self, job_id: str, cost: Decimal) -> None:
        """Note that the bot heard what a job's task cost."""
        self.heard[job_id].append(cost)
        self._fresh[job_id] = cost

    def wrote(self, job_id: str) -> Decimal | None:
        """Note that a step could write down what it heard; return the cost, if it heard one."""
        if job_id in self._confirmed:
            self._denied_since.pop(job_id, None)
        self._confirmed.discard(job_id)
        return self._fresh.pop(job_id, None)

    def forget(self, job_id: str) -> None:
        """Note that a new step begins: what an earlier one heard and did not write down is lost."""
        self._confirmed.discard(job_id)
        self._fresh.pop(job_id, None)

    def excuses_parking(self, job_id: str) -> bool:
        """Tell whether the bot does well to give this job's render up."""
        endless = (task.job_id for task in self.tasks.values() if task.ends == NEVER)
        return job_id in self._given_up or job_id in endless

    def _start(self, body: bytes, key: str, job_id: str) -> _Key:
        task_id = f"task{len(self.tasks) + 1}"
        self.tasks[task_id] = draw_task(self.world, task_id, job_id)
        self._keys[key] = _Key(body=body, task_id=task_id, at=self.world.now())
        self.charges.append(Charge(job_id=job_id, key=key, task_id=task_id, at=self.world.now()))
        self.world.note(f"MindVideo charges for {task_id} under {key}")
        return self._keys[key]


class VideoLine:
    """The port `VideoService`, as one process of the bot sees it."""

    def __init__(self, service: MindVideo, line: Line) -> None:
        self._service = service
        self._line = line
        self.world = line.world

    @property
    def key_lifetime(self) -> float:
        """See `VideoService`."""
        return KEY_LIFETIME_SECONDS

    def request_body(self, model: str, options: Mapping[str, Json]) -> bytes:
        """See `VideoService`."""
        return json.dumps({"model": model, "input": options}).encode()

    async def submit(self, body: bytes, idempotency_key: str) -> Snapshot:
        """See `VideoService`."""
        job_id = _job_id()
        self._service.before_send(job_id)
        call = Call(
            name="submit",
            act=lambda: self._service.submit(body, idempotency_key, job_id),
            repeatable=False,
            recognised=True,
            seconds=SUBMIT_SECONDS,
        )
        snapshot = await self._line.make(call)
        return self._heard(snapshot)

    async def get_task(
        self, task_id: str, memo: Mapping[str, Json], *, fresh_urls: bool = False
    ) -> Snapshot:
        """See `VideoService`."""
        call = TaskCall.TASK if fresh_urls else call_of(memo)
        try:
            told = await self._line.ask("get task", lambda: self._service.get_task(task_id, call))
        except NotFoundError:
            self._service.deny(_job_id())
            raise
        if told.state is TaskState.SUCCEEDED and not told.outputs:
            self._service.deny(_job_id())
        else:
            self._service.confirm(_job_id())
        return self._heard(told)

    def download(self, url: str) -> AbstractAsyncContextManager[Download]:
        """See `VideoService`."""
        return self._open(url)

    @asynccontextmanager
    async def _open(self, url: str) -> AsyncIterator[Download]:
        task = self._service.tasks[url.split("/")[3]]
        content = await self._line.ask("download", lambda: task.content(url, self.world.now()))
        if content is None or self.world.happens("download: gone for once"):
            raise NotFoundError("the link has expired")
        if self.world.happens("download: address not public", 0.3):
            raise RefusedError("the file's address is not a public one")
        length = None if self.world.happens("download: length not told") else len(content)
        yield Download(length=length, content_type="video/mp4", chunks=_Chunks(self._line, content))

    def _heard(self, snapshot: Snapshot) -> Snapshot:
        if snapshot.cost_actual is not None:
            self._service.bill(_job_id(), snapshot.cost_actual)
        return snapshot


def _job_id() -> str:
    """Return on whose behalf this process calls."""
    actor = ACTOR.get()
    assert actor is not None, "only steps call MindVideo"
    return actor.job_id


class _Chunks:
    """A file's bytes in pieces, which may come slowly, break off or never end."""

    def __init__(self, line: Line, content: bytes) -> None:
        self._line = line
        third = max(len(content) // 3, 1)
        self._pieces = [content[at : at + third] for at in range(0, len(content), third)]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        world = self._line.world
        self._line.process.point("inside download")
        if world.happens("download: slow"):
            await world.sleep(world.between(1, 60))
        if world.happens("download: cut off"):
            raise RetryLaterError("the connection broke")
        if world.happens("download: too large", 0.3):
            raise RefusedError("the file is too large")
        if not self._pieces:
            raise StopAsyncIteration
        await world.sleep(0.02)
        return self._pieces.pop(0)
