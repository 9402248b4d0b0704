"""The notice board of one life: channels that listen, and when something is to be told to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.base.ports import Person, Room
from bot.notifications import tell
from bot.options.catalog import Catalog
from bot.worker.board import NoticeBoard
from bot.worker.telling import NoticeTools
from storage.job import Instant
from storage.notification import NOTIFY, Level, channel_scope
from storage.sqlite.store import SqliteStore
from storage.store import StoreBrokenError, StoreError
from tests.simulation.chat import ChatLine
from tests.simulation.line import Line
from tests.simulation.process import Process
from tests.simulation.watched import WatchedStore
from tests.simulation.workspace import TEAM, Workspace
from tests.simulation.world import World

# One that people disturb, like those in which they ask, and one that they leave alone.
LISTENING = ("C1", "CNEWS")
TICK_SECONDS = 0.5
IDLE_SECONDS = 24 * 3600.0


def are_channels_listening(world: World) -> bool:
    """Tell whether channels listen in this world: it must not change what else chance decides."""
    return world.seed % 3 == 0


async def let_channels_listen(store: SqliteStore) -> None:
    """Write down that the channels want to hear everything."""
    for channel in LISTENING:
        await store.set(channel_scope(TEAM, channel), NOTIFY, Level.ALL)


class Rooms:
    """The port `Directory`, over the workspace in memory."""

    def __init__(self, workspace: Workspace, line: Line) -> None:
        self._workspace = workspace
        self._line = line

    async def person(self, user: str) -> Person:
        """See `Directory`."""
        return await self._line.ask("look up", lambda: Person(name=user, zone="UTC"))

    async def room(self, channel: str) -> Room:
        """See `Directory`."""
        known = self._workspace.channels[channel]
        return await self._line.ask(
            "look up", lambda: Room(is_public=not known.private, has_us=known.member)
        )

    async def is_in(self, channel: str, user: str) -> bool:
        """See `Directory`."""
        return await self._line.ask("look up", lambda: bool(channel and user))

    async def permalink(self, channel: str, ts: str) -> str | None:
        """See `Directory`."""
        return await self._line.ask("look up", lambda: f"https://slack.example/{channel}/{ts}")


class Herald:
    """Ticks the board of a process whenever a notice is due."""

    def __init__(
        self,
        *,
        process: Process,
        store: WatchedStore,
        workspace: Workspace,
        line: Line,
        catalog: Catalog,
        now: Callable[[], Instant],
    ) -> None:
        self._process = process
        self._store = store
        self._now = now
        self._board = NoticeBoard(
            NoticeTools(
                jobs=store,
                notices=store,
                chat=ChatLine(workspace, line),
                directory=Rooms(workspace, line),
                catalog=catalog,
                now=now,
                started_at=now(),
            ),
            tell,
            chance=process.world.chance.random,
        )

    async def run(self) -> None:
        """Tick as the clock does, but only when it matters."""
        while True:
            self._store.written.clear()
            try:
                await self._board.tick()
            except StoreBrokenError:
                self._process.die("the store is broken")
                return
            except StoreError:
                pass  # The disk is full: the next tick finds the notice again.
            due = self._store.next_notice()
            pause = IDLE_SECONDS if due is None else due - self._now()
            await self._wait(max(pause, TICK_SECONDS))

    async def stop(self, seconds: float) -> None:
        """Stop as SIGTERM does."""
        await self._board.stop(seconds)

    async def _wait(self, seconds: float) -> None:
        waking = asyncio.get_running_loop().call_later(seconds, self._store.written.set)
        await self._store.written.wait()
        waking.cancel()
