"""The port to the Slack workspace in memory, and everything that can go wrong on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.utils import formatdate
from typing import TypeVar

from bot.base.errors import CannotShareFileError, OutcomeUnknownError, RetryLaterError
from bot.base.ports import (
    Download,
    FileState,
    Message,
    PersonFile,
    Place,
    Posted,
    PostedFile,
    UploadTarget,
)
from bot.slack.clock import SlackClock
from storage.job import Instant, Stage
from tests.simulation.line import Call, Line
from tests.simulation.workspace import Workspace
from tests.simulation.world import ACTOR, Actor

T = TypeVar("T")

# The adapter looks further back than it is asked to, because Slack stamps by its own clock.
CLOCK_SLACK = 300.0
NOBODY = Actor("?", Stage.ACCEPTED)


class ChatLine:
    """The port `Chat`, as one process of the bot sees it."""

    def __init__(self, workspace: Workspace, line: Line) -> None:
        self._workspace = workspace
        self._line = line
        self._world = line.world
        self._clock = SlackClock(lambda: line.world.age)

    def known_clock(self) -> Instant | None:
        """See `Chat`."""
        return self._clock.read()

    async def read_clock(self) -> Instant:
        """See `Chat`."""
        return await self._ask("read clock", self._world.now)

    async def join(self, channel: str) -> None:
        """See `Chat`."""
        await self._ask("join", lambda: self._workspace.enter(channel))

    async def post(self, place: Place, message: Message, row_id: str) -> Posted:
        """See `Chat`."""
        actor = Actor(row_id, _actor().stage)
        ts = await self._make(
            Call(
                name="post",
                act=lambda: self._workspace.post(place, message, actor),
                repeatable=False,
            )
        )
        return Posted(ts=ts, at=float(ts))

    async def find_posts(
        self, place: Place, row_id: str, since: Instant, *, marked: bool = False
    ) -> list[Posted]:
        """See `Chat`."""
        found = await self._ask(
            "find posts",
            lambda: self._workspace.marked(place, row_id, since - CLOCK_SLACK, results=marked),
        )
        return [Posted(ts=ts, at=float(ts)) for ts in found]

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """See `Chat`."""
        await self._ask("update", lambda: self._workspace.edit(channel, ts, message))

    async def send_ephemeral(
        self, place: Place, user: str, message: Message, response_url: str | None
    ) -> None:
        """See `Chat`."""
        actor = _actor()
        self._world.note(f"beside {place.channel}/{place.thread_ts}, by {response_url}")
        await self._ask(
            "send ephemeral", lambda: self._workspace.send_ephemeral(user, message, actor)
        )

    async def open_direct(self, user: str) -> str:
        """See `Chat`."""
        return await self._ask("open direct", lambda: self._workspace.direct(user))

    async def reserve_upload(self, filename: str, length: int, alt_text: str) -> UploadTarget:
        """See `Chat`."""
        actor = _actor()
        self._world.note(f"wants to upload {filename}: {alt_text}")
        file_id = await self._ask("reserve", lambda: self._workspace.reserve(length, actor))
        if self._world.happens("reserve: not allowed", 0.3):
            raise CannotShareFileError("files are switched off here")
        return UploadTarget(file_id=file_id, url=f"https://upload.example/{file_id}")

    async def send_upload(self, target_url: str, length: int, chunks: AsyncIterator[bytes]) -> None:
        """See `Chat`."""
        content = b""
        async for chunk in chunks:
            content += chunk
            if self._world.happens("upload: broken off"):
                raise OutcomeUnknownError("the connection broke")
        if len(content) != length:
            raise RetryLaterError("the file is not as long as was announced")
        file_id = target_url.rsplit("/", 1)[1]
        await self._make(
            Call(
                name="upload",
                act=lambda: self._workspace.upload(file_id, content),
                repeatable=False,
                recognised=True,
            )
        )

    async def share(self, files: Sequence[tuple[str, str]], place: Place, message: Message) -> None:
        """See `Chat`."""
        actor = _actor()
        file_ids = [file_id for file_id, _ in files]
        await self._make(
            Call(
                name="share",
                act=lambda: self._workspace.complete(file_ids, place, message, actor),
                repeatable=False,
                recognised=True,
            )
        )

    async def complete_upload(self, file_id: str, title: str) -> None:
        """See `Chat`."""
        self._world.note(f"completes {file_id}: {title}")
        await self._ask("complete", lambda: self._workspace.complete_alone(file_id))

    async def file_state(self, file_id: str, channel: str) -> FileState:
        """See `Chat`."""
        return await self._ask("file state", lambda: self._workspace.file_state(file_id, channel))

    async def delete_file(self, file_id: str) -> None:
        """See `Chat`."""
        await self._ask("delete file", lambda: self._workspace.delete_file(file_id))

    async def delete_message(self, channel: str, ts: str) -> None:
        """See `Chat`."""
        await self._ask("delete message", lambda: self._workspace.take_back(channel, ts))

    async def _ask(self, name: str, act: Callable[[], T]) -> T:
        return await self._make(Call(name=name, act=act))

    async def _make(self, call: Call[T]) -> T:
        """Make a call; a good answer tells Slack's time, as it was when it left."""

        def act() -> tuple[T, str]:
            return call.act(), formatdate(self._world.now(), usegmt=True)

        answer, date = await self._line.make(
            Call(
                name=call.name,
                act=act,
                repeatable=call.repeatable,
                recognised=call.recognised,
                seconds=call.seconds,
            )
        )
        self._clock.hear(date)
        return answer


class MemoryFiles:
    """The port `PersonFiles`, over the bot's own files in the workspace in memory."""

    def __init__(self, workspace: Workspace, line: Line) -> None:
        self._workspace = workspace
        self._line = line

    async def describe(self, file_id: str) -> PersonFile:
        """See `PersonFiles`."""
        content = await self._line.ask("describe file", lambda: self._workspace.content(file_id))
        return PersonFile(
            id=file_id, name=file_id, mimetype="video/mp4", size=len(content), url=file_id
        )

    def open(self, file: PersonFile) -> AbstractAsyncContextManager[Download]:
        """See `PersonFiles`."""
        return self._open(file)

    async def in_thread(self, _channel: str, _root_ts: str) -> Sequence[PostedFile]:
        """Return none: nobody saves a picture of a thread here."""
        return ()

    @asynccontextmanager
    async def _open(self, file: PersonFile) -> AsyncIterator[Download]:
        content = await self._line.ask("read file", lambda: self._workspace.content(file.id))

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        yield Download(length=len(content), content_type=file.mimetype, chunks=chunks())


def _actor() -> Actor:
    return ACTOR.get() or NOBODY
