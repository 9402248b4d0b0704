"""The connections to the HTTP port: how many, and how long each may take for what it does.

aiohttp has one time limit, for all that a connection waits for; a connection that sends its body
byte by byte, or that never reads its response, has none.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.base.metrics import Closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How many seconds a connection may take."""

    header: float = 10.0
    """For the headers of a request; on a new connection, from its beginning."""
    request: float = 150.0
    """For a whole request, its body and its response included: an image may come from Slack for two
    minutes, and is passed on as it comes."""
    idle: float = 75.0
    """Between two requests, once one of them was signed. As long as nginx keeps its own."""


class ConnectionObserver(Protocol):
    """Counts connections, for metrics."""

    def connections_open(self, count: int) -> None:
        """Set how many connections are open."""

    def connection_closed(self, reason: Closed) -> None:
        """Count a connection that was closed before its client wanted that."""


class Connections:
    """All open connections of one server, at most `most` at once.

    If there are as many, a new one takes the place of the oldest one that has sent nothing; else of
    the oldest that brought nothing signed; else of one that is idle. So who opens connections
    without end closes their own, and a request of Slack's, which is signed, is not cut off.
    """

    def __init__(
        self,
        most: int,
        observer: ConnectionObserver,
        *,
        deadlines: Deadlines | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.deadlines = deadlines or Deadlines()
        self.now = now
        self._most = most
        self._observer = observer
        # Dictionaries keep the order: the oldest first.
        self._silent: dict[ClientConnection, None] = {}
        self._unproven: dict[ClientConnection, None] = {}
        self._proven: dict[ClientConnection, None] = {}
        self._by_handler: dict[asyncio.Protocol, ClientConnection] = {}

    def protocol(self, handler: asyncio.Protocol) -> ClientConnection:
        """Return the protocol of a new connection, whose requests `handler` reads and answers."""
        return ClientConnection(handler, self)

    def add(self, connection: ClientConnection) -> bool:
        """Take a new connection in; return `False` if there is no place for it."""
        if len(self._by_handler) >= self._most:
            idle = (each for each in self._proven if each.is_idle)
            displaced = next(chain(self._silent, self._unproven, idle), None)
            if displaced is None:
                self._observer.connection_closed(Closed.REFUSED)
                return False
            self._close(displaced, Closed.DISPLACED)
        self._silent[connection] = None
        self._by_handler[connection.handler] = connection
        self._count()
        return True

    def remove(self, connection: ClientConnection) -> None:
        """Forget a connection that is closed. Idempotent."""
        self._silent.pop(connection, None)
        self._unproven.pop(connection, None)
        self._proven.pop(connection, None)
        self._by_handler.pop(connection.handler, None)
        self._count()

    def note_first_bytes(self, connection: ClientConnection) -> None:
        """Note that a connection has sent its first bytes."""
        if connection in self._silent:
            del self._silent[connection]
            self._unproven[connection] = None

    def prove(self, request: web.BaseRequest) -> None:
        """Note that a request was signed, so its connection is not displaced while it is served."""
        connection = self._by_handler.get(request.protocol)
        if connection is not None and connection in self._unproven:
            del self._unproven[connection]
            self._proven[connection] = None

    def close_overdue(self) -> None:
        """Close the connections that took longer than their deadline."""
        now = self.now()
        for connection in list(self._by_handler.values()):
            if connection.deadline < now:
                self._close(connection, Closed.OVERDUE)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note for how long a connection serves a request."""
        connection = self._by_handler.get(request.protocol)
        if connection is None:
            return await handler(request)
        connection.begin_request()
        try:
            return await handler(request)
        finally:
            is_proven = connection in self._proven
            seconds = self.deadlines.idle if is_proven else self.deadlines.header
            connection.end_request(seconds)

    def _close(self, connection: ClientConnection, reason: Closed) -> None:
        self.remove(connection)
        self._observer.connection_closed(reason)
        connection.abort()

    def _count(self) -> None:
        self._observer.connections_open(len(self._by_handler))


class ClientConnection(asyncio.Protocol):
    """One connection: passes everything on to aiohttp's protocol, and keeps its deadline."""

    def __init__(self, handler: asyncio.Protocol, connections: Connections) -> None:
        self.handler = handler
        self.is_silent = True
        """Whether it has sent nothing so far."""
        self.is_idle = False
        """Whether it waits for the first byte of a further request."""
        self.deadline = connections.now() + connections.deadlines.header
        self._connections = connections
        self._transport: asyncio.BaseTransport | None = None

    def begin_request(self) -> None:
        """Note that the headers of a request have arrived."""
        self.is_idle = False
        self.deadline = self._connections.now() + self._connections.deadlines.request

    def end_request(self, seconds: float) -> None:
        """Note that a request was answered; the next one has to begin within `seconds`."""
        self.is_idle = True
        self.deadline = self._connections.now() + seconds

    def abort(self) -> None:
        """Close at once. A client that does not read would keep a plain close waiting for ever."""
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = transport
        if self._connections.add(self):
            self.handler.connection_made(transport)
        else:
            self.abort()
            # aiohttp never hears of this connection.
            self.handler = asyncio.Protocol()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self.is_silent:
            self.is_silent = False
            self._connections.note_first_bytes(self)
        if self.is_idle:
            self.is_idle = False
            self.deadline = self._connections.now() + self._connections.deadlines.header
        self.handler.data_received(data)

    def eof_received(self) -> bool | None:
        """See `asyncio.Protocol`."""
        return self.handler.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._connections.remove(self)
        self.handler.connection_lost(exc)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self.handler.pause_writing()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self.handler.resume_writing()
