"""The server side of Socket Mode: websockets, envelopes and their acknowledgements."""

import asyncio
import json

from aiohttp import WSMsgType, web

from sandbox.slack.entities import Payload
from sandbox.slack.world import World


class SocketHub:
    """All open sockets. https://docs.slack.dev/apis/events-api/using-socket-mode."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sockets: list[web.WebSocketResponse] = []
        self._waiting: dict[str, asyncio.Future[Payload]] = {}
        self._arrived = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to add to an aiohttp application."""
        return [web.get("/socket", self._handle)]

    async def connected(self) -> None:
        """Wait until a bot is connected."""
        while not self._sockets:
            self._arrived.clear()
            await self._arrived.wait()

    async def send(self, envelope: Payload) -> Payload:
        """Send an envelope over one socket and return its acknowledgement.

        Raises `ConnectionError` when no socket is open or it closes first; the caller bounds the
        time.
        """
        if not self._sockets:
            raise ConnectionError("no socket is open")
        envelope_id = str(envelope["envelope_id"])
        future: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = future
        try:
            await self._sockets[-1].send_json(envelope)
            return await future
        finally:
            del self._waiting[envelope_id]

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every bot to reconnect, as Slack does from time to time, and close the sockets."""
        closing, self._sockets = self._sockets, []
        for socket in closing:
            await socket.send_json({"type": "disconnect", "reason": reason})
            await socket.close()

    async def close(self) -> None:
        """Close all sockets."""
        for socket in list(self._sockets):
            await socket.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._world.tickets:
            return web.Response(status=401, text="unknown ticket")
        self._world.tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(self._sockets) + 1,
                "connection_info": {"app_id": self._world.app_id},
                "debug_info": {"host": "sandbox"},
            }
        )
        self._sockets.append(socket)
        self._arrived.set()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._take_ack(json.loads(message.data))
        finally:
            if socket in self._sockets:
                self._sockets.remove(socket)
            self._fail_waiting()
        return socket

    def _take_ack(self, ack: Payload) -> None:
        future = self._waiting.get(str(ack.get("envelope_id")))
        if future is not None and not future.done():
            future.set_result(ack)

    def _fail_waiting(self) -> None:
        for future in self._waiting.values():
            if not future.done() and not self._sockets:
                future.set_exception(ConnectionError("the socket closed before the ack"))
