"""Tests of the Socket Mode connection: its state, reconnection, limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from slack_bolt.app.async_app import AsyncApp

from bench.process import read_metrics
from bot.app.http.refusals import Refusals
from bot.app.socket_mode import SocketMode, ask_for_socket
from bot.base.addresses import exact
from bot.base.metrics import Metrics
from bot.slack.client import slack_client
from sandbox.sandbox import Sandbox
from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import Payload
from sandbox.slack.faults import Fault, FaultKind
from tests.support.running_bot import running_bot
from tests.support.sandbox import running_sandbox
from tests.support.wire import raw_server

SOON = 5.0
OPEN = "apps.connections.open"


SIGNED = "/link/%7e%2F?ticket=%2B+%2f==&app_id='A1'"


@asynccontextmanager
async def connection(sandbox: Sandbox) -> AsyncIterator[SocketMode]:
    """Connect a Bolt app without listeners."""
    app_token = sandbox.slack.credentials.app_token or ""
    async with slack_client(token="xoxb-1", base_url=sandbox.slack.api_url) as client:
        address = await ask_for_socket(client, app_token)
        bolt = AsyncApp(client=client, signing_secret="")
        socket = SocketMode(
            bolt, app_token, address, Refusals(Metrics()), ping_seconds=0.02, address_seconds=0.2
        )
        try:
            await socket.connect()
            yield socket
        finally:
            await socket.close()


async def until(socket: SocketMode, *, connected: bool) -> None:
    """Wait until the connection has this state."""
    async with asyncio.timeout(SOON):
        while True:
            if await socket.is_connected() is connected:
                return
            await asyncio.sleep(0.005)


async def test_the_first_connection_uses_the_address_that_was_requested() -> None:
    """Slack limits `apps.connections.open` to a few calls a minute."""
    async with running_sandbox() as sandbox, connection(sandbox) as socket:
        assert await socket.is_connected()
        assert sandbox.slack.world.count(OPEN) == 1
        await socket.close()
        assert not await socket.is_connected()


async def test_it_reconnects_when_slack_closes_the_socket() -> None:
    async with running_sandbox() as sandbox, connection(sandbox) as socket:
        await sandbox.slack.sockets.disconnect()
        async with asyncio.timeout(SOON):
            await sandbox.slack.sockets.connected()
        await until(socket, connected=True)


async def test_it_is_not_connected_while_slack_opens_no_socket() -> None:
    async with running_sandbox() as sandbox, connection(sandbox) as socket:
        sandbox.slack.faults.add(OPEN, Fault(kind=FaultKind.ERROR_BEFORE), times=10_000)
        await sandbox.slack.sockets.disconnect()
        await until(socket, connected=False)
        sandbox.slack.faults.clear()
        await until(socket, connected=True)


async def test_a_failed_address_is_replaced_by_a_new_one() -> None:
    """An address holds a ticket for one connection; Slack's own client would repeat it forever."""
    sandbox: Sandbox
    failures = 1

    @web.middleware
    async def fail_once(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal failures
        if request.path == "/socket" and failures:
            failures -= 1
            sandbox.slack.world.tickets.clear()
            return web.Response(status=503)
        return await handler(request)

    async with running_sandbox(middlewares=[fail_once]) as sandbox, connection(sandbox) as socket:
        assert await socket.is_connected()


async def test_a_message_above_the_limit_closes_only_the_connection() -> None:
    """A message above 4 MiB is dropped while aiohttp reads it."""
    async with running_sandbox() as sandbox, connection(sandbox) as socket:
        with pytest.raises(ConnectionError):
            await sandbox.slack.sockets.send({"envelope_id": "1", "more": "x" * 5 * 2**20})
        async with asyncio.timeout(SOON):
            await sandbox.slack.sockets.connected()
        await until(socket, connected=True)


async def test_loopback_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK reads `HTTPS_PROXY`, but not `NO_PROXY`."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    async with running_sandbox() as sandbox, connection(sandbox) as socket:
        assert await socket.is_connected()


async def test_an_address_with_its_ticket_is_sent_byte_for_byte() -> None:
    async with (
        raw_server(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n") as wire,
        slack_client(token="xoxb-1", base_url=f"{wire.address}/api/") as client,
    ):
        bolt = AsyncApp(client=client, signing_secret="")
        socket = SocketMode(
            bolt, "xapp-1", exact(wire.address + SIGNED), Refusals(Metrics()), ping_seconds=0.02
        )
        connecting = asyncio.create_task(socket.connect())
        await wire.asked(2)
        connecting.cancel()
        await socket.close()
    assert set(wire.targets) == {SIGNED}


async def test_it_connects_through_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with raw_server(b"HTTP/1.1 403 No\r\n\r\n") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        async with slack_client(token="xoxb-1", base_url="https://slack.com/api/") as client:
            bolt = AsyncApp(client=client, signing_secret="")
            address = exact("wss://wss-primary.slack.com/link/?ticket=1")
            socket = SocketMode(bolt, "xapp-1", address, Refusals(Metrics()), ping_seconds=0.02)
            connecting = asyncio.create_task(socket.connect())
            await proxy.asked(1)
            connecting.cancel()
            await socket.close()
    assert proxy.targets[0] == "wss-primary.slack.com:443"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"type": "block_actions", "actions": [None]},
        {"type": "view_submission", "view": {"callback_id": 7}},
    ],
    ids=str,
)
async def test_nonsense_is_acknowledged_and_counted(payload: Payload) -> None:
    """Slack would send it again, to the same end."""
    async with running_bot(socket_mode=True) as bot:
        people = bot.sandbox.slack.people
        delivery = await people.dispatcher.deliver(DeliveryKind.INTERACTION, payload)
        assert delivery.ack.status == 200
        counted = (await read_metrics(bot.service.port)).items()
        refused = {key[1] for key, _ in counted if key[0] == "video_bot_requests_refused_total"}
        assert refused == {"unreadable"}
        assert (await bot.type("help")).ack.body
