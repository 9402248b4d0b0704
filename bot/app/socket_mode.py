"""Socket Mode: the websocket over which Slack's requests come instead of by HTTP."""

from __future__ import annotations

import asyncio

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.answers import SocketAnswer
from bot.slack.client import ask

PING_SECONDS = 10.0
"""How often the connection is tried; Bolt's own default. Silent for four times that, it is lost."""

ADDRESS_SECONDS = 30.0
"""How long to try one address: enough for a slow network, and for the SDK to try it three times."""


async def ask_for_socket(client: AsyncWebClient, app_token: str) -> str:
    """Return an address that takes one connection. Safe to repeat.

    https://docs.slack.dev/reference/methods/apps.connections.open
    """
    opened = await ask(
        client.apps_connections_open(app_token=app_token), SocketAnswer, doubtful=False
    )
    return opened.url


class SocketMode:
    """The connection of one bot: what comes over it goes to Bolt's listeners."""

    def __init__(
        self,
        bolt: AsyncApp,
        app_token: str,
        address: str,
        *,
        ping_seconds: float = PING_SECONDS,
        address_seconds: float = ADDRESS_SECONDS,
    ) -> None:
        """`address`, from `ask_for_socket`, serves the first connection."""
        self._bolt = bolt
        self._app_token = app_token
        self._address = address
        self._ping_seconds = ping_seconds
        self._address_seconds = address_seconds
        self._client: _Client | None = None

    async def connect(self) -> None:
        """Return once the connection stands; from then on it comes back by itself. Once only."""
        self._client = _Client(
            self._app_token,
            logger=self._bolt.logger,
            web_client=self._bolt.client,
            ping_interval=self._ping_seconds,
        )
        # The SDK takes HTTPS_PROXY from the environment, also on the way to this machine.
        self._client.proxy = self._bolt.client.proxy
        self._client.wss_uri = self._address
        self._client.address_seconds = self._address_seconds
        handle = _ConnectedHandler(self._bolt, self._client).handle
        self._client.socket_mode_request_listeners.append(handle)  # type: ignore[arg-type] # as Bolt
        await self._client.connect()

    async def is_connected(self) -> bool:
        """Tell whether Slack can reach us now."""
        return self._client is not None and await self._client.is_connected()

    async def close(self) -> None:
        """Hang up for good. Idempotent."""
        if self._client is not None:
            await self._client.close()  # type: ignore[no-untyped-call] # the SDK leaves it so


class _Client(SocketModeClient):
    """The SDK's client, except that an address which leads nowhere is given up.

    An address holds a ticket that serves once and is soon void; the SDK would try one that has
    failed again and again, for ever.
    """

    address_seconds = ADDRESS_SECONDS

    async def connect(self) -> None:
        while not self.closed:
            try:
                async with asyncio.timeout(self.address_seconds):
                    await super().connect()  # type: ignore[no-untyped-call] # the SDK leaves it so
            except TimeoutError:
                self.wss_uri = None
            else:
                return


class _ConnectedHandler(AsyncSocketModeHandler):
    """Bolt's way from an envelope to a listener, with a client that is given."""

    def __init__(self, bolt: AsyncApp, client: SocketModeClient) -> None:
        self.app = bolt
        self.client = client
