"""The connection of Socket Mode: it tells whether it stands, and comes back when it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from slack_bolt.app.async_app import AsyncApp

from bot.app.socket_mode import SocketMode, ask_for_socket
from bot.slack.client import slack_client
from sandbox.both import Sandbox
from sandbox.slack.faults import Fault, FaultKind
from tests.support.sandbox import running_sandbox

SOON = 5.0
OPEN = "apps.connections.open"


@asynccontextmanager
async def connection(sandbox: Sandbox) -> AsyncIterator[SocketMode]:
    """Connect a bot that listens to nothing."""
    app_token = sandbox.slack.credentials.app_token or ""
    async with slack_client(token="xoxb-1", base_url=sandbox.slack.api_url) as client:
        address = await ask_for_socket(client, app_token)
        bolt = AsyncApp(client=client, signing_secret="")
        socket = SocketMode(bolt, app_token, address, ping_seconds=0.02, address_seconds=0.2)
        try:
            await socket.connect()
            yield socket
        finally:
            await socket.close()


async def until(socket: SocketMode, *, connected: bool) -> None:
    async with asyncio.timeout(SOON):
        while True:
            if await socket.is_connected() is connected:
                return
            await asyncio.sleep(0.005)


async def test_the_first_connection_takes_the_address_that_was_asked_for() -> None:
    """Slack hands out few of them a minute."""
    async with running_sandbox() as sandbox, connection(sandbox) as socket:
        assert await socket.is_connected()
        assert sandbox.slack.world.count(OPEN) == 1
        await socket.close()
        assert not await socket.is_connected()


async def test_it_comes_back_when_slack_asks_it_to() -> None:
    async with running_sandbox() as sandbox, connection(sandbox) as socket:
        await sandbox.slack.sockets.disconnect()
        async with asyncio.timeout(SOON):
            await sandbox.slack.sockets.connected()
        await until(socket, connected=True)


async def test_while_slack_opens_no_socket_it_is_not_connected() -> None:
    async with running_sandbox() as sandbox, connection(sandbox) as socket:
        sandbox.slack.faults.add(OPEN, Fault(kind=FaultKind.ERROR_BEFORE), times=10_000)
        await sandbox.slack.sockets.disconnect()
        await until(socket, connected=False)
        sandbox.slack.faults.clear()
        await until(socket, connected=True)


async def test_an_address_that_failed_once_is_not_tried_for_ever() -> None:
    """It holds a ticket that serves once; Slack's own client would repeat it until the end."""
    sandbox: Sandbox
    failures = 1

    @web.middleware
    async def stumble(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal failures
        if request.path == "/socket" and failures:
            failures -= 1
            sandbox.slack.world.tickets.clear()
            return web.Response(status=503)
        return await handler(request)

    async with running_sandbox(middlewares=[stumble]) as sandbox, connection(sandbox) as socket:
        assert await socket.is_connected()


async def test_a_message_too_large_to_be_one_of_slacks_costs_the_connection_alone() -> None:
    """It is dropped while it is read; aiohttp takes 4 MiB."""
    async with running_sandbox() as sandbox, connection(sandbox) as socket:
        with pytest.raises(ConnectionError):
            await sandbox.slack.sockets.send({"envelope_id": "1", "more": "x" * 5 * 2**20})
        async with asyncio.timeout(SOON):
            await sandbox.slack.sockets.connected()
        await until(socket, connected=True)


async def test_a_proxy_is_not_on_the_way_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK reads the variable, but not the one that names exceptions."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    async with running_sandbox() as sandbox, connection(sandbox) as socket:
        assert await socket.is_connected()
