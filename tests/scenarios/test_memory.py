"""Ten thousand jobs pass through one process, and its memory stays what it was."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from bot.base.ports import (
    Download,
    FileState,
    Message,
    Place,
    Posted,
    Snapshot,
    TaskState,
    UploadTarget,
)
from bot.jobs.accept import Interaction, accept
from bot.options.parser import read_text
from bot.options.request import read_request
from bot.steps import POOLS, STEPS
from bot.worker.engine import Engine
from bot.worker.gate import Gate
from bot.worker.suspects import SuspectLock
from storage.job import IN_CHANNEL, Json, Media, Output, Stage
from storage.sqlite.store import SqliteStore
from tests.support.clock import ManualClock
from tests.support.inline_store import inline_session
from tests.support.services import CATALOG, services

PAGE_BYTES = 4096
BATCH = 100
WARM_JOBS = 2_000
JOBS = 10_000
ALLOWED_BYTES = 8 * 2**20


class QuickVideo:
    """A MindVideo that is done at once."""

    key_lifetime = 23 * 3600.0

    def request_body(self, model: str, options: Mapping[str, Json]) -> bytes:
        """Return a body."""
        return f"{model}{options}".encode()

    async def submit(self, _body: bytes, idempotency_key: str) -> Snapshot:
        """Start a task."""
        return Snapshot(state=TaskState.QUEUED, state_text="queued", task_id=idempotency_key)

    async def get_task(
        self,
        task_id: str,
        _memo: Mapping[str, Json],
        *,
        fresh_urls: bool = False,  # noqa: ARG002 - a name of the port
    ) -> Snapshot:
        """Be done."""
        output = Output(media=Media.VIDEO, url=f"https://files.example/{task_id}.mp4")
        return Snapshot(
            state=TaskState.SUCCEEDED, state_text="succeeded", task_id=task_id, outputs=(output,)
        )

    @asynccontextmanager
    async def download(self, _url: str) -> AsyncIterator[Download]:
        """Give a small file."""
        yield Download(length=5, content_type="video/mp4", chunks=once(b"video"))


class QuickChat:
    """A Slack that takes everything."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._files: dict[str, str] = {}

    def known_clock(self) -> float | None:
        return None

    async def read_clock(self) -> float:
        """Tell a time at which no message is old."""
        return 0.0

    async def join(self, channel: str) -> None:
        """Join."""

    async def post(self, _place: Place, _message: Message, _row_id: str) -> Posted:
        """Post."""
        number = next(self._numbers)
        return Posted(ts=f"{number}.0", at=float(number))

    async def find_posts(
        self,
        _place: Place,
        _row_id: str,
        _since: float,
        *,
        marked: bool = False,  # noqa: ARG002 - a name of the port
    ) -> list[Posted]:
        """Find nothing."""
        return []

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Edit."""

    async def send_ephemeral(
        self, place: Place, user: str, message: Message, response_url: str | None
    ) -> None:
        """Send."""

    async def open_direct(self, user: str) -> str:
        """Return a direct conversation."""
        return f"D{user}"

    async def reserve_upload(self, _filename: str, _length: int, _alt_text: str) -> UploadTarget:
        """Reserve."""
        return UploadTarget(file_id=f"F{next(self._numbers)}", url="https://files.example/up")

    async def send_upload(self, _url: str, _length: int, chunks: AsyncIterator[bytes]) -> None:
        """Take the bytes."""
        async for _ in chunks:
            pass

    async def share(self, files: Sequence[tuple[str, str]], _place: Place, _said: Message) -> None:
        """Share."""
        self._files = {file_id: f"{next(self._numbers)}.0" for file_id, _ in files}

    async def file_state(self, file_id: str, _channel: str) -> FileState:
        """Say where it is shared."""
        return FileState(uploaded=True, shared_ts=self._files.get(file_id, "1.0"))

    async def delete_file(self, file_id: str) -> None:
        """Delete."""


async def once(chunk: bytes) -> AsyncIterator[bytes]:
    """Give one chunk."""
    yield chunk


def resident_bytes() -> int:
    """Return how much memory the process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


@pytest.mark.soak
async def test_memory_is_steady_over_ten_thousand_jobs(tmp_path: Path) -> None:
    """What a job needed is given back: after 2,000 jobs, 8,000 more add next to nothing."""
    store = SqliteStore(await inline_session(str(tmp_path / "jobs.db")))
    clock = ManualClock()
    made = services(store, video=QuickVideo(), chat=QuickChat(), now=clock, started_at=clock())
    engine = Engine(
        store.jobs, STEPS, made, kind="job", pools=POOLS, gate=Gate(), suspects=SuspectLock()
    )
    warm = 0
    for first in range(0, JOBS, BATCH):
        for number in range(first, first + BATCH):
            interaction = Interaction(
                team="T1",
                channel="C1",
                user="U1",
                surface="command",
                dedup_key=f"command:{number}",
                reply_to=IN_CHANNEL,
            )
            await accept(read_request(read_text(f"car {number}"), CATALOG), interaction, made)
        while await engine.tick():
            await engine.drain()
        clock.now += 1.0
        if first + BATCH == WARM_JOBS:
            warm = resident_bytes()
    counts = await store.jobs.stage_counts()
    grown = resident_bytes() - warm
    await store.close()
    assert counts[Stage.DELIVERED] == JOBS
    assert grown < ALLOWED_BYTES, f"{grown / 2**20:.1f} MiB"
