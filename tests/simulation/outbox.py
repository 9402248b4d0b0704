"""The outbox of one life: channels that are subscribed, and when something is to be posted."""

from __future__ import annotations

import asyncio

from bot.base.clock import SteadyClock
from bot.base.ports import Conversation, Person
from bot.worker.engine import Engine
from storage.notification import NOTIFY, Level, Notification, channel_scope
from storage.store import Store, StoreBrokenError, StoreError
from tests.simulation.database import AnyWatchedStore
from tests.simulation.line import Line
from tests.simulation.names import GUEST, TEAM
from tests.simulation.process import Process
from tests.simulation.workspace import Workspace

# One that people disturb, like those in which they ask, and one that they leave alone.
SUBSCRIBED = ("C1", "CNEWS")
TICK_SECONDS = 0.5
IDLE_SECONDS = 24 * 3600.0


def are_channels_subscribed(seed: int) -> bool:
    """Tell whether channels listen in a world: it must not change what else chance decides."""
    return seed % 3 == 0


async def subscribe_channels(store: Store) -> None:
    """Write down that the channels want to hear everything."""
    for channel in SUBSCRIBED:
        await store.settings.set(channel_scope(TEAM, channel), NOTIFY, Level.ALL)


class MemoryDirectory:
    """The port `Directory`, over the workspace in memory."""

    def __init__(self, workspace: Workspace, line: Line) -> None:
        self._workspace = workspace
        self._line = line

    async def person(self, user: str) -> Person:
        """See `Directory`."""
        return await self._line.ask(
            "look up", lambda: Person(name=user, zone="UTC", is_guest=user == GUEST)
        )

    async def identify(self, user: str) -> Person:
        """See `Directory`."""
        return await self.person(user)

    def known(self, _user: str, /) -> Person | None:
        """See `Directory`; nothing is kept."""
        return None

    async def conversation(self, channel: str) -> Conversation:
        """See `Directory`."""
        known = self._workspace.channels[channel]
        return await self._line.ask(
            "look up", lambda: Conversation(is_public=not known.private, has_bot=known.member)
        )

    async def group(self, group: str) -> str | None:
        """See `Directory`."""
        return await self._line.ask("look up", lambda: group)

    async def public_channels(self) -> frozenset[str]:
        """See `Directory`; nobody looks for anything here."""
        return frozenset()

    async def common_channels(self, _user: str, /) -> frozenset[str]:
        """See `Directory`; nobody looks for anything here."""
        return frozenset()

    async def is_member(self, channel: str, user: str) -> bool:
        """See `Directory`."""
        return await self._line.ask("look up", lambda: bool(channel and user))

    async def permalink(self, channel: str, ts: str) -> str | None:
        """See `Directory`."""
        return await self._line.ask("look up", lambda: f"https://slack.example/{channel}/{ts}")


class OutboxLoop:
    """Ticks the outbox's engine of a process whenever a notification is due."""

    def __init__(
        self,
        process: Process,
        store: AnyWatchedStore,
        engine: Engine[Notification],
        now: SteadyClock,
    ) -> None:
        self._process = process
        self._store = store
        self._engine = engine
        self._now = now

    async def run(self) -> None:
        """Tick as the scheduler does, but only when it matters."""
        while True:
            self._store.written.clear()
            try:
                await self._engine.tick()
            except StoreBrokenError:
                self._process.die("the store is broken")
                return
            except StoreError:
                pass  # The disk is full: the next tick finds the notification again.
            await self._wait(max(self._pause(), TICK_SECONDS))

    async def stop(self, seconds: float) -> None:
        """Stop as SIGTERM does."""
        await self._engine.stop(seconds)

    def _pause(self) -> float:
        """Return after how many seconds a tick finds something to do."""
        now = self._now()
        due = self._store.next_notification()
        return IDLE_SECONDS if due is None else min(due - now, IDLE_SECONDS)

    async def _wait(self, seconds: float) -> None:
        waking = asyncio.get_running_loop().call_later(seconds, self._store.written.set)
        await self._store.written.wait()
        waking.cancel()
