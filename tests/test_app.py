"""The bot as a whole starts and stops, whatever is in the way."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.app import running
from bot.sandbox.town import town
from bot.settings import load_settings


async def test_told_to_stop_while_slack_takes_no_connection_it_stops() -> None:
    """It would try for ever, and a supervisor would have to kill it."""
    stopping = asyncio.Event()

    @web.middleware
    async def deaf(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != "/socket":
            return await handler(request)
        asyncio.get_running_loop().call_later(0.05, stopping.set)
        return web.Response(status=503)

    async with town(middlewares=[deaf]) as place, asyncio.timeout(5):
        settings = load_settings(place.environment(socket_mode=True))
        async with running(settings, stopping) as service:
            assert service.stopping.is_set()
