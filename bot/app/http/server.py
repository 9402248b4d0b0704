"""An HTTP server that runs as long as a context."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from aiohttp import web

from bot.base.errors import ConfigurationError


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
    site: web.Application, address: Address, *, grace_seconds: float
) -> AsyncIterator[int]:
    """Serve `site` while the context lasts; yield the port.

    On exit, open requests get `grace_seconds` to finish. Raises `ConfigurationError` when the
    address cannot be listened on.
    """
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=grace_seconds)
    await runner.setup()
    try:
        with _configuration_errors(address):
            await web.TCPSite(runner, address.host, address.port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


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
