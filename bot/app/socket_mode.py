"""Socket Mode: the websocket over which Slack's requests come instead of by HTTP."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus

import aiohttp
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.app.http.refusals import Reason, Refusals
from bot.base.addresses import InvalidAddressError, exact
from bot.base.network import ALL_CONNECT_SECONDS, CONNECT_SECONDS, open_session
from bot.base.traces import NO_TRACER, Tracer
from bot.listeners.dispatch import Dispatch, dispatcher
from bot.listeners.slack_object import UnreadableRequestError
from bot.slack.answers import SocketAnswer
from bot.slack.client import ask
from bot.slack.errors import lost_answer

PING_SECONDS = 10.0
"""The interval of pings; Bolt's own default. After four without a pong, the connection is lost."""

ADDRESS_SECONDS = 30.0
"""How long to try one address: enough for a slow network, and for the SDK to try it three times."""


async def ask_for_socket(client: AsyncWebClient, app_token: str) -> URL:
    """Request an address, which is valid for one connection. Safe to repeat.

    https://docs.slack.dev/reference/methods/apps.connections.open
    """
    opened = await ask(
        client.apps_connections_open(app_token=app_token), SocketAnswer, doubtful=False
    )
    try:
        return exact(opened.url)
    except InvalidAddressError:
        raise lost_answer(doubtful=False) from None


class SocketMode:
    """The connection of one bot: requests that come over it go to Bolt's listeners."""

    def __init__(
        self,
        bolt: AsyncApp,
        app_token: str,
        address: URL,
        refusals: Refusals,
        *,
        tracer: Tracer = NO_TRACER,
        ping_seconds: float = PING_SECONDS,
        address_seconds: float = ADDRESS_SECONDS,
    ) -> None:
        """`address`, from `ask_for_socket`, is for the first connection."""
        self._bolt = bolt
        self._app_token = app_token
        self._address = address
        self._refusals = refusals
        self._dispatch = dispatcher(bolt, tracer)
        self._ping_seconds = ping_seconds
        self._address_seconds = address_seconds
        self._client: _Client | None = None

    async def connect(self) -> None:
        """Return once the connection is open; it reconnects by itself. Call this once only."""
        self._client = _Client(
            self._app_token,
            logger=self._bolt.logger,
            web_client=self._bolt.client,
            ping_interval=self._ping_seconds,
        )
        await self._client.use_own_session()
        self._client.wss_uri = self._address  # type: ignore[assignment] # passed on to aiohttp
        self._client.address_seconds = self._address_seconds
        handler = _ConnectedHandler(self._bolt, self._client, self._refusals, self._dispatch)
        handle = handler.handle
        self._client.socket_mode_request_listeners.append(handle)  # type: ignore[arg-type] # as Bolt
        await self._client.connect()

    async def is_connected(self) -> bool:
        """Return whether Slack's requests can arrive now."""
        return self._client is not None and await self._client.is_connected()

    async def close(self) -> None:
        """Close the connection for good. Idempotent."""
        if self._client is not None:
            await self._client.close()  # type: ignore[no-untyped-call] # the SDK leaves it so


class _Client(SocketModeClient):
    """The SDK's client, except that an address that does not connect is replaced by a new one.

    An address has a ticket that is valid once and for a short time; the SDK would try the same
    address for ever.
    """

    address_seconds = ADDRESS_SECONDS

    async def use_own_session(self) -> None:
        """Put a session that knows proxies and certificates in the place of the SDK's."""
        await self.aiohttp_client_session.close()
        # As it reads NO_PROXY, which the SDK does not.
        self.proxy = None
        self.aiohttp_client_session = open_session(
            timeout=aiohttp.ClientTimeout(
                total=None, connect=ALL_CONNECT_SECONDS, sock_connect=CONNECT_SECONDS
            )
        )

    async def issue_new_wss_url(self) -> URL:  # type: ignore[override] # passed on to aiohttp
        return exact(await super().issue_new_wss_url())

    async def connect(self) -> None:
        while not self.closed:
            if self.aiohttp_client_session.closed:
                # The SDK would open one of its own.
                await self.use_own_session()
            try:
                async with asyncio.timeout(self.address_seconds):
                    await super().connect()  # type: ignore[no-untyped-call] # the SDK leaves it so
            except TimeoutError:
                self.wss_uri = None
            else:
                return


class _ConnectedHandler(AsyncSocketModeHandler):
    """Bolt's handler, over a given client; it reads requests as those that come by HTTP are."""

    def __init__(
        self, bolt: AsyncApp, client: SocketModeClient, refusals: Refusals, dispatch: Dispatch
    ) -> None:
        self.app = bolt
        self.client = client
        self.refusals = refusals
        self.dispatch = dispatch

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override] # as Bolt
        began = time.time()
        try:
            response = await self.dispatch(req.payload)
        except UnreadableRequestError as error:
            self.refusals.add(Reason.UNREADABLE, str(error))
            # Acknowledged: Slack would send it again, and it would be no better.
            response = BoltResponse(status=HTTPStatus.OK)
        await send_async_response(client, req, response, began)
