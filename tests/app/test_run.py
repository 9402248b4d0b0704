"""Tests of the running bot: the stop during the start."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.app.run import StoppedError, running
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


async def test_a_stop_ends_the_checks_of_the_start() -> None:
    """A service that does not answer would keep them for longer than a supervisor waits.

    The store, which is opened meanwhile, is closed: the same process can open it again.
    """
    stopping = asyncio.Event()

    @web.middleware
    async def never_answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not stopping.is_set():
            asyncio.get_running_loop().call_later(0.05, stopping.set)
            await asyncio.sleep(60)
        return await handler(request)

    async with running_sandbox(middlewares=[never_answer]) as sandbox, asyncio.timeout(5):
        settings = load_settings(sandbox.environment(socket_mode=False))
        with pytest.raises(StoppedError):
            async with running(settings, stopping):
                pass
        async with running(settings):
            pass
