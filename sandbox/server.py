"""Serves an aiohttp application on a port of loopback, for the time of a context."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from aiohttp import web

_SHUTDOWN_SECONDS = 1.0
"""Short, because some faults make a request hang on purpose."""


@asynccontextmanager
async def serve(app: web.Application, port: int = 0) -> AsyncIterator[str]:
    """Serve `app` on 127.0.0.1 and yield its base URL, without a slash at the end.

    Port 0 is a free one. On exit, open requests get a second to finish. Raises `OSError` when
    the port is taken.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        server = await asyncio.get_running_loop().create_server(
            cast("web.Server", runner.server),  # `setup` has made it
            "127.0.0.1",
            port,
        )
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            await _stop_accepting(server)
            server.close()
    finally:
        await runner.cleanup()


async def _stop_accepting(server: asyncio.Server) -> None:
    """Accept no more connections, and wait until each that was accepted has its protocol.

    `close` of asyncio forgets one that has none yet: its client waits, and nobody closes it. The
    bot's own server does the same; the simulated services know nothing of the bot.
    """
    for bound in server.sockets:
        server.get_loop().remove_reader(bound.fileno())
    await asyncio.sleep(0)  # a task makes its transport,
    await asyncio.sleep(0)  # which then calls its protocol
