"""An aiohttp application on a free port of loopback, for as long as it is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.listening import Address, listening

_GOODBYE_SECONDS = 1.0
"""A request that hangs on purpose must not hold up the end."""


@asynccontextmanager
async def serve(app: web.Application, port: int = 0) -> AsyncIterator[str]:
    """Serve `app` on 127.0.0.1 and give its base URL, without a slash at the end.

    Port 0 is a free one. On leaving, open requests get a second to finish. Raises
    `ConfigurationError` when the port, which the demo's option decides about, is taken.
    """
    address = Address(host="127.0.0.1", port=port, remedy="Choose another with --port.")
    async with listening(app, address, goodbye_seconds=_GOODBYE_SECONDS) as bound_port:
        yield f"http://127.0.0.1:{bound_port}"
