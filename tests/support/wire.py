"""Servers and proxies that show what goes over the wire, byte for byte."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

FILE = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 3\r\n\r\nabc"


@dataclass(slots=True)
class Wire:
    """A listener on this machine: what it answers in turn, and what it was sent."""

    port: int = 0
    answers: list[bytes | None] = field(default_factory=list)
    """One for each request; the last one again and again. `None` is silence, an empty one the end
    of the connection."""
    heads: list[bytes] = field(default_factory=list)
    """Each request up to its empty line."""
    _seen: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: dict[asyncio.Task[object] | None, asyncio.StreamWriter] = field(default_factory=dict)

    @property
    def targets(self) -> list[str]:
        """The target of each request as it was sent."""
        return [head.split(b" ", 2)[1].decode("latin-1") for head in self.heads]

    @property
    def address(self) -> str:
        """The base of an address here."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self._writers[asyncio.current_task()] = writer
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                self._seen.set()
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer is None:
                    await reader.read()
                if not answer:
                    break
                writer.write(answer)
                await writer.drain()
        writer.close()

    async def asked(self, times: int) -> None:
        """Wait until so many requests have come."""
        async with asyncio.timeout(5):
            while len(self.heads) < times:
                self._seen.clear()
                await self._seen.wait()

    async def close(self) -> None:
        """Break every connection."""
        for writer in self._writers.values():
            writer.transport.abort()
        await asyncio.gather(*filter(None, self._writers))


@asynccontextmanager
async def raw_server(
    *answers: bytes | None, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Wire]:
    """Listen while the context lasts."""
    wire = Wire(answers=list(answers))
    server = await asyncio.start_server(wire.serve, host, 0, ssl=tls)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.close()


@dataclass(slots=True)
class Tunnel:
    """A proxy that takes CONNECT, and leads every tunnel to one port of this machine."""

    to_port: int
    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    _tasks: set[asyncio.Task[object] | None] = field(default_factory=set)

    @property
    def address(self) -> str:
        """The value of a variable such as HTTPS_PROXY."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self._tasks.add(asyncio.current_task())
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pass_on(reader, to_writer), _pass_on(to_reader, writer))


@asynccontextmanager
async def tunnelling(to_port: int) -> AsyncIterator[Tunnel]:
    """Run a proxy while the context lasts."""
    tunnel = Tunnel(to_port=to_port)
    server = await asyncio.start_server(tunnel.serve, "127.0.0.1", 0)
    tunnel.port = server.sockets[0].getsockname()[1]
    try:
        yield tunnel
    finally:
        server.close()
        await asyncio.gather(*filter(None, tunnel._tasks))  # noqa: SLF001 - its own server


@asynccontextmanager
async def front_of(
    to_port: int, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Put another address, or TLS, in front of a port of this machine; yield the front's port."""
    tasks: set[asyncio.Task[object] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", to_port)
        await asyncio.gather(_pass_on(reader, to_writer), _pass_on(to_reader, writer))

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*filter(None, tasks))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
    writer.close()
