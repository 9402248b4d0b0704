"""Serves an aiohttp application on a port of loopback, for the time of a context."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

_SHUTDOWN_SECONDS = 1.0
"""Short, because some faults make a request hang on purpose."""
# The iterations of the loop until a connection that was accepted is known, so that the runner
# closes it: asyncio forgets one that is not known when its server is closed. One more than needed.
_ITERATIONS_TO_CONNECT = 4


@asynccontextmanager
async def serve(app: web.Application, port: int = 0) -> AsyncIterator[str]:
    """Serve `app` on 127.0.0.1 and yield its base URL, without a slash at the end.

    Port 0 is a free one. On exit, open requests get a second to finish. Raises `OSError` when
    the port is taken.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        for _ in range(_ITERATIONS_TO_CONNECT):
            await asyncio.sleep(0)
        await runner.cleanup()
