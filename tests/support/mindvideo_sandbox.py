"""A simulated MindVideo and a client of it, under a manual clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.base.ports import Download, Snapshot
from bot.mindvideo.client import Limits, MindVideoClient
from bot.mindvideo.exchange import TaskCall, memo_of
from bot.options.catalog import PACKAGED
from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.mindvideo.service import MindVideoSandbox
from sandbox.server import serve
from tests.support.clock import ManualClock

NOW = 1_750_000_000.0
KEY = "slack:T1:C1:1750000000.000100"
API_KEY = "mv_live_secret0123456789"
BY_EVENTS = memo_of(TaskCall.EVENTS)
BY_TASK = memo_of(TaskCall.TASK)


@dataclass(frozen=True, slots=True, kw_only=True)
class MindVideoHarness:
    """A client, the service that it calls, and their clock."""

    clock: ManualClock
    service: MindVideoSandbox
    client: MindVideoClient
    url: str

    def body(self, prompt: str = "a red car") -> bytes:
        """Return the body of a submit."""
        return self.client.request_body("kling-v3", {"prompt": prompt})

    async def submit(self) -> Snapshot:
        """Submit the usual task with the usual idempotency key."""
        return await self.client.submit(self.body(), KEY)

    async def finished(self) -> Snapshot:
        """Submit a task, let it render, and return its final state."""
        task = await self.submit()
        self.clock.now += self.service.render_seconds
        return await self.client.get_task(task.task_id or "", BY_TASK)

    def fail(self, call: Call, kind: FaultKind, **details: object) -> None:
        """Add a fault for the next calls."""
        self.service.fail(Fault.model_validate({"call": call, "kind": kind, **details}))


@asynccontextmanager
async def mindvideo_harness(limits: Limits | None = None) -> AsyncIterator[MindVideoHarness]:
    """Run a simulated MindVideo and a client while the context lasts."""
    clock = ManualClock(NOW)
    service = MindVideoSandbox(now=clock, models_dirs=[PACKAGED], api_key=API_KEY)
    async with serve(service.app()) as url:
        client = MindVideoClient(url, API_KEY, now=clock, limits=limits or Limits())
        try:
            yield MindVideoHarness(clock=clock, service=service, client=client, url=url)
        finally:
            await client.aclose()


async def read(download: Download) -> bytes:
    """Return all bytes of a download."""
    return b"".join([chunk async for chunk in download.chunks])
