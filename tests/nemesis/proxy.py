"""A TCP proxy between one process and PostgreSQL, which disturbs their connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

# https://www.postgresql.org/docs/current/protocol-message-formats.html
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""The message that ends a transaction: a simple query."""


class Commit(Enum):
    """What a transaction does, by what one of its messages holds."""

    INTENT = (b"posting", b"sharing", b"telling")
    """It writes the event that comes right before a message is posted."""
    CLAIM = (b"fence = fence + 1",)
    """It claims rows."""


_SOCKET = ".s.PGSQL.5432"
_CHUNK = 65536


@dataclass(slots=True, kw_only=True)
class _Link:
    """One connection of the process, and its own connection to the server."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    kinds: set[Commit] = field(default_factory=set)
    """What the transaction has done so far."""
    is_committing: bool = False

    def cut(self) -> None:
        """End both connections at once."""
        self.client.transport.abort()
        self.server.transport.abort()


@dataclass(slots=True, kw_only=True)
class Proxy:
    """Listens on `port`, and forwards to the server whose socket is in `folder`."""

    folder: Path
    port: int = 0
    delay_seconds: float = 0.0
    """How long each message takes, in both directions."""
    swallowed_seconds: float | None = None
    """Keeps back the answer of the next COMMIT, and cuts its connection after this time."""
    at_commit: dict[Commit, Callable[[], None]] = field(default_factory=dict)
    """Called once such a COMMIT is done, before the process hears of it."""
    links: list[_Link] = field(default_factory=list)

    def cut(self) -> None:
        """Cut all connections; new ones can be made."""
        for link in self.links:
            link.cut()

    def calm(self) -> None:
        """Disturb nothing any more."""
        self.delay_seconds, self.swallowed_seconds = 0.0, None
        self.at_commit.clear()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection until either side ends it."""
        try:
            path = str(self.folder / _SOCKET)
            server_reader, server = await asyncio.open_unix_connection(path)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(client=writer, server=server)
        pumps = [
            asyncio.create_task(self._send(link, reader)),
            asyncio.create_task(self._answer(link, server_reader)),
        ]
        self.links.append(link)
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.links.remove(link)
            link.cut()
            for pump in pumps:
                pump.cancel()

    async def _send(self, link: _Link, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await asyncio.sleep(self.delay_seconds)
                link.kinds |= {kind for kind in Commit if any(one in data for one in kind.value)}
                link.is_committing = COMMIT in data
                link.server.write(data)
                await link.server.drain()

    async def _answer(self, link: _Link, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await asyncio.sleep(self.delay_seconds)
                if link.is_committing and await self._is_swallowed(link):
                    return
                link.client.write(data)
                await link.client.drain()

    async def _is_swallowed(self, link: _Link) -> bool:
        """Disturb the answer of a COMMIT; return whether the process is not to have it."""
        kinds, link.kinds, link.is_committing = link.kinds, set(), False
        for strike in [self.at_commit.pop(kind) for kind in kinds if kind in self.at_commit]:
            strike()
        if self.swallowed_seconds is None:
            return False
        seconds, self.swallowed_seconds = self.swallowed_seconds, None
        await asyncio.sleep(seconds)
        return True


@asynccontextmanager
async def proxy_to(folder: Path) -> AsyncIterator[Proxy]:
    """Run a proxy while the context lasts."""
    proxy = Proxy(folder=folder)
    server = await asyncio.start_server(proxy.connect, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await server.wait_closed()
