"""Tests of the running bot: the stop during the start."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.app.run import running
from bot.base.settings import load_settings
from tests.support.sandbox import running_sandbox


async def test_a_stop_ends_the_attempts_to_connect() -> None:
    """The attempts never end by themselves, so a supervisor would have to kill the bot."""
    stopping = asyncio.Event()

    @web.middleware
    async def refuse_sockets(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != "/socket":
            return await handler(request)
        asyncio.get_running_loop().call_later(0.05, stopping.set)
        return web.Response(status=503)

    async with running_sandbox(middlewares=[refuse_sockets]) as sandbox, asyncio.timeout(5):
        settings = load_settings(sandbox.environment(socket_mode=True))
        async with running(settings, stopping) as service:
            assert service.stopping.is_set()
