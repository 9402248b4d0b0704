"""An HTTP server that runs as long as a context."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import cast

from aiohttp import web

from bot.app.http.connections import ClientConnection, Connections
from bot.app.http.refusals import Refusals, ServerLog
from bot.base.errors import ConfigurationError

BACKLOG = 1024
"""How many connections may wait to be accepted; one that finds no place tries again in a second."""
ACCEPTED_AT_ONCE = 16
"""How many of them are accepted before the loop turns to the bytes of those that are open."""
# How long a refused client may go on sending, so that it reads the answer.
LINGER_SECONDS = 2.0
SWEEP_SECONDS = 1.0
"""The interval at which connections are compared with their deadlines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The address to listen on, and the remedy if that is not possible."""

    host: str
    port: int
    """0: any free port."""
    remedy: str
    """A sentence that names the option or the variable to change."""


@asynccontextmanager
async def http_server(
    site: web.Application,
    address: Address,
    connections: Connections,
    refusals: Refusals,
    *,
    grace_seconds: float,
) -> AsyncIterator[int]:
    """Serve `site` while the context lasts, within the bounds of `connections`; yield the port.

    Bodies reach the site as they were sent, also compressed ones. On exit, open requests get
    `grace_seconds` to finish. Raises `ConfigurationError` when the address cannot be listened on.
    """
    site.middlewares.append(connections.middleware)
    runner = web.AppRunner(
        site,
        access_log=None,
        logger=ServerLog(refusals),
        auto_decompress=False,
        lingering_time=LINGER_SECONDS,
        shutdown_timeout=grace_seconds,
    )
    await runner.setup()
    make_handler = cast("web.Server", runner.server)  # `setup` has made it

    def accept() -> ClientConnection:
        return connections.protocol(make_handler())

    loop = asyncio.get_running_loop()
    try:
        with _configuration_errors(address):
            server = await loop.create_server(
                accept, address.host, address.port, backlog=ACCEPTED_AT_ONCE
            )
        _lengthen_backlog(server)
        sweeper = asyncio.create_task(_sweep(connections), name="connection deadlines")
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            sweeper.cancel()
            await _stop_accepting(server)
            server.close()
    finally:
        await runner.cleanup()


async def _stop_accepting(server: asyncio.Server) -> None:
    """Accept no more connections, and wait until each that was accepted has its protocol.

    `close` of asyncio forgets one that has none yet: its client waits, and nobody closes it.
    """
    for bound in server.sockets:
        server.get_loop().remove_reader(bound.fileno())
    await asyncio.sleep(0)  # a task makes its transport,
    await asyncio.sleep(0)  # which then calls its protocol


def _lengthen_backlog(server: asyncio.Server) -> None:
    """Let more connections wait than are accepted at once: asyncio has one number for both.

    https://man7.org/linux/man-pages/man2/listen.2.html, which may be called again.
    """
    for bound in server.sockets:
        with socket.socket(fileno=os.dup(bound.fileno())) as same:
            same.listen(BACKLOG)


async def _sweep(connections: Connections) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        connections.close_overdue()


async def check_free(address: Address) -> None:
    """Raise what `http_server` would raise now. Accepts no connection, and frees the port again."""
    loop = asyncio.get_running_loop()
    with _configuration_errors(address):
        server = await loop.create_server(
            asyncio.Protocol, address.host, address.port, start_serving=False
        )
    server.close()


@contextmanager
def _configuration_errors(address: Address) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"Nobody can listen on {address.host}, port {address.port} ({_reason(error)})."
            f" {address.remedy}"
        ) from error


def _reason(error: OSError) -> str:
    """Return the operating system's message; asyncio wraps it, except in errors of host names."""
    if isinstance(error, socket.gaierror) or error.errno is None:
        return error.strerror or "no reason is known"
    return os.strerror(error.errno)
