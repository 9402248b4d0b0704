"""The one policy for every outgoing connection: proxies, certificates, sizes, allowed hosts.

Sessions of aiohttp are opened here and nowhere else, for Slack and MindVideo alike.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from collections.abc import Sequence
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path

import aiohttp
from aiohttp import AddrInfoType, ClientRequest, ClientResponse, ClientTimeout
from aiohttp.client_middlewares import ClientHandlerType, ClientMiddlewareType
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from bot.base.errors import ConfigurationError
from bot.base.hosts import is_loopback, is_public, may_be_public
from bot.base.network_errors import TRANSPORT_ERRORS, NotPublicError, not_connected
from bot.base.patterns import lazy_compile
from bot.base.proxies import Proxies
from bot.base.traces import Attribute, SpanName, current_span, note, spanning

HEADER_BYTES = 64 * 1024
"""Longest line and field of an answer's head; aiohttp's 8 KiB are too few for some gateways."""

AGENT = "slack-video-bot"
"""Our `User-Agent`."""

CONNECT_SECONDS = 10.0
"""Time in which one address of a host must accept a connection."""

ALL_CONNECT_SECONDS = 20.0
"""The same for all addresses of a host, and for a proxy's word that it has connected."""

_MOST_CONNECTIONS = 100

# The end of an address of Slack's Web API, such as `/api/chat.postMessage`.
_API_METHOD = lazy_compile(r"/api/([a-z]+(?:\.[a-zA-Z]+)+)$", re.ASCII)


class Reach(StrEnum):
    """To which addresses a session may connect."""

    ANYWHERE = "anywhere"
    """Where the operator says: the bases of Slack's and MindVideo's APIs."""
    PUBLIC = "public"
    """To public addresses: the target is untrusted input."""
    PUBLIC_AND_LOOPBACK = "public_and_loopback"
    """To this machine as well, for a simulated MindVideo."""


def open_session(
    *,
    timeout: ClientTimeout,
    span: SpanName | None = None,
    reach: Reach = Reach.ANYWHERE,
    connections: int = _MOST_CONNECTIONS,
    response_class: type[ClientResponse] = ClientResponse,
    middlewares: Sequence[ClientMiddlewareType] = (),
) -> aiohttp.ClientSession:
    """Open a session that follows the policy; call this where an event loop runs.

    It opens at most `connections` at once and keeps no cookie, so that nothing of one request
    goes along with the next. `middlewares` run first, so that a proxy is chosen for what they send.
    Calls are spans of the name `span`, if it is given. Raises `ConfigurationError` for a proxy that
    cannot be used.
    """
    spans = () if span is None else (_spanning(span),)
    return aiohttp.ClientSession(
        timeout=timeout,
        connector=_Connector(reach, limit=connections),
        # With `trust_env` aiohttp would take the proxies itself, but passwords from ~/.netrc too.
        middlewares=(*spans, *middlewares, _through(Proxies.from_environment())),
        cookie_jar=aiohttp.DummyCookieJar(),
        response_class=response_class,
        max_line_size=HEADER_BYTES,
        max_field_size=HEADER_BYTES,
    )


def tls_context() -> ssl.SSLContext:
    """Return a context that trusts the system's certificates beside those of certifi.

    The system's are those of SSL_CERT_FILE and SSL_CERT_DIR where these are set. Reading them
    blocks for some 30 ms. Raises `ConfigurationError` for a file or folder that cannot be read.
    """
    # Imported here, because a bot that talks to a sandbox needs none of it.
    import certifi  # noqa: PLC0415
    import truststore  # noqa: PLC0415

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=certifi.where())
    _check_certificates(context)
    return context


def _check_certificates(context: ssl.SSLContext) -> None:
    """Read what the variables name: OpenSSL passes over a file that it cannot read."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if file:
            context.load_verify_locations(cafile=file)
    except OSError as error:  # `ssl.SSLError` is one
        raise ConfigurationError(
            "SSL_CERT_FILE names no file of certificates that can be read. Set it to a PEM file, "
            "or take it away."
        ) from error
    # As OpenSSL does, it may list several.
    if folder and not any(Path(one).is_dir() for one in folder.split(os.pathsep)):
        raise ConfigurationError(
            "SSL_CERT_DIR names no folder. Set it to a folder of certificates, or take it away."
        )


def _spanning(name: SpanName) -> ClientMiddlewareType:
    """Return a middleware that makes a span of each request until the head of its answer."""

    async def send(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        around = current_span()
        if around is None:
            return await handler(request)
        with spanning(around.part(name)):
            note(Attribute.METHOD, request.method)
            # Of other addresses the path may be a secret.
            if name is SpanName.SLACK and (found := _API_METHOD.search(request.url.path)):
                note(Attribute.CALL, found[1])
            response = await handler(request)
            note(Attribute.STATUS, response.status)
            return response

    return send


def _through(proxies: Proxies) -> ClientMiddlewareType:
    """Return a middleware that sends each request through the environment's proxy for it."""

    async def send(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        # aiohttp turns a user and a password in the address into `Proxy-Authorization`.
        request.update_proxy(proxies.for_url(request.url), None, None)
        return await handler(request)

    return send


_TO_PROXY: ContextVar[bool] = ContextVar("_TO_PROXY", default=False)
"""Whether the connection that is being made leads to a proxy, which may be an inner address."""


class _Connector(aiohttp.TCPConnector):
    """Connects as far as `reach` allows, and raises `NotConnectedError` for every failure.

    Of a direct connection each address is checked before a socket is made for it, so a name that
    resolves differently the next time cannot bypass the check. A proxy resolves names itself:
    there the name alone is checked.
    """

    def __init__(self, reach: Reach, *, limit: int) -> None:
        super().__init__(limit=limit, socket_factory=self._make_socket)
        self._reach = reach
        self._trusts_certificates = False

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> Connection:
        try:
            if not self._may_name(req.url.host or ""):
                raise NotPublicError
            if not self._trusts_certificates and (req.is_ssl() or _is_tls(req.proxy)):
                self._ssl = await asyncio.to_thread(tls_context)
                self._trusts_certificates = True
            token = _TO_PROXY.set(req.proxy is not None)
            try:
                return await super().connect(req, traces, timeout)
            finally:
                _TO_PROXY.reset(token)
        except TRANSPORT_ERRORS as error:
            # Without its cause, which may quote a signed address or a proxy's password.
            raise not_connected(error, req) from None

    def _make_socket(self, info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        if not (_TO_PROXY.get() or self._may_connect(str(address[0]))):
            raise NotPublicError
        return socket.socket(family, kind, protocol)

    def _may_name(self, host: str) -> bool:
        match self._reach:
            case Reach.ANYWHERE:
                return True
            case Reach.PUBLIC:
                return may_be_public(host)
            case Reach.PUBLIC_AND_LOOPBACK:
                return may_be_public(host) or is_loopback(host)

    def _may_connect(self, address: str) -> bool:
        match self._reach:
            case Reach.ANYWHERE:
                return True
            case Reach.PUBLIC:
                return is_public(address)
            case Reach.PUBLIC_AND_LOOPBACK:
                return is_public(address) or is_loopback(address)


def _is_tls(proxy: URL | None) -> bool:
    return proxy is not None and proxy.scheme == "https"
